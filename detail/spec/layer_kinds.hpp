// SPDX-License-Identifier: MIT
#pragma once
#include "../core/config.hpp"
#include "spec_reader.hpp"

#include <cstdint>
#include <vector>

namespace moe::inline MOE_ABI::detail {

/// Which parts a layer has.
struct LayerKind {
  enum class Mixer : std::uint8_t { none, attention, recurrent };
  enum class Network : std::uint8_t { none, dense, experts };
  Mixer mixer = Mixer::attention;
  bool slides = false;  // attention within the window
  Network network = Network::dense;
};

/// The kinds of all layers, from a list in the checkpoint or from the pattern of the family. Throws if a list is too short, or
/// has a word for a kind that the family does not have.
std::vector<LayerKind> layer_kinds(const SpecReader& reader);

}  // namespace moe::inline MOE_ABI::detail

#if MOE_DEFINITIONS
#include "layer_kinds.ipp"
#endif
