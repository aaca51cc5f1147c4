// SPDX-License-Identifier: MIT
#pragma once
#include "../../core/config.hpp"
#include "value.hpp"

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace moe::inline MOE_ABI::detail::jinja {

/// The variables of a part of a template, such as the whole template, one iteration of a loop, or one call of a macro.
struct Scope {
  Scope* parent = nullptr;
  std::vector<std::pair<std::uint32_t, Value>> variables = {};  // by number of the name, see Tree::names
  bool kept = false;  // a macro or a recursive loop refers to the scope, and so to its parents

  Value* find(std::uint32_t name) {
    for (auto& [own, value] : variables)
      if (own == name) return &value;
    return nullptr;
  }
  void set(std::uint32_t name, const Value& value) {
    if (Value* const found = find(name)) {
      *found = value;
    } else {
      variables.emplace_back(name, value);
    }
  }

  /// Keeps the scope and its parents until the rendering ends, because a value refers to the scope.
  void keep() {
    for (Scope* scope = this; scope && !scope->kept; scope = scope->parent) scope->kept = true;
  }
};

/// Owns all values of a rendering until the rendering ends, and limits the steps and the memory of the rendering, because
/// templates are untrusted programs. Values may form cycles; nested values are destroyed without recursion.
class Memory {
 public:
  /// `source` and `file`: the template, for errors. The limits grow with the size of the source.
  Memory(std::string_view source, std::string_view file) : source_(source), file_(file) {
    allow(source.size());
  }

  /// Raises the limits in proportion to the size of an input.
  void allow(std::size_t input_bytes) {
    steps_left_ += 16 * input_bytes;
    bytes_left_ += 64 * input_bytes;
  }

  /// Raises the limits for templates that go through all messages for each message, up to a bound of a few seconds.
  void allow_pairs(std::size_t messages) {
    const std::size_t pairs =
        std::min<std::size_t>(messages, 1 << 16) * std::min<std::size_t>(messages, 1 << 16);
    steps_left_ += std::min<std::size_t>(16 * pairs, 100'000'000);
    bytes_left_ += std::min<std::size_t>(16 * pairs, std::size_t{256} << 20);
  }

  /// Lowers the steps and the bytes that are left to these numbers. A limit that is lower already stays.
  void bound(std::size_t steps, std::size_t bytes) {
    steps_left_ = std::min(steps_left_, steps);
    bytes_left_ = std::min(bytes_left_, bytes);
  }

  /// Counts steps of work. Throws if there are too many.
  void work(std::size_t steps) {
    if (steps > steps_left_) fail("the template needs more than the allowed number of steps");
    steps_left_ -= steps;
  }

  /// Counts the steps of going through a text character by character.
  void work_on(std::string_view text) { work(text.size() / 4); }

  /// Counts bytes of new texts, of new containers and of output. Throws if there are too many.
  void take(std::size_t bytes) {
    if (bytes > bytes_left_) fail("the template needs more than the allowed memory");
    bytes_left_ -= bytes;
  }

  /// Throws if the memory that is left has no room for this many bytes. Does not count the bytes. For temporary memory, and for
  /// texts whose bytes are counted when the texts are complete.
  void require_room(std::size_t bytes) const {
    if (bytes > bytes_left_) fail("the template needs more than the allowed memory");
  }

  /// A string with this text.
  Value text(std::string text);
  /// A string: `begin`, then `end`. A chain of such calls, each on the result of the call before, takes linear time: the
  /// results share one buffer with spare capacity.
  Value appended(const Value& begin, std::string_view end);
  Value list(std::vector<Value> items, Kind kind = Kind::list, std::string_view name = "list");
  Value dict(Dict dict, Kind kind);
  /// An undefined value. Equal messages share their memory.
  Value missing(std::string message);
  Value callable(Callable callable);
  Loop& loop();
  Scope& scope(Scope* parent);
  /// Gives the memory of a scope back, unless the scope is kept. The scope must not be used afterwards.
  void release(Scope& scope);

  /// Throws an Error with this message about the template's current place.
  [[noreturn]] void fail(std::string_view message) const;

  /// The next number of a pseudo-random sequence, which begins anew with each rendering. Source: SplitMix64 of S. Vigna.
  std::uint64_t random() {
    std::uint64_t mixed = random_ += 0x9e3779b97f4a7c15;
    mixed = (mixed ^ (mixed >> 30)) * 0xbf58476d1ce4e5b9;
    mixed = (mixed ^ (mixed >> 27)) * 0x94d049bb133111eb;
    return mixed ^ (mixed >> 31);
  }

  /// The line of an offset in the source, from 1.
  std::size_t line_of(std::size_t offset) const;

  /// The offset in the source that is rendered now.
  std::uint32_t place = 0;

  /// The number of objects of class Nested that exist now.
  std::size_t depth = 0;

 private:
  std::string_view source_, file_;
  // The limits without input: less than a second of work.
  std::size_t steps_left_ = 4'000'000, bytes_left_ = std::size_t{256} << 20;
  std::uint64_t random_ = 0;
  std::deque<std::string> texts_;
  std::array<std::string*, 4> growing_ = {};  // the texts of the last calls of appended()
  std::size_t next_growing_ = 0;
  std::deque<List> lists_;
  std::deque<Dict> dicts_;
  std::map<std::string, Missing, std::less<>> missing_;  // by message
  std::deque<Callable> callables_;
  std::deque<Loop> loops_;
  std::deque<Scope> scopes_;
  std::vector<Scope*> free_scopes_;
};

/// Limits the depth of recursion: each level of recursion holds one object of this class.
class Nested {
 public:
  explicit Nested(Memory& memory) : memory_(memory) {
    if (memory.depth == 1000) memory.fail("the template is nested too deeply, or calls itself without end");
    ++memory.depth;
  }
  ~Nested() { --memory_.depth; }
  Nested(const Nested&) = delete;
  Nested& operator=(const Nested&) = delete;

 private:
  Memory& memory_;
};

}  // namespace moe::inline MOE_ABI::detail::jinja

#if MOE_DEFINITIONS
#include "memory.ipp"
#endif
