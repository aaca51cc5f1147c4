#pragma once
#include "../core/config.hpp"
#include "../io/direct_file.hpp"
#include "catalog.hpp"
#include "provider.hpp"
#include "slab_pool.hpp"

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <utility>
#include <vector>

namespace moe::inline MOE_ABI {

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
  explicit ReadProvider(ExpertCatalog catalog, const ReadOptions& options = {});
  explicit ReadProvider(const Checkpoint& checkpoint, const ReadOptions& options = {});

  /// Throws if there is no such expert, or it cannot be read or is not as it was written.
  Lease acquire(ExpertId id) { return state_->read(id); }

  /// What the memory of a lease takes; 0 if there is no such expert.
  std::size_t bytes(ExpertId id) const noexcept;

  /// The most that bytes() returns.
  std::size_t largest_bytes() const;

  /// Takes memory for leases of so many bytes from the system now, so that the first reads need not: with fast disks that
  /// takes longer than reading.
  void reserve(std::size_t total_bytes) { state_->pool.reserve(largest_bytes(), total_bytes); }

  ReadStatistics statistics() const;

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
    State(ExpertCatalog from, const ReadOptions& options);

    /// Experts of a layer are of one size.
    void expect_slabs();

    std::uint64_t aligned(std::uint64_t offset) const;

    /// Whether a matrix lies right behind a run, but for padding.
    static bool follows(const Run& run, const MatrixLocation& matrix);

    Plan plan(const ExpertLocation& expert) const;

    std::size_t slab_bytes(const ExpertLocation& expert) const { return plan(expert).bytes; }

    Lease read(ExpertId id);

    void require_right(ExpertId id, const char* projection, const MatrixLocation& from,
                       const Matrix& read) const;

    void read_run(const Run& run, std::byte* slab);

    ExpertCatalog catalog;
    bool verify;
    std::vector<detail::DirectFile> direct;  // of the checkpoint's files; empty without direct reads
    detail::SlabPool pool;
    std::atomic<std::uint64_t> reads = 0;
    std::atomic<std::uint64_t> read_bytes = 0;
  };

  std::unique_ptr<State> state_;  // on the heap: leases point to its pool, and the provider may move
};

static_assert(ExpertProvider<ReadProvider>);

}  // namespace moe::inline MOE_ABI

#if MOE_DEFINITIONS
#include "read_provider.ipp"
#endif
