// SPDX-License-Identifier: MIT
#pragma once
#include "tensor_names.hpp"
#include "../core/concat.hpp"

#include <algorithm>
#include <cstddef>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace moe::inline MOE_ABI::detail {

/// A prefix of the text model's tensors in checkpoints of Hugging Face, and the prefix of its head.
struct ModelPrefix {
  std::string_view model, head;
};

/// The last row is for base models that were saved without a head.
inline constexpr ModelPrefix model_prefixes[] = {{"model.", ""},
                                                 {"model.language_model.", ""},
                                                 {"thinker.model.", "thinker."},
                                                 {"backbone.", ""},
                                                 {"language_model.model.", "language_model."},
                                                 {"", ""}};

template <class Use>
bool TensorNames::any_name(Role role, Use&& use) const {
  const bool gguf = checkpoint_.naming() == Naming::gguf;
  const auto any_of = [&](std::span<const RoleNames> rows, bool& listed) {
    for (const RoleNames& row : rows) {
      if (row.role != role) continue;
      listed = true;
      const std::string_view name = gguf ? row.gguf : row.hugging_face;
      if (!name.empty() && use(name)) return true;
    }
    return false;
  };
  bool listed = false;
  if (any_of(family_->names, listed) || any_of(family_->more_names, listed)) return true;
  return !listed && any_of(usual_names(role), listed);
}

MOE_INLINE TensorNames::TensorNames(const Checkpoint& checkpoint, const Family& family)
    : checkpoint_(checkpoint), family_(&family) {
  if (checkpoint.naming() == Naming::hugging_face) find_prefix();
}

MOE_INLINE std::string TensorNames::of(Role role, std::size_t layer) const {
  return first_of(role, prefix_of(role, layer), {});
}

MOE_INLINE std::string TensorNames::of_expert(Role role, std::size_t layer, std::size_t expert) const {
  return first_of(role, prefix_of(role, layer), concat(expert));
}

MOE_INLINE const TensorInfo* TensorNames::find(Role role, std::size_t layer) const {
  const std::string name = of(role, layer);
  return name.empty() ? nullptr : checkpoint_.find(name);
}

MOE_INLINE std::vector<std::string_view> TensorNames::patterns(Role role) const {
  std::vector<std::string_view> out;
  any_name(role, [&](std::string_view name) {
    out.push_back(name);
    return false;
  });
  return out;
}

MOE_INLINE std::string TensorNames::layer_prefix(std::size_t layer) const {
  const bool gguf = checkpoint_.naming() == Naming::gguf;
  return gguf ? concat("blk.", layer, '.') : concat(prefix_, "layers.", layer, '.');
}

MOE_INLINE std::string TensorNames::first_of(Role role, const std::string& before,
                                             std::string_view expert) const {
  std::string first, found;
  any_name(role, [&](std::string_view name) {
    const std::size_t star = std::min(name.find('*'), name.size());
    std::string whole = concat(before, name.substr(0, star), star < name.size() ? expert : "",
                               name.substr(std::min(star + 1, name.size())));
    const bool there = checkpoint_.find(whole) != nullptr;
    if (there) found = whole;
    if (first.empty()) first = std::move(whole);
    return there;
  });
  return found.empty() ? first : found;
}

MOE_INLINE std::string TensorNames::prefix_of(Role role, std::size_t layer) const {
  if (role >= Role::mixer_norm) return layer_prefix(layer);
  return role == Role::head || role == Role::head_bias ? head_prefix_ : prefix_;
}

MOE_INLINE void TensorNames::find_prefix() {
  const std::vector<TensorInfo>& tensors = checkpoint_.tensors();  // sorted by name
  const auto has_any = [&](const std::string& start) {
    const auto first = std::lower_bound(
        tensors.begin(), tensors.end(), start,
        [](const TensorInfo& tensor, const std::string& name) { return tensor.name < name; });
    return first != tensors.end() && first->name.starts_with(start);
  };
  // The second pass looks for layers, since the file with the embedding may be missing.
  for (const bool by_layers : {false, true})
    for (const auto& [model, head] : model_prefixes) {
      prefix_ = model;
      head_prefix_ = head;
      if (by_layers ? has_any(prefix_ + "layers.") : find(Role::embedding) != nullptr) return;
    }
  prefix_ = model_prefixes[0].model;
  head_prefix_ = model_prefixes[0].head;
}

}  // namespace moe::inline MOE_ABI::detail
