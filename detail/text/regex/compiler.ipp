// SPDX-License-Identifier: MIT
#pragma once
#include "compiler.hpp"
#include "parser.hpp"
#include "../../core/concat.hpp"
#include "../../core/error.hpp"
#include "../../core/utf8.hpp"

#include <algorithm>
#include <bitset>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace moe::inline MOE_ABI::detail::regex {

MOE_INLINE Compiler::Compiler(Tree tree, std::string_view pattern, std::string_view name)
    : tree_(std::move(tree)) {
  program_.pattern = pattern;
  program_.name = name;
  for (const CharacterSet& set : tree_.sets) program_.sets.emplace_back(set);
}

MOE_INLINE Program Compiler::compile() && {
  const First first = first_of(tree_.root);
  program_.first_bytes = first.bytes;
  program_.nullable = first.nullable;
  emit(tree_.root);
  add({.op = Op::match});
  mark_last_loops();
  return std::move(program_);
}

MOE_INLINE void Compiler::emit(const Node& node) {
  if (++steps_ > most_steps)
    refuse(concat("at most ", most_steps, " parts, each repeat counted"), concat("at least ", steps_));
  const auto set = static_cast<std::uint32_t>(node.set);
  switch (node.kind) {
    case Node::Kind::empty: return;
    case Node::Kind::set: add({.op = Op::set, .set = set}); return;
    case Node::Kind::sequence: return emit_sequence(node);
    case Node::Kind::alternatives: return emit_alternatives(node);
    case Node::Kind::repeat: return emit_repeat(node);
    case Node::Kind::look_ahead: return emit_look_ahead(node);
    case Node::Kind::look_behind: return emit_look_behind(node);
    case Node::Kind::atomic: return emit_atomic(node.children[0], false);
    case Node::Kind::assertion: add({.op = Op::assertion, .assertion = node.assertion}); return;
  }
}

/// Consecutive single characters become one literal.
MOE_INLINE void Compiler::emit_sequence(const Node& node) {
  for (std::size_t i = 0; i < node.children.size();) {
    std::string literal;
    std::size_t end = i;
    for (; end < node.children.size() && single(node.children[end]); ++end)
      append_utf8(literal, *single(node.children[end]));
    if (end - i > 1) {
      const auto begin = static_cast<std::uint32_t>(program_.literals.size());
      add({.op = Op::literal, .set = begin, .least = static_cast<std::uint32_t>(literal.size())});
      program_.literals += literal;
      i = end;
    } else {
      emit(node.children[i++]);
    }
  }
}

MOE_INLINE void Compiler::emit_alternatives(const Node& node) {
  if (node.children.size() <= Dispatch::most && program_.dispatches.size() < most_dispatches)
    return emit_dispatch(node);
  std::vector<std::uint32_t> ends;
  for (std::size_t i = 0; i + 1 < node.children.size(); ++i) {
    const std::uint32_t split = add({.op = Op::split});
    emit(node.children[i]);
    ends.push_back(add({.op = Op::jump}));
    program_.code[split].target = here();
  }
  emit(node.children.back());
  for (const std::uint32_t end : ends) program_.code[end].target = here();
}

MOE_INLINE void Compiler::emit_dispatch(const Node& node) {
  const std::size_t index = program_.dispatches.size();
  program_.dispatches.emplace_back();
  add({.op = Op::dispatch, .set = static_cast<std::uint32_t>(index)});
  Dispatch dispatch;
  std::vector<std::uint32_t> ends;
  for (std::size_t i = 0; i < node.children.size(); ++i) {
    const std::uint64_t bit = std::uint64_t{1} << i;
    const First first = first_of(node.children[i]);
    for (std::size_t byte = 0; byte < 256; ++byte)
      if (first.nullable || first.bytes[byte]) dispatch.by_byte[byte] |= bit;
    if (first.nullable) dispatch.at_end |= bit;
    dispatch.targets.push_back(here());
    emit(node.children[i]);
    ends.push_back(add({.op = Op::jump}));
  }
  for (const std::uint32_t end : ends) program_.code[end].target = here();
  program_.dispatches[index] = std::move(dispatch);
}

MOE_INLINE void Compiler::emit_repeat(const Node& node) {
  if (node.most == 0) return;
  if (node.children[0].kind == Node::Kind::set) return emit_set_loop(node);
  if (node.greed == Greed::possessive) return emit_atomic(node, true);
  emit_rounds(node);
}

/// `X{n,}` with n above 1 becomes X{n-1} and then X+: the matcher remembers failures only of unlimited loops, and such a loop
/// must have a minimum of 0 or 1 rounds.
MOE_INLINE void Compiler::emit_set_loop(const Node& node) {
  Instruction loop{.op = Op::loop,
                   .greed = node.greed,
                   .set = static_cast<std::uint32_t>(node.children[0].set),
                   .least = node.least,
                   .most = node.most};
  if (node.most == Node::unlimited) {
    if (node.least > 1) {
      Instruction rounds = loop;
      rounds.most = rounds.least = node.least - 1;
      add(rounds);
      loop.least = 1;
    }
    loop.memo = program_.loops++;
  }
  add(loop);
}

MOE_INLINE void Compiler::emit_rounds(const Node& node) {
  const Node& round = node.children[0];
  const bool lazy = node.greed == Greed::lazy, unlimited = node.most == Node::unlimited;
  const std::uint32_t copies = unlimited && node.least > 0 ? node.least - 1 : node.least;
  for (std::uint32_t i = 0; i < copies; ++i) emit(round);
  if (unlimited) return emit_unlimited(round, node.least > 0, lazy);
  std::vector<std::uint32_t> splits;
  for (std::uint32_t i = node.least; i < node.most; ++i) {
    splits.push_back(add({.op = Op::split, .prefers_target = lazy}));
    emit(round);
  }
  for (const std::uint32_t split : splits) program_.code[split].target = here();
}

/// X+ becomes X, then a choice between a jump back to X and the end. X* becomes a choice between X and the end; after X, a jump
/// leads back to the choice.
MOE_INLINE void Compiler::emit_unlimited(const Node& round, bool at_least_once, bool lazy) {
  const bool nullable = is_nullable(round);
  program_.nullable_repeats |= nullable;
  const std::uint32_t memo = program_.repeats++;
  const std::uint32_t begin = here();
  if (at_least_once) {
    emit(round);
    add({.op = Op::repeat, .prefers_target = !lazy, .nullable = nullable, .target = begin, .memo = memo});
  } else {
    add({.op = Op::repeat, .prefers_target = lazy, .nullable = nullable, .memo = memo});
    emit(round);
    add({.op = Op::jump, .target = begin});
    program_.code[begin].target = here();
  }
}

MOE_INLINE void Compiler::emit_look_ahead(const Node& node) {
  const Node& child = node.children[0];
  if (child.kind == Node::Kind::set) {
    add({.op = Op::look_set, .negated = node.negated, .set = static_cast<std::uint32_t>(child.set)});
    return;
  }
  const std::uint32_t look = add({.op = Op::look, .negated = node.negated});
  emit(child);
  add({.op = Op::match});
  program_.code[look].target = here();
}

/// Each alternative steps back by its own length, and then matches up to the position of the look-behind.
MOE_INLINE void Compiler::emit_look_behind(const Node& node) {
  const Node& child = node.children[0];
  const bool several = child.kind == Node::Kind::alternatives;
  const std::size_t count = several ? child.children.size() : 1;
  const std::uint32_t look = add({.op = Op::look, .negated = node.negated});
  for (std::size_t i = 0; i < count; ++i) {
    const Node& alternative = several ? child.children[i] : child;
    const std::optional<std::uint32_t> length = length_of(alternative);
    if (!length || *length > most_behind)
      refuse(concat("a look-behind of a fixed number of characters, at most ", most_behind),
             length ? "a larger number" : "no fixed number");
    const bool last = i + 1 == count;
    const std::uint32_t split = last ? 0 : add({.op = Op::split});
    add({.op = Op::step_back, .least = *length});
    emit(alternative);
    add({.op = Op::match});
    if (!last) program_.code[split].target = here();
  }
  program_.code[look].target = here();
}

MOE_INLINE void Compiler::emit_atomic(const Node& node, bool repeat) {
  const std::uint32_t atomic = add({.op = Op::atomic});
  if (repeat) {
    emit_rounds(node);
  } else {
    emit(node);
  }
  add({.op = Op::match});
  program_.code[atomic].target = here();
}

MOE_INLINE std::uint32_t Compiler::add(Instruction instruction) {
  if (program_.code.size() == most_instructions)
    refuse(concat("at most ", most_instructions, " instructions, each repeat counted"),
           concat("at least ", most_instructions + 1));
  program_.code.push_back(instruction);
  return here() - 1;
}

MOE_INLINE std::optional<char32_t> Compiler::single(const Node& node) const {
  if (node.kind != Node::Kind::set) return {};
  const std::vector<Range>& ranges = tree_.sets[node.set].ranges();
  if (ranges.size() != 1 || ranges[0].first != ranges[0].last || ranges[0].first == CharacterSet::invalid)
    return {};
  return ranges[0].first;
}

MOE_INLINE Compiler::First Compiler::first_of(const Node& node) const {
  switch (node.kind) {
    case Node::Kind::set: return {first_bytes(tree_.sets[node.set]), false};
    case Node::Kind::sequence: {
      First first{{}, true};
      for (std::size_t i = 0; i < node.children.size() && first.nullable; ++i) {
        const First next = first_of(node.children[i]);
        first = {first.bytes | next.bytes, next.nullable};
      }
      return first;
    }
    case Node::Kind::alternatives: {
      First first{{}, false};
      for (const Node& child : node.children) {
        const First next = first_of(child);
        first = {first.bytes | next.bytes, first.nullable || next.nullable};
      }
      return first;
    }
    case Node::Kind::repeat: {
      const First round = first_of(node.children[0]);
      return {round.bytes, round.nullable || node.least == 0};
    }
    case Node::Kind::atomic: return first_of(node.children[0]);
    default: return {{}, true};
  }
}

MOE_INLINE std::bitset<256> Compiler::first_bytes(const CharacterSet& set) const {
  std::bitset<256> bytes;
  const auto lead = [](char32_t c) {
    std::string text;
    append_utf8(text, c >= 0xd800 && c <= 0xdfff ? 0xd7ff : c);
    return static_cast<unsigned char>(text[0]);
  };
  for (const Range& range : set.ranges()) {
    if (range.last == CharacterSet::invalid)
      for (std::size_t byte = 0x80; byte < 256; ++byte) bytes.set(byte);
    if (range.first == CharacterSet::invalid) continue;
    const char32_t last = std::min<char32_t>(range.last, CharacterSet::invalid - 1);
    for (std::size_t byte = lead(range.first); byte <= lead(last); ++byte) bytes.set(byte);
  }
  return bytes;
}

MOE_INLINE std::optional<std::uint32_t> Compiler::length_of(const Node& node) const {
  switch (node.kind) {
    case Node::Kind::set: return 1;
    case Node::Kind::sequence: {
      std::uint32_t sum = 0;
      for (const Node& child : node.children) {
        const std::optional<std::uint32_t> length = length_of(child);
        if (!length) return {};
        sum = std::min(sum + *length, most_behind + 1);
      }
      return sum;
    }
    case Node::Kind::alternatives: {
      const std::optional<std::uint32_t> length = length_of(node.children[0]);
      // Calling length_of() twice for the first child would double the time at each level of nesting.
      for (std::size_t i = 1; i < node.children.size(); ++i)
        if (length_of(node.children[i]) != length) return {};
      return length;
    }
    case Node::Kind::repeat: {
      if (node.most == 0) return 0;
      const std::optional<std::uint32_t> round = length_of(node.children[0]);
      if (!round || node.least != node.most) return {};
      return std::min(*round * node.most, most_behind + 1);
    }
    case Node::Kind::atomic: return length_of(node.children[0]);
    default: return 0;
  }
}

MOE_INLINE void Compiler::mark_last_loops() {
  std::vector<Instruction>& code = program_.code;
  for (std::size_t i = 0; i + 1 < code.size(); ++i) {
    std::size_t next = i + 1;
    while (code[next].op == Op::jump && code[next].target > next) next = code[next].target;
    code[i].last = code[i].op == Op::loop && code[next].op == Op::match;
  }
}

MOE_INLINE void Compiler::refuse(std::string_view expected, std::string_view found) const {
  fail(program_.name, concat("regular expression \"", program_.pattern, '"'), expected, found);
}

MOE_INLINE Program compile(std::string_view pattern, std::string_view name) {
  return Compiler(Parser(pattern, name).read(), pattern, name).compile();
}

}  // namespace moe::inline MOE_ABI::detail::regex
