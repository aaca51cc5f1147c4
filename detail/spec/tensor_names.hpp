// SPDX-License-Identifier: MIT
#pragma once
#include "../core/config.hpp"
#include "../io/checkpoint.hpp"
#include "families.hpp"
#include "tensor_role.hpp"

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace moe::inline MOE_ABI::detail {

/// The names of the tensors of one checkpoint, by role. Weights, catalogs and extractions use this table. If a role has several
/// names, the result is the first name that a tensor of the checkpoint has; if no tensor has one of the names, the first name.
class TensorNames {
 public:
  /// family: of the checkpoint.
  TensorNames(const Checkpoint& checkpoint, const Family& family);

  /// The name of a tensor of the model, or of a layer. Empty if the format has no tensor for this role.
  std::string of(Role role, std::size_t layer = 0) const;

  /// The name of a matrix of one expert, if each expert has its own tensors. role: expert_gate, expert_up or expert_down.
  std::string of_expert(Role role, std::size_t layer, std::size_t expert) const;

  /// The tensor of a role; null if the checkpoint does not have it.
  const TensorInfo* find(Role role, std::size_t layer = 0) const;

  /// All names of a role without prefixes, with `*` for the number of an expert.
  std::vector<std::string_view> patterns(Role role) const;

  /// The prefix of all tensors of a layer: `model.layers.7.` or `blk.7.`.
  std::string layer_prefix(std::size_t layer) const;

  /// The prefix of the tensors of the model outside of layers, apart from the head: `model.`, `thinker.model.` and so on; empty
  /// in GGUF files.
  const std::string& prefix() const { return prefix_; }

 private:
  /// Calls use(name) for each name of the role, without prefixes, until a call returns true.
  template <class Use>
  bool any_name(Role role, Use&& use) const;

  /// Puts `before` in front of each name of the role, and `expert` in place of `*`. Returns the first of these names that a
  /// tensor has; if no tensor has one, the first name.
  std::string first_of(Role role, const std::string& before, std::string_view expert) const;

  std::string prefix_of(Role role, std::size_t layer) const;

  void find_prefix();

  Checkpoint checkpoint_;
  const Family* family_;
  // The prefix before `embed_tokens.weight` and `layers.`: `model.`, `thinker.model.`, `backbone.` and so on; see prefix().
  std::string prefix_;
  std::string head_prefix_;  // the prefix before `lm_head.weight`
};

}  // namespace moe::inline MOE_ABI::detail

#if MOE_DEFINITIONS
#include "tensor_names.ipp"
#endif
