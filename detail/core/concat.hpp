// SPDX-License-Identifier: MIT
#pragma once
#include "config.hpp"

#include <cstddef>
#include <cstdio>
#include <initializer_list>
#include <string>
#include <string_view>

namespace moe::inline MOE_ABI::detail {

/// An argument of concat(): text, a character, or a number that is written in decimal. Text is not copied.
class MessagePart {
 public:
  MessagePart(std::string_view text) : text_(text) {}
  MessagePart(const std::string& text) : text_(text) {}
  MessagePart(const char* text) : text_(text) {}
  MessagePart(char c) : digits_{c}, text_(digits_, 1) {}
  MessagePart(int number) : MessagePart(static_cast<long long>(number)) {}
  MessagePart(long number) : MessagePart(static_cast<long long>(number)) {}
  MessagePart(long long number) { print("%lld", number); }
  MessagePart(unsigned number) : MessagePart(static_cast<unsigned long long>(number)) {}
  MessagePart(unsigned long number) : MessagePart(static_cast<unsigned long long>(number)) {}
  MessagePart(unsigned long long number) { print("%llu", number); }
  MessagePart(double number) { print("%.9g", number); }
  MessagePart(const MessagePart&) = delete;
  MessagePart& operator=(const MessagePart&) = delete;

  std::string_view text() const { return text_; }

 private:
  template <class Number>
  void print(const char* format, Number number) {
    const int size = std::snprintf(digits_, sizeof digits_, format, number);
    text_ = {digits_, static_cast<std::size_t>(size)};
  }

  char digits_[32];
  std::string_view text_;
};

inline std::string join(std::initializer_list<MessagePart> parts) {
  std::string out;
  for (const MessagePart& part : parts) out += part.text();
  return out;
}

/// The arguments, written one after the other; see MessagePart. Parameters are values, so that string literals of all
/// lengths have one type (const char*) and share one instance of this template.
template <class... Parts>
std::string concat(Parts... parts) {
  return join({parts...});
}

/// The items of a range in the form `[2048, 768]`.
template <class Range>
std::string concat_list(const Range& items) {
  std::string out = "[";
  for (const auto& item : items) {
    if (out.size() > 1) out += ", ";
    out += MessagePart(item).text();
  }
  return out += ']';
}

}  // namespace moe::inline MOE_ABI::detail
