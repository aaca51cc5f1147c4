// SPDX-License-Identifier: MIT
#pragma once
#include "../../core/config.hpp"

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace moe::inline MOE_ABI::detail::jinja {

/// A piece of a template.
struct Token {
  enum class Type : std::uint8_t {
    text,            // outside of tags
    begin_variable,  // {{
    end_variable,    // }}
    begin_block,     // {%
    end_block,       // %}
    name,
    string,   // without quotes; each escape is replaced by its meaning
    integer,  // digits, without underscores; with a prefix such as 0x
    real,     // without underscores
    sign,     // an operator or a bracket
    end,
  };

  Type type;
  std::uint32_t place;  // offset in the source
  std::string text;

  bool is_sign(std::string_view sign) const { return type == Type::sign && text == sign; }
  bool is_name(std::string_view name) const { return type == Type::name && text == name; }
};

/// The template with a line feed for each line break, and without the last line break if the template ends with one.
std::string normalized_source(std::string_view source);

/// Cuts a normalized template into tokens, with the options of transformers: trim_blocks and lstrip_blocks. `file` is for
/// errors. Source: lexer.py of Jinja 3.1.
std::vector<Token> tokenize(std::string_view source, std::string_view file);

/// Throws an Error about a place in a template.
[[noreturn]] void fail_at(std::string_view source, std::string_view file, std::size_t place,
                          std::string_view message);

}  // namespace moe::inline MOE_ABI::detail::jinja

#if MOE_DEFINITIONS
#include "lexer.ipp"
#endif
