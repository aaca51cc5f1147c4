#pragma once
#include "read_provider.hpp"
#include "../core/concat.hpp"
#include "../core/crc32c.hpp"
#include "../core/error.hpp"
#include "../io/file.hpp"

#include <algorithm>
#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <utility>
#include <vector>

namespace moe::inline MOE_ABI {

MOE_INLINE ReadProvider::ReadProvider(ExpertCatalog catalog, const ReadOptions& options)
    : state_(new State(std::move(catalog), options)) {}

MOE_INLINE ReadProvider::ReadProvider(const Checkpoint& checkpoint, const ReadOptions& options)
    : ReadProvider(ExpertCatalog(checkpoint), options) {}

MOE_INLINE std::size_t ReadProvider::bytes(ExpertId id) const noexcept {
  return state_->catalog.has(id) ? state_->slab_bytes(state_->catalog.at(id)) : 0;
}

MOE_INLINE std::size_t ReadProvider::largest_bytes() const {
  std::size_t most = 0;
  for (std::size_t i = 0; i < state_->catalog.size(); ++i)
    most = std::max(most, state_->slab_bytes(state_->catalog[i]));
  return most;
}

MOE_INLINE ReadStatistics ReadProvider::statistics() const {
  ReadStatistics out{state_->reads.load(std::memory_order_relaxed),
                     state_->read_bytes.load(std::memory_order_relaxed)};
  for (const detail::DirectFile& file : state_->direct)
    out.direct_refused = out.direct_refused || file.refused();
  return out;
}

MOE_INLINE ReadProvider::State::State(ExpertCatalog from, const ReadOptions& options)
    : catalog(std::move(from)), verify(options.verify) {
  expect_slabs();
  for (std::size_t i = 0; verify && i < catalog.size(); ++i)
    for (const MatrixLocation* matrix : {&catalog[i].gate, &catalog[i].up, &catalog[i].down})
      if (!matrix->crc32c && matrix->bytes() > 0)
        detail::fail(catalog.checkpoint().files()[matrix->file].path(), "verifying",
                     "checksums, which extract writes", "none");
  if (!options.direct) return;
  for (const File& file : catalog.checkpoint().files()) direct.emplace_back(file);
}

MOE_INLINE void ReadProvider::State::expect_slabs() {
  std::vector<std::pair<std::size_t, std::size_t>> sizes;  // bytes, and how many experts
  for (std::size_t i = 0; i < catalog.size(); ++i) {
    const std::size_t bytes = slab_bytes(catalog[i]);
    if (bytes == 0) continue;
    std::size_t s = 0;
    while (s < sizes.size() && sizes[s].first != bytes) ++s;
    if (s == sizes.size()) sizes.push_back({bytes, 0});
    ++sizes[s].second;
  }
  for (const auto& [bytes, count] : sizes) pool.expect(bytes, count);
}

MOE_INLINE std::uint64_t ReadProvider::State::aligned(std::uint64_t offset) const {
  return direct.empty() ? offset : offset / detail::DirectFile::alignment * detail::DirectFile::alignment;
}

MOE_INLINE bool ReadProvider::State::follows(const Run& run, const MatrixLocation& matrix) {
  return run.file == matrix.file && matrix.offset >= run.end &&
         matrix.offset - run.end < detail::Pages::page_bytes;
}

MOE_INLINE ReadProvider::Plan ReadProvider::State::plan(const ExpertLocation& expert) const {
  const std::array<const MatrixLocation*, 3> matrices{&expert.gate, &expert.up, &expert.down};
  Plan out;
  for (std::size_t m = 0; m < 3; ++m) {
    const MatrixLocation& matrix = *matrices[m];
    Run* last = out.count > 0 ? &out.runs[out.count - 1] : nullptr;
    if (!last || !follows(*last, matrix)) {
      last = &out.runs[out.count++];
      *last = {matrix.file, matrix.offset, matrix.offset, 0};
    }
    last->end = matrix.offset + matrix.bytes();
    out.of_matrix[m] = out.count - 1;
  }
  for (std::size_t r = 0; r < out.count; ++r) {
    out.runs[r].at = out.bytes;
    out.bytes +=
        detail::Pages::rounded(static_cast<std::size_t>(out.runs[r].end - aligned(out.runs[r].begin)));
  }
  return out;
}

MOE_INLINE ReadProvider::Lease ReadProvider::State::read(ExpertId id) {
  const ExpertLocation& expert = catalog.at(id);
  const Plan steps = plan(expert);
  Lease lease(pool.take(steps.bytes));
  for (std::size_t r = 0; r < steps.count; ++r) read_run(steps.runs[r], lease.slab_.data());
  const auto view = [&](const MatrixLocation& matrix, std::size_t m) {
    const Run& run = steps.runs[steps.of_matrix[m]];
    const auto within = static_cast<std::size_t>(matrix.offset - aligned(run.begin));
    return Matrix{lease.slab_.data() + run.at + within, matrix.dtype, matrix.rows, matrix.cols};
  };
  lease.weights_ = {view(expert.gate, 0), view(expert.up, 1), view(expert.down, 2)};
  if (verify) {
    require_right(id, "gate", expert.gate, lease.weights_.gate);
    require_right(id, "up", expert.up, lease.weights_.up);
    require_right(id, "down", expert.down, lease.weights_.down);
  }
  return lease;
}

MOE_INLINE void ReadProvider::State::require_right(ExpertId id, const char* projection,
                                                   const MatrixLocation& from, const Matrix& read) const {
  const std::uint32_t checksum = detail::crc32c({read.data, read.bytes()});
  if (checksum != from.crc32c)
    detail::fail(catalog.checkpoint().files()[from.file].path(),
                 detail::concat(projection, " of expert ", id.expert, " of layer ", id.layer),
                 detail::concat("CRC-32C ", *from.crc32c), detail::concat(checksum));
}

MOE_INLINE void ReadProvider::State::read_run(const Run& run, std::byte* slab) {
  const std::uint64_t begin = aligned(run.begin);
  const auto needed = static_cast<std::size_t>(run.end - begin);
  if (direct.empty()) {
    catalog.checkpoint().files()[run.file].read_at(begin, {slab + run.at, needed});
  } else {
    direct[run.file].read_at(begin, {slab + run.at, detail::Pages::rounded(needed)}, needed);
  }
  reads.fetch_add(1, std::memory_order_relaxed);
  read_bytes.fetch_add(needed, std::memory_order_relaxed);
}

}  // namespace moe::inline MOE_ABI
