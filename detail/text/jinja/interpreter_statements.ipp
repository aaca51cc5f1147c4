// SPDX-License-Identifier: MIT
#pragma once
#include "interpreter.hpp"
#include "../../core/concat.hpp"
#include "operators.hpp"
#include "python_text.hpp"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace moe::inline MOE_ABI::detail::jinja {

MOE_INLINE Interpreter::Flow Interpreter::run(const Node& node) {
  const Nested nested(memory_);
  memory_.work(1);
  memory_.place = node.place;
  switch (node.type) {
    case Node::Type::output: output(node); return Flow::next;
    case Node::Type::block: return run_block(node);
    case Node::Type::if_: return run_if(node);
    case Node::Type::for_: loop(node, evaluate(*node.children[1]), 0); return Flow::next;
    case Node::Type::set:
      require_assignable(*node.children[0]);
      assign(*node.children[0], evaluate(*node.children[1]));
      return Flow::next;
    case Node::Type::set_block:
      return capture(*node.children[2], node.children[1],
                     [&](const Value& text) { assign(*node.children[0], text); });
    case Node::Type::macro: set_variable(node.name, macro_of(node)); return Flow::next;
    case Node::Type::call_block: {
      const Value caller = macro_of(*node.children[1]);
      write_text(call_node(*node.children[0], &caller));
      return Flow::next;
    }
    case Node::Type::filter_block:
      return capture(*node.children[1], node.children[0], [&](const Value& text) { write_text(text); });
    case Node::Type::with: return run_with(node);
    case Node::Type::scope: return in_new_scope([&] { return run(*node.children[0]); });
    case Node::Type::named_block: run_named_block(node); return Flow::next;
    case Node::Type::autoescape: return run_without_escaping(node);
    case Node::Type::refusal: memory_.fail(node.text);
    case Node::Type::break_: return Flow::break_;
    case Node::Type::continue_: return Flow::continue_;
    default: memory_.fail("expected a statement, found an expression");
  }
}

/// Writes the result of a {% call %} or {% filter %} tag. As in Jinja, only texts can be written.
MOE_INLINE void Interpreter::write_text(const Value& value) {
  if (!value.is_string())
    memory_.fail(concat("sequence item: expected str instance, ", type_name(value), " found"));
  *out_ += value.text();
  memory_.take(value.size);
}

MOE_INLINE Interpreter::Flow Interpreter::run_block(const Node& node) {
  for (const std::uint32_t name : node.unset)
    set_variable(name, memory_.missing(concat('\'', tree_.names()[name], "' is undefined")));
  for (const Node* const statement : node.children)
    if (const Flow flow = run(*statement); flow != Flow::next) return flow;
  return Flow::next;
}

MOE_INLINE void Interpreter::output(const Node& node) {
  const std::size_t before = out_->size();
  if (node.children.empty()) {
    *out_ += node.text;
  } else {
    append_text(memory_, *out_, evaluate(*node.children[0]));
  }
  memory_.take(out_->size() - before);
}

MOE_INLINE Interpreter::Flow Interpreter::run_if(const Node& node) {
  std::size_t i = 0;
  for (; i + 1 < node.children.size(); i += 2)
    if (is_true(evaluate(*node.children[i]))) return run(*node.children[i + 1]);
  return i < node.children.size() ? run(*node.children[i]) : Flow::next;
}

/// The elements that a loop visits. With a condition: a list of the elements that fulfil it. Without a condition: the iterable
/// itself if its elements can be read again, else a list of its elements.
MOE_INLINE Value Interpreter::loop_items(const Node& node, const Value& iterable) {
  memory_.place = node.place;
  const bool readable = iterable.has_list() && iterable.kind != Kind::iterator;
  const Value items = readable ? iterable : memory_.list(iterate(memory_, iterable));
  if (!node.children[2]) return items;
  std::vector<Value> visited;
  for (std::size_t i = 0; i < element_count(items); ++i) {
    const Value item = element_of(items, i);
    const bool visit = in_new_scope([&] {
      assign(*node.children[0], item);
      return is_true(evaluate(*node.children[2]));
    });
    if (visit) visited.push_back(item);
  }
  return memory_.list(std::move(visited));
}

MOE_INLINE void Interpreter::loop(const Node& node, const Value& iterable, std::size_t depth) {
  const Nested nested(memory_);
  Loop& state = memory_.loop();
  state.items = loop_items(node, iterable);
  state.depth = depth;
  if (node.flag) {
    state.node = &node;
    state.scope = scope_;
    scope_->keep();
  }
  const bool reached_end = run_iterations(node, state);
  if (!reached_end && node.children[4]) in_new_scope([&] { run(*node.children[4]); });
}

/// Runs the iterations. Returns whether any iteration reached the end of the body. As in Jinja, `else` runs if none did, even
/// if break or continue is the reason.
MOE_INLINE bool Interpreter::run_iterations(const Node& node, Loop& loop) {
  Value variable;
  variable.kind = Kind::loop;
  variable.loop = &loop;
  bool reached_end = false;
  for (const std::size_t count = element_count(loop.items); loop.index < count; ++loop.index) {
    const Flow flow = in_new_scope([&] {
      assign(*node.children[0], element_of(loop.items, loop.index));
      set_variable(tree_.loop_name, variable);
      return run(*node.children[3]);
    });
    reached_end |= flow == Flow::next;
    if (flow == Flow::break_) return reached_end;
  }
  if (loop.index > 0) --loop.index;  // templates may use the variable `loop` after the loop
  return reached_end;
}

MOE_INLINE Interpreter::Flow Interpreter::run_with(const Node& node) {
  Scope& scope = memory_.scope(scope_);
  for (std::size_t i = 0; i + 1 < node.children.size(); i += 2) {
    const Value value = evaluate(*node.children[i + 1]);
    in_scope(scope, [&] { assign(*node.children[i], value); });
  }
  const Flow flow = in_scope(scope, [&] { return run(*node.children.back()); });
  memory_.release(scope);
  return flow;
}

/// As in Jinja, a block sees the variables of the template. A scoped block sees also the variables around the block.
MOE_INLINE void Interpreter::run_named_block(const Node& node) {
  in_scope(node.flag ? *scope_ : *top_, [&] { in_new_scope([&] { run(*node.children[0]); }); });
}

/// The variable `self`.
MOE_INLINE Value Interpreter::blocks() {
  std::vector<Value> blocks;
  for (const auto& [name, node] : tree_.blocks)
    blocks.push_back(memory_.callable({.type = Callable::Type::block, .name = name, .macro = node}));
  return memory_.callable({.type = Callable::Type::self, .name = "self", .items = std::move(blocks)});
}

/// The text of a block, which sees the variables of the template only.
MOE_INLINE Value Interpreter::call_block(const Node& node) {
  std::string text;
  std::string* const before = std::exchange(out_, &text);
  in_scope(*top_, [&] { in_new_scope([&] { run(*node.children[0]); }); });
  out_ = before;
  return memory_.text(std::move(text));
}

MOE_INLINE Interpreter::Flow Interpreter::run_without_escaping(const Node& node) {
  if (is_true(evaluate(*node.children[0]))) memory_.fail("autoescape with a true value is not supported");
  return in_new_scope([&] { return run(*node.children[1]); });
}

/// Jinja refuses a wrong target before it evaluates the value.
MOE_INLINE void Interpreter::require_assignable(const Node& target) {
  if (target.type == Node::Type::tuple)
    for (const Node* const child : target.children) require_assignable(*child);
  if (target.type != Node::Type::attribute) return;
  memory_.place = target.place;
  if (variable(target.children[0]->name).kind != Kind::name_space)
    memory_.fail("cannot assign attribute on non-namespace object");
}

MOE_INLINE void Interpreter::set_variable(std::uint32_t name, const Value& value) {
  memory_.work(scope_->variables.size() / 16);  // setting a variable searches all variables of the scope
  scope_->set(name, value);
}

MOE_INLINE void Interpreter::assign(const Node& target, const Value& value) {
  memory_.place = target.place;
  if (target.type == Node::Type::name) return set_variable(target.name, value);
  if (target.type == Node::Type::tuple) return assign_all(target, value);
  require_assignable(target);
  const Value object = variable(target.children[0]->name);
  memory_.work(object.dict->items.size() / 8);
  if (const Value* const member = find_key(memory_, object, target.text)) {
    const_cast<Value&>(*member) = value;
  } else {
    memory_.take(2 * sizeof(Value));
    object.dict->items.emplace_back(Value::of_text(target.text), value);
  }
}

MOE_INLINE void Interpreter::assign_all(const Node& target, const Value& value) {
  if (value.is_undefined())
    memory_.fail(concat("not enough values to unpack (expected ", target.children.size(), ", got 0)"));
  const bool can = value.is_string() || value.is_dict() || value.has_list();
  if (!can) memory_.fail(concat("cannot unpack non-iterable ", type_name(value), " object"));
  const bool readable = value.has_list() && value.kind != Kind::range && value.kind != Kind::iterator;
  const std::vector<Value> copy = readable ? std::vector<Value>() : iterate(memory_, value);
  const std::vector<Value>& items = readable ? value.list->items : copy;
  const std::size_t expected = target.children.size();
  if (items.size() > expected) memory_.fail(concat("too many values to unpack (expected ", expected, ')'));
  if (items.size() < expected)
    memory_.fail(concat("not enough values to unpack (expected ", expected, ", got ", items.size(), ')'));
  for (std::size_t i = 0; i < expected; ++i) assign(*target.children[i], items[i]);
}

/// Calls use(text) with the text that a block writes, after the filters have changed the text. `last_filter`: the last of the
/// filters, or null without filters. The block and the filters have a scope of their own. As in Jinja, a block that is left by
/// break or continue has no text.
template <class Use>
Interpreter::Flow Interpreter::capture(const Node& block, const Node* last_filter, Use use) {
  Flow flow = Flow::next;
  const Value value = in_new_scope([&] {
    std::string text;
    std::string* const before = std::exchange(out_, &text);
    flow = run(block);
    out_ = before;
    return flow == Flow::next ? apply_filters(last_filter, memory_.text(std::move(text))) : Value();
  });
  if (flow == Flow::next) use(value);
  return flow;
}

MOE_INLINE Value Interpreter::apply_filters(const Node* last, const Value& value) {
  if (!last) return value;
  const Node* const inner = last->children[0];
  return filter_node(*last, inner ? apply_filters(inner, value) : value);
}

// ---- Macros

MOE_INLINE Value Interpreter::macro_of(const Node& node) {
  scope_->keep();
  std::vector<Value> names;
  for (const Argument& parameter : node.arguments)
    names.push_back(Value::of_text(tree_.names()[parameter.name]));
  return memory_.callable({.type = Callable::Type::macro,
                           .name = node.flag ? std::string_view() : tree_.names()[node.name],
                           .macro = &node,
                           .scope = scope_,
                           .items = std::move(names)});
}

MOE_INLINE Value Interpreter::call_macro(const Callable& macro, const Arguments& arguments) {
  Scope& scope = memory_.scope(static_cast<Scope*>(macro.scope));
  const Node& node = *static_cast<const Node*>(macro.macro);
  bind_macro(node, arguments, scope);
  std::string text;
  std::string* const before = std::exchange(out_, &text);
  in_scope(scope, [&] { run(*node.children[0]); });
  memory_.release(scope);
  out_ = before;
  return memory_.text(std::move(text));
}

/// The name of a macro in errors.
MOE_INLINE std::string Interpreter::described(const Node& macro) const {
  return concat("macro ", macro.flag ? "None" : repr_text(tree_.names()[macro.name]));
}

/// Binds a named argument of a macro to a parameter, to `caller` or to `kwargs`. As in Jinja, the name of a parameter that has
/// an argument already goes to `kwargs`.
MOE_INLINE void Interpreter::bind_named(MacroCall& call, std::string_view name, const Value& value) {
  const std::vector<Argument>& parameters = call.node.arguments;
  const std::string macro = described(call.node);
  std::size_t i = 0;
  while (i < parameters.size() && tree_.names()[parameters[i].name] != name) ++i;
  memory_.work(i / 8);
  if (i < parameters.size() && call.given[i] == 0) {
    call.scope.set(parameters[i].name, value);
    call.given[i] = 1;
  } else if (name == "caller" && (call.node.uses & uses_caller) != 0) {
    call.caller = value;
  } else if ((call.node.uses & uses_kwargs) != 0) {
    call.more_named.emplace_back(Value::of_text(name), value);
  } else if (name == "caller") {
    memory_.fail(concat(macro,
                        " was invoked with two values for the special caller argument. This is most "
                        "likely a bug."));
  } else {
    memory_.fail(concat(macro, " takes no keyword argument ", repr_text(name)));
  }
}

/// Sets the parameters without an argument, and `varargs`, `kwargs` and `caller` if the body mentions them.
MOE_INLINE void Interpreter::bind_rest(MacroCall& call, const Arguments& arguments) {
  const std::vector<Argument>& parameters = call.node.arguments;
  for (std::size_t i = 0; i < parameters.size(); ++i) {
    if (call.given[i] != 0) continue;
    memory_.work(i / 16);  // setting a variable searches all variables of the scope
    const std::string_view name = tree_.names()[parameters[i].name];
    call.scope.set(parameters[i].name,
                   parameters[i].value
                       ? in_scope(call.scope, [&] { return evaluate(*parameters[i].value); })
                       : memory_.missing(concat("parameter ", repr_text(name), " was not provided")));
  }
  if ((call.node.uses & uses_caller) != 0)
    call.scope.set(tree_.caller_name,
                   call.caller.is_undefined() ? memory_.missing("No caller defined") : call.caller);
  if ((call.node.uses & uses_kwargs) != 0)
    call.scope.set(tree_.kwargs_name, make_dict(memory_, std::move(call.more_named)));
  if ((call.node.uses & uses_varargs) == 0) return;
  std::vector<Value> rest;
  for (std::size_t i = parameters.size(); i < arguments.positional.size(); ++i)
    rest.push_back(arguments.positional[i]);
  call.scope.set(tree_.varargs_name, memory_.list(std::move(rest), Kind::tuple, "tuple"));
}

MOE_INLINE void Interpreter::bind_macro(const Node& node, const Arguments& arguments, Scope& scope) {
  MacroCall call{node, scope, std::vector<char>(node.arguments.size()), {}, {}};
  const std::size_t parameters = node.arguments.size(), given = arguments.positional.size();
  if (given > parameters && (node.uses & uses_varargs) == 0)
    memory_.fail(concat(described(node), " takes not more than ", parameters, " argument(s)"));
  for (std::size_t i = 0; i < std::min(parameters, given); ++i) {
    memory_.work(i / 16);
    scope.set(node.arguments[i].name, arguments.positional[i]);
    call.given[i] = 1;
  }
  const std::uint32_t place = memory_.place;
  for (const auto& [name, value] : arguments.named) bind_named(call, name, value);
  bind_rest(call, arguments);
  memory_.place = place;
}

}  // namespace moe::inline MOE_ABI::detail::jinja
