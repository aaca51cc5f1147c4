#pragma once
#include "concat.hpp"
#include "utf8.hpp"

#include <stdexcept>
#include <string>
#include <string_view>

namespace moe {

/// What every failure of the library is: a bad file, a bad argument, a failed read.
/// what() says where, what was expected and what was found, in one line:
///   model.safetensors: tensor "model.norm.weight": expected shape [2048], found [1024]
class Error : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

namespace detail {

/// The text with \x1b and the like for control characters and for what is no UTF-8, which names in hostile files may have: a
/// message is one line, and ends where it ends.
inline std::string printable(std::string_view text) {
  std::string out;
  while (!text.empty()) {
    const Utf8Step step = utf8_step(text);
    if (step.valid && step.code_point >= 0x20 && step.code_point != 0x7f) {
      out += text.substr(0, step.bytes);
    } else {
      constexpr std::string_view digits = "0123456789abcdef";
      for (const char c : text.substr(0, step.bytes))
        out += {'\\', 'x', digits[static_cast<unsigned char>(c) >> 4],
                digits[static_cast<unsigned char>(c) & 15]};
    }
    text.remove_prefix(step.bytes);
  }
  return out;
}

/// The text, or its begin if it is long: a value from a file may be all of it.
inline std::string shortened(std::string_view text) {
  constexpr std::size_t most = 500;
  if (text.size() <= most) return std::string(text);
  std::size_t end = most;
  while (end > most - 4 && (static_cast<unsigned char>(text[end]) & 0xc0) == 0x80)
    --end;  // within a character
  return concat(text.substr(0, end), "... (", text.size(), " bytes)");
}

}  // namespace detail

/// The only throw of the library. `file` is a path or the part of the library that was called; `place` is a
/// place in it.
[[noreturn]] inline void fail(std::string_view file, std::string_view place, std::string_view expected,
                              std::string_view found) {
  throw Error(
      detail::printable(detail::concat(file, ": ", detail::shortened(place), ": expected ",
                                       detail::shortened(expected), ", found ", detail::shortened(found))));
}

/// Fails with the four parts unless `condition`. For checks whose message costs nothing to build.
inline void expect(bool condition, std::string_view file, std::string_view place, std::string_view expected,
                   std::string_view found) {
  if (!condition) fail(file, place, expected, found);
}

}  // namespace moe
