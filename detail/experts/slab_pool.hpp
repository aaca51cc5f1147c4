// SPDX-License-Identifier: MIT
#pragma once
#include "../core/config.hpp"
#include "../io/pages.hpp"

#include <cstddef>
#include <mutex>
#include <vector>

namespace moe::inline MOE_ABI::detail {

/// Hands out pieces of memory, called slabs, and reuses them: mapping and zeroing new pages for every expert costs as much
/// as reading the expert from a fast disk. Slabs are cut from larger arenas, each for one size of slab, so that the system
/// can use huge pages.
///
/// The memory of all slabs, unused ones included, is at most the largest sum of slabs that were in use at one time, plus one
/// huge page: before a slab without memory is used, unused slabs of other sizes give as much memory back to the system. Once
/// slabs have several sizes, no huge page covers bytes of two slabs: a write to one slab would allocate the whole huge page,
/// and with the page memory that the other slab gave back.
///
/// Thread-safe. Must outlive its slabs.
class SlabPool {
 public:
  class Slab {
   public:
    Slab(SlabPool& pool, std::byte* data, std::size_t bytes) : pool_(&pool), data_(data), bytes_(bytes) {}
    Slab(Slab&& other) noexcept;
    Slab& operator=(Slab&& other) noexcept;
    ~Slab();
    std::byte* data() const { return data_; }

   private:
    SlabPool* pool_;
    std::byte* data_;
    std::size_t bytes_;
  };

  /// Prepares for up to `slabs` slabs of this size, so that take() allocates nothing but the pages of slabs. Every size that
  /// will be used should be expected before the first slab is taken, so that arenas are laid out for several sizes.
  void expect(std::size_t bytes, std::size_t slabs);

  /// Prepares for slabs of all these sizes in use at one time, in any order.
  void expect_all(std::vector<std::size_t> sizes);

  /// A slab of at least `bytes` bytes, rounded up to pages, with any contents. Throws std::bad_alloc.
  Slab take(std::size_t bytes);

  /// Takes memory from the system now, for as many slabs of `bytes` bytes as fit into `total_bytes`.
  void reserve(std::size_t bytes, std::size_t total_bytes);

 private:
  /// The slabs of one size: their number, and lists of the unused slabs. Both lists have room for all slabs of the size, so
  /// that returning a slab cannot fail.
  struct SizeClass {
    std::size_t bytes = 0;
    std::size_t slabs = 0;          // in all arenas
    std::vector<std::byte*> free;   // backed by memory
    std::vector<std::byte*> empty;  // address space without memory

    /// Gives memory of free slabs back to the system until at least `wanted_bytes` are given back, or no slab is free. Returns
    /// the number of bytes that were given back.
    std::size_t discard_free(std::size_t wanted_bytes);

    /// Makes room in both lists for that many slabs.
    void reserve(std::size_t slabs_in_all);
  };

  static std::size_t slab_bytes(std::size_t bytes);

  SizeClass& class_of(std::size_t bytes);

  /// Maps address space for more slabs. The system provides the memory of a slab when the slab is first written.
  void add_arena(SizeClass& own);

  void give_back(std::byte* data, std::size_t bytes) noexcept;

  std::mutex mutex_;  // guards all members below
  std::vector<SizeClass> classes_;
  std::vector<Pages> arenas_;
};

}  // namespace moe::inline MOE_ABI::detail

#if MOE_DEFINITIONS
#include "slab_pool.ipp"
#endif
