// SPDX-License-Identifier: MIT
#pragma once
#include "detail/io/checkpoint.hpp"
#include "detail/spec/model_spec.hpp"
#include "support/gguf_builder.hpp"
#include "support/gguf_model.hpp"
#include "support/safetensors_writer.hpp"
#include "support/temporary_directory.hpp"

#include <cstddef>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

/// Checkpoints that are read for their descriptions: the tensors have names and shapes, but no meaning.
class SpecCheckpoint {
 public:
  /// A tensor of f32 numbers. `shape`: outermost first.
  SpecCheckpoint& tensor(std::string name, std::vector<std::size_t> shape = {1}) {
    tensors_.emplace_back(std::move(name), std::move(shape));
    return *this;
  }

  /// A directory in the form of Hugging Face with this config.json. A model may have at most as many layers as the files have
  /// tensors, so 100 tensors of a vision model are added.
  moe::Checkpoint hugging_face(std::string_view config) const {
    SafetensorsWriter writer;
    for (const auto& [name, shape] : tensors_) writer.add(name, "F32", shape, bytes(shape));
    for (int i = 0; i < 100; ++i)
      writer.add("vision." + std::to_string(i), "U8", {1024}, std::string(1024, 'x'));
    directory_.write("model.safetensors", writer.text());
    directory_.write("config.json", config);
    return moe::Checkpoint(directory_.path());
  }

  /// A GGUF file with this metadata, and an embedding of 16 tokens.
  moe::Checkpoint gguf(GgufBuilder file) const {
    add_tensor(file, "token_embd.weight", {4, 16});
    for (const auto& [name, shape] : tensors_)
      add_tensor(file, name, std::vector<std::uint64_t>(shape.rbegin(), shape.rend()));
    for (int i = 0; i < 100; ++i)
      file.tensor("vision." + std::to_string(i), {1024}, 24, std::string(1024, 'x'));
    return moe::Checkpoint(directory_.write("x.gguf", file.file()));
  }

  const TemporaryDirectory& directory() const { return directory_; }

 private:
  static std::string bytes(const std::vector<std::size_t>& shape) {
    std::size_t numbers = 1;
    for (const std::size_t size : shape) numbers *= size;
    return std::string(4 * numbers, 'x');
  }

  TemporaryDirectory directory_;
  std::vector<std::pair<std::string, std::vector<std::size_t>>> tensors_;
};

/// The description of a model with these members of config.json, and without tensors of its own.
inline moe::ModelSpec spec_of(const std::string& members) {
  return moe::ModelSpec(SpecCheckpoint().hugging_face("{" + members + "}"));
}

/// The description of a model with this metadata of GGUF, and without tensors of its layers.
inline moe::ModelSpec spec_of(const GgufBuilder& file) { return moe::ModelSpec(SpecCheckpoint().gguf(file)); }

/// The attention of a layer.
inline const moe::AttentionSpec& attention_of(const moe::ModelSpec& spec, std::size_t layer = 0) {
  return std::get<moe::AttentionSpec>(spec.layers.at(layer).mixer);
}
