#pragma once
#include "../io/pages.hpp"

#include <algorithm>
#include <cstddef>
#include <cstring>
#include <mutex>
#include <utility>
#include <vector>

namespace moe::detail {

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
    Slab(Slab&& other) noexcept
        : pool_(other.pool_), data_(std::exchange(other.data_, nullptr)), bytes_(other.bytes_) {}
    Slab& operator=(Slab&& other) noexcept {
      std::swap(pool_, other.pool_);
      std::swap(data_, other.data_);
      std::swap(bytes_, other.bytes_);
      return *this;
    }
    ~Slab() {
      if (data_) pool_->give_back(data_, bytes_);
    }
    std::byte* data() const { return data_; }

   private:
    SlabPool* pool_;
    std::byte* data_;
    std::size_t bytes_;
  };

  /// There may be so many slabs of that size at once: then none of them costs an allocation but for the pages.
  void expect(std::size_t bytes, std::size_t slabs) {
    const std::lock_guard lock(mutex_);
    SizeClass& own = class_of(Pages::rounded(bytes));
    const std::size_t of_arena = slabs_of_arena(own.bytes), arenas = (slabs + of_arena - 1) / of_arena;
    own.free.reserve(arenas * of_arena);
    own.empty.reserve(arenas * of_arena);
    arenas_.reserve(arenas_.size() + arenas);
  }

  /// At least `bytes` bytes, rounded up to pages.
  Slab take(std::size_t bytes) {
    const std::size_t wanted = Pages::rounded(bytes);
    const std::lock_guard lock(mutex_);
    SizeClass& own = class_of(wanted);
    if (own.free.empty()) {
      std::size_t discarded = 0;
      for (SizeClass& other : classes_) discarded += other.discard_free(wanted - std::min(wanted, discarded));
      if (own.empty.empty()) add_arena(own);
      own.free.push_back(own.empty.back());
      own.empty.pop_back();
    }
    std::byte* data = own.free.back();
    own.free.pop_back();
    return Slab(*this, data, wanted);
  }

  /// Takes memory from the system now, for as many slabs as fit into `total_bytes`.
  void reserve(std::size_t bytes, std::size_t total_bytes) {
    std::vector<Slab> slabs;
    for (std::size_t left = total_bytes; left >= Pages::rounded(bytes); left -= Pages::rounded(bytes)) {
      slabs.push_back(take(bytes));
      std::memset(slabs.back().data(), 0, bytes);
    }
  }

 private:
  /// The slabs of one size that nobody uses. Both lists have room for all of that size, so that giving one back cannot fail.
  struct SizeClass {
    std::size_t bytes = 0;
    std::size_t slabs = 0;
    std::vector<std::byte*> free;   // with memory behind them
    std::vector<std::byte*> empty;  // addresses only

    /// Gives back the memory of as many free slabs as make up `wanted` bytes; returns of how many.
    std::size_t discard_free(std::size_t wanted) {
      std::size_t discarded = 0;
      for (; !free.empty() && discarded < wanted; free.pop_back(), discarded += bytes) {
        discard_pages(free.back(), bytes);
        empty.push_back(free.back());
      }
      return discarded;
    }
  };

  SizeClass& class_of(std::size_t bytes) {
    for (SizeClass& one : classes_)
      if (one.bytes == bytes) return one;
    classes_.push_back({});
    classes_.back().bytes = bytes;
    return classes_.back();
  }

  static std::size_t slabs_of_arena(std::size_t bytes) {
    constexpr std::size_t arena_bytes = std::size_t{64} << 20;
    return bytes < arena_bytes ? arena_bytes / bytes : 1;
  }

  /// Takes address space only: memory comes as slabs are written.
  void add_arena(SizeClass& own) {
    const std::size_t count = slabs_of_arena(own.bytes);
    own.free.reserve(own.slabs + count);
    own.empty.reserve(own.slabs + count);
    const Pages& arena = arenas_.emplace_back(count * own.bytes);
    own.slabs += count;
    for (std::size_t i = count; i-- > 0;) own.empty.push_back(arena.data() + i * own.bytes);
  }

  void give_back(std::byte* data, std::size_t bytes) noexcept {
    const std::lock_guard lock(mutex_);
    class_of(bytes).free.push_back(data);
  }

  std::mutex mutex_;  // guards what follows
  std::vector<SizeClass> classes_;
  std::vector<Pages> arenas_;
};

}  // namespace moe::detail
