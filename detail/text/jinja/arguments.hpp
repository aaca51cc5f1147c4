// SPDX-License-Identifier: MIT
#pragma once
#include "../../core/concat.hpp"
#include "../../core/config.hpp"
#include "memory.hpp"
#include "value.hpp"

#include <cstddef>
#include <initializer_list>
#include <string_view>
#include <utility>
#include <vector>

namespace moe::inline MOE_ABI::detail::jinja {

/// The arguments of a call.
struct Arguments {
  std::vector<Value> positional;
  std::vector<std::pair<std::string_view, Value>> named;

  /// The arguments in the order of the parameters. The first `required` parameters need an argument; any other parameter
  /// without an argument is undefined. `function` is for errors.
  std::vector<Value> bind(Memory& memory, std::string_view function, std::size_t required,
                          std::initializer_list<std::string_view> parameters) const {
    std::vector<Value> values(parameters.size());
    std::vector<char> given(parameters.size());
    if (positional.size() > parameters.size())
      memory.fail(concat(function, "() takes at most ", parameters.size(), " arguments (", positional.size(),
                         " given)"));
    for (std::size_t i = 0; i < positional.size(); ++i) {
      values[i] = positional[i];
      given[i] = 1;
    }
    for (const auto& [name, value] : named) {
      std::size_t i = 0;
      while (i < parameters.size() && parameters.begin()[i] != name) ++i;
      if (i == parameters.size())
        memory.fail(concat(function, "() got an unexpected keyword argument '", name, '\''));
      if (given[i] != 0) memory.fail(concat(function, "() got multiple values for argument '", name, '\''));
      values[i] = value;
      given[i] = 1;
    }
    for (std::size_t i = 0; i < required; ++i)
      if (given[i] == 0)
        memory.fail(
            concat(function, "() missing 1 required positional argument: '", parameters.begin()[i], '\''));
    return values;
  }
};

}  // namespace moe::inline MOE_ABI::detail::jinja
