#pragma once
#include "config.hpp"

#include <cstring>
#include <stdexcept>
#include <string>
#include <string_view>

namespace moe::inline MOE_ABI {

/// What every failure of the library is: a bad file, a bad argument, a failed read.
/// what() says where, what was expected and what was found, in one line:
///   model.safetensors: tensor "model.norm.weight": expected shape [2048], found [1024]
class Error : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

}  // namespace moe::inline MOE_ABI

namespace moe::inline MOE_ABI::detail {

/// The text with \x1b and the like for control characters and for what is no UTF-8, which names in hostile files may have: a
/// message is one line, and ends where it ends.
std::string printable(std::string_view text);

/// The text, or its begin if it is long: a value from a file may be all of it.
std::string shortened(std::string_view text);

/// The only throw of the library. `file` is a path or the part of the library that was called; `place` is a
/// place in it.
[[noreturn]] void fail(std::string_view file, std::string_view place, std::string_view expected,
                       std::string_view found);

/// Fails with the four parts unless `condition`. For checks whose message costs nothing to build.
void expect(bool condition, std::string_view file, std::string_view place, std::string_view expected,
            std::string_view found);

}  // namespace moe::inline MOE_ABI::detail

#if MOE_DEFINITIONS
#include "error.ipp"
#endif
