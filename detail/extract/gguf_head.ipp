// SPDX-License-Identifier: MIT
#pragma once
#include "gguf_head.hpp"
#include "../core/concat.hpp"
#include "../core/error.hpp"

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <utility>

namespace moe::inline MOE_ABI::detail {

MOE_INLINE GgufHead::GgufHead(std::string file, std::uint32_t alignment)
    : file_(std::move(file)), alignment_(alignment) {
  if (alignment == 0 || (alignment & (alignment - 1)) != 0)
    fail(file_, "alignment", "a power of two", detail::concat(alignment));
  set("general.alignment", alignment);
}

MOE_INLINE void GgufHead::set(std::string_view key, std::string_view text) {
  begin_value(key, detail::GgufType::string);
  append_text(metadata_, text);
}

MOE_INLINE void GgufHead::set(std::string_view key, std::span<const std::string> texts) {
  begin_array(key, detail::GgufType::string, texts.size());
  for (const std::string& text : texts) append_text(metadata_, text);
}

MOE_INLINE void GgufHead::set(const detail::GgufValue& value, std::string_view bytes) {
  if (value.type == detail::GgufType::array) {
    begin_array(value.key, value.element_type, static_cast<std::size_t>(value.count));
    metadata_ += bytes;
  } else if (value.type == detail::GgufType::string) {
    set(value.key, bytes);
  } else {
    begin_value(value.key, value.type);
    metadata_ += bytes;
  }
}

MOE_INLINE void GgufHead::add(std::string_view name, const detail::GgmlType& type,
                              std::span<const std::uint64_t> shape) {
  if (name.empty() || name.size() > most_name_bytes)
    fail(file_, name, detail::concat("a name of 1 to ", most_name_bytes, " bytes"),
         detail::concat(name.size()));
  if (shape.empty() || shape.size() > 4 || shape.back() % type.elements != 0)
    fail(file_, name, "1 to 4 sizes, of which the last is a multiple of the type's block",
         detail::concat(detail::concat_list(shape), ' ', type.name));
  const std::uint64_t begin = aligned(data_bytes());
  const std::uint64_t bytes = data_bytes_of(name, type, shape, begin);
  append_text(infos_, name);
  append(infos_, static_cast<std::uint32_t>(shape.size()));
  for (std::size_t i = shape.size(); i-- > 0;) append(infos_, shape[i]);
  append(infos_, type.id);
  begins_.push_back(begin);
  ends_.push_back(begin + bytes);
  append(infos_, begin);
}

MOE_INLINE std::uint64_t GgufHead::data_bytes_of(std::string_view name, const detail::GgmlType& type,
                                                 std::span<const std::uint64_t> shape,
                                                 std::uint64_t begin) const {
  constexpr std::uint64_t most = std::uint64_t{1} << 62;  // of all tensors: no sum of offsets wraps
  std::uint64_t numbers = 1;
  for (const std::uint64_t size : shape) {
    if (size != 0 && numbers > most / size)
      fail(file_, name, "at most 2^62 numbers", detail::concat_list(shape));
    numbers *= size;
  }
  const std::uint64_t blocks = numbers / type.elements;
  if (begin > most || blocks > (most - begin) / type.bytes)
    fail(file_, name, "at most 2^62 bytes of data in all tensors", detail::concat_list(shape));
  return blocks * type.bytes;
}

MOE_INLINE std::string GgufHead::bytes() const {
  std::string out = "GGUF";
  append(out, std::uint32_t{3});
  append(out, std::uint64_t{ends_.size()});
  append(out, values_);
  out += metadata_;
  out += infos_;
  out.resize(static_cast<std::size_t>(aligned(out.size())));
  return out;
}

MOE_INLINE std::uint64_t GgufHead::aligned(std::uint64_t bytes) const {
  return (bytes + alignment_ - 1) / alignment_ * alignment_;
}

MOE_INLINE void GgufHead::append_text(std::string& out, std::string_view text) {
  append(out, std::uint64_t{text.size()});
  out += text;
}

MOE_INLINE void GgufHead::begin_value(std::string_view key, detail::GgufType type) {
  append_text(metadata_, key);
  append(metadata_, static_cast<std::uint32_t>(type));
  ++values_;
}

MOE_INLINE void GgufHead::begin_array(std::string_view key, detail::GgufType type, std::size_t count) {
  begin_value(key, detail::GgufType::array);
  append(metadata_, static_cast<std::uint32_t>(type));
  append(metadata_, std::uint64_t{count});
}

}  // namespace moe::inline MOE_ABI::detail
