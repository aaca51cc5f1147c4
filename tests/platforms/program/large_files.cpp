// SPDX-License-Identifier: MIT
// Files of more than 4 GiB, which take little space on the disk: only the last bytes are written.
#include "detail/io/checkpoint.hpp"
#include "detail/io/direct_file.hpp"
#include "detail/io/file.hpp"
#include "detail/io/pages.hpp"
#include "detail/io/system_write.hpp"
#include "support/message_of.hpp"
#include "support/safetensors_writer.hpp"
#include "support/temporary_directory.hpp"

#include <doctest/doctest.h>

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>
#include <string>
#include <string_view>

namespace {

constexpr std::uint64_t large_bytes = (std::uint64_t{5} << 30) + 4096;
constexpr std::uint64_t tail_offset = large_bytes - 4096;

/// Creates a file of large_bytes bytes that begins with `head` and has `tail` at tail_offset.
std::string write_large_file(const std::string& path, std::string_view head, std::string_view tail) {
  const moe::detail::UniqueFile file(moe::detail::open_file_to_write(path));
  REQUIRE(file);
  REQUIRE(moe::detail::resize_file(file.get(), large_bytes));
  const auto write = [&](std::uint64_t offset, std::string_view text) {
    const auto* const bytes = reinterpret_cast<const std::byte*>(text.data());
    REQUIRE(moe::detail::write_file_at(file.get(), offset, bytes, text.size()) ==
            static_cast<std::int64_t>(text.size()));
  };
  write(0, head);
  write(tail_offset, tail);
  return path;
}

#if SIZE_MAX <= UINT32_MAX

/// The head of a safetensors file with one tensor that fills the file.
std::string head_of_large_tensor() {
  constexpr std::size_t header_bytes = 4096 - 8;
  const std::uint64_t bytes = large_bytes - 4096;
  std::string header = R"({"weight":{"dtype":"F32","shape":[)" + std::to_string(bytes / 4) +
                       R"(],"data_offsets":[0,)" + std::to_string(bytes) + "]}}";
  header.resize(header_bytes, ' ');
  return safetensors(header, "");
}

#endif

}  // namespace

TEST_CASE("large file: positioned reads behind 4 GiB return the bytes that were written there") {
  const TemporaryDirectory directory;
  const moe::File file(write_large_file(directory / "large", "begin", "the end"));
  CHECK(file.size() == large_bytes);
  std::string read(7, '\0');
  file.read_at(tail_offset, std::as_writable_bytes(std::span(read)));
  CHECK(read == "the end");
}

TEST_CASE("large file: direct reads behind 4 GiB return the bytes that were written there") {
  const TemporaryDirectory directory;
  const moe::File file(write_large_file(directory / "large", "begin", "the end"));
  const moe::detail::DirectFile direct(file);
  const moe::detail::Pages into(4096);
  direct.read_at(tail_offset, {into.data(), into.bytes()}, 4096);
  CHECK(std::memcmp(into.data(), "the end", 7) == 0);
}

#if SIZE_MAX > UINT32_MAX

TEST_CASE("large file: a mapping has the bytes behind 4 GiB") {
  const TemporaryDirectory directory;
  const moe::detail::Mapping mapping =
      moe::File(write_large_file(directory / "large", "begin", "the end")).map();
  REQUIRE(mapping.bytes().size() == large_bytes);
  moe::detail::Mapping::will_need(mapping.bytes().subspan(tail_offset, 7));
  CHECK(std::memcmp(mapping.bytes().data() + tail_offset, "the end", 7) == 0);
}

#else

TEST_CASE("large file: a 32-bit program refuses a checkpoint over its address space") {
  const TemporaryDirectory directory;
  directory.write("config.json", "{}");
  const std::string path =
      write_large_file(directory / "model.safetensors", head_of_large_tensor(), "the end");
  check_error([&] { return moe::Checkpoint(directory.path()); },
              {path, "mapping", "at most 4294967295 bytes", "the address space of a 32-bit program",
               std::to_string(large_bytes) + " bytes"});
}

#endif
