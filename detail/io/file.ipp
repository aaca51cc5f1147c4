#pragma once
#include "file.hpp"
#include "../core/concat.hpp"
#include "../core/error.hpp"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <limits>
#include <span>
#include <string>
#include <string_view>
#include <utility>

namespace moe::inline MOE_ABI::detail {

MOE_INLINE bool is_directory(const std::string& path) {
  return detail::kind_of(path) == detail::PathKind::directory;
}

MOE_INLINE std::string join_path(std::string_view directory, std::string_view name) {
  const bool separated = directory.empty() || directory.back() == '/';
  return separated ? detail::concat(directory, name) : detail::concat(directory, '/', name);
}

MOE_INLINE std::string parent_directory(const std::string& path) {
  const std::size_t slash = path.find_last_of("/\\");
  return slash == std::string::npos ? "." : path.substr(0, std::max(slash, std::size_t{1}));
}

MOE_INLINE Mapping& Mapping::operator=(Mapping&& other) noexcept {
  std::swap(address_, other.address_);
  std::swap(bytes_, other.bytes_);
  return *this;
}

MOE_INLINE Mapping::~Mapping() {
  if (address_) detail::unmap_file(address_, bytes_);
}

MOE_INLINE void Mapping::will_need(std::span<const std::byte> range) {
  if (!range.empty()) detail::will_need(const_cast<std::byte*>(range.data()), range.size());
}

}  // namespace moe::inline MOE_ABI::detail

namespace moe::inline MOE_ABI {

MOE_INLINE File::File(std::string path) : path_(std::move(path)) {
  detail::expect(!detail::is_directory(path_), path_, "opening", "a file", "a directory");
  handle_ = detail::open_file(path_);
  if (handle_ == detail::no_file) fail_with("opening", "a readable file");
  if (!detail::size_of_file(handle_, size_)) fail_with("opening", "a file with a size");
}

MOE_INLINE File::File(File&& other) noexcept
    : path_(std::move(other.path_)),
      handle_(std::exchange(other.handle_, detail::no_file)),
      size_(other.size_) {}

MOE_INLINE File::~File() {
  if (handle_ != detail::no_file) detail::close_file(handle_);
}

MOE_INLINE void File::read_at(std::uint64_t offset, std::span<std::byte> into) const {
  std::size_t done = 0;
  while (done < into.size()) {
    const std::int64_t got =
        detail::read_file_at(handle_, offset + done, into.data() + done, into.size() - done);
    if (got < 0 && detail::interrupted(detail::last_error())) continue;
    if (got < 0) fail_with(detail::concat("byte ", offset + done), "to read");
    if (got == 0)
      detail::fail(path_, detail::concat("byte ", offset + done),
                   detail::concat(into.size() - done, " more bytes"), "the end of the file");
    done += static_cast<std::size_t>(got);
  }
}

MOE_INLINE detail::Mapping File::map() const {
  if (size_ == 0) return {};
  detail::expect(size_ <= (std::numeric_limits<std::size_t>::max)(), path_, "mapping",
                 "a file that fits into the address space", "a larger one");
  const auto bytes = static_cast<std::size_t>(size_);
  void* address = detail::map_file(handle_, bytes);
  if (!address) fail_with("mapping", "memory for it");
  return {static_cast<std::byte*>(address), bytes};
}

MOE_INLINE void File::fail_with(std::string_view place, std::string_view expected) const {
  detail::fail(path_, place, expected, detail::message_of(detail::last_error()));
}

}  // namespace moe::inline MOE_ABI

namespace moe::inline MOE_ABI::detail {

MOE_INLINE std::string read_text(const std::string& path, std::uint64_t most) {
  const File file(path);
  if (file.size() > most)
    fail(path, "size", detail::concat("at most ", most, " bytes"), detail::concat(file.size(), " bytes"));
  std::string text(static_cast<std::size_t>(file.size()), '\0');
  file.read_at(0, {reinterpret_cast<std::byte*>(text.data()), text.size()});
  return text;
}

}  // namespace moe::inline MOE_ABI::detail
