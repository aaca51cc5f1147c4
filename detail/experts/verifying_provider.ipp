#pragma once
#include "verifying_provider.hpp"

#include <cstddef>
#include <vector>

namespace moe::inline MOE_ABI::detail {

MOE_INLINE std::vector<ExpertChecksums> checksums_of(const ExpertCatalog& catalog) {
  std::vector<ExpertChecksums> out;
  const auto checksum = [&](const MatrixLocation& matrix) {
    return crc32c(catalog.checkpoint()
                      .mapped(matrix.file)
                      .subspan(static_cast<std::size_t>(matrix.offset), matrix.bytes()));
  };
  for (std::size_t i = 0; i < catalog.size(); ++i)
    out.push_back({checksum(catalog[i].gate), checksum(catalog[i].up), checksum(catalog[i].down)});
  return out;
}

}  // namespace moe::inline MOE_ABI::detail
