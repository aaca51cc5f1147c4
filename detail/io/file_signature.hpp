// SPDX-License-Identifier: MIT
#pragma once
#include "../core/config.hpp"
#include "file.hpp"

#include <string>
#include <string_view>

namespace moe::inline MOE_ABI::detail {

/// The first bytes of a file, at most `most_bytes`.
std::string first_bytes(const File& file, std::size_t most_bytes);

/// A description, for error messages, of the format of a file that begins with `start`. Knows the formats that often stand in
/// place of a model: a Git LFS pointer, an HTML page, an archive and so on. Empty for other formats.
std::string_view known_signature(std::string_view start);

/// A description of a file that has the wrong format: its signature if it is known, otherwise its first bytes.
std::string describe_contents(const File& file);

}  // namespace moe::inline MOE_ABI::detail

#if MOE_DEFINITIONS
#include "file_signature.ipp"
#endif
