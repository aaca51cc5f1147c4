#pragma once
#include "../core/list.hpp"
#include "../core/mutex.hpp"
#include "../core/owned.hpp"
#include "../core/signal.hpp"
#include "../core/thread.hpp"
#include "provider.hpp"

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <utility>

namespace moe {

/// Loads announced experts in the background, on `lanes` threads that mostly wait for the disk. What was chosen goes before
/// what was predicted: a prediction is only read while nobody waits for an expert and nothing chosen is queued, and it is
/// withdrawn by the next one. An announced expert that is still in the queue when it is acquired is read by whoever
/// acquires it.
///
/// `Inner` must remember what it has loaded, as LruProvider does; if it has load(id, kind), that is called, otherwise the
/// expert is acquired and let go. A failed load is forgotten: the error appears at acquire().
template <ExpertProvider Inner>
class PrefetchingProvider {
 public:
  static constexpr std::size_t default_lanes = 4;

  explicit PrefetchingProvider(Inner inner, std::size_t lanes = default_lanes)
      : state_(new State(std::move(inner), lanes == 0 ? 1 : lanes)) {}

  LeaseOf<Inner> acquire(ExpertId id) {
    const Demand demand(*state_, id);
    return state_->inner.acquire(id);
  }
  std::optional<LeaseOf<Inner>> try_acquire(ExpertId id) { return moe::try_acquire(state_->inner, id); }

  void hint(std::span<const ExpertId> ids, Hint kind) noexcept {
    moe::hint(state_->inner, ids, kind);
    if (kind != Hint::favoured) state_->enqueue(ids, kind);
  }

  std::size_t bytes(ExpertId id) { return moe::bytes(state_->inner, id); }

  std::size_t lanes() const { return state_->lanes.size(); }

  Inner& inner() { return state_->inner; }

 private:
  struct State {
    State(Inner from, std::size_t count) : inner(std::move(from)) {
      chosen.reserve(usual_queue);
      predicted.reserve(usual_queue);
      try {
        for (std::size_t lane = 0; lane < count; ++lane) lanes.emplace_back([this] { serve(); });
      } catch (...) {
        stop();
        throw;
      }
    }
    ~State() { stop(); }

    void stop() {
      {
        const detail::Lock lock(mutex);
        stopping = true;
        changed.tell();
      }
      for (detail::Thread& lane : lanes) lane.join();
      lanes.clear();
    }

    void enqueue(std::span<const ExpertId> ids, Hint kind) noexcept {
      const detail::Lock lock(mutex);
      predicted.clear();  // what is chosen now was predicted before
      try {
        List<ExpertId>& queue = kind == Hint::predicted ? predicted : chosen;
        if (&queue == &chosen && next_chosen == chosen.size()) chosen.clear(), next_chosen = 0;
        for (const ExpertId id : ids)
          if (&queue == &predicted || !is_queued(id)) {
            if (queue.size() == queue.capacity()) forget_taken();
            queue.push_back(id);
          }
      } catch (...) {  // without memory nothing is read ahead
      }
      changed.tell();
    }

    /// Those that were taken from the queue make room for others.
    void forget_taken() {
      for (std::size_t i = next_chosen; i < chosen.size(); ++i) chosen[i - next_chosen] = chosen[i];
      chosen.shrink(chosen.size() - next_chosen);
      next_chosen = 0;
    }

    /// Whoever acquires it reads it.
    void withdraw(ExpertId id) {
      for (std::size_t i = next_chosen; i < chosen.size(); ++i)
        if (chosen[i] == id) return chosen.erase_at(i);
    }

    bool is_queued(ExpertId id) const {
      for (std::size_t i = next_chosen; i < chosen.size(); ++i)
        if (chosen[i] == id) return true;
      return false;
    }

    void serve() {
      detail::Lock lock(mutex);
      while (!stopping) {
        if (next_chosen < chosen.size()) {
          load(chosen[next_chosen++], Hint::chosen, lock);
        } else if (demands == 0 && !predicted.empty()) {
          const ExpertId id = predicted.front();
          predicted.erase_at(0);
          load(id, Hint::predicted, lock);
        } else {
          changed.wait(lock);
        }
      }
    }

    void load(ExpertId id, Hint kind, detail::Lock& lock) {
      lock.unlock();
      if constexpr (requires { inner.load(id, kind); }) {
        inner.load(id, kind);
      } else {
        try {
          (void)inner.acquire(id);
        } catch (...) {
        }
      }
      lock.lock();
    }

    static constexpr std::size_t usual_queue = 256;

    Inner inner;
    detail::Mutex mutex;  // guards what follows but for the lanes
    detail::Signal changed;
    List<ExpertId> chosen;  // from next_chosen on
    std::size_t next_chosen = 0;
    List<ExpertId> predicted;  // most likely first
    std::size_t demands = 0;   // callers in acquire()
    bool stopping = false;
    List<detail::Thread> lanes;  // last, so that all else is there when they begin
  };

  /// While it lives, somebody waits for an expert.
  class Demand {
   public:
    Demand(State& state, ExpertId id) : state_(state) {
      const detail::Lock lock(state_.mutex);
      ++state_.demands;
      state_.withdraw(id);
    }
    ~Demand() {
      const detail::Lock lock(state_.mutex);
      if (--state_.demands == 0 && !state_.predicted.empty()) state_.changed.tell();
    }
    Demand(const Demand&) = delete;
    Demand& operator=(const Demand&) = delete;

   private:
    State& state_;
  };

  Owned<State> state_;  // on the heap: the lanes keep its address, and the provider may move
};

}  // namespace moe
