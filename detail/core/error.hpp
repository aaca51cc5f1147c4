#pragma once
#include "concat.hpp"

#include <stdexcept>
#include <string_view>

namespace moe {

/// What every failure of the library is: a bad file, a bad argument, a failed read.
/// what() says where, what was expected and what was found, in one line:
///   model.safetensors: tensor "model.norm.weight": expected shape [2048], found [1024]
class Error : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

/// The only throw of the library. `file` is a path or the part of the library that was called; `place` is a
/// place in it.
[[noreturn]] inline void fail(std::string_view file, std::string_view place, std::string_view expected,
                              std::string_view found) {
  throw Error(detail::concat(file, ": ", place, ": expected ", expected, ", found ", found));
}

/// Fails with the four parts unless `condition`. For checks whose message costs nothing to build.
inline void expect(bool condition, std::string_view file, std::string_view place, std::string_view expected,
                   std::string_view found) {
  if (!condition) fail(file, place, expected, found);
}

}  // namespace moe
