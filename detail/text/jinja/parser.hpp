#pragma once
#include "../../core/config.hpp"
#include "tree.hpp"

#include <string_view>

namespace moe::inline MOE_ABI::detail::jinja {

/// Parses a normalized template. Throws an Error about the place in `file` that is wrong or not supported.
/// Source: parser.py of Jinja 3.1, with the extensions of transformers: loop controls and {% generation %}.
Tree parse(std::string_view source, std::string_view file);

}  // namespace moe::inline MOE_ABI::detail::jinja

#if MOE_DEFINITIONS
#include "parser.ipp"
#endif
