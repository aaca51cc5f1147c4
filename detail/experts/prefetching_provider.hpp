#pragma once
#include "../core/config.hpp"
#include "check_provider.hpp"
#include "optional_members.hpp"
#include "provider.hpp"

#include <algorithm>
#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <iterator>
#include <memory>
#include <mutex>
#include <optional>
#include <span>
#include <thread>
#include <utility>
#include <vector>

namespace moe::inline MOE_ABI {

/// Loads announced experts in the background, on `io_threads` threads that mostly wait for the disk. What was chosen goes before
/// what was predicted: a prediction is only read while nobody waits for an expert and nothing chosen is queued, and it is
/// withdrawn by the next one. An announced expert that is still in the queue when it is acquired is read by whoever
/// acquires it.
///
/// `Inner` must remember what it has loaded, as CachingProvider does; if it has load(id, kind), that is called, otherwise the
/// expert is acquired and let go. A failed load is forgotten: the error appears at acquire().
template <ExpertProvider Inner>
class PrefetchingProvider {
  static_assert(check_provider<Inner>());

 public:
  static constexpr std::size_t default_io_threads = 4;

  explicit PrefetchingProvider(Inner inner, std::size_t io_threads = default_io_threads)
      : state_(new State(std::move(inner), io_threads == 0 ? 1 : io_threads)) {}

  LeaseOf<Inner> acquire(ExpertId id) {
    const Demand demand(*state_, id);
    return state_->inner.acquire(id);
  }
  std::optional<LeaseOf<Inner>> try_acquire(ExpertId id) { return detail::try_acquire(state_->inner, id); }

  void hint(const Announcement& announcement) noexcept {
    detail::hint(state_->inner, announcement);
    if (announcement.kind != Announcement::Kind::hot) state_->enqueue(announcement.ids, announcement.kind);
  }

  std::size_t io_threads() const { return state_->io_threads.size(); }

  Inner& inner() { return state_->inner; }

 private:
  struct State {
    State(Inner from, std::size_t count) : inner(std::move(from)) {
      chosen.reserve(usual_queue);
      predicted.reserve(usual_queue);
      try {
        for (std::size_t io_thread = 0; io_thread < count; ++io_thread)
          io_threads.emplace_back([this] { serve(); });
      } catch (...) {
        stop();
        throw;
      }
    }
    ~State() { stop(); }

    void stop() {
      {
        const std::lock_guard lock(mutex);
        stopping = true;
        changed.notify_all();
      }
      for (std::thread& io_thread : io_threads) io_thread.join();
      io_threads.clear();
    }

    void enqueue(std::span<const ExpertId> ids, Announcement::Kind kind) noexcept {
      const std::lock_guard lock(mutex);
      predicted.clear();  // what is chosen now was predicted before
      try {
        std::vector<ExpertId>& queue = kind == Announcement::Kind::predicted ? predicted : chosen;
        if (&queue == &chosen && !has_chosen()) chosen.clear(), next_chosen = 0;
        for (const ExpertId id : ids)
          if (&queue == &predicted || !is_queued(id)) {
            if (queue.size() == queue.capacity()) forget_taken();
            queue.push_back(id);
          }
      } catch (...) {  // without memory nothing is read ahead
      }
      changed.notify_all();
    }

    /// Those that were taken from the queue make room for others.
    void forget_taken() {
      chosen.erase(chosen.begin(), chosen.begin() + next_chosen);
      next_chosen = 0;
    }

    /// Whoever acquires it reads it.
    void withdraw(ExpertId id) {
      const auto queued = std::find(chosen.begin() + next_chosen, chosen.end(), id);
      if (queued != chosen.end()) chosen.erase(queued);
    }

    bool has_chosen() const { return next_chosen < std::ssize(chosen); }

    bool is_queued(ExpertId id) const {
      return std::find(chosen.begin() + next_chosen, chosen.end(), id) != chosen.end();
    }

    void serve() {
      std::unique_lock lock(mutex);
      while (!stopping) {
        if (has_chosen()) {
          load(chosen[static_cast<std::size_t>(next_chosen++)], Announcement::Kind::chosen, lock);
        } else if (demands == 0 && !predicted.empty()) {
          const ExpertId id = predicted.front();
          predicted.erase(predicted.begin());
          load(id, Announcement::Kind::predicted, lock);
        } else {
          changed.wait(lock);
        }
      }
    }

    void load(ExpertId id, Announcement::Kind kind, std::unique_lock<std::mutex>& lock) {
      lock.unlock();
      detail::load(inner, id, kind);
      lock.lock();
    }

    static constexpr std::size_t usual_queue = 256;

    Inner inner;
    std::mutex mutex;  // guards what follows but for the io_threads
    std::condition_variable changed;
    std::vector<ExpertId> chosen;  // from next_chosen on
    std::ptrdiff_t next_chosen = 0;
    std::vector<ExpertId> predicted;  // most likely first
    std::size_t demands = 0;          // callers in acquire()
    bool stopping = false;
    std::vector<std::thread> io_threads;  // last, so that all else is there when they begin
  };

  /// While it lives, somebody waits for an expert.
  class Demand {
   public:
    Demand(State& state, ExpertId id) : state_(state) {
      const std::lock_guard lock(state_.mutex);
      ++state_.demands;
      state_.withdraw(id);
    }
    ~Demand() {
      const std::lock_guard lock(state_.mutex);
      if (--state_.demands == 0 && !state_.predicted.empty()) state_.changed.notify_all();
    }
    Demand(const Demand&) = delete;
    Demand& operator=(const Demand&) = delete;

   private:
    State& state_;
  };

  std::unique_ptr<State> state_;  // on the heap: the io_threads keep its address, and the provider may move
};

}  // namespace moe::inline MOE_ABI
