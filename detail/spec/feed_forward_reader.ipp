// SPDX-License-Identifier: MIT
#pragma once
#include "feed_forward_reader.hpp"
#include "../core/concat.hpp"
#include "router_reader.hpp"

#include <algorithm>
#include <cstddef>
#include <vector>

namespace moe::inline MOE_ABI::detail {

using NetworkKind = LayerKind::Network;

/// The rows of a matrix, or of each matrix of a stack [matrices, rows, columns]; 0 for null, or for a tensor that is no matrix.
MOE_INLINE std::size_t rows_of(const TensorInfo* tensor) {
  if (!tensor || tensor->shape.size() < 2) return 0;
  return static_cast<std::size_t>(std::min(tensor->shape[tensor->shape.size() - 2], SizeRange{}.most));
}

MOE_INLINE FeedForwardReader::FeedForwardReader(const SpecReader& reader, const std::vector<LayerKind>& kinds)
    : reader_(reader) {
  const Family& family = reader.family();
  const auto any = [&](NetworkKind kind) {
    return std::any_of(kinds.begin(), kinds.end(), [&](const LayerKind& one) { return one.network == kind; });
  };
  network_.activation = family.activation;
  if (family.activation_name == "silu") {
    (void)reader.one_of(keys::activation, {"silu", "swish"});
  } else {
    (void)reader.one_of(keys::activation, {family.activation_name});
  }
  if (family.activation == Activation::clamped_silu)
    network_.limit = static_cast<float>(reader.number(keys::activation_limit, 7, {1e-6, 1e6}));
  const bool experts = any(NetworkKind::experts), gguf = reader.is_gguf();
  const std::uint64_t usual_width = gguf ? 0 : reader.defaults().width;
  if (any(NetworkKind::dense) || family.one_width || family.shared == Family::Shared::dense || gguf)
    widths_ = reader.sizes_of_layers(keys::width, usual_width);
  if (family.shared == Family::Shared::stated || family.shared_alone)
    shared_ = reader.size(keys::shared_width, gguf ? 0 : reader.defaults().shared);
  if (family.shared == Family::Shared::experts)
    shared_ = reader.is_null(keys::shared_experts)
                  ? 0
                  : reader.size(keys::shared_experts, gguf ? 0 : reader.defaults().shared);
  if (family.shared != Family::Shared::none)
    // has() marks both keys as looked up, since a configuration may state both.
    for (const Key& key : {keys::shared_experts, keys::shared_width}) (void)reader.has(key);
  if (!experts) return;
  router_ = read_router(reader, reader.required_size(keys::experts, reader.defaults().experts, {.least = 1}));
  if (router_->per_token == 0) per_token_ = reader.sizes_of_layers(keys::experts_per_token, 0);
  expert_widths_ =
      family.one_width && !gguf
          ? widths_
          : reader.sizes_of_layers(keys::expert_width, gguf ? 0 : reader.defaults().expert_width);
  if (family.latent_experts) latent_size_ = reader.size(keys::latent_size, 0);
}

MOE_INLINE FeedForwardSpec FeedForwardReader::read(std::size_t layer, NetworkKind kind) const {
  FeedForwardSpec out;
  if (kind == NetworkKind::experts) {
    read_experts(layer, out);
    return out;
  }
  const bool alone = reader_.family().shared_alone && !reader_.is_gguf();
  out.network = network(alone ? shared_ : dense_width(layer));
  if (out.network.width == 0)
    reader_.fail_at(alone ? keys::shared_width : keys::width, "a whole number from 1", "0");
  return out;
}

MOE_INLINE NetworkSpec FeedForwardReader::network(std::size_t width) const {
  NetworkSpec out = network_;
  out.width = width;
  return out;
}

MOE_INLINE std::size_t FeedForwardReader::dense_width(std::size_t layer) const {
  if (reader_.is_gguf())
    if (const std::size_t rows = rows_of(reader_.names().find(Role::dense_up, layer))) return rows;
  return widths_[layer];
}

MOE_INLINE std::size_t FeedForwardReader::expert_width(std::size_t layer) const {
  if (!reader_.is_gguf()) return expert_widths_[layer];
  const TensorNames& names = reader_.names();
  if (const std::size_t rows = rows_of(names.find(Role::experts_up, layer))) return rows;
  if (const std::size_t rows = rows_of(names.find(Role::experts_gate_up, layer))) return rows / 2;
  const std::string one = names.of_expert(Role::expert_up, layer, 0);
  if (const std::size_t rows = rows_of(reader_.checkpoint().find(one))) return rows;
  if (expert_widths_[layer] > 0) return expert_widths_[layer];
  // A file without a width of experts states a dense width. As in llama.cpp, the dense width is the sum of the widths of the
  // experts of a token; in the families for which `whole` is true, the dense width is the width of one expert.
  const bool whole = reader_.family().one_width || reader_.family().pattern == Family::Pattern::blocks;
  const std::size_t used = per_token_.empty() ? router_->per_token : per_token_[layer];
  return whole ? widths_[layer] : widths_[layer] / std::max<std::size_t>(used, 1);
}

MOE_INLINE std::size_t FeedForwardReader::shared_width(std::size_t layer, std::size_t expert_width) const {
  using Shared = Family::Shared;
  const Shared shared = reader_.family().shared;
  if (shared == Shared::none) return 0;
  if (shared == Shared::dense) return dense_width(layer);
  if (reader_.is_gguf())
    if (const std::size_t rows = rows_of(reader_.names().find(Role::shared_up, layer))) return rows;
  return shared == Shared::experts ? shared_ * expert_width : shared_;
}

MOE_INLINE void FeedForwardReader::read_experts(std::size_t layer, FeedForwardSpec& out) const {
  const Family& family = reader_.family();
  const std::size_t width = expert_width(layer);
  if (width == 0)
    reader_.fail_at(family.one_width ? keys::width : keys::expert_width, "a whole number from 1", "0");
  out.network = network(width);
  out.network.biases = family.network_biases;
  out.router = router_;
  if (!per_token_.empty()) {
    out.router->per_token = per_token_[layer];
    if (per_token_[layer] == 0 || per_token_[layer] > router_->experts)
      reader_.fail_at(keys::experts_per_token, concat("a whole number from 1 to ", router_->experts),
                      concat(per_token_[layer], " in layer ", layer));
  }
  if (reader_.is_gguf()) read_router_tensors(reader_, layer, *out.router);
  out.latent_size = latent_size_;
  const std::size_t shared = shared_width(layer, width);
  if (shared == 0) return;
  out.always_on = AlwaysOnSpec{.network = network(shared),
                               .gate = family.shared_gate,
                               .own_norms = family.shared == Family::Shared::dense};
}

}  // namespace moe::inline MOE_ABI::detail
