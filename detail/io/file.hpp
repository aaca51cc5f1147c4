#pragma once
#include "../core/error.hpp"
#include "system.hpp"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <span>
#include <string>
#include <utility>

namespace moe {

inline bool is_directory(const std::string& path) {
  return detail::kind_of(path) == detail::PathKind::directory;
}
inline bool is_file(const std::string& path) { return detail::kind_of(path) == detail::PathKind::file; }

/// `directory/name`.
inline std::string join_path(std::string_view directory, std::string_view name) {
  const bool separated = directory.empty() || directory.back() == '/';
  return separated ? detail::concat(directory, name) : detail::concat(directory, '/', name);
}

/// The directory that holds `path`.
inline std::string parent_directory(const std::string& path) {
  const std::size_t slash = path.find_last_of("/\\");
  return slash == std::string::npos ? "." : path.substr(0, std::max(slash, std::size_t{1}));
}

/// A whole file as read-only memory. If somebody shortens the file meanwhile, touching the lost part ends the
/// program (SIGBUS on POSIX): copy a checkpoint to a place where nobody writes, or use a provider that reads.
class Mapping {
 public:
  Mapping() = default;
  Mapping(std::byte* address, std::size_t bytes) : address_(address), bytes_(bytes) {}
  Mapping(Mapping&& other) noexcept { *this = std::move(other); }
  Mapping& operator=(Mapping&& other) noexcept {
    std::swap(address_, other.address_);
    std::swap(bytes_, other.bytes_);
    return *this;
  }
  ~Mapping() {
    if (address_) detail::unmap_file(address_, bytes_);
  }

  std::span<const std::byte> bytes() const { return {address_, bytes_}; }

  /// Asks the system to read `range`, a part of bytes(), in the background.
  static void will_need(std::span<const std::byte> range) {
    if (!range.empty()) detail::will_need(const_cast<std::byte*>(range.data()), range.size());
  }

 private:
  std::byte* address_ = nullptr;
  std::size_t bytes_ = 0;
};

/// A file open for reading. Reading is safe from several threads.
class File {
 public:
  explicit File(std::string path) : path_(std::move(path)) {
    expect(!is_directory(path_), path_, "opening", "a file", "a directory");
    handle_ = detail::open_file(path_);
    if (handle_ == detail::no_file) fail_with("opening", "a readable file");
    if (!detail::size_of_file(handle_, size_)) fail_with("opening", "a file with a size");
  }
  File(File&& other) noexcept
      : path_(std::move(other.path_)),
        handle_(std::exchange(other.handle_, detail::no_file)),
        size_(other.size_) {}
  File& operator=(File&&) = delete;
  ~File() {
    if (handle_ != detail::no_file) detail::close_file(handle_);
  }

  const std::string& path() const { return path_; }

  /// In bytes, when it was opened.
  std::uint64_t size() const { return size_; }

  /// Fills `into` with the bytes from `offset` on. Throws if the file ends before or cannot be read.
  void read_at(std::uint64_t offset, std::span<std::byte> into) const {
    std::size_t done = 0;
    while (done < into.size()) {
      const std::int64_t got =
          detail::read_file_at(handle_, offset + done, into.data() + done, into.size() - done);
      if (got < 0 && detail::interrupted(detail::last_error())) continue;
      if (got < 0) fail_with(detail::concat("byte ", offset + done), "to read");
      if (got == 0)
        fail(path_, detail::concat("byte ", offset + done), detail::concat(into.size() - done, " more bytes"),
             "the end of the file");
      done += static_cast<std::size_t>(got);
    }
  }

  Mapping map() const {
    if (size_ == 0) return {};
    expect(size_ <= (std::numeric_limits<std::size_t>::max)(), path_, "mapping",
           "a file that fits into the address space", "a larger one");
    const auto bytes = static_cast<std::size_t>(size_);
    void* address = detail::map_file(handle_, bytes);
    if (!address) fail_with("mapping", "memory for it");
    return {static_cast<std::byte*>(address), bytes};
  }

 private:
  [[noreturn]] void fail_with(std::string_view place, std::string_view expected) const {
    fail(path_, place, expected, detail::message_of(detail::last_error()));
  }

  std::string path_;
  detail::FileHandle handle_ = detail::no_file;
  std::uint64_t size_ = 0;
};

/// The whole file as text, unchecked. Refuses more than `most` bytes.
inline std::string read_text(const std::string& path, std::uint64_t most = std::uint64_t{1} << 30) {
  const File file(path);
  if (file.size() > most)
    fail(path, "size", detail::concat("at most ", most, " bytes"), detail::concat(file.size(), " bytes"));
  std::string text(static_cast<std::size_t>(file.size()), '\0');
  file.read_at(0, {reinterpret_cast<std::byte*>(text.data()), text.size()});
  return text;
}

}  // namespace moe
