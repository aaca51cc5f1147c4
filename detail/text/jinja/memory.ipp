// SPDX-License-Identifier: MIT
#pragma once
#include "memory.hpp"
#include "lexer.hpp"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace moe::inline MOE_ABI::detail::jinja {

MOE_INLINE void Memory::fail(std::string_view message) const { fail_at(source_, file_, place, message); }

MOE_INLINE std::size_t Memory::line_of(std::size_t offset) const {
  const std::string_view before = source_.substr(0, offset);
  return 1 + static_cast<std::size_t>(std::count(before.begin(), before.end(), '\n'));
}

MOE_INLINE Value Memory::text(std::string text) {
  take(text.size() + sizeof(std::string));
  return Value::of_text(texts_.emplace_back(std::move(text)));
}

MOE_INLINE Value Memory::list(std::vector<Value> items, Kind kind, std::string_view name) {
  take(items.size() * sizeof(Value) + sizeof(List));
  Value value;
  value.kind = kind;
  value.list = &lists_.emplace_back(List{.items = std::move(items), .name = name});
  return value;
}

MOE_INLINE Value Memory::dict(Dict dict, Kind kind) {
  take(dict.items.size() * (2 * sizeof(Value) + sizeof(std::uint32_t)) + sizeof(Dict));
  Value value;
  value.kind = kind;
  value.dict = &dicts_.emplace_back(std::move(dict));
  return value;
}

MOE_INLINE Value Memory::missing(std::string message) {
  take(message.size() + sizeof(Missing));
  Value value;
  value.missing = &missing_.emplace_back(Missing{std::move(message)});
  return value;
}

MOE_INLINE Value Memory::callable(Callable callable) {
  take(sizeof(Callable));
  Value value;
  value.kind = Kind::callable;
  value.callable = &callables_.emplace_back(std::move(callable));
  return value;
}

MOE_INLINE Scope& Memory::scope(Scope* parent) {
  take(sizeof(Scope));
  return scopes_.emplace_back(Scope{parent});
}

}  // namespace moe::inline MOE_ABI::detail::jinja
