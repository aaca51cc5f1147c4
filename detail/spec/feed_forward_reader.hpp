// SPDX-License-Identifier: MIT
#pragma once
#include "../core/config.hpp"
#include "layer_kinds.hpp"
#include "layer_spec.hpp"
#include "spec_reader.hpp"

#include <cstddef>
#include <optional>
#include <vector>

namespace moe::inline MOE_ABI::detail {

/// Reads the feed-forward networks of layers. In GGUF files the shapes of tensors take precedence over stated widths.
class FeedForwardReader {
 public:
  /// kinds: one for each layer.
  FeedForwardReader(const SpecReader& reader, const std::vector<LayerKind>& kinds);

  /// kind: the kind of this layer, dense or experts.
  FeedForwardSpec read(std::size_t layer, LayerKind::Network kind) const;

 private:
  NetworkSpec network(std::size_t width) const;

  std::size_t dense_width(std::size_t layer) const;
  std::size_t expert_width(std::size_t layer) const;
  std::size_t shared_width(std::size_t layer, std::size_t expert_width) const;

  void read_experts(std::size_t layer, FeedForwardSpec& out) const;

  const SpecReader& reader_;
  NetworkSpec network_;                 // without a width
  std::optional<RouterSpec> router_;    // if a layer has experts
  std::vector<std::size_t> per_token_;  // experts per token of each layer, if a list states them; else empty
  std::vector<std::size_t> widths_;     // keys::width of each layer; 0: not stated
  std::vector<std::size_t> expert_widths_;  // of the experts of each layer; 0: not stated
  std::size_t shared_ = 0;  // the width of the shared network, or the number of shared experts
  std::size_t latent_size_ = 0;
};

}  // namespace moe::inline MOE_ABI::detail

#if MOE_DEFINITIONS
#include "feed_forward_reader.ipp"
#endif
