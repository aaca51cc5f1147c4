// SPDX-License-Identifier: MIT
#pragma once
#include "../core/config.hpp"
#include "../spec/tensor_names.hpp"
#include "expert_location.hpp"

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace moe::inline MOE_ABI::detail {

/// The roles of gate, up and down of one expert.
inline constexpr std::array<Role, 3> single_expert_roles{Role::expert_gate, Role::expert_up,
                                                         Role::expert_down};

/// The scales of an FP8 matrix have the name of the matrix with this ending.
inline constexpr std::string_view scales_ending = "_scale_inv";

/// The name of a part of an expert, if each part is a tensor of its own. part: an index into expert_part_names. A bias has the
/// name of its matrix, with `.bias` in place of `.weight`. Empty if the family has no such part.
std::string name_of_part(const TensorNames& names, std::size_t part, std::size_t layer, std::size_t expert);

/// The names of the tensors that hold the experts of one layer.
class ExpertNames {
 public:
  ExpertNames(const TensorNames& names, std::size_t layer);

  /// Whether the experts of this family have a gate.
  bool gated() const { return gated_; }

  /// The text in front of the expert's number in the name of a part, if each expert has tensors of its own; otherwise empty.
  std::string_view prefix(std::size_t part) const { return singles_[part].prefix; }

  /// The expert that has the tensor of this name as its part; empty if the name is not the name of such a part.
  std::optional<std::uint32_t> expert_of(std::size_t part, std::string_view name) const;

  /// Whether the tensor of this name belongs to experts of the layer.
  bool contains(std::string_view name) const;

 private:
  /// The parts of a name around the number of the expert.
  struct Single {
    std::string prefix, suffix;
  };

  std::array<Single, expert_parts> singles_;
  std::vector<std::string> merged_;  // the names of tensors with parts of all experts
  bool gated_;
};

}  // namespace moe::inline MOE_ABI::detail

#if MOE_DEFINITIONS
#include "expert_names.ipp"
#endif
