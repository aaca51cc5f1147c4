// SPDX-License-Identifier: MIT
#pragma once
#include "tree.hpp"

#include <algorithm>

namespace moe::inline MOE_ABI::detail::regex {

MOE_INLINE bool is_nullable(const Node& node) {
  const auto& children = node.children;
  switch (node.kind) {
    case Node::Kind::set: return false;
    case Node::Kind::sequence: return std::all_of(children.begin(), children.end(), is_nullable);
    case Node::Kind::alternatives: return std::any_of(children.begin(), children.end(), is_nullable);
    case Node::Kind::repeat: return node.least == 0 || is_nullable(children[0]);
    case Node::Kind::atomic: return is_nullable(children[0]);
    default: return true;
  }
}

}  // namespace moe::inline MOE_ABI::detail::regex
