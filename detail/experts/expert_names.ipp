// SPDX-License-Identifier: MIT
#pragma once
#include "expert_names.hpp"
#include "name_reader.hpp"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace moe::inline MOE_ABI::detail {

inline constexpr Role merged_expert_roles[] = {
    Role::experts_gate,           Role::experts_up,           Role::experts_down,
    Role::experts_gate_up,        Role::experts_gate_bias,    Role::experts_up_bias,
    Role::experts_down_bias,      Role::experts_gate_up_bias, Role::experts_gate_up_blocks,
    Role::experts_gate_up_scales, Role::experts_down_blocks,  Role::experts_down_scales};

MOE_INLINE std::string name_of_part(const TensorNames& names, std::size_t part, std::size_t layer,
                                    std::size_t expert) {
  constexpr std::string_view weight = ".weight", bias = ".bias";
  std::string name = names.of_expert(single_expert_roles[part % 3], layer, expert);
  if (part < 3 || name.empty()) return name;
  if (name.ends_with(weight)) name.resize(name.size() - weight.size());
  return name.append(bias);
}

MOE_INLINE ExpertNames::ExpertNames(const TensorNames& names, std::size_t layer) {
  for (std::size_t part = 0; part < expert_parts; ++part) {
    const std::string one = name_of_part(names, part, layer, 1), two = name_of_part(names, part, layer, 2);
    const auto number = std::mismatch(one.begin(), one.end(), two.begin(), two.end()).first;
    if (number != one.end()) singles_[part] = {{one.begin(), number}, {number + 1, one.end()}};
  }
  for (const Role role : merged_expert_roles)
    if (std::string name = names.of(role, layer); !name.empty()) merged_.push_back(std::move(name));
  gated_ = !singles_[0].prefix.empty() || !names.of(Role::experts_gate, layer).empty() ||
           !names.of(Role::experts_gate_up, layer).empty();
}

MOE_INLINE std::optional<std::uint32_t> ExpertNames::expert_of(std::size_t part,
                                                               std::string_view name) const {
  const auto& [prefix, suffix] = singles_[part];
  NameReader reader(name);
  if (prefix.empty() || !reader.skip(prefix)) return {};
  const std::optional<std::uint32_t> expert = reader.number();
  return expert && reader.rest() == suffix ? expert : std::nullopt;
}

MOE_INLINE bool ExpertNames::contains(std::string_view name) const {
  if (name.ends_with(scales_ending)) name.remove_suffix(scales_ending.size());
  if (std::find(merged_.begin(), merged_.end(), name) != merged_.end()) return true;
  for (std::size_t part = 0; part < expert_parts; ++part)
    if (expert_of(part, name)) return true;
  return false;
}

}  // namespace moe::inline MOE_ABI::detail
