// SPDX-License-Identifier: MIT
#pragma once
#include "../core/config.hpp"
#include "../experts/catalog.hpp"
#include "../model/expert_executor.hpp"
#include "expert_shares.hpp"
#include "rank_transport.hpp"

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

namespace moe::inline MOE_ABI {

/// Options of a RankExecutor.
struct RankOptions {
  // How long the constructor and each batch wait for the other ranks. A limit above 10^6 hours counts as 10^6 hours.
  std::chrono::milliseconds time_limit{10'000};
  // Sends f32 inputs also for quantised experts: needed if a provider delivers other types than the catalog states.
  bool f32_inputs = false;
};

/// Counts of rank 0 since the construction. Messages are the batches that rank 0 sends and the answers that rank 0 receives;
/// `hello`, `goodbye` and the bytes that the transport adds are not counted.
struct RankStatistics {
  std::uint64_t batches = 0;
  std::uint64_t messages_sent = 0, bytes_sent = 0;
  std::uint64_t messages_received = 0, bytes_received = 0;
  double waited_seconds = 0;  // in finish(), for other ranks, after the local experts were computed
};

/// Computes the experts of a model on several ranks, as rank 0: each rank computes the experts that it owns, the other ranks
/// with an ExpertServer. begin() sends each rank its groups, with inputs as int8 if gate and up of all experts of the layer are
/// quantised; finish() computes the groups of rank 0 and waits for the other ranks. Each result has its own slot, and no rank
/// adds results, so the results have the same bits as on one machine.
///
/// A rank that fails, does not answer within the time limit, or sends a malformed answer ends the step with an Error. The
/// answers of such a step are dropped when they arrive later, so the next step may succeed. Not thread-safe.
class RankExecutor final : public ExpertExecutor {
 public:
  /// transport: of rank 0. local: computes the groups of rank 0. Both must outlive the executor. catalog: of the model. Waits
  /// for the servers; throws if a server does not answer within the time limit, or if the server has another version of the
  /// library, another instruction set, other shares, or experts of other types or shapes.
  RankExecutor(RankTransport& transport, ExpertShares shares, ExpertExecutor& local,
               const ExpertCatalog& catalog, const RankOptions& options = {});

  /// Sends the servers the message `goodbye`, which ends them.
  MOE_INLINE ~RankExecutor() override;

  RankExecutor(const RankExecutor&) = delete;
  RankExecutor& operator=(const RankExecutor&) = delete;

  MOE_INLINE void begin(const ExpertBatch& batch) override;
  MOE_INLINE void finish() override;

  const RankStatistics& statistics() const { return statistics_; }
  void set_time_limit(std::chrono::milliseconds limit) { options_.time_limit = limit; }

 private:
  using Clock = std::chrono::steady_clock;

  /// The state of one rank during a batch.
  struct Peer {
    std::vector<ExpertGroup> groups;  // of the batch
    bool pending = false;             // whether the answer of the rank is missing
    std::size_t unanswered = 0;       // batches that the rank has not answered yet, earlier batches included
  };

  static constexpr std::size_t most_unanswered = 16;

  void wait_for_hello(const std::string& expected);

  /// Gives each group of a batch to its owner. Throws if the model has no such expert.
  void divide(const ExpertBatch& batch);
  void send(std::size_t rank);

  /// Handles the messages of a rank that have arrived.
  void poll(std::size_t rank);
  void take_answer(std::size_t rank, std::span<const std::byte> message);
  void write_results(std::size_t rank, std::span<const std::byte> message);

  /// Calls poll_rank(rank) for the ranks until done(peer) is true for all ranks but 0. Throws at the end of the time limit.
  /// `expected` is for the error: what the rank did not send.
  template <class Done, class Poll>
  void wait(Done done, Poll poll_rank, const std::string& expected);

  RankTransport& transport_;
  ExpertShares shares_;
  ExpertExecutor& local_;
  RankOptions options_;
  std::vector<bool> as_int8_;         // [layers]: whether the inputs are sent as int8
  std::vector<Peer> peers_;           // [ranks]
  std::vector<std::uint32_t> spare_;  // memory for batch_message()
  std::uint64_t number_ = 0;          // of the batch
  ExpertBatch batch_;
  bool local_began_ = false;  // whether local_.begin() was called and local_.finish() was not
  RankStatistics statistics_;
};

}  // namespace moe::inline MOE_ABI

namespace moe::inline MOE_ABI::detail {

/// A text that is equal on two ranks with the same version of the library, the same instruction set, the same shares, and
/// experts of the same types and shapes. The text does not depend on the weights.
std::string rank_identity(const ExpertCatalog& catalog, const ExpertShares& shares);

}  // namespace moe::inline MOE_ABI::detail

#if MOE_DEFINITIONS
#include "rank_executor.ipp"
#endif
