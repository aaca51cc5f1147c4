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
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace moe::inline MOE_ABI::detail::jinja {

class Parser {
 public:
  Parser(std::string_view source, std::string_view file)
      : source_(source), file_(file), tokens_(tokenize(source, file)) {}

  Tree run() && {
    tree_.root = block({});
    if (!unknown_.empty()) fail_at(source_, file_, unknown_.front().first, unknown_.front().second);
    return std::move(tree_);
  }

 private:
  using Type = Node::Type;
  using Words = std::initializer_list<std::string_view>;
  static constexpr std::size_t most_nesting = 150, most_depth = 400;

  /// Counts levels of recursion.
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

  Token take() {
    Token taken = token();
    if (token().type != Token::Type::end) ++at_;
    return taken;
  }

  [[noreturn]] void fail_here(std::string_view message) const { fail_at(source_, file_, token().place, message); }

  std::string describe(const Token& token) const {
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

  bool is_sign(std::string_view sign) const { return token().is_sign(sign); }
  bool is_name(std::string_view name) const { return token().is_name(name); }

  bool skip_sign(std::string_view sign) {
    if (!is_sign(sign)) return false;
    take();
    return true;
  }
  bool skip_name(std::string_view name) {
    if (!is_name(name)) return false;
    take();
    return true;
  }

  void expect_sign(std::string_view sign) {
    if (!skip_sign(sign)) fail_here(concat("expected token '", sign, "', got '", describe(token()), '\''));
  }
  Token expect(Token::Type type, std::string_view name) {
    if (token().type != type) fail_here(concat("expected token '", name, "', got '", describe(token()), '\''));
    return take();
  }
  void end_tag() { expect(Token::Type::end_block, "end of statement block"); }

  // ---- Nodes

  Node& make(Node node) {
    std::size_t depth = 1;
    for (const Node* const child : node.children)
      if (child) depth = std::max<std::size_t>(depth, child->depth + 1u);
    for (const Argument& argument : node.arguments)
      if (argument.value) depth = std::max<std::size_t>(depth, argument.value->depth + 1u);
    if (depth > most_depth) fail_at(source_, file_, node.place, "the template is nested too deeply");
    node.depth = static_cast<std::uint16_t>(depth);
    return tree_.add(std::move(node));
  }

  Node& make(Type type, std::uint32_t place, std::vector<const Node*> children, std::string text = {}) {
    return make(Node{.type = type, .place = place, .text = std::move(text), .children = std::move(children)});
  }

  std::uint32_t place() const { return token().place; }

  // ---- Statements

  /// The statements up to one of the tags, of which the name comes next; without tags, up to the end.
  const Node* block(Words ends) {
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
            fail_here(concat("Unexpected end of template. The innermost block that needs to be closed ends with '",
                             *(ends.end() - 1), "'."));
          return &make(Type::block, begin, std::move(statements));
      }
    }
  }

  /// A body whose unknown filters and tests fail at once, unless it is in an if.
  const Node* body(Words ends, bool soft) {
    const bool before = std::exchange(soft_, soft);
    const Node* const statements = block(ends);
    soft_ = before;
    return statements;
  }

  /// The end tag whose name comes next.
  void close() {
    take();
    end_tag();
  }

  const Node* statement(Words ends) {
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
    if (name == "break" || name == "continue") {
      end_tag();
      if (loops_ == 0) fail_at(source_, file_, at, concat('\'', name, "' outside loop"));
      return &make(name == "break" ? Type::break_ : Type::continue_, at, {});
    }
    for (const std::string_view known : {"include", "import", "from", "extends", "block", "do", "autoescape", "trans"})
      if (name == known) fail_at(source_, file_, at, concat("the tag '", name, "' is not supported"));
    std::string message = concat("Encountered unknown tag '", name, "'.");
    if (ends.size() > 0) message += concat(" The innermost block that needs to be closed ends with '", *(ends.end() - 1), "'.");
    fail_at(source_, file_, at, message);
  }

  const Node* if_statement(std::uint32_t at) {
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

  bool mentions_loop(const Node& variables) const {
    if (variables.type == Type::name) return variables.name == tree_.loop_name;
    return variables.type == Type::tuple &&
           std::any_of(variables.children.begin(), variables.children.end(),
                       [&](const Node* child) { return mentions_loop(*child); });
  }

  const Node* for_statement(std::uint32_t at) {
    const Node* const variables = target({"in"});
    if (mentions_loop(*variables)) fail_at(source_, file_, at, "Can't assign to special loop variable in for-loop target");
    if (!skip_name("in")) fail_here(concat("expected token 'in', got '", describe(token()), '\''));
    const Node* const iterable = tuple(false, {"recursive"});
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
    Node& node = make(Type::for_, at, {variables, iterable, condition, statements, otherwise});
    node.flag = recursive;
    return &node;
  }

  const Node* set_statement(std::uint32_t at) {
    const Node* const variable = target({});
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

  /// Parameters in parentheses.
  std::vector<Argument> signature() {
    std::vector<Argument> parameters;
    expect_sign("(");
    while (!is_sign(")")) {
      if (!parameters.empty()) expect_sign(",");
      Argument parameter{.name = variable_name()};
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

  std::uint32_t variable_name() {
    const Token name = expect(Token::Type::name, "name");
    for (const std::string_view reserved : {"true", "false", "none", "True", "False", "None"})
      if (name.text == reserved) fail_at(source_, file_, name.place, concat("can't assign to '", reserved, '\''));
    return tree_.number_of(name.text);
  }

  /// A macro from its end of the tag on.
  Node& macro_body(std::uint32_t at, std::string_view end, std::vector<Argument> parameters) {
    end_tag();
    const std::uint8_t before = std::exchange(uses_, std::uint8_t{0});
    const std::size_t loops = std::exchange(loops_, std::size_t{0});
    const Node* const statements = body({end}, false);
    close();
    loops_ = loops;
    Node& node = make(Node{.type = Type::macro, .uses = uses_, .place = at, .children = {statements},
                           .arguments = std::move(parameters)});
    uses_ |= before;
    return node;
  }

  const Node* macro_statement(std::uint32_t at) {
    const std::uint32_t name = variable_name();
    std::vector<Argument> parameters = signature();
    Node& node = macro_body(at, "endmacro", std::move(parameters));
    node.name = name;
    return &node;
  }

  const Node* call_statement(std::uint32_t at) {
    std::vector<Argument> parameters;
    if (is_sign("(")) parameters = signature();
    const Node* const call = expression();
    if (call->type != Type::call) fail_at(source_, file_, at, "expected call");
    Node& caller = macro_body(at, "endcall", std::move(parameters));
    caller.name = tree_.number_of("caller");
    return &make(Type::call_block, at, {call, &caller});
  }

  const Node* filter_statement(std::uint32_t at) {
    const Node* const filtered = filters(nullptr, true);
    end_tag();
    const Node* const statements = body({"endfilter"}, false);
    close();
    return &make(Type::filter_block, at, {filtered, statements});
  }

  const Node* with_statement(std::uint32_t at) {
    std::vector<const Node*> children;
    while (token().type != Token::Type::end_block) {
      if (!children.empty()) expect_sign(",");
      children.push_back(target({}));
      expect_sign("=");
      children.push_back(expression());
    }
    end_tag();
    children.push_back(body({"endwith"}, false));
    close();
    return &make(Type::with, at, std::move(children));
  }

  const Node* generation_statement(std::uint32_t at) {
    end_tag();
    const Node* const statements = body({"endgeneration"}, false);
    close();
    return &make(Type::scope, at, {statements});
  }

  /// What may be assigned to: a name, names with commas, or an attribute of a namespace.
  const Node* target(Words ends) {
    const std::uint32_t at = place();
    if (token().type == Token::Type::name && next_token().is_sign(".")) {
      const std::uint32_t name = variable_name();
      take();
      Token attribute = expect(Token::Type::name, "name");
      Node& object = make(Type::name, at, {});
      object.name = name;
      return &make(Type::attribute, at, {&object}, std::move(attribute.text));
    }
    std::vector<const Node*> names;
    bool comma = false;
    do {
      const bool ended = token().type == Token::Type::end_block || is_sign(")") || is_sign("=") ||
                         std::any_of(ends.begin(), ends.end(), [&](std::string_view end) { return is_name(end); });
      if (comma && ended) break;
      names.push_back(one_target(ends));
      if (!is_sign(",")) break;
      comma = true;
    } while (skip_sign(","));
    return comma ? &make(Type::tuple, at, std::move(names)) : names.front();
  }

  const Node* one_target(Words ends) {
    const Level level(*this);
    if (skip_sign("(")) {
      const Node* const inner = target(ends);
      expect_sign(")");
      return inner;
    }
    const std::uint32_t at = place();
    Node& node = make(Type::name, at, {});
    node.name = variable_name();
    return &node;
  }

  // ---- Expressions, from the weakest operator to the strongest

  /// One expression, or several with commas, which are a tuple.
  const Node* tuple(bool conditional = true, Words ends = {}, bool parentheses = false) {
    const std::uint32_t at = place();
    std::vector<const Node*> elements;
    bool comma = false;
    for (;;) {
      if (comma) expect_sign(",");
      const bool ended = token().type == Token::Type::end_variable || token().type == Token::Type::end_block ||
                         is_sign(")") ||
                         std::any_of(ends.begin(), ends.end(), [&](std::string_view end) { return is_name(end); });
      if (ended) break;
      elements.push_back(conditional ? expression() : or_expression());
      if (!is_sign(",")) break;
      comma = true;
    }
    if (!comma && !elements.empty()) return elements.front();
    if (elements.empty() && !parentheses)
      fail_here(concat("Expected an expression, got '", describe(token()), '\''));
    return &make(Type::tuple, at, std::move(elements));
  }

  /// A filter or test that does not exist is an error, but in conditional parts only when it is used.
  void require(bool known, std::uint32_t at, std::string message) {
    if (!known && !soft_) unknown_.emplace_back(at, std::move(message));
  }

  const Node* expression() {
    const Level level(*this);
    const bool before = soft_;
    const std::size_t unknown = unknown_.size();
    const std::uint32_t at = place();
    const Node* value = or_expression();
    while (skip_name("if")) {
      soft_ = true;
      unknown_.resize(unknown);
      const Node* const condition = or_expression();
      const Node* const otherwise = skip_name("else") ? expression() : nullptr;
      value = &make(Type::condition, at, {value, condition, otherwise});
    }
    soft_ = before;
    return value;
  }

  const Node* or_expression() {
    const Node* left = and_expression();
    for (std::uint32_t at = place(); skip_name("or"); at = place())
      left = &make(Type::or_, at, {left, and_expression()});
    return left;
  }

  const Node* and_expression() {
    const Node* left = not_expression();
    for (std::uint32_t at = place(); skip_name("and"); at = place())
      left = &make(Type::and_, at, {left, not_expression()});
    return left;
  }

  const Node* not_expression() {
    const Level level(*this);
    const std::uint32_t at = place();
    if (skip_name("not")) return &make(Type::not_, at, {not_expression()});
    return comparison();
  }

  const Node* comparison() {
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

  const Node* sum() {
    const Node* left = concatenation();
    while (is_sign("+") || is_sign("-")) {
      Token sign = take();
      left = &make(Type::operation, sign.place, {left, concatenation()}, std::move(sign.text));
    }
    return left;
  }

  const Node* concatenation() {
    const std::uint32_t at = place();
    std::vector<const Node*> parts{product()};
    while (skip_sign("~")) parts.push_back(product());
    return parts.size() == 1 ? parts.front() : &make(Type::concatenation, at, std::move(parts));
  }

  const Node* product() {
    const Node* left = power();
    while (is_sign("*") || is_sign("/") || is_sign("//") || is_sign("%")) {
      Token sign = take();
      left = &make(Type::operation, sign.place, {left, power()}, std::move(sign.text));
    }
    return left;
  }

  const Node* power() {
    const Node* left = unary(true);
    while (is_sign("**")) {
      Token sign = take();
      left = &make(Type::operation, sign.place, {left, unary(true)}, std::move(sign.text));
    }
    return left;
  }

  const Node* unary(bool filtered) {
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

  const Node* primary() {
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
      const Node* const inner = tuple(true, {}, true);
      expect_sign(")");
      return inner;
    }
    if (skip_sign("[")) return elements(at);
    if (skip_sign("{")) return members(at);
    fail_here(concat("unexpected '", describe(token()), '\''));
  }

  const Node* name_or_constant() {
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

  const Node* elements(std::uint32_t at) {
    std::vector<const Node*> items;
    while (!is_sign("]")) {
      if (!items.empty()) expect_sign(",");
      if (is_sign("]")) break;
      items.push_back(expression());
    }
    expect_sign("]");
    return &make(Type::list, at, std::move(items));
  }

  const Node* members(std::uint32_t at) {
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

  const Node* postfix(const Node* node) {
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

  const Node* attribute(const Node* object, std::uint32_t at) {
    if (token().type == Token::Type::name) return &make(Type::attribute, at, {object}, take().text);
    Token index = expect(Token::Type::integer, "integer");
    const Node* const key = &make(Type::constant_integer, index.place, {}, std::move(index.text));
    return &make(Type::item, at, {object, key});
  }

  const Node* subscript(const Node* object, std::uint32_t at) {
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

  std::vector<Argument> call_arguments() {
    std::vector<Argument> arguments;
    bool named = false, dict = false;
    expect_sign("(");
    while (!is_sign(")")) {
      if (!arguments.empty()) expect_sign(",");
      if (is_sign(")")) break;
      if (skip_sign("**")) {
        dict = true;
        arguments.push_back({Argument::Type::dict, 0, expression()});
      } else if (skip_sign("*")) {
        if (dict) fail_here("invalid syntax for function call expression");
        arguments.push_back({Argument::Type::list, 0, expression()});
      } else if (token().type == Token::Type::name && next_token().is_sign("=")) {
        named = true;
        const std::uint32_t name = tree_.number_of(take().text);
        take();
        arguments.push_back({Argument::Type::named, name, expression()});
      } else {
        if (named || dict) fail_here("invalid syntax for function call expression");
        arguments.push_back({Argument::Type::positional, 0, expression()});
      }
    }
    expect_sign(")");
    return arguments;
  }

  const Node* call(const Node* function) {
    const std::uint32_t at = place();
    std::vector<Argument> arguments = call_arguments();
    return &make(Node{.type = Type::call, .place = at, .children = {function}, .arguments = std::move(arguments)});
  }

  const Node* filter_expression(const Node* node) {
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

  std::string dotted_name() {
    std::string name = expect(Token::Type::name, "name").text;
    while (skip_sign(".")) name += concat('.', expect(Token::Type::name, "name").text);
    return name;
  }

  /// Filters after a value; `begun`: the first comes without its |.
  const Node* filters(const Node* node, bool begun = false) {
    while (begun || is_sign("|")) {
      if (!begun) take();
      begun = false;
      const std::uint32_t at = place();
      std::string name = dotted_name();
      require(find_filter(name) != nullptr, at, concat("No filter named '", name, "'."));
      std::vector<Argument> arguments;
      if (is_sign("(")) arguments = call_arguments();
      node = &make(Node{.type = Type::filter, .place = at, .text = std::move(name), .children = {node},
                        .arguments = std::move(arguments)});
    }
    return node;
  }

  /// Whether an argument without parentheses may follow the name of a test.
  bool begins_argument() const {
    switch (token().type) {
      case Token::Type::name: return !is_name("else") && !is_name("or") && !is_name("and");
      case Token::Type::string:
      case Token::Type::integer:
      case Token::Type::real: return true;
      default: return is_sign("[") || is_sign("{");
    }
  }

  const Node* test(const Node* node) {
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
    Node& made = make(Node{.type = Type::test, .place = at, .text = std::move(name), .children = {node},
                           .arguments = std::move(arguments)});
    made.flag = negated;
    return &made;
  }

  std::string_view source_, file_;
  std::vector<Token> tokens_;
  std::size_t at_ = 0, nesting_ = 0, loops_ = 0;
  bool soft_ = false;  // in an if
  std::vector<std::pair<std::uint32_t, std::string>> unknown_;  // filters and tests: place and message
  std::uint8_t uses_ = 0;
  Tree tree_;
};

MOE_INLINE Tree parse(std::string_view source, std::string_view file) { return Parser(source, file).run(); }

}  // namespace moe::inline MOE_ABI::detail::jinja
