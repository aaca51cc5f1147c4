// SPDX-License-Identifier: MIT
#pragma once
#include "support/gguf_builder.hpp"

#include <cstdint>
#include <string>
#include <vector>

/// The metadata of a model with two layers.
inline GgufBuilder gguf_model(const std::string& architecture = "qwen3moe") {
  GgufBuilder file;
  const auto key = [&](const char* name) { return architecture + "." + name; };
  file.value("general.architecture", architecture)
      .value(key("block_count"), 2u)
      .value(key("context_length"), 512u);
  file.value(key("embedding_length"), 4u)
      .value(key("feed_forward_length"), 6u)
      .value(key("attention.head_count"), 2u);
  if (architecture.ends_with("moe")) file.value(key("expert_count"), 8u).value(key("expert_used_count"), 3u);
  file.value(key("attention.layer_norm_rms_epsilon"), 1e-6f);
  return file;
}

/// Adds a tensor of f32 numbers. `sizes`: the innermost dimension first.
inline GgufBuilder& add_tensor(GgufBuilder& file, const std::string& name,
                               const std::vector<std::uint64_t>& sizes) {
  std::uint64_t numbers = 1;
  for (const std::uint64_t size : sizes) numbers *= size;
  return file.tensor(name, sizes, 0, std::string(4 * numbers, 'x'));
}
