// SPDX-License-Identifier: MIT
#pragma once
#include "../core/config.hpp"
#include "../model/expert_batch.hpp"
#include "rank_transport.hpp"

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace moe::inline MOE_ABI::detail {

/// The kinds of messages between ranks.
///   hello     a server to rank 0, once: a text that describes its model and its shares
///   batch     rank 0 to a server: groups with their inputs
///   results   the answer, [slots, hidden] as f32
///   failure   the answer if the server cannot compute the batch: the error as text
///   goodbye   rank 0 to a server, once: no batch follows
enum class MessageKind : std::uint32_t { hello, batch, results, failure, goodbye };

/// The head of each message. All numbers have the byte order of the sender; on a machine of another byte order the magic is
/// wrong.
struct MessageHead {
  static constexpr std::uint32_t right_magic = 0x6d6f6531;

  std::uint32_t magic = right_magic;
  MessageKind kind = MessageKind::hello;
  std::uint64_t number = 0;  // of the batch; an answer has the number of its batch
  std::uint32_t layer = 0, tokens = 0, hidden = 0, groups = 0, slots = 0;
  std::uint32_t as_int8 = 0;  // 1: inputs are int8 with scales; 0: inputs are f32
};

/// The head of a message. Throws if the message is shorter than a head, or has another magic. from: the sender.
MessageHead head_of(std::size_t from, std::span<const std::byte> message);

/// The text that follows the head.
std::string_view text_of(std::span<const std::byte> message);

/// A message of a head and a text.
RankTransport::Message text_message(MessageKind kind, std::uint64_t number, std::string_view text);

/// The results of a batch.
RankTransport::Message results_message(std::uint64_t number, std::span<const float> results);

/// A part of a batch as rank 0 sends it: some of its groups, with the inputs of the tokens of these groups only.
///   head, experts and counts of the groups [groups, 2] u32, tokens of the slots [slots] u32, router's weights [slots] f32,
///   then f32 inputs [tokens, hidden], or scales [tokens, hidden / 32] f32 and int8 inputs [tokens, hidden]
/// spare: memory, overwritten.
RankTransport::Message batch_message(std::uint64_t number, const ExpertBatch& batch,
                                     std::span<const ExpertGroup> groups, bool as_int8,
                                     std::vector<std::uint32_t>& spare);

/// A batch from a message, with memory for its results.
class ReceivedBatch {
 public:
  /// Throws if the message is no batch, or has another size than its head says. The executor checks the groups.
  void read(std::size_t from, std::span<const std::byte> message);

  const ExpertBatch& batch() const { return batch_; }

 private:
  std::vector<ExpertGroup> groups_;
  std::vector<std::uint32_t> expert_counts_, token_of_;
  std::vector<float> weights_, inputs_, scales_, results_;
  std::vector<std::int8_t> quants_;
  ExpertBatch batch_;
};

}  // namespace moe::inline MOE_ABI::detail

#if MOE_DEFINITIONS
#include "rank_messages.ipp"
#endif
