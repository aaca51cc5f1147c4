#pragma once
#include "../core/config.hpp"
#include "../core/error.hpp"
#include "../io/pages.hpp"

#include <cstddef>
#include <mutex>
#include <vector>

namespace moe::inline MOE_ABI::detail {

/// Pieces of memory that are used again: mapping and clearing pages anew for every expert costs as much as reading it fast.
/// They are cut from larger arenas, so that the system can use huge pages.
/// All slabs together, free ones included, never take more than the most that were in use at once, but for one huge page:
/// before memory is used for the first time, as much of free slabs of other sizes is given back. Thread-safe; must outlive
/// its slabs.
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

  /// There may be so many slabs of that size at once: then none of them costs an allocation but for the pages.
  void expect(std::size_t bytes, std::size_t slabs);

  /// At least `bytes` bytes, rounded up to pages.
  Slab take(std::size_t bytes);

  /// Takes memory from the system now, for as many slabs as fit into `total_bytes`.
  void reserve(std::size_t bytes, std::size_t total_bytes);

 private:
  /// The slabs of one size that nobody uses. Both lists have room for all of that size, so that giving one back cannot fail.
  struct SizeClass {
    std::size_t bytes = 0;
    std::size_t slabs = 0;
    std::vector<std::byte*> free;   // with memory behind them
    std::vector<std::byte*> empty;  // addresses only

    /// Gives back the memory of as many free slabs as make up `wanted` bytes; returns of how many.
    std::size_t discard_free(std::size_t wanted);
  };

  SizeClass& class_of(std::size_t bytes);

  static std::size_t slabs_of_arena(std::size_t bytes);

  /// Takes address space only: memory comes as slabs are written.
  void add_arena(SizeClass& own);

  void give_back(std::byte* data, std::size_t bytes) noexcept;

  std::mutex mutex_;  // guards what follows
  std::vector<SizeClass> classes_;
  std::vector<Pages> arenas_;
};

}  // namespace moe::inline MOE_ABI::detail

#if MOE_DEFINITIONS
#include "slab_pool.ipp"
#endif
