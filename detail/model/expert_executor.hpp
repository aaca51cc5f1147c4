// SPDX-License-Identifier: MIT
#pragma once
#include "../core/config.hpp"
#include "expert_batch.hpp"

#include <memory>
#include <mutex>

namespace moe::inline MOE_ABI {

/// Computes the experts of a model: on this machine, in other processes, on other machines or on a device. A transformer calls
/// begin() and finish() once for each layer with experts and each step. Between the two calls the transformer computes the
/// network that every token takes.
///
/// Memory   The arrays of a batch stay readable, and its results writable, until finish() returns or throws, or until begin()
///          throws. Later the executor must not touch them: a late answer must not be written.
/// Threads  Calls come from the threads that call Transformer::forward(). A transformer makes one call at a time, and calls
///          begin() only after the previous batch has ended. An executor that several transformers share needs its own mutex.
/// Errors   Any exception of begin() or finish() ends the step, and passes through to the caller. After an exception of begin()
///          finish() is not called. The next begin() starts a new batch in any case. An executor that waits for other processes
///          needs a time limit. When the limit is reached it throws, because a transformer cannot tell missing or wrong results
///          from right ones.
/// Bits     For the same inputs and instruction set the results have the bits of LocalExecutor if the executor uses the
///          kernels of this library, however the groups are divided.
class ExpertExecutor {
 public:
  virtual ~ExpertExecutor() = default;

  /// Starts to compute a batch, and may return before any result is there.
  virtual void begin(const ExpertBatch& batch) = 0;

  /// Returns when all results of the batch are written.
  virtual void finish() = 0;

 protected:
  // Derived classes may be copied; the interface alone may not.
  ExpertExecutor() = default;
  ExpertExecutor(const ExpertExecutor&) = default;
  /// Assigns nothing: the interface has no state.
  ExpertExecutor& operator=(const ExpertExecutor&) = default;
};

}  // namespace moe::inline MOE_ABI

namespace moe::inline MOE_ABI::detail {

/// An executor that the sequences of a transformer share.
struct SharedExecutor {
  std::shared_ptr<ExpertExecutor> executor;
  std::mutex mutex = {};  // from begin() to finish()
};

}  // namespace moe::inline MOE_ABI::detail
