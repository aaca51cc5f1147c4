// SPDX-License-Identifier: MIT
#pragma once
#include "rank_executor.hpp"
#include "../core/concat.hpp"
#include "../core/crc32c.hpp"
#include "../core/error.hpp"
#include "../simd/isa.hpp"
#include "rank_messages.hpp"
#include "rank_wait.hpp"

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

namespace moe::inline MOE_ABI::detail {

/// Whether gate and up of all experts of a layer have quantised types: kernels always multiply these types with int8 inputs.
inline bool takes_int8(const ExpertCatalog& catalog, std::size_t layer) {
  for (const ExpertId id : catalog.ids(layer)) {
    const ExpertLocation& expert = catalog.at(id);
    if (!is_quantised(expert.up.dtype)) return false;
    if (expert.gate.rows > 0 && !is_quantised(expert.gate.dtype)) return false;
  }
  return true;
}

MOE_INLINE std::string rank_identity(const ExpertCatalog& catalog, const ExpertShares& shares) {
  std::uint32_t checksum = 0;
  for (const ExpertId id : catalog.ids()) {
    for (const MatrixLocation* part : parts_of(catalog.at(id))) {
      const std::uint64_t numbers[] = {id.layer, id.expert, static_cast<std::uint64_t>(part->dtype),
                                       part->rows, part->cols};
      checksum = crc32c(std::as_bytes(std::span(numbers)), checksum);
    }
  }
  return concat("moe ", MOE_VERSION_MAJOR, ".", MOE_VERSION_MINOR, ".", MOE_VERSION_PATCH, ", ",
                simd::name(simd::active_isa()), ", ", catalog.size(), " experts with the checksum ", checksum,
                ", shares of ", shares.ranks(), " ranks with the checksum ", shares.checksum());
}

}  // namespace moe::inline MOE_ABI::detail

namespace moe::inline MOE_ABI {

MOE_INLINE RankExecutor::RankExecutor(RankTransport& transport, ExpertShares shares, ExpertExecutor& local,
                                      const ExpertCatalog& catalog, const RankOptions& options)
    : transport_(transport),
      shares_(std::move(shares)),
      local_(local),
      options_(options),
      as_int8_(catalog.layers()),
      peers_(transport.ranks()) {
  if (transport.rank() != 0)
    detail::fail("rank executor", "transport", "rank 0", detail::concat("rank ", transport.rank()));
  if (shares_.ranks() != transport.ranks())
    detail::fail("rank executor", "shares", detail::concat(transport.ranks(), " ranks"),
                 detail::concat(shares_.ranks()));
  for (std::size_t layer = 0; layer < as_int8_.size(); ++layer)
    as_int8_[layer] = !options.f32_inputs && detail::takes_int8(catalog, layer);
  wait_for_hello(detail::rank_identity(catalog, shares_));
}

MOE_INLINE RankExecutor::~RankExecutor() {
  for (std::size_t rank = 1; rank < peers_.size(); ++rank) try {
      transport_.send(rank, detail::text_message(detail::MessageKind::goodbye, 0, {}));
    } catch (...) {  // a rank that is gone needs no message
    }
}

template <class Done, class Poll>
void RankExecutor::wait(Done done, Poll poll_rank, const std::string& expected) {
  constexpr std::chrono::hours longest(1'000'000);  // a longer limit could exceed the range of the clock
  const Clock::time_point deadline =
      Clock::now() + std::min<std::chrono::milliseconds>(options_.time_limit, longest);
  detail::RankWait waiting;
  for (std::size_t rank = 1; rank < peers_.size();) {
    // All ranks that are not done are polled, not only `rank`, so that each message is taken as soon as it arrives.
    for (std::size_t other = rank; other < peers_.size(); ++other)
      if (!done(peers_[other])) poll_rank(other);
    while (rank < peers_.size() && done(peers_[rank])) ++rank;
    if (rank == peers_.size()) return;
    if (Clock::now() >= deadline)
      detail::fail(
          "ranks", detail::concat("rank ", rank),
          detail::concat(expected, " within ", static_cast<long long>(options_.time_limit.count()), " ms"),
          "no answer");
    waiting.pause();
  }
}

MOE_INLINE void RankExecutor::wait_for_hello(const std::string& expected) {
  for (Peer& peer : peers_) peer.pending = true;
  wait([](const Peer& peer) { return !peer.pending; },
       [&](std::size_t rank) {
         const std::optional<RankTransport::Message> message = transport_.receive(rank);
         if (!message) return;
         const detail::MessageHead head = detail::head_of(rank, *message);
         const bool equal = head.kind == detail::MessageKind::hello && detail::text_of(*message) == expected;
         if (!equal)
           detail::fail("ranks", detail::concat("rank ", rank), expected,
                        detail::shortened(detail::printable(detail::text_of(*message))));
         peers_[rank].pending = false;
       },
       "a server");
}

MOE_INLINE void RankExecutor::begin(const ExpertBatch& batch) {
  ++number_;
  ++statistics_.batches;
  local_began_ = false;
  for (Peer& peer : peers_) peer.pending = false;
  for (std::size_t rank = 1; rank < peers_.size(); ++rank) poll(rank);  // drops late answers
  batch_ = batch;
  divide(batch);
  for (std::size_t rank = 1; rank < peers_.size(); ++rank)
    if (!peers_[rank].groups.empty()) send(rank);
  if (peers_[0].groups.empty()) return;
  ExpertBatch own = batch;
  own.groups = peers_[0].groups;
  local_.begin(own);
  local_began_ = true;
}

MOE_INLINE void RankExecutor::divide(const ExpertBatch& batch) {
  const std::size_t experts = shares_.experts(batch.layer);
  for (Peer& peer : peers_) peer.groups.clear();
  for (const ExpertGroup& group : batch.groups) {
    if (group.expert >= experts)
      detail::fail("batch of experts", detail::concat("layer ", batch.layer),
                   detail::concat("experts below ", experts), detail::concat("expert ", group.expert));
    peers_[shares_.owner({batch.layer, group.expert})].groups.push_back(group);
  }
}

MOE_INLINE void RankExecutor::send(std::size_t rank) {
  Peer& peer = peers_[rank];
  if (peer.unanswered >= most_unanswered)
    detail::fail("ranks", detail::concat("rank ", rank), "answers",
                 detail::concat("none to the last ", peer.unanswered, " batches"));
  const bool as_int8 = as_int8_[batch_.layer] && !batch_.quants.empty();
  RankTransport::Message message = detail::batch_message(number_, batch_, peer.groups, as_int8, spare_);
  const std::size_t bytes = message.size();
  transport_.send(rank, std::move(message));
  peer.pending = true;
  ++peer.unanswered;
  ++statistics_.messages_sent;
  statistics_.bytes_sent += bytes;
}

MOE_INLINE void RankExecutor::finish() {
  if (std::exchange(local_began_, false)) local_.finish();
  const Clock::time_point start = Clock::now();
  wait([](const Peer& peer) { return !peer.pending; }, [&](std::size_t rank) { poll(rank); },
       detail::concat("the experts of layer ", batch_.layer));
  statistics_.waited_seconds += std::chrono::duration<double>(Clock::now() - start).count();
}

MOE_INLINE void RankExecutor::poll(std::size_t rank) {
  while (const std::optional<RankTransport::Message> message = transport_.receive(rank)) {
    ++statistics_.messages_received;
    statistics_.bytes_received += message->size();
    take_answer(rank, *message);
  }
}

MOE_INLINE void RankExecutor::take_answer(std::size_t rank, std::span<const std::byte> message) {
  const detail::MessageHead head = detail::head_of(rank, message);
  Peer& peer = peers_[rank];
  if (peer.unanswered > 0) --peer.unanswered;
  if (head.number < number_) return;  // a late answer to a batch that ended with an error
  if (!peer.pending || head.number > number_)
    detail::fail("ranks", detail::concat("rank ", rank), detail::concat("an answer to batch ", number_),
                 detail::concat("a second one, or one to batch ", head.number));
  peer.pending = false;
  if (head.kind == detail::MessageKind::failure)
    detail::fail("ranks", detail::concat("rank ", rank),
                 detail::shortened(detail::printable(detail::text_of(message))));
  if (head.kind != detail::MessageKind::results)
    detail::fail("ranks", detail::concat("rank ", rank), "results", "a message of another kind");
  write_results(rank, message);
}

MOE_INLINE void RankExecutor::write_results(std::size_t rank, std::span<const std::byte> message) {
  const Peer& peer = peers_[rank];
  std::size_t slots = 0;
  for (const ExpertGroup& group : peer.groups) slots += group.count;
  std::span<const std::byte> results = message.subspan(sizeof(detail::MessageHead));
  if (results.size() != slots * batch_.hidden * sizeof(float))
    detail::fail("ranks", detail::concat("rank ", rank),
                 detail::concat("[", slots, ", ", batch_.hidden, "] results"),
                 detail::concat(results.size(), " bytes"));
  for (const ExpertGroup& group : peer.groups) {
    const std::span<float> out =
        batch_.results.subspan(group.first * batch_.hidden, group.count * batch_.hidden);
    std::memcpy(out.data(), results.data(), out.size_bytes());
    results = results.subspan(out.size_bytes());
  }
}

}  // namespace moe::inline MOE_ABI
