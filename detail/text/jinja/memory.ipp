#pragma once
#include "memory.hpp"
#include "lexer.hpp"

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace moe::inline MOE_ABI::detail::jinja {

MOE_INLINE Memory::Memory(std::string_view source, std::string_view file, std::size_t input_bytes)
    : source_(source),
      file_(file),
      steps_left_(5'000'000 + 16 * input_bytes),
      bytes_left_((std::size_t{256} << 20) + 64 * input_bytes) {}

MOE_INLINE void Memory::fail(std::string_view message) const {
  fail_at(source_, file_, place, message);
}

MOE_INLINE Value Memory::text(std::string text) {
  take(text.size() + sizeof(std::string));
  return Value::of_text(texts_.emplace_back(std::move(text)));
}

MOE_INLINE Value Memory::list(std::vector<Value> items, Kind kind, std::string_view name) {
  take(items.size() * sizeof(Value) + sizeof(List));
  Value value;
  value.kind = kind;
  value.list = &lists_.emplace_back(List{std::move(items), name});
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
