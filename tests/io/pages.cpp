// SPDX-License-Identifier: MIT
#include "detail/io/huge_page_placement.hpp"
#include "detail/io/pages.hpp"
#include "detail/io/system.hpp"

#include <doctest/doctest.h>

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <new>

using moe::detail::huge_page_bytes;
using moe::detail::Pages;

TEST_CASE("pages: memory is zeroed, and large memory begins where a huge page can begin") {
  for (const std::size_t bytes :
       {std::size_t{1}, std::size_t{4096}, huge_page_bytes + 4096, 3 * huge_page_bytes - 1}) {
    const Pages pages(bytes);
    CHECK(pages.bytes() == Pages::rounded(bytes));
#if !defined(_WIN32)  // Windows has no huge pages without a privilege
    if (bytes >= huge_page_bytes)
      CHECK(reinterpret_cast<std::uintptr_t>(pages.data()) % huge_page_bytes == 0);
#endif
    CHECK(pages.data()[pages.bytes() - 1] == std::byte{0});
    std::memset(pages.data(), 1, pages.bytes());
  }
  CHECK_THROWS_AS(Pages(SIZE_MAX), std::bad_alloc);
}

TEST_CASE("pages: a size is rounded up to whole pages, or to SIZE_MAX if the whole pages do not fit") {
  CHECK(Pages::rounded(0) == 0);
  CHECK(Pages::rounded(1) == 4096);
  CHECK(Pages::rounded(4096) == 4096);
  CHECK(Pages::rounded(SIZE_MAX - 4095) == SIZE_MAX - 4095);
  CHECK(Pages::rounded(SIZE_MAX - 4094) == SIZE_MAX);
}

TEST_CASE("pages: the parts unmapped around huge pages consist of whole pages of 4, 16 or 64 KiB") {
  for (const std::size_t page : {4096u, 16384u, 65536u})
    for (const std::uintptr_t begin : {std::uintptr_t{0}, std::uintptr_t{page}, huge_page_bytes - page})
      for (const std::size_t bytes : {huge_page_bytes, huge_page_bytes + 4096, 2 * huge_page_bytes - 4096}) {
        CAPTURE(page);
        CAPTURE(begin);
        CAPTURE(bytes);
        const moe::detail::HugePagePlacement place(begin, bytes, page);
        CHECK((begin + place.before) % huge_page_bytes == 0);
        CHECK(place.kept >= bytes);
        CHECK(place.before % page == 0);
        CHECK(place.kept % page == 0);
        CHECK(place.after % page == 0);
        CHECK(place.before + place.after == huge_page_bytes);
      }
}
