#pragma once
#include "read_provider.hpp"
#include "../core/concat.hpp"
#include "../core/crc32c.hpp"
#include "../core/error.hpp"
#include "../io/direct_file.hpp"
#include "../io/file.hpp"
#include "../io/pages.hpp"

#include <algorithm>
#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string_view>
#include <utility>
#include <vector>

namespace moe::inline MOE_ABI::detail {

/// Consecutive bytes of a file, and where they go in a slab.
struct ReadRun {
  std::size_t file = 0;
  std::uint64_t begin = 0, end = 0;  // in the file
  std::size_t at =
      0;  // in the slab: where the first byte goes, or, if reads are direct, the aligned one before it
};

/// How an expert is read into a slab.
struct ReadPlan {
  std::array<ReadRun, 3> runs;
  std::size_t run_count = 0;
  std::array<std::size_t, 3> run_of_matrix = {};  // of gate, up and down
  std::size_t slab_bytes = 0;
};

/// The offset at which reading begins.
constexpr std::uint64_t read_begin(std::uint64_t offset, bool direct) {
  return direct ? offset / DirectFile::alignment * DirectFile::alignment : offset;
}

/// Whether a matrix lies directly behind a run, except for padding.
constexpr bool follows(const ReadRun& run, const MatrixLocation& matrix) {
  return run.file == matrix.file && matrix.offset >= run.end && matrix.offset - run.end < Pages::page_bytes;
}

MOE_INLINE ReadPlan plan_reads(const ExpertLocation& expert, bool direct) {
  const std::array<const MatrixLocation*, 3> matrices{&expert.gate, &expert.up, &expert.down};
  ReadPlan plan;
  for (std::size_t m = 0; m < matrices.size(); ++m) {
    const MatrixLocation& matrix = *matrices[m];
    if (plan.run_count == 0 || !follows(plan.runs[plan.run_count - 1], matrix))
      plan.runs[plan.run_count++] = {matrix.file, matrix.offset, matrix.offset, 0};
    plan.runs[plan.run_count - 1].end = matrix.offset + matrix.bytes();
    plan.run_of_matrix[m] = plan.run_count - 1;
  }
  for (std::size_t r = 0; r < plan.run_count; ++r) {
    ReadRun& run = plan.runs[r];
    run.at = plan.slab_bytes;
    plan.slab_bytes += Pages::rounded(static_cast<std::size_t>(run.end - read_begin(run.begin, direct)));
  }
  return plan;
}

}  // namespace moe::inline MOE_ABI::detail

namespace moe::inline MOE_ABI {

struct ReadProvider::State {
  State(ExpertCatalog from, const ReadOptions& options);

  void require_checksums() const;
  void expect_slabs();

  Lease read(ExpertId id);
  void read_run(const detail::ReadRun& run, std::byte* slab);
  void verify_matrix(std::string_view projection, ExpertId id, const MatrixLocation& from,
                     const Matrix& matrix) const;

  ExpertCatalog catalog;
  bool direct, verify;
  std::vector<detail::DirectFile> direct_files;  // of the checkpoint's files; empty unless `direct`
  std::size_t largest_bytes = 0;
  detail::SlabPool pool;
  std::atomic<std::uint64_t> reads = 0;
  std::atomic<std::uint64_t> read_bytes = 0;
};

MOE_INLINE ReadProvider::ReadProvider(ExpertCatalog catalog, const ReadOptions& options)
    : state_(std::make_unique<State>(std::move(catalog), options)) {}

MOE_INLINE ReadProvider::ReadProvider(const Checkpoint& checkpoint, const ReadOptions& options)
    : ReadProvider(ExpertCatalog(checkpoint), options) {}

MOE_INLINE ReadProvider::ReadProvider(ReadProvider&& other) noexcept = default;
MOE_INLINE ReadProvider& ReadProvider::operator=(ReadProvider&& other) noexcept = default;
MOE_INLINE ReadProvider::~ReadProvider() = default;

MOE_INLINE ReadProvider::Lease ReadProvider::acquire(ExpertId id) { return state_->read(id); }

MOE_INLINE std::size_t ReadProvider::bytes(ExpertId id) const noexcept {
  if (!state_->catalog.has(id)) return 0;
  return detail::plan_reads(state_->catalog.at(id), state_->direct).slab_bytes;
}

MOE_INLINE std::size_t ReadProvider::largest_bytes() const { return state_->largest_bytes; }

MOE_INLINE void ReadProvider::reserve(std::size_t total_bytes) {
  if (state_->largest_bytes > 0) state_->pool.reserve(state_->largest_bytes, total_bytes);
}

MOE_INLINE ReadStatistics ReadProvider::statistics() const {
  ReadStatistics out{.reads = state_->reads.load(std::memory_order_relaxed),
                     .bytes = state_->read_bytes.load(std::memory_order_relaxed)};
  for (const detail::DirectFile& file : state_->direct_files)
    out.direct_refused = out.direct_refused || file.refused();
  return out;
}

MOE_INLINE const ExpertCatalog& ReadProvider::catalog() const { return state_->catalog; }

MOE_INLINE ReadProvider::State::State(ExpertCatalog from, const ReadOptions& options)
    : catalog(std::move(from)), direct(options.direct), verify(options.verify) {
  if (verify) require_checksums();
  if (direct)
    for (const File& file : catalog.checkpoint().files()) direct_files.emplace_back(file);
  expect_slabs();
}

MOE_INLINE void ReadProvider::State::require_checksums() const {
  for (std::size_t i = 0; i < catalog.size(); ++i)
    for (const MatrixLocation* matrix : {&catalog[i].gate, &catalog[i].up, &catalog[i].down})
      if (!matrix->crc32c)
        detail::fail(catalog.checkpoint().files()[matrix->file].path(), "verifying",
                     "checksums, as `extract` writes them", "none");
}

MOE_INLINE void ReadProvider::State::expect_slabs() {
  std::vector<std::size_t> sizes;
  for (std::size_t i = 0; i < catalog.size(); ++i)
    sizes.push_back(detail::plan_reads(catalog[i], direct).slab_bytes);
  std::sort(sizes.begin(), sizes.end());
  for (std::size_t first = 0, next = 0; first < sizes.size(); first = next) {
    while (next < sizes.size() && sizes[next] == sizes[first]) ++next;
    pool.expect(sizes[first], next - first);
  }
  if (!sizes.empty()) largest_bytes = sizes.back();
}

MOE_INLINE ReadProvider::Lease ReadProvider::State::read(ExpertId id) {
  const ExpertLocation& expert = catalog.at(id);
  const detail::ReadPlan plan = detail::plan_reads(expert, direct);
  Lease lease(pool.take(plan.slab_bytes));
  for (std::size_t r = 0; r < plan.run_count; ++r) read_run(plan.runs[r], lease.slab_.data());
  const auto view = [&](const MatrixLocation& matrix, std::size_t m) {
    const detail::ReadRun& run = plan.runs[plan.run_of_matrix[m]];
    const auto within = static_cast<std::size_t>(matrix.offset - detail::read_begin(run.begin, direct));
    return Matrix{lease.slab_.data() + run.at + within, matrix.dtype, matrix.rows, matrix.cols};
  };
  lease.weights_ = {view(expert.gate, 0), view(expert.up, 1), view(expert.down, 2)};
  if (verify) {
    verify_matrix("gate", id, expert.gate, lease.weights_.gate);
    verify_matrix("up", id, expert.up, lease.weights_.up);
    verify_matrix("down", id, expert.down, lease.weights_.down);
  }
  return lease;
}

MOE_INLINE void ReadProvider::State::read_run(const detail::ReadRun& run, std::byte* slab) {
  const std::uint64_t begin = detail::read_begin(run.begin, direct);
  const auto needed = static_cast<std::size_t>(run.end - begin);
  if (direct) {
    direct_files[run.file].read_at(begin, {slab + run.at, detail::Pages::rounded(needed)}, needed);
  } else {
    catalog.checkpoint().files()[run.file].read_at(begin, {slab + run.at, needed});
  }
  reads.fetch_add(1, std::memory_order_relaxed);
  read_bytes.fetch_add(needed, std::memory_order_relaxed);
}

MOE_INLINE void ReadProvider::State::verify_matrix(std::string_view projection, ExpertId id,
                                                   const MatrixLocation& from, const Matrix& matrix) const {
  const std::uint32_t found = detail::crc32c({matrix.data, matrix.bytes()});
  if (found != from.crc32c)
    detail::fail(catalog.checkpoint().files()[from.file].path(), detail::describe(projection, id),
                 detail::concat("CRC-32C ", *from.crc32c), detail::concat(found));
}

}  // namespace moe::inline MOE_ABI
