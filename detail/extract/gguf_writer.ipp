// SPDX-License-Identifier: MIT
#pragma once
#include "gguf_writer.hpp"
#include "../core/concat.hpp"
#include "../core/error.hpp"
#include "../io/ggml_type.hpp"

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <initializer_list>
#include <span>
#include <string>
#include <string_view>
#include <utility>

namespace moe::inline MOE_ABI::detail {

MOE_INLINE GgufWriter::GgufWriter(std::string path, std::uint32_t alignment)
    : file_(std::move(path)), head_(file_.path(), alignment) {}

MOE_INLINE void GgufWriter::set(std::string_view key, std::string_view text) {
  require_open(key);
  head_.set(key, text);
}

MOE_INLINE void GgufWriter::add(std::string_view name, DType dtype, std::span<const std::uint64_t> shape) {
  require_open(name);
  expect(dtype != DType::other, file_.path(), name, "a type of this library", "other");
  head_.add(name, detail::ggml_type(dtype), shape);
}

MOE_INLINE void GgufWriter::add(std::string_view name, DType dtype,
                                std::initializer_list<std::uint64_t> shape) {
  add(name, dtype, std::span(shape.begin(), shape.size()));
}

MOE_INLINE void GgufWriter::write(std::span<const std::byte> bytes) {
  if (!begun_) write_head();
  if (bytes.empty()) return;
  skip_full_tensors();
  const std::uint64_t room = next_ < head_.tensors() ? head_.end(next_) - written_ : 0;
  if (bytes.size() > room)
    fail(file_.path(), "writing", detail::concat("at most ", room, " bytes, the rest of a tensor"),
         detail::concat(bytes.size()));
  file_.write(bytes);
  written_ += bytes.size();
}

MOE_INLINE void GgufWriter::finish() {
  if (!begun_) write_head();
  skip_full_tensors();
  if (next_ != head_.tensors())
    fail(file_.path(), "finishing", detail::concat(data_bytes(), " bytes of data"), detail::concat(written_));
  file_.finish();
}

MOE_INLINE void GgufWriter::require_open(std::string_view what) const {
  if (begun_)
    fail(file_.path(), what, "a declaration before the first call of write()", "a later declaration");
}

MOE_INLINE void GgufWriter::write_head() {
  begun_ = true;
  file_.write(head_.bytes());
}

MOE_INLINE void GgufWriter::skip_full_tensors() {
  for (; next_ < head_.tensors() && written_ == head_.end(next_); ++next_) {
    file_.write(std::string(static_cast<std::size_t>(head_.aligned(written_) - written_), '\0'));
    written_ = head_.aligned(written_);
  }
}

}  // namespace moe::inline MOE_ABI::detail
