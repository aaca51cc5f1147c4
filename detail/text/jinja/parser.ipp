// SPDX-License-Identifier: MIT
#pragma once
#include "parser.hpp"
#include "../../core/concat.hpp"
#include "unset_names.hpp"

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

MOE_INLINE Tree Parser::run() && {
  tree_.root = block({});
  find_unset_names(tree_);
  if (!unknown_.empty()) fail_at(source_, file_, unknown_.front().first, unknown_.front().second);
  return std::move(tree_);
}

MOE_INLINE Token Parser::take() {
  Token taken = token();
  if (token().type != Token::Type::end) ++at_;
  return taken;
}

MOE_INLINE void Parser::fail_here(std::string_view message) const {
  fail_at(source_, file_, token().place, message);
}

MOE_INLINE std::string Parser::describe(const Token& token) const {
  switch (token.type) {
    case Token::Type::text: return "template data";
    case Token::Type::begin_variable: return "begin of print statement";
    case Token::Type::end_variable: return "end of print statement";
    case Token::Type::begin_block: return "begin of statement block";
    case Token::Type::end_block: return "end of statement block";
    case Token::Type::end: return "end of template";
    default: return token.text;
  }
}

MOE_INLINE bool Parser::skip_sign(std::string_view sign) {
  if (!is_sign(sign)) return false;
  take();
  return true;
}

MOE_INLINE bool Parser::skip_name(std::string_view name) {
  if (!is_name(name)) return false;
  take();
  return true;
}

MOE_INLINE void Parser::expect_sign(std::string_view sign) {
  if (!skip_sign(sign)) fail_here(concat("expected token '", sign, "', got '", describe(token()), '\''));
}

MOE_INLINE Token Parser::expect(Token::Type type, std::string_view name) {
  if (token().type != type) fail_here(concat("expected token '", name, "', got '", describe(token()), '\''));
  return take();
}

MOE_INLINE Node& Parser::make(Node node) {
  std::size_t depth = 1;
  for (const Node* const child : node.children)
    if (child) depth = std::max<std::size_t>(depth, child->depth + 1u);
  for (const Argument& argument : node.arguments)
    if (argument.value) depth = std::max<std::size_t>(depth, argument.value->depth + 1u);
  if (depth > most_depth) fail_at(source_, file_, node.place, "the template is nested too deeply");
  node.depth = static_cast<std::uint16_t>(depth);
  return tree_.add(std::move(node));
}

MOE_INLINE Node& Parser::make(Type type, std::uint32_t place, std::vector<const Node*> children,
                              std::string text) {
  return make(Node{.type = type, .place = place, .text = std::move(text), .children = std::move(children)});
}

MOE_INLINE const Node* Parser::block(Words ends) {
  const Level level(*this);
  const std::uint32_t begin = place();
  std::vector<const Node*> statements;
  for (;;) {
    switch (token().type) {
      case Token::Type::text: {
        Token text = take();
        statements.push_back(&make(Type::output, text.place, {}, std::move(text.text)));
        break;
      }
      case Token::Type::begin_variable: {
        const std::uint32_t at = take().place;
        const Node* const value = tuple();
        expect(Token::Type::end_variable, "end of print statement");
        statements.push_back(&make(Type::output, at, {value}));
        break;
      }
      case Token::Type::begin_block:
        take();
        if (std::any_of(ends.begin(), ends.end(), [&](std::string_view end) { return is_name(end); }))
          return &make(Type::block, begin, std::move(statements));
        statements.push_back(statement(ends));
        break;
      default:
        if (ends.size() > 0)
          fail_here(
              concat("Unexpected end of template. The innermost block that needs to be closed ends with '",
                     *(ends.end() - 1), "'."));
        return &make(Type::block, begin, std::move(statements));
    }
  }
}

MOE_INLINE const Node* Parser::body(Words ends, bool soft) {
  const bool before = std::exchange(soft_, soft);
  const Node* const statements = block(ends);
  soft_ = before;
  return statements;
}

MOE_INLINE void Parser::close() {
  take();
  end_tag();
}

MOE_INLINE const Node* Parser::statement(Words ends) {
  if (token().type != Token::Type::name) fail_here("tag name expected");
  const Token tag = take();
  const std::string_view name = tag.text;
  const std::uint32_t at = tag.place;
  if (name == "if") return if_statement(at);
  if (name == "for") return for_statement(at);
  if (name == "set") return set_statement(at);
  if (name == "macro") return macro_statement(at);
  if (name == "call") return call_statement(at);
  if (name == "filter") return filter_statement(at);
  if (name == "with") return with_statement(at);
  if (name == "generation") return generation_statement(at);
  if (name == "block") return block_statement(at);
  if (name == "autoescape") return autoescape_statement(at);
  if (name == "break" || name == "continue") {
    end_tag();
    if (loops_ == 0) fail_at(source_, file_, at, concat('\'', name, "' outside loop"));
    return &make(name == "break" ? Type::break_ : Type::continue_, at, {});
  }
  for (const std::string_view known : {"include", "import", "from", "extends"})
    if (name == known) return load_statement(at, known);
  for (const std::string_view known : {"do", "trans"})
    if (name == known) fail_at(source_, file_, at, concat("the tag '", name, "' is not supported"));
  std::string message = concat("Encountered unknown tag '", name, "'.");
  if (ends.size() > 0)
    message += concat(" The innermost block that needs to be closed ends with '", *(ends.end() - 1), "'.");
  fail_at(source_, file_, at, message);
}

MOE_INLINE const Node* Parser::if_statement(std::uint32_t at) {
  const bool before = std::exchange(soft_, true);
  std::vector<const Node*> children;
  do {
    children.push_back(tuple(false));
    end_tag();
    children.push_back(block({"elif", "else", "endif"}));
  } while (skip_name("elif"));
  if (skip_name("else")) {
    end_tag();
    children.push_back(block({"endif"}));
  }
  close();
  soft_ = before;
  return &make(Type::if_, at, std::move(children));
}

MOE_INLINE bool Parser::mentions_loop(const Node& variables) const {
  if (variables.type == Type::name) return variables.name == tree_.loop_name;
  return variables.type == Type::tuple &&
         std::any_of(variables.children.begin(), variables.children.end(),
                     [&](const Node* child) { return mentions_loop(*child); });
}

MOE_INLINE const Node* Parser::for_statement(std::uint32_t at) {
  const Node* const variables = target();
  if (mentions_loop(*variables))
    fail_at(source_, file_, at, "Can't assign to special loop variable in for-loop target");
  ++fors_;
  if (!skip_name("in")) fail_here(concat("expected token 'in', got '", describe(token()), '\''));
  const Node* const iterable = tuple(false);
  const Node* const condition = skip_name("if") ? expression() : nullptr;
  const bool recursive = skip_name("recursive");
  end_tag();
  ++loops_;
  const Node* const statements = body({"else", "endfor"}, false);
  --loops_;
  const Node* otherwise = nullptr;
  if (skip_name("else")) {
    end_tag();
    otherwise = body({"endfor"}, false);
  }
  close();
  --fors_;
  Node& node = make(Type::for_, at, {variables, iterable, condition, statements, otherwise});
  node.flag = recursive;
  return &node;
}

MOE_INLINE void Parser::require_no_loop(const Node& variables, std::uint32_t at) const {
  if (fors_ > 0 && mentions_loop(variables))
    fail_at(source_, file_, at, "Can't assign to special loop variable in for-loop target");
}

MOE_INLINE const Node* Parser::set_statement(std::uint32_t at) {
  const Node* const variable = target(true);
  require_no_loop(*variable, at);
  if (skip_sign("=")) {
    const Node* const value = tuple();
    end_tag();
    return &make(Type::set, at, {variable, value});
  }
  const Node* const filtered = is_sign("|") ? filters(nullptr) : nullptr;
  end_tag();
  const Node* const statements = body({"endset"}, false);
  close();
  return &make(Type::set_block, at, {variable, filtered, statements});
}

MOE_INLINE std::vector<Argument> Parser::signature() {
  std::vector<Argument> parameters;
  std::set<std::uint32_t> names;
  expect_sign("(");
  while (!is_sign(")")) {
    if (!parameters.empty()) expect_sign(",");
    const std::uint32_t at = place();
    Argument parameter{.name = variable_name()};
    if (!names.insert(parameter.name).second)
      fail_at(source_, file_, at,
              concat("duplicate argument '", tree_.names()[parameter.name], "' in function definition"));
    if (skip_sign("=")) {
      parameter.value = expression();
    } else if (!parameters.empty() && parameters.back().value) {
      fail_here("non-default argument follows default argument");
    }
    parameters.push_back(parameter);
  }
  expect_sign(")");
  return parameters;
}

MOE_INLINE std::uint32_t Parser::variable_name() {
  const Token name = expect(Token::Type::name, "name");
  for (const std::string_view reserved : {"true", "false", "none", "True", "False", "None"})
    if (name.text == reserved)
      fail_at(source_, file_, name.place, concat("can't assign to '", reserved, '\''));
  return tree_.number_of(name.text);
}

MOE_INLINE Node& Parser::macro_body(std::uint32_t at, std::string_view end,
                                    std::vector<Argument> parameters) {
  end_tag();
  const std::uint8_t before = std::exchange(uses_, std::uint8_t{0});
  const std::size_t loops = std::exchange(loops_, std::size_t{0});
  const Node* const statements = body({end}, false);
  close();
  loops_ = loops;
  Node& node = make(Node{.type = Type::macro,
                         .uses = uses_,
                         .place = at,
                         .children = {statements},
                         .arguments = std::move(parameters)});
  uses_ |= before;
  return node;
}

MOE_INLINE const Node* Parser::macro_statement(std::uint32_t at) {
  const std::uint32_t name = variable_name();
  std::vector<Argument> parameters = signature();
  Node& node = macro_body(at, "endmacro", std::move(parameters));
  node.name = name;
  return &node;
}

MOE_INLINE const Node* Parser::call_statement(std::uint32_t at) {
  std::vector<Argument> parameters;
  if (is_sign("(")) parameters = signature();
  const Node* const call = expression();
  if (call->type != Type::call) fail_at(source_, file_, at, "expected call");
  Node& caller = macro_body(at, "endcall", std::move(parameters));
  caller.name = tree_.number_of("caller");
  caller.flag = true;
  return &make(Type::call_block, at, {call, &caller});
}

MOE_INLINE const Node* Parser::filter_statement(std::uint32_t at) {
  const Node* const filtered = filters(nullptr, true);
  end_tag();
  const Node* const statements = body({"endfilter"}, false);
  close();
  return &make(Type::filter_block, at, {filtered, statements});
}

MOE_INLINE const Node* Parser::with_statement(std::uint32_t at) {
  std::vector<const Node*> children;
  while (token().type != Token::Type::end_block) {
    if (!children.empty()) expect_sign(",");
    children.push_back(target());
    expect_sign("=");
    children.push_back(expression());
  }
  end_tag();
  children.push_back(body({"endwith"}, false));
  close();
  return &make(Type::with, at, std::move(children));
}

MOE_INLINE const Node* Parser::generation_statement(std::uint32_t at) {
  end_tag();
  const std::size_t loops = std::exchange(loops_, std::size_t{0});
  const Node* const statements = body({"endgeneration"}, false);
  close();
  loops_ = loops;
  return &make(Type::scope, at, {statements});
}

MOE_INLINE const Node* Parser::target(bool attributes) {
  const std::uint32_t at = place();
  std::vector<const Node*> names;
  bool comma = false;
  do {
    const bool ended = token().type == Token::Type::end_block || is_sign(")");
    if (comma && ended) break;
    names.push_back(one_target(attributes));
    if (!is_sign(",")) break;
    comma = true;
  } while (skip_sign(","));
  return comma ? &make(Type::tuple, at, std::move(names)) : names.front();
}

MOE_INLINE const Node* Parser::one_target(bool attributes) {
  const Level level(*this);
  if (skip_sign("(")) {
    const Node* const inner = target();
    expect_sign(")");
    return inner;
  }
  const std::uint32_t at = place();
  Node& node = make(Type::name, at, {});
  node.name = variable_name();
  if (!attributes || !skip_sign(".")) return &node;
  Token attribute = expect(Token::Type::name, "name");
  return &make(Type::attribute, at, {&node}, std::move(attribute.text));
}

MOE_INLINE Tree parse(std::string_view source, std::string_view file) { return Parser(source, file).run(); }

}  // namespace moe::inline MOE_ABI::detail::jinja
