#pragma once
#include "mmap_provider.hpp"
#include "../io/file.hpp"

#include <atomic>
#include <cstddef>
#include <memory>
#include <optional>
#include <utility>
#include <vector>

namespace moe::inline MOE_ABI {

struct MmapProvider::State {
  struct Expert {
    explicit Expert(const ExpertWeights& from) : weights(from) {}
    Expert(Expert&& other) noexcept : weights(other.weights) {}  // only while the list is built

    ExpertWeights weights;
    std::atomic<bool> touched = false;
  };

  explicit State(ExpertCatalog from);

  Expert& at(ExpertId id) { return experts[catalog.index(id)]; }
  Matrix view(const MatrixLocation& location) const;

  ExpertCatalog catalog;
  std::vector<Expert> experts;  // by the index of the catalog
};

MOE_INLINE MmapProvider::MmapProvider(ExpertCatalog catalog)
    : state_(std::make_unique<State>(std::move(catalog))) {}

MOE_INLINE MmapProvider::MmapProvider(const Checkpoint& checkpoint)
    : MmapProvider(ExpertCatalog(checkpoint)) {}

MOE_INLINE MmapProvider::MmapProvider(MmapProvider&& other) noexcept = default;
MOE_INLINE MmapProvider& MmapProvider::operator=(MmapProvider&& other) noexcept = default;
MOE_INLINE MmapProvider::~MmapProvider() = default;

MOE_INLINE MmapProvider::Lease MmapProvider::acquire(ExpertId id) const {
  State::Expert& expert = state_->at(id);
  expert.touched.store(true, std::memory_order_relaxed);
  return &expert.weights;
}

MOE_INLINE std::optional<MmapProvider::Lease> MmapProvider::try_acquire(ExpertId id) const {
  const State::Expert& expert = state_->at(id);
  if (!expert.touched.load(std::memory_order_relaxed)) return {};
  return &expert.weights;
}

MOE_INLINE void MmapProvider::hint(const Announcement& announcement) const noexcept {
  using enum Announcement::Kind;
  if (announcement.kind != chosen && announcement.kind != prefill) return;
  for (const ExpertId id : announcement.ids) {
    if (!state_->catalog.has(id)) continue;
    const ExpertWeights& weights = state_->at(id).weights;
    for (const Matrix& matrix : {weights.gate, weights.up, weights.down})
      detail::Mapping::will_need({matrix.data, matrix.bytes()});
  }
}

MOE_INLINE const ExpertCatalog& MmapProvider::catalog() const { return state_->catalog; }

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
