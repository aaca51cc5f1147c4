// SPDX-License-Identifier: MIT
#pragma once
#include "interpreter.hpp"
#include "../../core/concat.hpp"
#include "../../core/decimal.hpp"
#include "filters.hpp"
#include "functions.hpp"
#include "operators.hpp"
#include "python_text.hpp"
#include "tests.hpp"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

namespace moe::inline MOE_ABI::detail::jinja {

MOE_INLINE std::string Interpreter::render(const std::vector<std::pair<std::string_view, Value>>& variables) {
  Scope& globals = memory_.scope(nullptr);
  for (std::uint32_t name = 0; name < tree_.names().size(); ++name)
    for (const auto& [own, value] : variables)
      if (own == tree_.names()[name]) globals.set(name, value);
  std::string out;
  top_ = scope_ = &memory_.scope(&globals);
  out_ = &out;
  run(*tree_.root);
  return out;
}

MOE_INLINE Value Interpreter::evaluate(const Node& node) {
  const Nested nested(memory_);
  memory_.work(1);
  memory_.place = node.place;
  using Type = Node::Type;
  switch (node.type) {
    case Type::constant_none:
    case Type::constant_boolean:
    case Type::constant_integer:
    case Type::constant_real:
    case Type::constant_string: return constant(node);
    case Type::name: return variable(node.name);
    case Type::list:
    case Type::tuple: return collection(node);
    case Type::dict: return dict(node);
    case Type::attribute: {
      const Value object = evaluate(*node.children[0]);
      memory_.place = node.place;
      return get_attribute(memory_, object, node.text);
    }
    case Type::item: {
      const Value object = evaluate(*node.children[0]), key = evaluate(*node.children[1]);
      memory_.place = node.place;
      return get_item(memory_, object, key);
    }
    case Type::slice: return slice(node);
    case Type::call: return call_node(node, nullptr);
    case Type::filter: return filter_node(node, evaluate(*node.children[0]));
    case Type::test: return test_node(node);
    case Type::negative: return negate(memory_, evaluate(*node.children[0]));
    case Type::positive: {
      const Value value = evaluate(*node.children[0]);
      if (value.is_undefined()) fail_undefined(memory_, value);
      if (!value.is_number()) memory_.fail(concat("bad operand type for unary +: '", type_name(value), '\''));
      return value.kind == Kind::boolean ? Value::of_integer(value.whole()) : value;
    }
    case Type::not_: return Value::of_boolean(!is_true(evaluate(*node.children[0])));
    case Type::and_: {
      const Value left = evaluate(*node.children[0]);
      return is_true(left) ? evaluate(*node.children[1]) : left;
    }
    case Type::or_: {
      const Value left = evaluate(*node.children[0]);
      return is_true(left) ? left : evaluate(*node.children[1]);
    }
    case Type::operation: return operation(node);
    case Type::concatenation: {
      std::vector<Value> parts;
      for (const Node* const part : node.children) parts.push_back(evaluate(*part));
      return concatenate(memory_, parts);
    }
    case Type::comparison: return comparison(node);
    case Type::condition: return condition(node);
    default: memory_.fail("expected an expression, found a statement");
  }
}

MOE_INLINE Value Interpreter::constant(const Node& node) {
  switch (node.type) {
    case Node::Type::constant_none: return Value::none();
    case Node::Type::constant_boolean: return Value::of_boolean(node.flag);
    case Node::Type::constant_string: return Value::of_text(node.text);
    case Node::Type::constant_real: return Value::of_real(parse_double(node.text).value_or(HUGE_VAL));
    default: break;
  }
  const char prefix = node.text.size() > 1 ? static_cast<char>(node.text[1] | 0x20) : '\0';
  const int base = prefix == 'x' ? 16 : prefix == 'o' ? 8 : prefix == 'b' ? 2 : 10;
  const std::string_view digits = std::string_view(node.text).substr(base == 10 ? 0 : 2);
  std::int64_t number = 0;
  if (std::from_chars(digits.data(), digits.data() + digits.size(), number, base).ec == std::errc())
    return Value::of_integer(number);
  if (base != 10) memory_.fail("whole numbers beyond 64 bits are supported in decimal only");
  require_few_digits(memory_, digits.size());
  return Value::of_text(node.text, Kind::big_integer);
}

MOE_INLINE Value Interpreter::variable(std::uint32_t name) {
  for (Scope* scope = scope_; scope; scope = scope->parent) {
    memory_.work(scope->variables.size() / 16);
    if (const Value* const value = scope->find(name)) return *value;
  }
  globals_.resize(tree_.names().size());
  Value& global = globals_[name];
  if (!global.is_undefined() || global.missing) return global;
  const std::string_view text = tree_.names()[name];
  global = name == tree_.self_name ? blocks()
           : is_function(text)     ? memory_.callable({.type = Callable::Type::function, .name = text})
                                   : memory_.missing(concat('\'', text, "' is undefined"));
  return global;
}

MOE_INLINE Value Interpreter::collection(const Node& node) {
  std::vector<Value> items;
  for (const Node* const child : node.children) items.push_back(evaluate(*child));
  const bool list = node.type == Node::Type::list;
  return memory_.list(std::move(items), list ? Kind::list : Kind::tuple, list ? "list" : "tuple");
}

MOE_INLINE Value Interpreter::dict(const Node& node) {
  std::vector<std::pair<Value, Value>> items;
  for (std::size_t i = 0; i < node.children.size(); i += 2) {
    const Value key = evaluate(*node.children[i]);
    items.emplace_back(key, evaluate(*node.children[i + 1]));
  }
  memory_.place = node.place;
  return make_dict(memory_, std::move(items));
}

MOE_INLINE Value Interpreter::slice(const Node& node) {
  Value parts[4];
  for (std::size_t i = 0; i < 4; ++i)
    parts[i] = node.children[i] ? evaluate(*node.children[i]) : Value::none();
  memory_.place = node.place;
  return get_slice(memory_, parts[0], parts[1], parts[2], parts[3]);
}

MOE_INLINE Value Interpreter::operation(const Node& node) {
  const Value left = evaluate(*node.children[0]), right = evaluate(*node.children[1]);
  memory_.place = node.place;
  if (node.text == "+") return add(memory_, left, right);
  if (node.text == "-") return subtract(memory_, left, right);
  if (node.text == "*") return multiply(memory_, left, right);
  if (node.text == "/") return divide(memory_, left, right);
  if (node.text == "//") return floor_divide(memory_, left, right);
  if (node.text == "%") return modulo(memory_, left, right);
  return power(memory_, left, right);
}

MOE_INLINE bool Interpreter::compare(const std::string& sign, const Value& left, const Value& right) {
  if (sign == "==") return equal(memory_, left, right);
  if (sign == "!=") return !equal(memory_, left, right);
  if (sign == "in") return contains(memory_, right, left);
  if (sign == "not in") return !contains(memory_, right, left);
  return jinja::compare(memory_, left, sign, right);
}

MOE_INLINE Value Interpreter::comparison(const Node& node) {
  Value left = evaluate(*node.children[0]);
  for (std::size_t i = 0; i < node.texts.size(); ++i) {
    const Value right = evaluate(*node.children[i + 1]);
    memory_.place = node.place;
    if (!compare(node.texts[i], left, right)) return Value::of_boolean(false);
    left = right;
  }
  return Value::of_boolean(true);
}

MOE_INLINE Value Interpreter::condition(const Node& node) {
  if (is_true(evaluate(*node.children[1]))) return evaluate(*node.children[0]);
  if (node.children[2]) return evaluate(*node.children[2]);
  return memory_.missing(concat("the inline if-expression on line ", memory_.line_of(node.place),
                                " evaluated to false and no else section was defined."));
}

MOE_INLINE Arguments Interpreter::arguments_of(const std::vector<Argument>& arguments) {
  Arguments out;
  for (const Argument& argument : arguments) {
    const Value value = evaluate(*argument.value);
    switch (argument.type) {
      case Argument::Type::positional: out.positional.push_back(value); break;
      case Argument::Type::named: out.named.emplace_back(tree_.names()[argument.name], value); break;
      case Argument::Type::list:
        for (const Value& item : iterate(memory_, value)) out.positional.push_back(item);
        break;
      case Argument::Type::dict:
        if (!value.is_dict()) memory_.fail("argument after ** must be a mapping");
        for (const auto& [key, item] : value.dict->items) {
          if (!key.is_string()) memory_.fail("keywords must be strings");
          out.named.emplace_back(key.text(), item);
        }
    }
  }
  return out;
}

MOE_INLINE Value Interpreter::call_node(const Node& node, const Value* caller) {
  const Node& callee = *node.children[0];
  if (callee.type == Node::Type::attribute && !caller) {
    const Value object = evaluate(*callee.children[0]);
    if (calls_method(object, callee.text)) {  // the same result as call_with(), but without a Callable
      const Arguments arguments = arguments_of(node.arguments);
      memory_.work(2);
      memory_.place = node.place;
      return call_method(*this, object, callee.text, arguments);
    }
    memory_.place = callee.place;
    return call_with(node, get_attribute(memory_, object, callee.text), nullptr);
  }
  return call_with(node, evaluate(callee), caller);
}

MOE_INLINE Value Interpreter::call_with(const Node& node, const Value& function, const Value* caller) {
  Arguments arguments = arguments_of(node.arguments);
  if (caller) arguments.named.emplace_back("caller", *caller);
  memory_.place = node.place;
  return call(function, arguments);
}

MOE_INLINE Value Interpreter::call(const Value& function, const Arguments& arguments) {
  const Nested nested(memory_);
  memory_.work(1);
  if (function.is_undefined()) fail_undefined(memory_, function);
  if (function.kind == Kind::loop) {
    const auto* const node = static_cast<const Node*>(function.loop->node);
    if (!node) memory_.fail("The loop must have the 'recursive' marker to be called recursively.");
    const Value iterable = arguments.bind(memory_, "loop", 1, {"iterable"})[0];
    std::string text;
    std::string* const before = std::exchange(out_, &text);
    in_scope(*static_cast<Scope*>(function.loop->scope),
             [&] { loop(*node, iterable, function.loop->depth + 1); });
    out_ = before;
    return memory_.text(std::move(text));
  }
  if (function.kind != Kind::callable)
    memory_.fail(concat('\'', type_name(function), "' object is not callable"));
  Callable& callable = *function.callable;
  switch (callable.type) {
    case Callable::Type::macro: return call_macro(callable, arguments);
    case Callable::Type::method: return call_method(*this, callable.self, callable.name, arguments);
    case Callable::Type::function: return call_function(*this, callable.name, arguments);
    case Callable::Type::block: return call_block(*static_cast<const Node*>(callable.macro));
    case Callable::Type::joiner: return callable.at++ == 0 ? Value::of_text("") : callable.items[0];
    case Callable::Type::cycler:
    case Callable::Type::self: break;
  }
  memory_.fail(concat('\'', type_name(function), "' object is not callable"));
}

MOE_INLINE Value Interpreter::filter(std::string_view name, const Value& value, const Arguments& arguments) {
  const Filter* const found = find_filter(name);
  if (!found) memory_.fail(concat("No filter named '", name, "' found."));
  return found->apply(*this, value, arguments);
}

MOE_INLINE bool Interpreter::test(std::string_view name, const Value& value, const Arguments& arguments) {
  const Test* const found = find_test(name);
  if (!found) memory_.fail(concat("No test named '", name, "' found."));
  return found->apply(*this, value, arguments);
}

MOE_INLINE Value Interpreter::filter_node(const Node& node, const Value& value) {
  const Arguments arguments = arguments_of(node.arguments);
  memory_.place = node.place;
  return filter(node.text, value, arguments);
}

MOE_INLINE Value Interpreter::test_node(const Node& node) {
  const Value value = evaluate(*node.children[0]);
  const Arguments arguments = arguments_of(node.arguments);
  memory_.place = node.place;
  return Value::of_boolean(test(node.text, value, arguments) != node.flag);
}

}  // namespace moe::inline MOE_ABI::detail::jinja
