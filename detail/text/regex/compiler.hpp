// SPDX-License-Identifier: MIT
#pragma once
#include "../../core/config.hpp"
#include "program.hpp"
#include "tree.hpp"

#include <bitset>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

namespace moe::inline MOE_ABI::detail::regex {

/// Turns a tree into a program. A loop over one set of characters is one instruction. Any other loop repeats the
/// instructions of its body for each counted round; a limit on the size of the program bounds these repetitions.
class Compiler {
 public:
  Compiler(Tree tree, std::string_view pattern, std::string_view name);

  /// Throws an Error if the program would be too large, or if a look-behind has no fixed length.
  Program compile() &&;

 private:
  using Op = Instruction::Op;

  static constexpr std::size_t most_instructions = 4096;
  // Bounds how often nodes are visited: a loop body without instructions does not enlarge the program, but takes time to
  // compile.
  static constexpr std::size_t most_steps = std::size_t{1} << 16;
  static constexpr std::size_t most_dispatches = 32;  // each has a table of 2 KiB
  static constexpr std::uint32_t most_behind = 255;   // characters of a look-behind

  /// The bytes that a match of a node may begin with. `nullable`: the node may match no characters, so that a byte of the next
  /// node comes first.
  struct First {
    std::bitset<256> bytes;
    bool nullable;
  };

  void emit(const Node& node);
  void emit_sequence(const Node& node);
  void emit_alternatives(const Node& node);
  void emit_dispatch(const Node& node);
  void emit_repeat(const Node& node);
  void emit_set_loop(const Node& node);
  void emit_rounds(const Node& node);
  void emit_unlimited(const Node& round, bool at_least_once, bool lazy);
  void emit_look_ahead(const Node& node);
  void emit_look_behind(const Node& node);
  void emit_atomic(const Node& node, bool repeat);

  /// Appends an instruction and returns its index.
  std::uint32_t add(Instruction instruction);
  std::uint32_t here() const { return static_cast<std::uint32_t>(program_.code.size()); }

  /// The character of a node that is a set of one valid character; nothing for other nodes.
  std::optional<char32_t> single(const Node& node) const;

  First first_of(const Node& node) const;
  std::bitset<256> first_bytes(const CharacterSet& set) const;

  /// The number of characters that the node matches, or most_behind + 1 for all larger numbers; nothing if matches of the node
  /// differ in this number.
  std::optional<std::uint32_t> length_of(const Node& node) const;

  /// Marks each loop that is the end of a match: the matcher never needs a shorter run of such a loop.
  void mark_last_loops();

  [[noreturn]] void refuse(std::string_view expected, std::string_view found) const;

  Tree tree_;
  Program program_;
  std::size_t steps_ = 0;
};

}  // namespace moe::inline MOE_ABI::detail::regex

#if MOE_DEFINITIONS
#include "compiler.ipp"
#endif
