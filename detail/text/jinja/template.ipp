// SPDX-License-Identifier: MIT
#pragma once
#include "template.hpp"
#include "../../core/concat.hpp"
#include "../../core/error.hpp"
#include "lexer.hpp"
#include "parser.hpp"

#include <memory>
#include <string>
#include <string_view>
#include <utility>

namespace moe::inline MOE_ABI::detail::jinja {

MOE_INLINE Template::Template(std::string_view source, std::string file) : file_(std::move(file)) {
  if (source.size() > most_bytes)
    fail(file_, "template", concat("at most ", most_bytes, " bytes"), concat(source.size()));
  source_ = normalized_source(source);
  tree_ = std::make_shared<const Tree>(parse(source_, file_));
}

}  // namespace moe::inline MOE_ABI::detail::jinja
