// SPDX-License-Identifier: MIT
#pragma once
#include "../core/config.hpp"
#include "../experts/catalog.hpp"
#include "../model/expert_executor.hpp"
#include "expert_shares.hpp"
#include "rank_messages.hpp"
#include "rank_transport.hpp"

#include <cstddef>
#include <stop_token>
#include <string>

namespace moe::inline MOE_ABI {

/// Computes the experts of one rank for the RankExecutor of rank 0.
class ExpertServer {
 public:
  /// transport: of any rank but 0. executor: computes the experts of this rank; usually a LocalExecutor with the provider of
  /// the rank. Both must outlive the server. catalog: of the model.
  ExpertServer(RankTransport& transport, const ExpertShares& shares, ExpertExecutor& executor,
               const ExpertCatalog& catalog);

  /// Answers rank 0 until rank 0 sends `goodbye` or `stop` is requested. If a batch fails, the answer is the text of the error,
  /// and the server waits for the next batch. Throws if the transport fails, or if a message has no valid head.
  void run(const std::stop_token& stop = {});

 private:
  RankTransport::Message answer(const RankTransport::Message& message);

  RankTransport& transport_;
  ExpertExecutor& executor_;
  std::string identity_;
  detail::ReceivedBatch received_;
};

}  // namespace moe::inline MOE_ABI

#if MOE_DEFINITIONS
#include "expert_server.ipp"
#endif
