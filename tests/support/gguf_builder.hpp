// SPDX-License-Identifier: MIT
#pragma once
#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>
#include <vector>

/// Builds the bytes of a GGUF file, valid or invalid.
class GgufBuilder {
 public:
  std::string magic = "GGUF";
  std::uint32_t version = 3;
  std::uint64_t alignment = 32;                     // of the data; not written to the metadata
  std::uint64_t more_tensors = 0, more_values = 0;  // added to the counts in the head only

  template <class T>
  static std::string bytes_of(T value) {
    std::string out(sizeof value, '\0');
    std::memcpy(out.data(), &value, sizeof value);
    return out;
  }
  static std::string text(std::string_view text) { return bytes_of(std::uint64_t{text.size()}).append(text); }

  /// Adds a value. `type`: the number of its type in GGUF. `bytes`: the value as it is stored.
  GgufBuilder& value(std::string_view key, std::uint32_t type, std::string_view bytes) {
    values_ += text(key) + bytes_of(type);
    values_ += bytes;
    ++value_count_;
    return *this;
  }
  GgufBuilder& value(std::string_view key, std::uint32_t number) { return value(key, 4, bytes_of(number)); }
  GgufBuilder& value(std::string_view key, float number) { return value(key, 6, bytes_of(number)); }
  GgufBuilder& value(std::string_view key, std::string_view string) { return value(key, 8, text(string)); }

  GgufBuilder& value(std::string_view key, bool flag) { return value(key, 7, std::string(1, flag ? 1 : 0)); }
  GgufBuilder& value(std::string_view key, const char* string) {
    return value(key, std::string_view(string));
  }

  /// Adds an array of strings or of numbers. `type`: the number of the type of one element in GGUF.
  GgufBuilder& array(std::string_view key, const std::vector<std::string>& strings) {
    std::string bytes = bytes_of(std::uint32_t{8}) + bytes_of(std::uint64_t{strings.size()});
    for (const std::string& string : strings) bytes += text(string);
    return value(key, 9, bytes);
  }
  template <class T>
  GgufBuilder& array(std::string_view key, std::uint32_t type, const std::vector<T>& numbers) {
    std::string bytes = bytes_of(type) + bytes_of(std::uint64_t{numbers.size()});
    for (const T number : numbers) bytes += bytes_of(number);
    return value(key, 9, bytes);
  }

  /// Adds the description of a tensor. `sizes`: the innermost dimension first.
  GgufBuilder& info(std::string_view name, const std::vector<std::uint64_t>& sizes, std::uint32_t type,
                    std::uint64_t offset) {
    infos_ += text(name) + bytes_of(static_cast<std::uint32_t>(sizes.size()));
    for (const std::uint64_t size : sizes) infos_ += bytes_of(size);
    infos_ += bytes_of(type) + bytes_of(offset);
    ++tensor_count_;
    return *this;
  }

  /// Adds the description of a tensor and its data.
  GgufBuilder& tensor(std::string_view name, const std::vector<std::uint64_t>& sizes, std::uint32_t type,
                      std::string_view data) {
    data_.resize((data_.size() + alignment - 1) / alignment * alignment);
    info(name, sizes, type, data_.size());
    data_ += data;
    return *this;
  }

  std::uint64_t tensor_count() const { return tensor_count_; }

  std::string head() const {
    return magic + bytes_of(version) + bytes_of(tensor_count_ + more_tensors) +
           bytes_of(value_count_ + more_values) + values_ + infos_;
  }
  std::string file() const {
    std::string out = head();
    out.resize((out.size() + alignment - 1) / alignment * alignment);
    return out + data_;
  }

 private:
  std::uint64_t tensor_count_ = 0, value_count_ = 0;
  std::string values_, infos_, data_;
};
