// SPDX-License-Identifier: MIT
#pragma once
#include "read_provider.hpp"
#include "../core/concat.hpp"
#include "../core/crc32c.hpp"
#include "../core/error.hpp"
#include "../io/direct_file.hpp"
#include "../io/file.hpp"
#include "../io/pages.hpp"
#include "matrix_decoder.hpp"

#include <algorithm>
#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <numeric>
#include <span>
#include <utility>
#include <vector>

namespace moe::inline MOE_ABI::detail {

/// Consecutive bytes of a file, and where they go in a slab.
struct ReadRun {
  std::size_t file = 0;
  std::uint64_t begin = 0, end = 0;  // in the file
  std::size_t at = 0;                // the place in the slab of the byte at read_begin(begin, direct)
};

/// How the stored ranges of an expert are read into a slab.
struct ReadPlan {
  std::array<ReadRun, StoredRanges::most> runs;
  std::size_t run_count = 0;
  std::array<std::size_t, StoredRanges::most> run_of_range = {};
  std::size_t slab_bytes = 0;
};

/// The offset in the file at which a read of the bytes from `offset` on begins.
constexpr std::uint64_t read_begin(std::uint64_t offset, bool direct) {
  return direct ? offset / DirectFile::alignment * DirectFile::alignment : offset;
}

/// Whether a range overlaps a run, or follows the run with a gap of less than a page. The range must not begin before the run.
constexpr bool follows(const ReadRun& run, const StoredBytes& range) {
  return run.file == range.file && (range.offset < run.end || range.offset - run.end < Pages::page_bytes);
}

MOE_INLINE ReadPlan plan_reads(const StoredRanges& ranges, bool direct) {
  std::array<std::size_t, StoredRanges::most> order;
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::sort(order.begin(), order.begin() + ranges.size(), [&](std::size_t a, std::size_t b) {
    return std::pair(ranges[a].file, ranges[a].offset) < std::pair(ranges[b].file, ranges[b].offset);
  });
  ReadPlan plan;
  for (const std::size_t range : std::span(order).first(ranges.size())) {
    const StoredBytes& stored = ranges[range];
    if (plan.run_count == 0 || !follows(plan.runs[plan.run_count - 1], stored))
      plan.runs[plan.run_count++] = {stored.file, stored.offset, stored.offset, 0};
    ReadRun& run = plan.runs[plan.run_count - 1];
    run.end = std::max(run.end, stored.offset + stored.bytes);
    plan.run_of_range[range] = plan.run_count - 1;
  }
  for (ReadRun& run : std::span(plan.runs).first(plan.run_count)) {
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

  std::size_t lease_bytes(const ExpertLocation& expert) const;

  Lease read(ExpertId id);
  void read_run(const detail::ReadRun& run, std::byte* slab);
  void verify_ranges(ExpertId id, const detail::StoredRanges& ranges, detail::RangeBytes bytes_of) const;

  ExpertCatalog catalog;
  bool direct, verify;
  std::vector<detail::DirectFile> direct_files;  // of the checkpoint's files; empty unless `direct`
  std::size_t largest_bytes = 0;
  detail::SlabPool pool;    // the memory of leases
  detail::SlabPool stored;  // the memory of stored bytes that are read and then converted
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
  return state_->lease_bytes(state_->catalog.at(id));
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
  for (std::size_t i = 0; i < catalog.size(); ++i) {
    const detail::StoredRanges ranges(catalog[i]);
    for (std::size_t range = 0; range < ranges.size(); ++range)
      if (!ranges[range].crc32c)
        detail::fail(catalog.checkpoint().files()[ranges[range].file].path(),
                     detail::describe(ranges.name_of(range), catalog.ids()[i]),
                     "a checksum to verify, as `extract` writes it", "none");
  }
}

MOE_INLINE void ReadProvider::State::expect_slabs() {
  std::vector<std::size_t> sizes;
  for (std::size_t i = 0; i < catalog.size(); ++i) sizes.push_back(lease_bytes(catalog[i]));
  if (!sizes.empty()) largest_bytes = *std::max_element(sizes.begin(), sizes.end());
  pool.expect_all(std::move(sizes));
}

MOE_INLINE std::size_t ReadProvider::State::lease_bytes(const ExpertLocation& expert) const {
  if (!expert.is_plain()) return detail::Pages::rounded(expert.bytes());
  return detail::plan_reads(detail::StoredRanges(expert), direct).slab_bytes;
}

MOE_INLINE ReadProvider::Lease ReadProvider::State::read(ExpertId id) {
  const ExpertLocation& expert = catalog.at(id);
  const detail::StoredRanges ranges(expert);
  const detail::ReadPlan plan = detail::plan_reads(ranges, direct);
  detail::SlabPool::Slab slab = (expert.is_plain() ? pool : stored).take(plan.slab_bytes);
  for (std::size_t r = 0; r < plan.run_count; ++r) read_run(plan.runs[r], slab.data());
  const auto bytes_of = [&](std::size_t range) {
    const detail::ReadRun& run = plan.runs[plan.run_of_range[range]];
    const auto within =
        static_cast<std::size_t>(ranges[range].offset - detail::read_begin(run.begin, direct));
    return std::span<const std::byte>(slab.data() + run.at + within, ranges[range].bytes);
  };
  if (verify) verify_ranges(id, ranges, bytes_of);
  if (expert.is_plain()) {
    const ExpertWeights weights = detail::view_expert(expert, ranges, bytes_of);
    return {std::move(slab), weights};
  }
  detail::SlabPool::Slab memory = pool.take(expert.bytes());
  const ExpertWeights weights = detail::decode_expert(expert, ranges, bytes_of, memory.data());
  return {std::move(memory), weights};
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

MOE_INLINE void ReadProvider::State::verify_ranges(ExpertId id, const detail::StoredRanges& ranges,
                                                   detail::RangeBytes bytes_of) const {
  for (std::size_t range = 0; range < ranges.size(); ++range) {
    const std::uint32_t found = detail::crc32c(bytes_of(range));
    if (found != ranges[range].crc32c)
      detail::fail(catalog.checkpoint().files()[ranges[range].file].path(),
                   detail::describe(ranges.name_of(range), id),
                   detail::concat("CRC-32C ", *ranges[range].crc32c), detail::concat(found));
  }
}

}  // namespace moe::inline MOE_ABI
