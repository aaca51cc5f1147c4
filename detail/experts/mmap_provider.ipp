#pragma once
#include "mmap_provider.hpp"

#include <atomic>
#include <cstddef>
#include <cstring>
#include <optional>
#include <utility>

namespace moe::inline MOE_ABI {

MOE_INLINE MmapProvider::Lease MmapProvider::acquire(ExpertId id) const {
  Expert& expert = state_->experts[state_->catalog.index(id)];
  expert.touched.store(true, std::memory_order_relaxed);
  return &expert.weights;
}

MOE_INLINE std::optional<MmapProvider::Lease> MmapProvider::try_acquire(ExpertId id) const {
  const Expert& expert = state_->experts[state_->catalog.index(id)];
  if (!expert.touched.load(std::memory_order_relaxed)) return {};
  return &expert.weights;
}

MOE_INLINE void MmapProvider::hint(const Announcement& announcement) const noexcept {
  using enum Announcement::Kind;
  if (announcement.kind != chosen && announcement.kind != prefill) return;
  for (const ExpertId id : announcement.ids) {
    if (!state_->catalog.has(id)) continue;
    const ExpertWeights& weights = state_->experts[state_->catalog.index(id)].weights;
    for (const Matrix& matrix : {weights.gate, weights.up, weights.down})
      detail::Mapping::will_need({matrix.data, matrix.bytes()});
  }
}

MOE_INLINE MmapProvider::State::State(ExpertCatalog from) : catalog(std::move(from)) {
  experts.reserve(catalog.size());
  for (std::size_t i = 0; i < catalog.size(); ++i)
    experts.emplace_back(ExpertWeights{view(catalog[i].gate), view(catalog[i].up), view(catalog[i].down)});
}

MOE_INLINE Matrix MmapProvider::State::view(const MatrixLocation& location) const {
  const std::byte* file = catalog.checkpoint().mapped(location.file).data();
  return {file + location.offset, location.dtype, location.rows, location.cols};
}

}  // namespace moe::inline MOE_ABI
