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

MOE_INLINE Value Memory::appended(const Value& begin, std::string_view end) {
  const auto found = std::find_if(growing_.begin(), growing_.end(), [&](const std::string* text) {
    return text && text->data() == begin.data && text->size() == begin.size;
  });
  const bool grows = found != growing_.end();
  const std::size_t size = begin.size + end.size();
  if (grows && (*found)->capacity() >= size) return Value::of_text((*found)->append(end));
  const std::size_t capacity = grows ? 2 * size : size;  // twice: a text that grew once will grow again
  take(capacity + sizeof(std::string));
  std::string& text = texts_.emplace_back();
  text.reserve(capacity);
  text.append(begin.text()).append(end);
  (grows ? *found : growing_[next_growing_++ % growing_.size()]) = &text;
  return Value::of_text(text);
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
  Value value;
  if (const auto found = missing_.find(message); found != missing_.end()) {
    value.missing = &found->second;
    return value;
  }
  take(2 * (message.size() + sizeof(Missing)));
  std::string key = message;
  value.missing = &missing_.emplace(std::move(key), Missing{std::move(message)}).first->second;
  return value;
}

MOE_INLINE Value Memory::callable(Callable callable) {
  take(sizeof(Callable) + callable.items.size() * sizeof(Value));
  Value value;
  value.kind = Kind::callable;
  value.callable = &callables_.emplace_back(std::move(callable));
  return value;
}

MOE_INLINE Loop& Memory::loop() {
  take(sizeof(Loop));
  return loops_.emplace_back();
}

MOE_INLINE Scope& Memory::scope(Scope* parent) {
  if (free_scopes_.empty()) {
    take(sizeof(Scope) + sizeof(Scope*));
    return scopes_.emplace_back(Scope{parent});
  }
  Scope& scope = *free_scopes_.back();
  free_scopes_.pop_back();
  scope.parent = parent;
  return scope;
}

MOE_INLINE void Memory::release(Scope& scope) {
  if (scope.kept) return;
  scope.variables.clear();
  free_scopes_.push_back(&scope);
}

}  // namespace moe::inline MOE_ABI::detail::jinja
