// SPDX-License-Identifier: MIT
#pragma once
#include "rank_messages.hpp"
#include "../core/checked.hpp"
#include "../core/concat.hpp"
#include "../core/error.hpp"

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>
#include <string_view>
#include <vector>

namespace moe::inline MOE_ABI::detail {

inline void append(RankTransport::Message& message, const void* data, std::size_t bytes) {
  const auto* const from = static_cast<const std::byte*>(data);
  message.insert(message.end(), from, from + bytes);
}

template <class T>
void append(RankTransport::Message& message, std::span<const T> items) {
  append(message, items.data(), items.size_bytes());
}

MOE_INLINE MessageHead head_of(std::size_t from, std::span<const std::byte> message) {
  MessageHead head;
  const std::string place = concat("message of rank ", from);
  if (message.size() < sizeof head)
    fail("ranks", place, concat("at least ", sizeof head, " bytes"), concat(message.size()));
  std::memcpy(&head, message.data(), sizeof head);
  if (head.magic != MessageHead::right_magic)
    fail("ranks", place, concat("the magic ", MessageHead::right_magic), concat(head.magic));
  return head;
}

MOE_INLINE std::string_view text_of(std::span<const std::byte> message) {
  const std::span<const std::byte> text = message.subspan(sizeof(MessageHead));
  return {reinterpret_cast<const char*>(text.data()), text.size()};
}

MOE_INLINE RankTransport::Message text_message(MessageKind kind, std::uint64_t number,
                                               std::string_view text) {
  RankTransport::Message message;
  const MessageHead head{.kind = kind, .number = number};
  append(message, &head, sizeof head);
  append(message, text.data(), text.size());
  return message;
}

MOE_INLINE RankTransport::Message results_message(std::uint64_t number, std::span<const float> results) {
  RankTransport::Message message;
  const MessageHead head{.kind = MessageKind::results, .number = number};
  message.reserve(sizeof head + results.size_bytes());
  append(message, &head, sizeof head);
  append(message, results);
  return message;
}

/// Numbers the tokens that the groups use from 0 on, in the order of their first slots. new_token[token] becomes the new number
/// of a token of the batch, or UINT32_MAX if no group uses the token. Returns the token of each new number.
inline std::vector<std::uint32_t> used_tokens(const ExpertBatch& batch, std::span<const ExpertGroup> groups,
                                              std::vector<std::uint32_t>& new_token) {
  std::vector<std::uint32_t> used;
  new_token.assign(batch.tokens, UINT32_MAX);
  for (const ExpertGroup& group : groups)
    for (const std::uint32_t token : batch.token_of.subspan(group.first, group.count)) {
      if (new_token[token] != UINT32_MAX) continue;
      new_token[token] = static_cast<std::uint32_t>(used.size());
      used.push_back(token);
    }
  return used;
}

MOE_INLINE RankTransport::Message batch_message(std::uint64_t number, const ExpertBatch& batch,
                                                std::span<const ExpertGroup> groups, bool as_int8,
                                                std::vector<std::uint32_t>& spare) {
  const std::vector<std::uint32_t> used = used_tokens(batch, groups, spare);
  std::size_t slots = 0;
  for (const ExpertGroup& group : groups) slots += group.count;
  const MessageHead head{.kind = MessageKind::batch,
                         .number = number,
                         .layer = batch.layer,
                         .tokens = static_cast<std::uint32_t>(used.size()),
                         .hidden = static_cast<std::uint32_t>(batch.hidden),
                         .groups = static_cast<std::uint32_t>(groups.size()),
                         .slots = static_cast<std::uint32_t>(slots),
                         .as_int8 = as_int8};
  RankTransport::Message message;
  message.reserve(sizeof head + 8 * (groups.size() + slots) +
                  used.size() * (as_int8 ? batch.hidden + batch.hidden / 8 : 4 * batch.hidden));
  append(message, &head, sizeof head);
  for (const ExpertGroup& group : groups) {
    const std::uint32_t expert_and_count[] = {group.expert, static_cast<std::uint32_t>(group.count)};
    append(message, expert_and_count, sizeof expert_and_count);
  }
  for (const ExpertGroup& group : groups)
    for (const std::uint32_t token : batch.token_of.subspan(group.first, group.count))
      append(message, &spare[token], sizeof spare[token]);
  for (const ExpertGroup& group : groups) append(message, batch.weights.subspan(group.first, group.count));
  for (const std::uint32_t token : used)
    if (as_int8) {
      append(message, batch.scales.subspan(token * batch.hidden / 32, batch.hidden / 32));
    } else {
      append(message, batch.inputs.subspan(token * batch.hidden, batch.hidden));
    }
  for (const std::uint32_t token : used)
    if (as_int8) append(message, batch.quants.subspan(token * batch.hidden, batch.hidden));
  return message;
}

/// Reads the arrays of a message one after the other, beginning after the head of the message.
class MessageReader {
 public:
  MessageReader(std::size_t from, std::span<const std::byte> message)
      : from_(from), left_(message.subspan(sizeof(MessageHead))) {}

  template <class T>
  void take(std::vector<T>& items, std::size_t count) {
    if (count > left_.size() / sizeof(T))
      refuse(concat("at least ", count, " items of ", sizeof(T), " bytes"));
    items.resize(count);
    if (count > 0) std::memcpy(items.data(), left_.data(), count * sizeof(T));
    left_ = left_.subspan(count * sizeof(T));
  }

  void require_end() const {
    if (!left_.empty()) refuse("the end");
  }

 private:
  [[noreturn]] void refuse(std::string_view expected) const {
    fail("ranks", concat("message of rank ", from_), expected, concat(left_.size(), " bytes"));
  }

  std::size_t from_;
  std::span<const std::byte> left_;
};

MOE_INLINE void ReceivedBatch::read(std::size_t from, std::span<const std::byte> message) {
  const MessageHead head = head_of(from, message);
  if (head.kind != MessageKind::batch)
    fail("ranks", concat("message of rank ", from), "a batch", "a message of another kind");
  MessageReader reader(from, message);
  reader.take(expert_counts_, checked_size("ranks", "groups", {2, head.groups}));
  reader.take(token_of_, head.slots);
  reader.take(weights_, head.slots);
  const std::size_t numbers = checked_size("ranks", "inputs", {head.tokens, head.hidden});
  reader.take(head.as_int8 ? scales_ : inputs_, head.as_int8 ? numbers / 32 : numbers);
  if (head.as_int8) reader.take(quants_, numbers);
  reader.require_end();
  expect(head.slots == 0 || head.tokens > 0, "ranks", "batch", "tokens", "none");
  results_.resize(checked_size("ranks", "results", {head.slots, head.hidden}));
  groups_.clear();
  std::size_t slot = 0;
  for (std::size_t i = 0; i < head.groups; ++i) {
    groups_.push_back({expert_counts_[2 * i], slot, expert_counts_[2 * i + 1]});
    slot += groups_.back().count;
  }
  batch_ = {.layer = head.layer,
            .tokens = head.tokens,
            .hidden = head.hidden,
            .groups = groups_,
            .token_of = token_of_,
            .weights = weights_,
            .results = results_};
  if (head.as_int8) {
    batch_.quants = quants_;
    batch_.scales = scales_;
  } else {
    batch_.inputs = inputs_;
  }
}

}  // namespace moe::inline MOE_ABI::detail
