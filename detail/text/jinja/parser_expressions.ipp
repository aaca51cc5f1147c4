// SPDX-License-Identifier: MIT
#pragma once
#include "parser.hpp"
#include "../../core/concat.hpp"
#include "filters.hpp"
#include "lexer.hpp"
#include "tests.hpp"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace moe::inline MOE_ABI::detail::jinja {

MOE_INLINE const Node* Parser::tuple(bool conditional, bool parentheses) {
  const std::uint32_t at = place();
  std::vector<const Node*> elements;
  bool comma = false;
  for (;;) {
    if (comma) expect_sign(",");
    if (token().type == Token::Type::end_variable || token().type == Token::Type::end_block || is_sign(")"))
      break;
    elements.push_back(conditional ? expression() : or_expression());
    if (!is_sign(",")) break;
    comma = true;
  }
  if (!comma && !elements.empty()) return elements.front();
  if (elements.empty() && !parentheses)
    fail_here(concat("Expected an expression, got '", describe(token()), '\''));
  return &make(Type::tuple, at, std::move(elements));
}

MOE_INLINE void Parser::require(bool known, std::uint32_t at, std::string message) {
  if (!known && !soft_) unknown_.emplace_back(at, std::move(message));
}

MOE_INLINE const Node* Parser::expression() {
  const Level level(*this);
  const bool before = soft_;
  const std::size_t unknown = unknown_.size();
  const std::uint32_t at = place();
  const Node* value = or_expression();
  while (skip_name("if")) {
    soft_ = true;
    unknown_.resize(unknown);  // the value before `if` is in a conditional part, too
    const Node* const condition = or_expression();
    const Node* const otherwise = skip_name("else") ? expression() : nullptr;
    value = &make(Type::condition, at, {value, condition, otherwise});
  }
  soft_ = before;
  return value;
}

MOE_INLINE const Node* Parser::or_expression() {
  const Node* left = and_expression();
  for (std::uint32_t at = place(); skip_name("or"); at = place())
    left = &make(Type::or_, at, {left, and_expression()});
  return left;
}

MOE_INLINE const Node* Parser::and_expression() {
  const Node* left = not_expression();
  for (std::uint32_t at = place(); skip_name("and"); at = place())
    left = &make(Type::and_, at, {left, not_expression()});
  return left;
}

MOE_INLINE const Node* Parser::not_expression() {
  const Level level(*this);
  const std::uint32_t at = place();
  if (skip_name("not")) return &make(Type::not_, at, {not_expression()});
  return comparison();
}

MOE_INLINE const Node* Parser::comparison() {
  const std::uint32_t at = place();
  std::vector<const Node*> operands{sum()};
  std::vector<std::string> signs;
  for (;;) {
    std::string sign;
    for (const std::string_view known : {"==", "!=", "<", "<=", ">", ">="})
      if (is_sign(known)) sign = known;
    if (!sign.empty()) {
      take();
    } else if (skip_name("in")) {
      sign = "in";
    } else if (is_name("not") && next_token().is_name("in")) {
      take();
      take();
      sign = "not in";
    } else {
      break;
    }
    signs.push_back(sign);
    operands.push_back(sum());
  }
  if (signs.empty()) return operands.front();
  Node& node = make(Type::comparison, at, std::move(operands));
  node.texts = std::move(signs);
  return &node;
}

MOE_INLINE const Node* Parser::sum() {
  const Node* left = concatenation();
  while (is_sign("+") || is_sign("-")) {
    Token sign = take();
    left = &make(Type::operation, sign.place, {left, concatenation()}, std::move(sign.text));
  }
  return left;
}

MOE_INLINE const Node* Parser::concatenation() {
  const std::uint32_t at = place();
  std::vector<const Node*> parts{product()};
  while (skip_sign("~")) parts.push_back(product());
  return parts.size() == 1 ? parts.front() : &make(Type::concatenation, at, std::move(parts));
}

MOE_INLINE const Node* Parser::product() {
  const Node* left = power();
  while (is_sign("*") || is_sign("/") || is_sign("//") || is_sign("%")) {
    Token sign = take();
    left = &make(Type::operation, sign.place, {left, power()}, std::move(sign.text));
  }
  return left;
}

MOE_INLINE const Node* Parser::power() {
  const Node* left = unary(true);
  while (is_sign("**")) {
    Token sign = take();
    left = &make(Type::operation, sign.place, {left, unary(true)}, std::move(sign.text));
  }
  return left;
}

MOE_INLINE const Node* Parser::unary(bool filtered) {
  const Level level(*this);
  const std::uint32_t at = place();
  const Node* node = nullptr;
  if (skip_sign("-")) {
    node = &make(Type::negative, at, {unary(false)});
  } else if (skip_sign("+")) {
    node = &make(Type::positive, at, {unary(false)});
  } else {
    node = primary();
  }
  node = postfix(node);
  return filtered ? filter_expression(node) : node;
}

MOE_INLINE const Node* Parser::primary() {
  const std::uint32_t at = place();
  switch (token().type) {
    case Token::Type::name: return name_or_constant();
    case Token::Type::string: {
      std::string text = take().text;
      while (token().type == Token::Type::string) text += take().text;
      return &make(Type::constant_string, at, {}, std::move(text));
    }
    case Token::Type::integer: return &make(Type::constant_integer, at, {}, take().text);
    case Token::Type::real: return &make(Type::constant_real, at, {}, take().text);
    default: break;
  }
  if (skip_sign("(")) {
    const Node* const inner = tuple(true, true);
    expect_sign(")");
    return inner;
  }
  if (skip_sign("[")) return elements(at);
  if (skip_sign("{")) return members(at);
  fail_here(concat("unexpected '", describe(token()), '\''));
}

MOE_INLINE const Node* Parser::name_or_constant() {
  const std::uint32_t at = place();
  const std::string name = take().text;
  if (name == "none" || name == "None") return &make(Type::constant_none, at, {});
  if (name == "true" || name == "True" || name == "false" || name == "False") {
    Node& node = make(Type::constant_boolean, at, {});
    node.flag = name == "true" || name == "True";
    return &node;
  }
  if (name == "varargs") uses_ |= uses_varargs;
  if (name == "kwargs") uses_ |= uses_kwargs;
  if (name == "caller") uses_ |= uses_caller;
  Node& node = make(Type::name, at, {});
  node.name = tree_.number_of(name);
  return &node;
}

MOE_INLINE const Node* Parser::elements(std::uint32_t at) {
  std::vector<const Node*> items;
  while (!is_sign("]")) {
    if (!items.empty()) expect_sign(",");
    if (is_sign("]")) break;
    items.push_back(expression());
  }
  expect_sign("]");
  return &make(Type::list, at, std::move(items));
}

MOE_INLINE const Node* Parser::members(std::uint32_t at) {
  std::vector<const Node*> items;
  while (!is_sign("}")) {
    if (!items.empty()) expect_sign(",");
    if (is_sign("}")) break;
    items.push_back(expression());
    expect_sign(":");
    items.push_back(expression());
  }
  expect_sign("}");
  return &make(Type::dict, at, std::move(items));
}

MOE_INLINE const Node* Parser::postfix(const Node* node) {
  for (;;) {
    const std::uint32_t at = place();
    if (skip_sign(".")) {
      node = attribute(node, at);
    } else if (skip_sign("[")) {
      node = subscript(node, at);
    } else if (is_sign("(")) {
      node = call(node);
    } else {
      return node;
    }
  }
}

MOE_INLINE const Node* Parser::attribute(const Node* object, std::uint32_t at) {
  if (token().type == Token::Type::name) return &make(Type::attribute, at, {object}, take().text);
  Token index = expect(Token::Type::integer, "integer");
  const Node* const key = &make(Type::constant_integer, index.place, {}, std::move(index.text));
  return &make(Type::item, at, {object, key});
}

MOE_INLINE const Node* Parser::subscript(const Node* object, std::uint32_t at) {
  const Node* bounds[3] = {};
  std::size_t colons = 0;
  std::vector<const Node*> keys;
  for (bool more = true; more;) {
    if (skip_sign(":")) {
      if (++colons > 2) fail_here("expected token ']', got ':'");
    } else if (is_sign("]")) {
      more = false;
    } else {
      if (colons == 0 && !keys.empty()) expect_sign(",");
      const Node* const value = expression();
      bounds[colons] = value;
      if (colons == 0) keys.push_back(value);
      more = !is_sign("]");
      if (colons > 0 && more && !is_sign(":")) expect_sign("]");
    }
  }
  expect_sign("]");
  if (colons > 0 && keys.size() > 1) fail_at(source_, file_, at, "slices with commas are not supported");
  if (colons > 0) return &make(Type::slice, at, {object, bounds[0], bounds[1], bounds[2]});
  if (keys.empty()) fail_at(source_, file_, at, "expected subscript expression");
  const Node* const key = keys.size() == 1 ? keys.front() : &make(Type::tuple, at, std::move(keys));
  return &make(Type::item, at, {object, key});
}

MOE_INLINE std::vector<Argument> Parser::call_arguments() {
  std::vector<Argument> arguments;
  std::set<std::uint32_t> names;
  bool named = false, list = false, dict = false;
  const auto require_order = [&](bool right) {
    if (!right) fail_here("invalid syntax for function call expression");
  };
  expect_sign("(");
  while (!is_sign(")")) {
    if (!arguments.empty()) expect_sign(",");
    if (is_sign(")")) break;
    if (skip_sign("**")) {
      require_order(!std::exchange(dict, true));
      arguments.push_back({Argument::Type::dict, 0, expression()});
    } else if (skip_sign("*")) {
      require_order(!dict && !std::exchange(list, true));
      arguments.push_back({Argument::Type::list, 0, expression()});
    } else if (token().type == Token::Type::name && next_token().is_sign("=")) {
      named = true;
      require_order(!dict);
      const std::uint32_t name = tree_.number_of(token().text);
      if (!names.insert(name).second) fail_here(concat("keyword argument repeated: ", token().text));
      take();
      take();
      arguments.push_back({Argument::Type::named, name, expression()});
    } else {
      require_order(!named && !list && !dict);
      arguments.push_back({Argument::Type::positional, 0, expression()});
    }
  }
  expect_sign(")");
  return arguments;
}

MOE_INLINE const Node* Parser::call(const Node* function) {
  const std::uint32_t at = place();
  std::vector<Argument> arguments = call_arguments();
  return &make(
      Node{.type = Type::call, .place = at, .children = {function}, .arguments = std::move(arguments)});
}

MOE_INLINE const Node* Parser::filter_expression(const Node* node) {
  for (;;) {
    if (is_sign("|")) {
      node = filters(node);
    } else if (is_name("is")) {
      node = test(node);
    } else if (is_sign("(")) {
      node = call(node);
    } else {
      return node;
    }
  }
}

MOE_INLINE std::string Parser::dotted_name() {
  std::string name = expect(Token::Type::name, "name").text;
  while (skip_sign(".")) name += concat('.', expect(Token::Type::name, "name").text);
  return name;
}

MOE_INLINE const Node* Parser::filters(const Node* node, bool begun) {
  while (begun || is_sign("|")) {
    if (!begun) take();
    begun = false;
    const std::uint32_t at = place();
    std::string name = dotted_name();
    require(find_filter(name) != nullptr, at, concat("No filter named '", name, "'."));
    std::vector<Argument> arguments;
    if (is_sign("(")) arguments = call_arguments();
    node = &make(Node{.type = Type::filter,
                      .place = at,
                      .text = std::move(name),
                      .children = {node},
                      .arguments = std::move(arguments)});
  }
  return node;
}

MOE_INLINE bool Parser::begins_argument() const {
  switch (token().type) {
    case Token::Type::name: return !is_name("else") && !is_name("or") && !is_name("and");
    case Token::Type::string:
    case Token::Type::integer:
    case Token::Type::real: return true;
    default: return is_sign("[") || is_sign("{");
  }
}

MOE_INLINE const Node* Parser::test(const Node* node) {
  take();
  const bool negated = skip_name("not");
  const std::uint32_t at = place();
  std::string name = dotted_name();
  require(find_test(name) != nullptr, at, concat("No test named '", name, "'."));
  std::vector<Argument> arguments;
  if (is_sign("(")) {
    arguments = call_arguments();
  } else if (begins_argument()) {
    if (is_name("is")) fail_here("You cannot chain multiple tests with is");
    arguments.push_back({Argument::Type::positional, 0, postfix(primary())});
  }
  Node& made = make(Node{.type = Type::test,
                         .place = at,
                         .text = std::move(name),
                         .children = {node},
                         .arguments = std::move(arguments)});
  made.flag = negated;
  return &made;
}

}  // namespace moe::inline MOE_ABI::detail::jinja
