// SPDX-License-Identifier: MIT
#pragma once
#include "../../core/config.hpp"
#include "arguments.hpp"
#include "memory.hpp"
#include "tree.hpp"
#include "value.hpp"

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

namespace moe::inline MOE_ABI::detail::jinja {

/// The local time that strftime_now writes.
struct LocalTime {
  int year, month, day, hour, minute, second;  // month and day from 1
};

/// Runs a parsed template once.
class Interpreter {
 public:
  /// `tree` and `memory` must outlive the interpreter.
  Interpreter(const Tree& tree, Memory& memory, const LocalTime& now)
      : tree_(tree), memory_(memory), now_(now) {}

  /// The text of the template with these variables.
  std::string render(const std::vector<std::pair<std::string_view, Value>>& variables);

  Memory& memory() { return memory_; }
  const LocalTime& now() const { return now_; }

  /// Calls a value.
  Value call(const Value& function, const Arguments& arguments);

  Value filter(std::string_view name, const Value& value, const Arguments& arguments);
  bool test(std::string_view name, const Value& value, const Arguments& arguments);

 private:
  enum class Flow : std::uint8_t { next, break_, continue_ };

  /// A call of a macro whose parameters are being set.
  struct MacroCall {
    const Node& node;
    Scope& scope;
    std::vector<char> given;  // whether a parameter has an argument
    std::vector<std::pair<Value, Value>> more_named;
    Value caller;
  };

  // Expressions
  Value evaluate(const Node& node);
  Value constant(const Node& node);
  Value variable(std::uint32_t name);
  Value collection(const Node& node);
  Value dict(const Node& node);
  Value slice(const Node& node);
  Value operation(const Node& node);
  Value comparison(const Node& node);
  bool compare(const std::string& sign, const Value& left, const Value& right);
  Value condition(const Node& node);
  Value call_node(const Node& node, const Value* caller);
  Value call_with(const Node& node, const Value& function, const Value* caller);
  Value filter_node(const Node& node, const Value& value);
  Value test_node(const Node& node);
  Arguments arguments_of(const std::vector<Argument>& arguments);

  // Statements, which write to out_
  Flow run(const Node& node);
  Flow run_block(const Node& node);
  void output(const Node& node);
  void write_text(const Value& value);
  Flow run_if(const Node& node);
  void loop(const Node& node, const Value& iterable, std::size_t depth);
  Value loop_items(const Node& node, const Value& iterable);
  bool run_iterations(const Node& node, Loop& loop);
  Flow run_with(const Node& node);
  void run_named_block(const Node& node);
  Value blocks();
  Value call_block(const Node& node);
  Flow run_without_escaping(const Node& node);
  void require_assignable(const Node& target);
  void set_variable(std::uint32_t name, const Value& value);
  void assign(const Node& target, const Value& value);
  void assign_all(const Node& target, const Value& value);
  template <class Use>
  Flow capture(const Node& block, const Node* last_filter, Use use);
  Value apply_filters(const Node* last, const Value& value);
  Value macro_of(const Node& node);
  Value call_macro(const Callable& macro, const Arguments& arguments);
  std::string described(const Node& macro) const;
  void bind_macro(const Node& node, const Arguments& arguments, Scope& scope);
  void bind_named(MacroCall& call, std::string_view name, const Value& value);
  void bind_rest(MacroCall& call, const Arguments& arguments);

  /// Runs f with another scope.
  template <class F>
  auto in_scope(Scope& scope, F f);

  /// Runs f in a new scope inside the present one.
  template <class F>
  auto in_new_scope(F f);

  const Tree& tree_;
  Memory& memory_;
  LocalTime now_;
  std::vector<Value> globals_;  // of names that are no variables, by number; see variable()
  Scope* top_ = nullptr;        // the variables of the template
  Scope* scope_ = nullptr;
  std::string* out_ = nullptr;
};

template <class F>
auto Interpreter::in_scope(Scope& scope, F f) {
  Scope* const before = std::exchange(scope_, &scope);
  if constexpr (std::is_void_v<decltype(f())>) {
    f();
    scope_ = before;
  } else {
    auto result = f();
    scope_ = before;
    return result;
  }
}

template <class F>
auto Interpreter::in_new_scope(F f) {
  Scope& scope = memory_.scope(scope_);
  if constexpr (std::is_void_v<decltype(f())>) {
    in_scope(scope, f);
    memory_.release(scope);
  } else {
    auto result = in_scope(scope, f);
    memory_.release(scope);
    return result;
  }
}

}  // namespace moe::inline MOE_ABI::detail::jinja

#if MOE_DEFINITIONS
#include "interpreter.ipp"
#include "interpreter_statements.ipp"
#endif
