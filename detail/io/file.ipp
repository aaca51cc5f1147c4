// SPDX-License-Identifier: MIT
#pragma once
#include "file.hpp"
#include "../core/concat.hpp"
#include "../core/error.hpp"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace moe::inline MOE_ABI::detail {

MOE_INLINE bool is_directory(const std::string& path) { return kind_of(path) == PathKind::directory; }

MOE_INLINE bool is_file(const std::string& path) {
  const PathKind kind = kind_of(path);
  return kind != PathKind::missing && kind != PathKind::directory;
}

MOE_INLINE std::string join_path(std::string_view directory, std::string_view name) {
  const bool separated = directory.empty() || is_path_separator(directory.back());
  return separated ? concat(directory, name) : concat(directory, '/', name);
}

MOE_INLINE std::string_view file_name(std::string_view path) {
  std::size_t begin = path.size();
  while (begin > 0 && !is_path_separator(path[begin - 1])) --begin;
  return path.substr(begin);
}

MOE_INLINE std::string parent_directory(const std::string& path) {
  const std::size_t begin = path.size() - file_name(path).size();
  if (begin == 0) return ".";
  std::size_t end = begin - 1;
  if (end == 0) end = 1;  // the root, `/`
#if defined(_WIN32)
  if (end == 2 && path[1] == ':') end = 3;  // the root of a drive, `C:\`
#endif
  return path.substr(0, end);
}

MOE_INLINE std::vector<std::string> list_directory(const std::string& directory) {
  auto names = names_in(directory);
  if (!names) fail(directory, "listing", "a directory that can be read", message_of(last_error()));
  std::sort(names->begin(), names->end());
  return *std::move(names);
}

MOE_INLINE Mapping& Mapping::operator=(Mapping&& other) noexcept {
  std::swap(address_, other.address_);
  std::swap(bytes_, other.bytes_);
  return *this;
}

MOE_INLINE Mapping::~Mapping() {
  if (address_) unmap_file(address_, bytes_);
}

MOE_INLINE void Mapping::will_need(std::span<const std::byte> range) {
  if (!range.empty()) detail::will_need(const_cast<std::byte*>(range.data()), range.size());
}

}  // namespace moe::inline MOE_ABI::detail

namespace moe::inline MOE_ABI {

MOE_INLINE File::File(std::string path) : path_(std::move(path)) {
  // The kind is checked before the file is opened, because opening a device may have side effects. The kind of the open file is
  // checked again, because the path may name another file by now.
  const auto require_file = [&](detail::PathKind kind) {
    if (kind != detail::PathKind::file && kind != detail::PathKind::missing)
      detail::fail(path_, "opening", "a file", detail::description_of(kind));
  };
  require_file(detail::kind_of(path_));
  handle_ = detail::UniqueFile(detail::open_file(path_));
  if (!handle_) fail_with("opening", "a readable file");
  require_file(detail::kind_of(handle_.get()));
  if (!detail::size_of_file(handle_.get(), size_)) fail_with("opening", "a file with a size");
}

MOE_INLINE void File::read_at(std::uint64_t offset, std::span<std::byte> into) const {
  std::size_t done = 0;
  while (done < into.size()) {
    const std::int64_t got =
        detail::read_file_at(handle_.get(), offset + done, into.data() + done, into.size() - done);
    if (got < 0 && detail::interrupted(detail::last_error())) continue;
    if (got < 0) fail_with(detail::concat("byte ", offset + done), "a readable byte");
    if (got == 0)
      detail::fail(path_, detail::concat("byte ", offset + done),
                   detail::concat(into.size() - done, " more bytes"), "the end of the file");
    done += static_cast<std::size_t>(got);
  }
}

MOE_INLINE detail::Mapping File::map() const {
  if (size_ == 0) return {};
  constexpr std::size_t most_bytes = (std::numeric_limits<std::size_t>::max)();
  if (size_ > most_bytes)
    detail::fail(path_, "mapping",
                 detail::concat("at most ", most_bytes, " bytes, the address space of a ",
                                8 * sizeof(std::size_t), "-bit program"),
                 detail::concat(size_, " bytes"));
  const auto bytes = static_cast<std::size_t>(size_);
  void* address = detail::map_file(handle_.get(), bytes);
  if (!address) fail_with("mapping", detail::concat("address space for ", size_, " bytes"));
  return {static_cast<std::byte*>(address), bytes};
}

MOE_INLINE void File::fail_with(std::string_view place, std::string_view expected) const {
  detail::fail(path_, place, expected, detail::message_of(detail::last_error()));
}

}  // namespace moe::inline MOE_ABI

namespace moe::inline MOE_ABI::detail {

MOE_INLINE std::string read_text(const std::string& path, std::uint64_t most_bytes) {
  const File file(path);
  if (file.size() > most_bytes)
    fail(path, "size", concat("at most ", most_bytes, " bytes"), concat(file.size(), " bytes"));
  std::string text(static_cast<std::size_t>(file.size()), '\0');
  file.read_at(0, std::as_writable_bytes(std::span(text.data(), text.size())));
  return text;
}

}  // namespace moe::inline MOE_ABI::detail
