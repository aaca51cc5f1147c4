#pragma once
#include "config.hpp"

#include <cstddef>
#include <cstdio>
#include <initializer_list>
#include <string>
#include <string_view>

namespace moe::inline MOE_ABI::detail {

/// A piece of a message: text, a character or a number in decimal. Made in place, for as long as a call lasts.
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

/// The arguments one after the other; see MessagePart. By value, so that literals of all lengths are one type: compilers
/// take long over each.
template <class... Parts>
std::string concat(Parts... parts) {
  return join({parts...});
}

/// `[2048, 768]`
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
