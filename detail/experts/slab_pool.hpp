#pragma once
#include "../io/pages.hpp"

#include <cstddef>
#include <memory>
#include <mutex>
#include <utility>
#include <vector>

namespace moe::detail {

/// Pieces of memory that are used again: mapping and clearing pages anew for every expert costs as much as reading it fast.
/// All slabs together, free ones included, never take more than the most that were in use at once: before memory is asked
/// for, all free slabs that do not fit are given back. Thread-safe; must outlive its slabs.
class SlabPool {
 public:
  class Slab {
   public:
    Slab(SlabPool& pool, Pages pages) : pool_(&pool), pages_(std::move(pages)) {}
    Slab(Slab&&) noexcept = default;
    Slab& operator=(Slab&&) noexcept = default;
    ~Slab() {
      if (pages_.data()) pool_->give_back(std::move(pages_));
    }
    std::byte* data() const { return pages_.data(); }

   private:
    SlabPool* pool_;
    Pages pages_;
  };

  /// At least `bytes` bytes, rounded up to pages.
  Slab take(std::size_t bytes) {
    const std::size_t wanted = Pages::rounded(bytes);
    std::vector<Pages> unfit;  // given back outside the lock
    {
      const std::lock_guard lock(mutex_);
      for (std::size_t i = free_.size(); i-- > 0;) {
        if (free_[i].bytes() != wanted) continue;
        std::swap(free_[i], free_.back());
        Pages pages = std::move(free_.back());
        free_.pop_back();
        return Slab(*this, std::move(pages));
      }
      unfit.swap(free_);
    }
    unfit.clear();
    return Slab(*this, Pages(wanted));
  }

 private:
  void give_back(Pages pages) noexcept {
    try {
      const std::lock_guard lock(mutex_);
      free_.push_back(std::move(pages));
    } catch (...) {  // then the pages go back to the system
    }
  }

  std::mutex mutex_;  // guards what follows
  std::vector<Pages> free_;
};

}  // namespace moe::detail
