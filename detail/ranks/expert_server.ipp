// SPDX-License-Identifier: MIT
#pragma once
#include "expert_server.hpp"
#include "rank_executor.hpp"
#include "rank_messages.hpp"
#include "rank_wait.hpp"

#include <cstdint>
#include <exception>
#include <optional>
#include <stop_token>

namespace moe::inline MOE_ABI {

MOE_INLINE ExpertServer::ExpertServer(RankTransport& transport, const ExpertShares& shares,
                                      ExpertExecutor& executor, const ExpertCatalog& catalog)
    : transport_(transport), executor_(executor), identity_(detail::rank_identity(catalog, shares)) {}

MOE_INLINE void ExpertServer::run(const std::stop_token& stop) {
  transport_.send(0, detail::text_message(detail::MessageKind::hello, 0, identity_));
  detail::RankWait waiting;
  while (!stop.stop_requested()) {
    const std::optional<RankTransport::Message> message = transport_.receive(0);
    if (!message) {
      waiting.pause();
      continue;
    }
    if (detail::head_of(0, *message).kind == detail::MessageKind::goodbye) return;
    transport_.send(0, answer(*message));
    waiting = {};
  }
}

MOE_INLINE RankTransport::Message ExpertServer::answer(const RankTransport::Message& message) {
  const std::uint64_t number = detail::head_of(0, message).number;
  try {
    received_.read(0, message);
    executor_.begin(received_.batch());
    executor_.finish();
    return detail::results_message(number, received_.batch().results);
  } catch (const std::exception& error) {
    return detail::text_message(detail::MessageKind::failure, number, error.what());
  }
}

}  // namespace moe::inline MOE_ABI
