// SPDX-License-Identifier: MIT
#pragma once
#include "../../core/config.hpp"
#include "../../core/utf8.hpp"
#include "../unicode.hpp"
#include "program.hpp"

#include <cstddef>
#include <cstdint>
#include <limits>
#include <optional>
#include <string_view>
#include <vector>

namespace moe::inline MOE_ABI::detail::regex {

/// The bytes of a text from `begin` to `end`.
struct Match {
  std::size_t begin, end;

  friend bool operator==(const Match&, const Match&) = default;
};

/// Finds the matches of a program in a text by backtracking: the leftmost match and, among several matches at one position, the
/// match that the order of alternatives and quantifiers prefers, as in Perl. For an invalid byte of UTF-8, see CharacterSet.
/// Remembers positions where loops without limit failed, because a failure depends only on the position. Such a loop is not
/// tried again at a remembered position, so the time is linear in the text for most patterns. A limit on the number of steps
/// bounds the time of other patterns, such as nested conditions. Not thread-safe: one matcher for each call.
class Matcher {
 public:
  /// `program` must outlive the matcher.
  explicit Matcher(const Program& program);

  /// Sets the text to search. The text must outlive the search.
  void reset(std::string_view text);

  /// The next match at or after the end of the last match, as in Oniguruma's scan. An empty match at the end of the last match
  /// does not count. Throws an Error if the pattern takes too many steps or too much memory for this text.
  std::optional<Match> next();

 private:
  static constexpr std::size_t npos = std::numeric_limits<std::size_t>::max();
  static constexpr std::size_t steps_per_byte = 2000, least_steps = 100000;
  static constexpr std::size_t most_remembered = std::size_t{1} << 31;  // bits

  /// A choice that is still open; or, for `failed`, an open loop, which has failed once all choices above this frame have
  /// failed.
  struct Frame {
    enum class Kind : std::uint8_t { resume, alternatives, shrink, grow, failed };

    Kind kind;
    std::uint32_t code;    // the instruction
    std::size_t position;  // where the instruction began
    // shrink, grow: the end of the run so far; alternatives: the untried alternatives, as bits; failed: the value that open_
    // had for the loop before.
    std::uint64_t state;
    std::uint64_t limit;  // shrink: the least end; grow: the number of characters that may still be added
    std::size_t end;      // shrink: the end of the whole run
  };

  /// The positions `begin` to `end` - 1, at which a loop over a set is known to fail.
  struct Failures {
    std::size_t begin = 0, end = 0;

    bool contains(std::size_t position) const { return position >= begin && position < end; }
  };

  struct CodePoint {
    char32_t value;
    std::size_t bytes;  // 0 at the end of the text
  };

  enum class Outcome : std::uint8_t { fails, goes_on, matches };

  /// Runs the program from an instruction on; returns the end of the match, or npos. `condition`: the caller needs to know only
  /// whether there is a match, so the end may be wrong.
  std::size_t run(std::uint32_t code, std::size_t position, bool condition);

  /// Carries out the instruction at code_ and position_.
  Outcome step(bool condition);

  /// Takes the last open choice; false if there is none above `bottom`.
  bool backtrack(std::size_t bottom);

  bool match_literal(const Instruction& in);
  bool loop(const Instruction& in);
  bool begin_lazy_loop(const Instruction& in);
  bool shrink(Frame& frame);
  bool grow(Frame& frame);
  void split(const Instruction& in);
  Outcome repeat(const Instruction& in, bool condition);
  bool dispatch(const Instruction& in);
  void take_alternative(std::uint32_t code, std::size_t position, std::uint64_t choices);
  bool look(const Instruction& in);
  bool match_atomic(const Instruction& in);
  bool step_back(std::uint32_t characters);
  bool holds(Assertion assertion) const;

  /// Drops the choices above `bottom` after a match, and closes the loops that these choices hold open.
  void commit(std::size_t bottom, bool condition);

  void remember_failure(const Instruction& in, std::size_t begin, std::size_t end);

  /// Sets the bit of a loop over a group at a position.
  void set_bit(std::vector<bool>& bits, std::uint32_t memo, std::size_t position);
  bool has_bit(const std::vector<bool>& bits, std::uint32_t memo, std::size_t position) const;
  void forget_before(std::size_t position);
  void forget();

  CodePoint code_point_at(std::size_t position) const {
    if (position >= text_.size()) return {0, 0};
    const auto byte = static_cast<unsigned char>(text_[position]);
    return byte < 0x80 ? CodePoint{byte, 1} : multibyte_at(position);
  }

  /// An invalid byte is a character by itself.
  CodePoint multibyte_at(std::size_t position) const {
    const Utf8Step step = utf8_step(text_.substr(position));
    return step.valid ? CodePoint{step.code_point, step.bytes} : CodePoint{CharacterSet::invalid, 1};
  }

  /// The offset of the character before `position`.
  std::size_t before(std::size_t position) const {
    return position - last_character(text_.substr(0, position)).bytes;
  }

  /// The bytes of the character at `position` if it is in the set, else 0.
  std::size_t in_set(const CharacterTable& set, std::size_t position) const {
    const CodePoint c = code_point_at(position);
    return c.bytes > 0 && set.contains(c.value) ? c.bytes : 0;
  }

  bool is_word(std::size_t position) const;

  void count(std::size_t steps) {
    steps_ += steps;
    if (steps_ > most_steps_) fail_too_slow();
  }
  [[noreturn]] void fail_too_slow() const;

  const Program& program_;
  std::string_view text_;
  std::size_t begin_ = 0;        // of the next search
  std::size_t last_end_ = npos;  // of the last match
  std::uint32_t code_ = 0;       // the next instruction
  std::size_t position_ = 0;     // the position of the next instruction in the text
  std::vector<Frame> stack_;
  std::vector<Failures> failures_;     // [loops]
  std::vector<bool> failed_, passed_;  // [positions from base_][repeats]
  // [repeats] The position of the last open frame `failed` of the loop; npos if there is none.
  std::vector<std::size_t> open_;
  std::size_t base_ = 0;
  std::size_t steps_ = 0, most_steps_ = 0;
};

}  // namespace moe::inline MOE_ABI::detail::regex

#if MOE_DEFINITIONS
#include "matcher.ipp"
#include "matcher_memory.ipp"
#endif
