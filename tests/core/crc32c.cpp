// SPDX-License-Identifier: MIT
#include "detail/core/crc32c.hpp"

#include <doctest/doctest.h>

#include <cstddef>
#include <span>
#include <string_view>
#include <vector>

namespace {

std::span<const std::byte> bytes_of(std::string_view text) { return std::as_bytes(std::span(text)); }

}  // namespace

TEST_CASE("crc32c: matches the test values of RFC 3720") {
  CHECK(moe::detail::crc32c(bytes_of("123456789")) == 0xe3069283);
  CHECK(moe::detail::crc32c(std::vector<std::byte>(32, std::byte{0x00})) == 0x8a9136aa);
  CHECK(moe::detail::crc32c(std::vector<std::byte>(32, std::byte{0xff})) == 0x62a8ab43);
  CHECK(moe::detail::crc32c({}) == 0);
}

TEST_CASE("crc32c: a text in two pieces has the checksum of the whole text") {
  const std::string_view text = "The quick brown fox jumps over the lazy dog";
  for (std::size_t cut = 0; cut <= text.size(); ++cut)
    CHECK(
        moe::detail::crc32c(bytes_of(text.substr(cut)), moe::detail::crc32c(bytes_of(text.substr(0, cut)))) ==
        moe::detail::crc32c(bytes_of(text)));
}

TEST_CASE("crc32c: tables and the instruction of the processor give the same checksum") {
  std::vector<std::byte> bytes(1000);
  for (std::size_t i = 0; i < bytes.size(); ++i) bytes[i] = static_cast<std::byte>(i * i >> 3);
  for (std::size_t size = 0; size < 40; ++size)
    CHECK(moe::detail::crc32c({bytes.data() + size, size * 20}) ==
          ~moe::detail::crc32c_by_tables({bytes.data() + size, size * 20}, ~std::uint32_t{0}));
}
