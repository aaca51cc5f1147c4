// SPDX-License-Identifier: MIT
#pragma once
#include "../core/config.hpp"

#include <cstddef>
#include <cstdint>

namespace moe::inline MOE_ABI::detail {

/// Size and alignment of a huge page.
inline constexpr std::size_t huge_page_bytes = std::size_t{2} << 20;

/// The division of a mapping that is one huge page longer than needed: the bytes before the first place where a huge page can
/// begin, the bytes to keep, and the bytes at the end. Each part consists of whole pages of the machine, since
/// munmap() refuses an address within a page. begin: the address of the mapping; page: the size of a page.
struct HugePagePlacement {
  HugePagePlacement(std::uintptr_t begin, std::size_t bytes, std::size_t page)
      : before((huge_page_bytes - begin % huge_page_bytes) % huge_page_bytes),
        kept((bytes + page - 1) / page * page),
        after(huge_page_bytes - before) {}

  std::size_t before, kept, after;
};

}  // namespace moe::inline MOE_ABI::detail
