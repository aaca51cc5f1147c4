// SPDX-License-Identifier: MIT
#pragma once
// The only file of the library that needs MPI. No other file includes it.
#include "../core/concat.hpp"
#include "../core/config.hpp"
#include "../core/error.hpp"
#include "rank_transport.hpp"

#include <mpi.h>

#include <algorithm>
#include <climits>
#include <cstddef>
#include <list>
#include <optional>
#include <string_view>
#include <utility>
#include <vector>

namespace moe::inline MOE_ABI {

/// A transport over MPI, with nonblocking calls only. The program initialises MPI before it constructs the transport, with
/// MPI_THREAD_SERIALIZED or more if several threads call Transformer::forward(), and finalises MPI after it has destroyed the
/// transport. All messages have the tag `tag`.
class MpiTransport final : public RankTransport {
 public:
  static constexpr int tag = 7017;

  /// Errors of MPI become exceptions: the constructor sets MPI_ERRORS_RETURN for the communicator.
  explicit MpiTransport(MPI_Comm communicator) : communicator_(communicator) {
    check(MPI_Comm_set_errhandler(communicator_, MPI_ERRORS_RETURN), "MPI_Comm_set_errhandler");
    check(MPI_Comm_rank(communicator_, &rank_), "MPI_Comm_rank");
    check(MPI_Comm_size(communicator_, &ranks_), "MPI_Comm_size");
    arriving_.resize(static_cast<std::size_t>(ranks_));
  }

  /// Waits at most `longest_wait_seconds` for messages that are being sent. Messages that MPI may still read or write
  /// afterwards are never freed.
  ~MpiTransport() override {
    const double deadline = MPI_Wtime() + longest_wait_seconds;
    while (!sending_.empty() && MPI_Wtime() < deadline) release_sent();
    if (!sending_.empty()) (void)new std::list<Transfer>(std::move(sending_));
    const bool receives =
        std::any_of(arriving_.begin(), arriving_.end(), [](const auto& one) { return one.has_value(); });
    if (receives) (void)new std::vector<std::optional<Transfer>>(std::move(arriving_));
  }

  MpiTransport(const MpiTransport&) = delete;
  MpiTransport& operator=(const MpiTransport&) = delete;

  std::size_t rank() const override { return static_cast<std::size_t>(rank_); }
  std::size_t ranks() const override { return static_cast<std::size_t>(ranks_); }

  void send(std::size_t to, Message message) override {
    release_sent();
    if (message.size() > INT_MAX)
      detail::fail("MPI", detail::concat("rank ", to), "a message below 2 GiB",
                   detail::concat(message.size(), " bytes"));
    Transfer& sent = sending_.emplace_back();
    sent.message = std::move(message);
    check(MPI_Isend(sent.message.data(), static_cast<int>(sent.message.size()), MPI_BYTE,
                    static_cast<int>(to), tag, communicator_, &sent.request),
          "MPI_Isend");
  }

  std::optional<Message> receive(std::size_t from) override {
    release_sent();
    std::optional<Transfer>& arriving = arriving_[from];
    if (!arriving && !begin_receive(from, arriving)) return {};
    int done = 0;
    check(MPI_Test(&arriving->request, &done, MPI_STATUS_IGNORE), "MPI_Test");
    if (!done) return {};
    Message message = std::move(arriving->message);
    arriving.reset();
    return message;
  }

 private:
  struct Transfer {
    Message message;
    MPI_Request request = MPI_REQUEST_NULL;
  };

  static constexpr double longest_wait_seconds = 1;

  /// Starts to receive the next message of a rank, if its beginning has arrived.
  bool begin_receive(std::size_t from, std::optional<Transfer>& arriving) {
    int there = 0, bytes = 0;
    MPI_Message matched;
    MPI_Status status;
    check(MPI_Improbe(static_cast<int>(from), tag, communicator_, &there, &matched, &status), "MPI_Improbe");
    if (!there) return false;
    check(MPI_Get_count(&status, MPI_BYTE, &bytes), "MPI_Get_count");
    Transfer transfer;
    transfer.message.resize(static_cast<std::size_t>(bytes));
    check(MPI_Imrecv(transfer.message.data(), bytes, MPI_BYTE, &matched, &transfer.request), "MPI_Imrecv");
    arriving = std::move(transfer);  // a moved vector keeps its memory, into which MPI writes
    return true;
  }

  /// Frees the messages that have been sent. Also lets MPI make progress.
  void release_sent() {
    sending_.remove_if([](Transfer& sent) {
      int done = 0;
      return MPI_Test(&sent.request, &done, MPI_STATUS_IGNORE) != MPI_SUCCESS || done;
    });
  }

  static void check(int code, std::string_view call) {
    if (code == MPI_SUCCESS) return;
    char text[MPI_MAX_ERROR_STRING];
    int size = 0;
    MPI_Error_string(code, text, &size);
    detail::fail("MPI", call, "success", std::string_view(text, static_cast<std::size_t>(size)));
  }

  MPI_Comm communicator_;
  int rank_ = 0, ranks_ = 1;
  std::list<Transfer> sending_;                    // a list never moves its items, from which MPI reads
  std::vector<std::optional<Transfer>> arriving_;  // [ranks]
};

}  // namespace moe::inline MOE_ABI
