// SPDX-License-Identifier: MIT
#pragma once
#include "split_step.hpp"

#include <algorithm>
#include <cstddef>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace moe::inline MOE_ABI::detail {

MOE_INLINE const SplitPattern* find_single_pattern(std::string_view regex) {
  return regex.find('\n') == regex.npos ? find_split_pattern(regex) : nullptr;
}

MOE_INLINE SplitStep isolating_step(std::string_view regex, std::string_view name) {
  if (const SplitPattern* pattern = find_single_pattern(regex)) return {.pattern = pattern};
  return {.program = std::make_shared<const regex::Program>(regex::compile(regex, name))};
}

MOE_INLINE std::string escaped_regex(std::string_view text) {
  std::string regex;
  for (const char c : text) {
    if (std::string_view("\\.*+?()[]{}|^$-#").find(c) != std::string_view::npos) regex += '\\';
    regex += c;
  }
  return regex;
}

MOE_INLINE std::vector<SplitStep> isolating_steps(std::string_view lines, std::string_view name) {
  std::vector<SplitStep> steps;
  for (;;) {
    const std::size_t end = lines.find('\n');
    steps.push_back(isolating_step(lines.substr(0, end), name));
    if (end == lines.npos) return steps;
    lines.remove_prefix(end + 1);
  }
}

MOE_INLINE std::vector<SplitPart> join_parts(const std::vector<SplitPart>& parts, SplitBehavior behavior) {
  std::vector<SplitPart> joined;
  bool previous = false;
  const auto take = [&](const SplitPart& part) {
    const bool joins =
        behavior == SplitBehavior::contiguous ? part.match == previous : part.match && !previous;
    previous = part.match;
    if (joined.empty() || !joins) return joined.push_back(part);
    joined.back().begin = std::min(joined.back().begin, part.begin);
    joined.back().end = std::max(joined.back().end, part.end);
  };
  if (behavior == SplitBehavior::merged_with_next) {
    std::for_each(parts.rbegin(), parts.rend(), take);
    std::reverse(joined.begin(), joined.end());
  } else {
    std::for_each(parts.begin(), parts.end(), take);
  }
  return joined;
}

}  // namespace moe::inline MOE_ABI::detail
