// SPDX-License-Identifier: MIT
#pragma once
#include "../../core/config.hpp"
#include "interpreter.hpp"
#include "memory.hpp"
#include "tree.hpp"

#include <cstddef>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace moe::inline MOE_ABI::detail::jinja {

/// A template of Jinja 3.1 as transformers sets it up: sandboxed, with trim_blocks, lstrip_blocks, loop controls,
/// {% generation %}, tojson, raise_exception and strftime_now. Thread-safe once constructed.
///
/// Not supported: do and trans, which the constructor refuses; include, import, from, extends, required blocks and autoescape
/// with a true value, which are refused when they are executed; complex numbers; arithmetic of whole numbers beyond 64 bits,
/// and their formats x, X, o and b; the escape \N{...}; lipsum; the methods encode, translate, maketrans and fromkeys, and all
/// attributes of numbers but is_integer. Generators are evaluated at once. The filter `random` chooses the same elements in each
/// rendering.
class Template {
 public:
  static constexpr std::size_t most_bytes = std::size_t{1} << 20;

  /// Parses the source. Throws an Error with the line and the column in `file` if the source is wrong or not supported.
  Template(std::string_view source, std::string file);

  using Variables = std::vector<std::pair<std::string_view, Value>>;

  /// The text for the variables that `variables(memory)` makes. Throws if the template fails, or if the template needs too many
  /// steps or too much memory for the size of the input.
  template <class MakeVariables>
  std::string render(const LocalTime& now, MakeVariables variables) const {
    Memory memory(source_, file_);
    return Interpreter(*tree_, memory, now).render(variables(memory));
  }

 private:
  std::string source_, file_;
  std::shared_ptr<const Tree> tree_;
};

}  // namespace moe::inline MOE_ABI::detail::jinja

#if MOE_DEFINITIONS
#include "template.ipp"
#endif
