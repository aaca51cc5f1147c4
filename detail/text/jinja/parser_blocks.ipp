// SPDX-License-Identifier: MIT
#pragma once
#include "parser.hpp"
#include "../../core/concat.hpp"
#include "python_text.hpp"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>

namespace moe::inline MOE_ABI::detail::jinja {

// The statements block, autoescape, include, import, from and extends.

/// The contents of a block, in place: no template can extend this template.
MOE_INLINE const Node* Parser::block_statement(std::uint32_t at) {
  const Token name = expect(Token::Type::name, "name");
  if (tree_.blocks.contains(name.text))
    fail_at(source_, file_, at, concat("block '", name.text, "' defined twice"));
  const bool scoped = skip_name("scoped"), required = skip_name("required");
  end_tag();
  const std::size_t loops = std::exchange(loops_, std::size_t{0});
  const Node* const statements = body({"endblock"}, false);
  loops_ = loops;
  take();
  skip_name(name.text);
  end_tag();
  const auto is_space = [](const Node* each) {
    return each->type == Type::output && each->children.empty() && strip(each->text, Side::both).empty();
  };
  if (required && !std::all_of(statements->children.begin(), statements->children.end(), is_space))
    fail_at(source_, file_, at, "Required blocks can only contain comments or whitespace");
  Node& node = make(Type::named_block, at, {statements});
  node.flag = scoped;
  tree_.blocks.emplace(name.text, &node);
  if (required) return &make(Type::refusal, at, {}, concat("Required block '", name.text, "' not found"));
  return &node;
}

MOE_INLINE const Node* Parser::autoescape_statement(std::uint32_t at) {
  const Node* const value = expression();
  end_tag();
  const Node* const statements = body({"endautoescape"}, false);
  close();
  return &make(Type::autoescape, at, {value, statements});
}

MOE_INLINE const Node* Parser::load_statement(std::uint32_t at, std::string_view tag) {
  expression();
  const auto name = [&] { expect(Token::Type::name, "name"); };
  const auto expect_name = [&](std::string_view word) {
    if (!skip_name(word)) fail_here(concat("expected token '", word, "', got '", describe(token()), '\''));
  };
  if (tag == "include" && is_name("ignore") && next_token().is_name("missing")) {
    take();
    take();
  }
  if (tag == "import") {
    expect_name("as");
    name();
  }
  const auto ends = [&] {
    return token().type == Token::Type::end_block ||
           ((is_name("with") || is_name("without")) && next_token().is_name("context"));
  };
  if (tag == "from") {
    expect_name("import");
    for (bool first = true; first || skip_sign(","); first = false) {
      if (!first && ends()) break;
      name();
      if (skip_name("as")) name();
    }
  }
  if (tag != "extends" && token().type != Token::Type::end_block && ends()) {
    take();
    take();
  }
  end_tag();
  return &make(Type::refusal, at, {},
               concat("the tag '", tag, "' is not supported: no loader for this environment specified"));
}

}  // namespace moe::inline MOE_ABI::detail::jinja
