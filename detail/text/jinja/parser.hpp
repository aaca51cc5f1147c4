// SPDX-License-Identifier: MIT
#pragma once
#include "../../core/config.hpp"
#include "lexer.hpp"
#include "tree.hpp"

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

/// Parses a result of normalized_source(). Throws an Error about the place in `file` that is wrong or not supported.
/// Source: parser.py of Jinja 3.1, with the extensions of transformers: loop controls and {% generation %}.
Tree parse(std::string_view source, std::string_view file);

/// A parser by recursive descent, one function for each rule of the grammar. See parse().
class Parser {
 public:
  Parser(std::string_view source, std::string_view file)
      : source_(source), file_(file), tokens_(tokenize(source, file)) {}

  Tree run() &&;

 private:
  using Type = Node::Type;
  using Words = std::initializer_list<std::string_view>;
  static constexpr std::size_t most_nesting = 150;  // of the recursion of the parser
  static constexpr std::size_t most_depth = 400;    // of the tree

  /// Limits the depth of recursion: each level of recursion holds one object of this class.
  struct Level {
    explicit Level(Parser& parser) : parser_(parser) {
      if (++parser_.nesting_ > most_nesting) parser_.fail_here("the template is nested too deeply");
    }
    ~Level() { --parser_.nesting_; }
    Parser& parser_;
  };

  // ---- Tokens

  const Token& token() const { return tokens_[at_]; }
  const Token& next_token() const { return tokens_[std::min(at_ + 1, tokens_.size() - 1)]; }

  Token take();

  [[noreturn]] void fail_here(std::string_view message) const;

  std::string describe(const Token& token) const;

  bool is_sign(std::string_view sign) const { return token().is_sign(sign); }
  bool is_name(std::string_view name) const { return token().is_name(name); }

  bool skip_sign(std::string_view sign);
  bool skip_name(std::string_view name);

  void expect_sign(std::string_view sign);
  Token expect(Token::Type type, std::string_view name);
  void end_tag() { expect(Token::Type::end_block, "end of statement block"); }

  // ---- Nodes

  Node& make(Node node);

  Node& make(Type type, std::uint32_t place, std::vector<const Node*> children, std::string text = {});

  std::uint32_t place() const { return token().place; }

  // ---- Statements

  /// The statements up to one of the tags `ends`; the name of that tag is then the next token. Without tags: all statements up
  /// to the end of the template.
  const Node* block(Words ends);

  /// A block. `soft`: see require().
  const Node* body(Words ends, bool soft);

  /// Takes the name of an end tag, and the end of the tag.
  void close();

  const Node* statement(Words ends);

  const Node* if_statement(std::uint32_t at);

  bool mentions_loop(const Node& variables) const;

  const Node* for_statement(std::uint32_t at);

  const Node* set_statement(std::uint32_t at);

  /// Parameters in parentheses.
  std::vector<Argument> signature();

  std::uint32_t variable_name();

  /// A macro, from the end of its begin tag on.
  Node& macro_body(std::uint32_t at, std::string_view end, std::vector<Argument> parameters);

  const Node* macro_statement(std::uint32_t at);

  const Node* call_statement(std::uint32_t at);

  const Node* filter_statement(std::uint32_t at);

  const Node* with_statement(std::uint32_t at);

  const Node* generation_statement(std::uint32_t at);

  const Node* block_statement(std::uint32_t at);

  const Node* autoescape_statement(std::uint32_t at);

  /// include, import, from and extends, which fail when the template executes them: there is no loader of templates.
  const Node* load_statement(std::uint32_t at, std::string_view tag);

  /// A target of an assignment: a name, or names with commas. `attributes`: each may also be an attribute of a namespace.
  const Node* target(bool attributes = false);

  const Node* one_target(bool attributes);

  /// Fails if a target in the body of a for loop has the name `loop`.
  void require_no_loop(const Node& variables, std::uint32_t at) const;

  // ---- Expressions, from the weakest operator to the strongest

  /// One expression, or a tuple of expressions with commas between them.
  const Node* tuple(bool conditional = true, bool parentheses = false);

  /// Stores the error `message` if a filter or test is not `known`. In a conditional part (soft_) nothing is stored: there, an
  /// unknown filter or test is an error only if the running template reaches it.
  void require(bool known, std::uint32_t at, std::string message);

  const Node* expression();

  const Node* or_expression();

  const Node* and_expression();

  const Node* not_expression();

  const Node* comparison();

  const Node* sum();

  const Node* concatenation();

  const Node* product();

  const Node* power();

  const Node* unary(bool filtered);

  const Node* primary();

  const Node* name_or_constant();

  const Node* elements(std::uint32_t at);

  const Node* members(std::uint32_t at);

  const Node* postfix(const Node* node);

  const Node* attribute(const Node* object, std::uint32_t at);

  const Node* subscript(const Node* object, std::uint32_t at);

  std::vector<Argument> call_arguments();

  const Node* call(const Node* function);

  const Node* filter_expression(const Node* node);

  std::string dotted_name();

  /// The filters after a value. `begun`: no | is before the first filter.
  const Node* filters(const Node* node, bool begun = false);

  /// Whether an argument without parentheses may follow the name of a test.
  bool begins_argument() const;

  const Node* test(const Node* node);

  std::string_view source_, file_;
  std::vector<Token> tokens_;
  std::size_t at_ = 0, nesting_ = 0;
  std::size_t loops_ = 0;  // how many loops break and continue may leave here
  std::size_t fors_ = 0;   // how many {% for %} are around this place
  bool soft_ = false;      // in a conditional part
  std::vector<std::pair<std::uint32_t, std::string>> unknown_;  // filters and tests: place and message
  std::uint8_t uses_ = 0;                                       // see Uses: what the present macro mentions
  Tree tree_;
};

}  // namespace moe::inline MOE_ABI::detail::jinja

#if MOE_DEFINITIONS
#include "parser.ipp"
#include "parser_blocks.ipp"
#include "parser_expressions.ipp"
#endif
