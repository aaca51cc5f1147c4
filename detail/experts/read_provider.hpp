#pragma once
#include "../core/crc32c.hpp"
#include "../core/error.hpp"
#include "../io/direct_file.hpp"
#include "../io/file.hpp"
#include "catalog.hpp"
#include "provider.hpp"
#include "slab_pool.hpp"

#include <algorithm>
#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <utility>
#include <vector>

namespace moe {

struct ReadOptions {
  bool direct = false;  // past the page cache, where the system allows it
  bool verify =
      false;  // compare what is read with checksums: a wrong expert is an error, never a wrong token
};

/// What a ReadProvider has read so far.
struct ReadStatistics {
  std::uint64_t reads = 0;  // runs of adjacent bytes
  std::uint64_t bytes = 0;
  bool direct_refused =
      false;  // some file could not be read directly as was wished, and was read through the cache
};

/// Reads an expert into memory of its own each time it is acquired. A lease owns that memory, and gives it back to a pool.
/// Parts of an expert that lie next to each other in a file are one read.
class ReadProvider {
  struct State;

 public:
  class Lease {
   public:
    const ExpertWeights& operator*() const { return weights_; }

   private:
    friend State;
    explicit Lease(detail::SlabPool::Slab slab) : slab_(std::move(slab)) {}

    detail::SlabPool::Slab slab_;
    ExpertWeights weights_;  // views of the slab
  };

  /// Throws if experts are to be verified and the files have no checksums of them.
  explicit ReadProvider(ExpertCatalog catalog, const ReadOptions& options = {})
      : state_(new State(std::move(catalog), options)) {}
  explicit ReadProvider(const Checkpoint& checkpoint, const ReadOptions& options = {})
      : ReadProvider(ExpertCatalog(checkpoint), options) {}

  /// Throws if there is no such expert, or it cannot be read or is not as it was written.
  Lease acquire(ExpertId id) { return state_->read(id); }

  /// What the memory of a lease takes; 0 if there is no such expert.
  std::size_t bytes(ExpertId id) const noexcept {
    return state_->catalog.has(id) ? state_->slab_bytes(state_->catalog.at(id)) : 0;
  }

  /// The most that bytes() returns.
  std::size_t largest_bytes() const {
    std::size_t most = 0;
    for (std::size_t i = 0; i < state_->catalog.size(); ++i)
      most = std::max(most, state_->slab_bytes(state_->catalog[i]));
    return most;
  }

  /// Takes memory for leases of so many bytes from the system now, so that the first reads need not: with fast disks that
  /// takes longer than reading.
  void reserve(std::size_t total_bytes) { state_->pool.reserve(largest_bytes(), total_bytes); }

  ReadStatistics statistics() const {
    ReadStatistics out{state_->reads.load(std::memory_order_relaxed),
                       state_->read_bytes.load(std::memory_order_relaxed)};
    for (const DirectFile& file : state_->direct) out.direct_refused = out.direct_refused || file.refused();
    return out;
  }

  const ExpertCatalog& catalog() const { return state_->catalog; }

 private:
  /// Bytes that lie together in a file, and where they go in a slab.
  struct Run {
    std::size_t file = 0;
    std::uint64_t begin = 0, end = 0;
    std::size_t at = 0;  // in the slab: of the first byte, or of the aligned offset before it
  };

  /// How an expert gets into a slab.
  struct Plan {
    std::array<Run, 3> runs;
    std::size_t count = 0;
    std::array<std::size_t, 3> of_matrix = {};  // which run holds gate, up and down
    std::size_t bytes = 0;                      // of the slab
  };

  struct State {
    State(ExpertCatalog from, const ReadOptions& options) : catalog(std::move(from)), verify(options.verify) {
      expect_slabs();
      for (std::size_t i = 0; verify && i < catalog.size(); ++i)
        for (const MatrixLocation* matrix : {&catalog[i].gate, &catalog[i].up, &catalog[i].down})
          if (!matrix->crc32c && matrix->bytes() > 0)
            fail(catalog.checkpoint().files()[matrix->file].path(), "verifying",
                 "checksums, which extract writes", "none");
      if (!options.direct) return;
      for (const File& file : catalog.checkpoint().files()) direct.emplace_back(file.path());
    }

    /// Experts of a layer are of one size.
    void expect_slabs() {
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

    std::uint64_t aligned(std::uint64_t offset) const {
      return direct.empty() ? offset : offset / DirectFile::alignment * DirectFile::alignment;
    }

    /// Whether a matrix lies right behind a run, but for padding.
    static bool follows(const Run& run, const MatrixLocation& matrix) {
      return run.file == matrix.file && matrix.offset >= run.end &&
             matrix.offset - run.end < Pages::page_bytes;
    }

    Plan plan(const ExpertLocation& expert) const {
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
        out.bytes += Pages::rounded(static_cast<std::size_t>(out.runs[r].end - aligned(out.runs[r].begin)));
      }
      return out;
    }

    std::size_t slab_bytes(const ExpertLocation& expert) const { return plan(expert).bytes; }

    Lease read(ExpertId id) {
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

    void require_right(ExpertId id, const char* projection, const MatrixLocation& from,
                       const Matrix& read) const {
      const std::uint32_t checksum = crc32c({read.data, read.bytes()});
      if (checksum != from.crc32c)
        fail(catalog.checkpoint().files()[from.file].path(),
             detail::concat(projection, " of expert ", id.expert, " of layer ", id.layer),
             detail::concat("CRC-32C ", *from.crc32c), detail::concat(checksum));
    }

    void read_run(const Run& run, std::byte* slab) {
      const std::uint64_t begin = aligned(run.begin);
      const auto needed = static_cast<std::size_t>(run.end - begin);
      if (direct.empty()) {
        catalog.checkpoint().files()[run.file].read_at(begin, {slab + run.at, needed});
      } else {
        direct[run.file].read_at(begin, {slab + run.at, Pages::rounded(needed)}, needed);
      }
      reads.fetch_add(1, std::memory_order_relaxed);
      read_bytes.fetch_add(needed, std::memory_order_relaxed);
    }

    ExpertCatalog catalog;
    bool verify;
    std::vector<DirectFile> direct;  // of the checkpoint's files; empty without direct reads
    detail::SlabPool pool;
    std::atomic<std::uint64_t> reads = 0;
    std::atomic<std::uint64_t> read_bytes = 0;
  };

  std::unique_ptr<State> state_;  // on the heap: leases point to its pool, and the provider may move
};

static_assert(ExpertProvider<ReadProvider>);

}  // namespace moe
