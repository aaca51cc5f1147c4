// SPDX-License-Identifier: MIT
#pragma once
#include "../core/config.hpp"
#include "catalog.hpp"
#include "provider.hpp"
#include "slab_pool.hpp"

#include <cstddef>
#include <cstdint>
#include <memory>
#include <utility>

namespace moe::inline MOE_ABI {

/// Options of a ReadProvider.
struct ReadOptions {
  bool direct = false;  // bypass the page cache where the system and the file system allow direct reads
  bool verify = false;  // compare the bytes that are read with the checksums in the file
};

/// Counts of the reads of a ReadProvider since its construction.
struct ReadStatistics {
  std::uint64_t reads = 0;      // of consecutive bytes, each usually one call of the system
  std::uint64_t bytes = 0;      // read from files, gaps between neighbouring ranges included
  bool direct_refused = false;  // direct reads were wanted, but some file was read through the page cache
};

/// Reads an expert from disk each time the expert is acquired, into memory that the lease owns and returns to a pool. Ranges
/// that are neighbours in a file are read together. Weights that are not stored as kernels read them are first read into memory
/// of a second pool, then converted; the second pool is as large as the experts that are read at the same time. Thread-safe.
class ReadProvider {
  struct State;

 public:
  /// Weights in memory that the lease owns. Must not outlive the provider.
  class Lease {
   public:
    /// The weights, which stay readable while the lease lives.
    const ExpertWeights& operator*() const { return weights_; }

   private:
    friend State;
    Lease(detail::SlabPool::Slab slab, const ExpertWeights& weights)
        : slab_(std::move(slab)), weights_(weights) {}

    detail::SlabPool::Slab slab_;
    ExpertWeights weights_;  // views of slab_
  };

  /// Throws if options.verify and the files state no checksum for some part of an expert.
  explicit ReadProvider(ExpertCatalog catalog, const ReadOptions& options = {});
  explicit ReadProvider(const Checkpoint& checkpoint, const ReadOptions& options = {});
  ReadProvider(ReadProvider&& other) noexcept;
  ReadProvider& operator=(ReadProvider&& other) noexcept;
  ~ReadProvider();

  /// Throws if there is no such expert, if the expert cannot be read, or, with options.verify, if a checksum is wrong.
  Lease acquire(ExpertId id);

  /// The memory that a lease takes; 0 if there is no such expert.
  std::size_t bytes(ExpertId id) const noexcept;

  /// The most that bytes() returns.
  std::size_t largest_bytes() const;

  /// Takes the memory of as many leases as fit into `total_bytes` from the system now, so that acquire() need not take it: with
  /// a fast disk, taking memory costs about as much time as reading into that memory.
  void reserve(std::size_t total_bytes);

  /// Counts since the construction. Thread-safe.
  ReadStatistics statistics() const;

  const ExpertCatalog& catalog() const;

 private:
  std::unique_ptr<State> state_;  // leases point to its pool, and the provider may move
};

static_assert(ExpertProvider<ReadProvider>);

}  // namespace moe::inline MOE_ABI

#if MOE_DEFINITIONS
#include "read_provider.ipp"
#endif
