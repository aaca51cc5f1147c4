// SPDX-License-Identifier: MIT
#pragma once
#include "../core/config.hpp"

#include <cstddef>
#include <optional>
#include <vector>

namespace moe::inline MOE_ABI {

/// Carries messages between processes that are numbered from 0: the ranks. RankExecutor and ExpertServer use it. No call waits
/// for another rank, so that the caller can keep a time limit. A transport may lose messages of a rank that died. It must not
/// change or repeat messages, or reorder the messages of one rank. Not thread-safe.
class RankTransport {
 public:
  using Message = std::vector<std::byte>;

  virtual ~RankTransport() = default;

  virtual std::size_t rank() const = 0;   // the number of this process
  virtual std::size_t ranks() const = 0;  // the number of ranks, this one included

  /// Starts to send a message. Throws if the transport knows that the message cannot be sent.
  virtual void send(std::size_t to, Message message) = 0;

  /// The next message of a rank; empty if none has arrived yet. Throws if the transport knows that no message will arrive.
  virtual std::optional<Message> receive(std::size_t from) = 0;
};

}  // namespace moe::inline MOE_ABI
