#pragma once
#include "concat.hpp"

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

/// The text with \x1b and the like for control characters, which names in hostile files may have: a message is one line, and
/// ends where it ends.
inline std::string printable(std::string_view text) {
  std::string out;
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte >= 0x20 && byte != 0x7f) {
      out += c;
    } else {
      constexpr std::string_view digits = "0123456789abcdef";
      out += {'\\', 'x', digits[byte >> 4], digits[byte & 15]};
    }
  }
  return out;
}

}  // namespace detail

/// The only throw of the library. `file` is a path or the part of the library that was called; `place` is a
/// place in it.
[[noreturn]] inline void fail(std::string_view file, std::string_view place, std::string_view expected,
                              std::string_view found) {
  throw Error(
      detail::printable(detail::concat(file, ": ", place, ": expected ", expected, ", found ", found)));
}

/// Fails with the four parts unless `condition`. For checks whose message costs nothing to build.
inline void expect(bool condition, std::string_view file, std::string_view place, std::string_view expected,
                   std::string_view found) {
  if (!condition) fail(file, place, expected, found);
}

}  // namespace moe
