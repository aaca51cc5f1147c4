// SPDX-License-Identifier: MIT
#pragma once
#include "unset_names.hpp"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <unordered_map>
#include <unordered_set>
#include <utility>
#include <vector>

namespace moe::inline MOE_ABI::detail::jinja {

/// The names of one part of a template, or of a branch of {% if %} in that part.
struct Names {
  const Names* parent = nullptr;  // the names of the part around this part
  const Names* trunk = nullptr;   // of a branch: the names before the branch
  std::unordered_set<std::uint32_t> used = {}, unset = {};

  /// Whether the part itself has used the name.
  bool has(std::uint32_t name) const {
    for (const Names* names = this; names; names = names->trunk)
      if (names->used.contains(name)) return true;
    return false;
  }

  /// Whether the part, or a part around it, has used the name.
  bool finds(std::uint32_t name) const {
    for (const Names* names = this; names; names = names->trunk ? names->trunk : names->parent)
      if (names->used.contains(name)) return true;
    return false;
  }
};

class UnsetNames {
 public:
  explicit UnsetNames(Tree& tree) : tree_(tree) {
    for (Node& node : tree.nodes()) {
      if (node.type == Node::Type::name) mentions_[node.name].push_back(node.place);
      if (node.type == Node::Type::block) blocks_.emplace(&node, &node);
    }
    for (auto& [name, places] : mentions_) std::sort(places.begin(), places.end());
  }

  void run() {
    Names names;
    // Tags {% block %} look up the variables of the template in another table, which has no unset names.
    part(names, *tree_.root, tree_.blocks.empty());
    for (const auto& [name, node] : tree_.blocks) {
      Names own;
      part(own, *node->children[0], true);
    }
  }

 private:
  /// Goes through a part whose body is `body`, then through the parts inside the part. `marks`: whether to fill Node::unset.
  void part(Names& names, const Node& body, bool marks) {
    std::vector<const Node*> inner;
    std::swap(inner, inner_);
    const std::uint32_t begin = std::exchange(begin_, body.place);
    visit(names, body);
    begin_ = begin;
    std::swap(inner, inner_);
    if (marks)
      for (const std::uint32_t name : names.unset) blocks_.at(&body)->unset.push_back(name);
    for (const Node* const node : inner) parts_of(names, *node);
  }

  void parts_of(const Names& around, const Node& node) {
    Names names{.parent = &around};
    switch (node.type) {
      case Node::Type::for_:
        use_targets(names, *node.children[0]);
        names.used.insert(tree_.loop_name);
        part(names, *node.children[3], true);
        if (node.children[4]) {
          Names otherwise{.parent = &around};
          part(otherwise, *node.children[4], true);
        }
        return;
      case Node::Type::macro:
        for (const Argument& parameter : node.arguments) names.used.insert(parameter.name);
        if ((node.uses & uses_varargs) != 0) names.used.insert(tree_.varargs_name);
        if ((node.uses & uses_kwargs) != 0) names.used.insert(tree_.kwargs_name);
        if ((node.uses & uses_caller) != 0) names.used.insert(tree_.caller_name);
        for (const Argument& parameter : node.arguments)
          if (parameter.value) visit(names, *parameter.value);
        return part(names, *node.children[0], true);
      case Node::Type::with:
        for (std::size_t i = 0; i + 1 < node.children.size(); i += 2) use_targets(names, *node.children[i]);
        return part(names, *node.children.back(), true);
      default: return part(names, *node.children.back(), true);  // the body of a tag
    }
  }

  void use_targets(Names& names, const Node& target) {
    if (target.type == Node::Type::name) names.used.insert(target.name);
    for (const Node* const child : target.children) use_targets(names, *child);
  }

  void store(Names& names, std::uint32_t name, std::uint32_t place) {
    if (names.has(name)) return;
    const bool unset = !names.finds(name) && is_mentioned(name, place);
    names.used.insert(name);
    if (unset) names.unset.insert(name);
  }

  /// Whether a part inside the present part mentions the name before this place.
  bool is_mentioned(std::uint32_t name, std::uint32_t place) const {
    const auto found = mentions_.find(name);
    if (found == mentions_.end()) return false;
    const auto first = std::lower_bound(found->second.begin(), found->second.end(), begin_);
    return first != found->second.end() && *first < place;
  }

  void store_targets(Names& names, const Node& target) {
    if (target.type == Node::Type::name) return store(names, target.name, target.place);
    if (target.type == Node::Type::attribute) return visit(names, target);
    for (const Node* const child : target.children) store_targets(names, *child);
  }

  void visit_all(Names& names, const std::vector<const Node*>& nodes) {
    for (const Node* const node : nodes)
      if (node) visit(names, *node);
  }

  void visit(Names& names, const Node& node) {
    using Type = Node::Type;
    switch (node.type) {
      case Type::name:
        if (!names.finds(node.name)) names.used.insert(node.name);
        return;
      case Type::if_: return visit_if(names, node, 0);
      case Type::for_: visit(names, *node.children[1]); return inner_.push_back(&node);
      case Type::set: visit(names, *node.children[1]); return store_targets(names, *node.children[0]);
      case Type::set_block:
        if (node.children[0]->type == Type::name) {
          store(names, node.children[0]->name, UINT32_MAX);  // the block runs before the assignment
        } else {
          store_targets(names, *node.children[0]);
        }
        return inner_.push_back(&node);
      case Type::macro: store(names, node.name, node.place); return inner_.push_back(&node);
      case Type::call_block: visit(names, *node.children[0]); return inner_.push_back(node.children[1]);
      case Type::filter_block: visit(names, *node.children[0]); return inner_.push_back(&node);
      case Type::with:
        for (std::size_t i = 1; i < node.children.size(); i += 2) visit(names, *node.children[i]);
        return inner_.push_back(&node);
      case Type::scope:
      case Type::autoescape: return inner_.push_back(&node);
      case Type::named_block: return;
      default: break;
    }
    visit_all(names, node.children);
    for (const Argument& argument : node.arguments)
      if (argument.value) visit(names, *argument.value);
  }

  /// An {% if %} or {% elif %}, which begins with the child `first`. Names that a branch stores do not become unset, because
  /// the branch may not run.
  void visit_if(Names& names, const Node& node, std::size_t first) {
    visit(names, *node.children[first]);
    const bool has_else = node.children.size() % 2 == 1;
    Names body{.trunk = &names}, elif{.trunk = &names}, otherwise{.trunk = &names};
    visit(body, *node.children[first + 1]);
    if (first == 0) {
      for (std::size_t i = 2; i + 1 < node.children.size(); i += 2) visit_if(elif, node, i);
      if (has_else) visit(otherwise, *node.children.back());
    }
    for (Names* const branch : {&body, &elif, &otherwise}) merge(names.used, branch->used);
  }

  static void merge(std::unordered_set<std::uint32_t>& into, std::unordered_set<std::uint32_t>& from) {
    if (into.size() < from.size()) into.swap(from);
    into.merge(from);
  }

  Tree& tree_;
  std::unordered_map<std::uint32_t, std::vector<std::uint32_t>> mentions_;  // the places of each name
  std::unordered_map<const Node*, Node*> blocks_;
  std::vector<const Node*> inner_;  // the nodes with parts inside the present part
  std::uint32_t begin_ = 0;         // of the present part
};

MOE_INLINE void find_unset_names(Tree& tree) { UnsetNames(tree).run(); }

}  // namespace moe::inline MOE_ABI::detail::jinja
