// SPDX-License-Identifier: MIT
#pragma once
#include "config.hpp"

#include <stdexcept>
#include <string>
#include <string_view>

namespace moe::inline MOE_ABI {

/// The exception of this library, for bad files, bad arguments and failed system calls. (A failed allocation throws
/// std::bad_alloc.) what() is one line that names the place, what was expected there, and what was found:
///   model.safetensors: tensor "model.norm.weight": expected shape [2048], found [1024]
class Error : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

}  // namespace moe::inline MOE_ABI

namespace moe::inline MOE_ABI::detail {

/// The text, with each byte of a control character (U+0000 to U+001F, U+007F to U+009F) or of invalid UTF-8 written in the form
/// \x1b. So a name from a hostile file cannot put a line feed or an escape sequence of a terminal into a message.
std::string printable(std::string_view text);

/// The text. If the text is longer than 500 bytes: the characters within its first 500 bytes, and its size. A value in a file
/// may be as long as the file.
std::string shortened(std::string_view text);

/// Throws the Error `file: place: expected ..., found ...`. `file` is a path, or the name of a class or function of the
/// library; `place` is a position in the file, or an argument.
[[noreturn]] void fail(std::string_view file, std::string_view place, std::string_view expected,
                       std::string_view found);

/// Throws the Error `file: place: message`, for messages that another program wrote, such as a chat template that refuses a
/// conversation.
[[noreturn]] void fail(std::string_view file, std::string_view place, std::string_view message);

/// Calls fail() unless `condition` holds. For cheap messages only: the arguments are evaluated even if the condition holds.
void expect(bool condition, std::string_view file, std::string_view place, std::string_view expected,
            std::string_view found);

}  // namespace moe::inline MOE_ABI::detail

#if MOE_DEFINITIONS
#include "error.ipp"
#endif
