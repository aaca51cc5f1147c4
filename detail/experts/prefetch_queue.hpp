// SPDX-License-Identifier: MIT
#pragma once
#include "../core/config.hpp"
#include "expert.hpp"
#include "provider.hpp"

#include <condition_variable>
#include <cstddef>
#include <mutex>
#include <thread>
#include <vector>

namespace moe::inline MOE_ABI::detail {

/// A queue of announced experts whose loading has not begun, and the threads that load them. Chosen experts, of single tokens
/// or of a prompt, are loaded in the order in which they were announced. The loading of a predicted expert begins only while no
/// chosen expert is queued and no thread waits for an expert. Thread-safe.
class PrefetchQueue {
 public:
  /// Loads one expert of a provider. kind: predicted or chosen. Called by the threads of the queue; must not throw.
  using Load = void (*)(void* provider, ExpertId id, Announcement::Kind kind);

  /// Starts at least one thread. Throws moe::Error if the system refuses a thread.
  PrefetchQueue(std::size_t io_threads, Load load, void* provider);

  /// Waits for the loads that have begun; queued experts are dropped.
  ~PrefetchQueue();

  PrefetchQueue(const PrefetchQueue&) = delete;
  PrefetchQueue& operator=(const PrefetchQueue&) = delete;

  std::size_t io_threads() const { return threads_.size(); }

  /// Drops the queued prediction, and queues the announced experts that are not queued yet. Never throws: without memory, some
  /// of the announced experts are not queued.
  void enqueue(const Announcement& announcement) noexcept;

  /// Exists while a thread waits for an expert. The constructor removes the expert from the chosen experts in the queue, since
  /// the waiting thread loads the expert.
  class Demand {
   public:
    Demand(PrefetchQueue& queue, ExpertId id);
    ~Demand();
    Demand(const Demand&) = delete;
    Demand& operator=(const Demand&) = delete;

   private:
    PrefetchQueue& queue_;
  };

 private:
  void start(std::size_t io_threads);
  void stop();
  void run();
  /// Loads an expert while `lock` is not held.
  void load_unlocked(ExpertId id, Announcement::Kind kind, std::unique_lock<std::mutex>& lock);

  /// Queues a chosen expert unless it is queued.
  void append(ExpertId id);

  bool has_chosen() const { return next_chosen_ < chosen_.size(); }
  std::vector<ExpertId>::iterator queued_begin();
  std::vector<ExpertId>::iterator find_queued(ExpertId id);

  Load load_;
  void* provider_;
  std::mutex mutex_;                 // guards all members below except threads_
  std::condition_variable changed_;  // an expert can be loaded now, or the threads must stop
  std::vector<ExpertId> chosen_;     // queued from next_chosen_ on
  std::size_t next_chosen_ = 0;
  std::vector<ExpertId> predicted_;  // most likely first
  std::size_t demands_ = 0;          // how many objects of class Demand exist
  bool stopping_ = false;
  std::vector<std::thread> threads_;  // last, so that the other members exist when the threads begin
};

}  // namespace moe::inline MOE_ABI::detail

#if MOE_DEFINITIONS
#include "prefetch_queue.ipp"
#endif
