// SPDX-License-Identifier: MIT
#pragma once
#include "detail/ranks/rank_transport.hpp"

#include <cstddef>
#include <deque>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <utility>

/// Ranks that are threads of one process. A test decides what happens to the messages from one rank to another.
class ThreadRanks {
 public:
  using Message = moe::RankTransport::Message;
  using Way = std::pair<std::size_t, std::size_t>;  // from, to

  enum class Fate { arrives, waits, is_lost };

  explicit ThreadRanks(std::size_t ranks) : ranks_(ranks) {}

  /// The fate of messages that are sent from now on, and of messages that wait.
  void set(Way way, Fate fate) {
    const std::lock_guard lock(mutex_);
    Line& line = lines_[way];
    line.fate = fate;
    if (fate == Fate::is_lost) line.messages.clear();
  }

  /// Messages that were sent and not received.
  std::size_t queued(Way way) {
    const std::lock_guard lock(mutex_);
    return lines_[way].messages.size();
  }

  /// Puts a message into the line, as if `way.first` had sent it.
  void send(Way way, Message message) {
    const std::lock_guard lock(mutex_);
    Line& line = lines_[way];
    if (line.fate != Fate::is_lost) line.messages.push_back(std::move(message));
  }

  std::optional<Message> receive(Way way) {
    const std::lock_guard lock(mutex_);
    Line& line = lines_[way];
    if (line.fate == Fate::waits || line.messages.empty()) return {};
    Message message = std::move(line.messages.front());
    line.messages.pop_front();
    return message;
  }

  std::size_t ranks() const { return ranks_; }

 private:
  struct Line {
    Fate fate = Fate::arrives;
    std::deque<Message> messages;
  };

  const std::size_t ranks_;
  std::mutex mutex_;
  std::map<Way, Line> lines_;
};

/// The end of one rank.
class ThreadTransport final : public moe::RankTransport {
 public:
  ThreadTransport(ThreadRanks& all, std::size_t rank) : all_(all), rank_(rank) {}

  std::size_t rank() const override { return rank_; }
  std::size_t ranks() const override { return all_.ranks(); }
  void send(std::size_t to, Message message) override { all_.send({rank_, to}, std::move(message)); }
  std::optional<Message> receive(std::size_t from) override { return all_.receive({from, rank_}); }

 private:
  ThreadRanks& all_;
  std::size_t rank_;
};
