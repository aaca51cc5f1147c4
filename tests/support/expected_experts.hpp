// SPDX-License-Identifier: MIT
#pragma once
#include "detail/io/checkpoint.hpp"
#include "detail/experts/catalog.hpp"
#include "detail/experts/matrix_decoder.hpp"
#include "experts/contract.hpp"

#include <cstddef>
#include <memory>
#include <vector>

/// Views of all experts in the mapped files of a checkpoint. The files must store the experts as kernels read them.
inline ExpectedExperts expected_experts(const moe::Checkpoint& checkpoint) {
  const moe::ExpertCatalog catalog(checkpoint);
  ExpectedExperts out;
  for (const moe::ExpertId id : catalog.ids()) {
    const moe::detail::StoredRanges ranges(catalog.at(id));
    const auto bytes_of = [&](std::size_t range) {
      return checkpoint.mapped(ranges[range].file)
          .subspan(static_cast<std::size_t>(ranges[range].offset), ranges[range].bytes);
    };
    out[id] = moe::detail::view_expert(catalog.at(id), ranges, bytes_of);
  }
  return out;
}

/// All experts of a checkpoint as kernels read them, in memory of this object.
class DecodedExperts {
 public:
  explicit DecodedExperts(const moe::Checkpoint& checkpoint) {
    const moe::ExpertCatalog catalog(checkpoint);
    for (const moe::ExpertId id : catalog.ids()) {
      std::byte* memory = memory_.emplace_back(new std::byte[catalog.at(id).bytes()]).get();
      experts_[id] = catalog.read(id, memory);
    }
  }

  const ExpectedExperts& experts() const { return experts_; }

 private:
  std::vector<std::unique_ptr<std::byte[]>> memory_;
  ExpectedExperts experts_;
};
