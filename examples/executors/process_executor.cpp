// SPDX-License-Identifier: MIT
// Experts that another process computes: batches and results go through a pair of connected sockets.
// docs/write-an-executor.md explains it.
//   process_executor examples/data/babel-10m "<|endoftext|>In the beginning"
#include <moe.hpp>

#include "providers/socket.hpp"
#include "support/command_line.hpp"
#include "support/context_notes.hpp"

#include <sys/socket.h>
#include <sys/time.h>
#include <sys/wait.h>

#include <csignal>
#include <span>

/// The numbers in front of the arrays of a batch.
struct Head {
  std::uint32_t layer;
  std::size_t tokens, hidden, groups, slots;
};

template <class T>
bool send(Socket& to, std::span<const T> items) {
  return to.send(items.data(), items.size_bytes());
}

template <class T>
bool receive(Socket& from, std::vector<T>& items, std::size_t count) {
  items.resize(count);
  return from.receive(items.data(), count * sizeof(T));
}

/// The server. Computes batches until the client closes the connection.
void serve(moe::ExpertExecutor& local, Socket client) {
  std::vector<moe::ExpertGroup> groups;
  std::vector<std::uint32_t> token_of;
  std::vector<float> weights, inputs, results;
  for (Head head; client.receive(&head, sizeof head);) {
    if (!receive(client, groups, head.groups) || !receive(client, token_of, head.slots) ||
        !receive(client, weights, head.slots) || !receive(client, inputs, head.tokens * head.hidden))
      return;
    results.resize(head.slots * head.hidden);
    std::string error;
    try {
      local.begin({.layer = head.layer,
                   .tokens = head.tokens,
                   .hidden = head.hidden,
                   .groups = groups,
                   .token_of = token_of,
                   .weights = weights,
                   .inputs = inputs,
                   .results = results});
      local.finish();
    } catch (const std::exception& caught) {
      error = caught.what();
    }
    const std::size_t error_bytes = error.size();
    if (!client.send(&error_bytes, sizeof error_bytes) || !client.send(error.data(), error_bytes)) return;
    if (error.empty() && !send(client, std::span<const float>(results))) return;
  }
}

/// The client. Sends a batch in begin(), and receives its results in finish().
class ProcessExecutor final : public moe::ExpertExecutor {
 public:
  ProcessExecutor(Socket server) : server_(std::move(server)) {}

  void begin(const moe::ExpertBatch& batch) override {
    const Head head{batch.layer, batch.tokens, batch.hidden, batch.groups.size(), batch.slots()};
    require(server_.send(&head, sizeof head) && send(server_, batch.groups) &&
            send(server_, batch.token_of) && send(server_, batch.weights) && send(server_, batch.inputs));
    results_ = batch.results;
  }

  void finish() override {
    std::size_t error_bytes = 0;
    require(server_.receive(&error_bytes, sizeof error_bytes));
    std::string error(error_bytes, ' ');
    require(server_.receive(error.data(), error_bytes));
    if (!error.empty()) throw moe::Error("server of experts: " + error);
    require(server_.receive(results_.data(), results_.size_bytes()));
  }

 private:
  /// After a failed transfer no later batch may be sent: the server could answer it with the results of an earlier one.
  void require(bool transferred) {
    broken_ = broken_ || !transferred;
    if (broken_) throw moe::Error("server of experts: expected an answer in time, found none");
  }

  Socket server_;
  bool broken_ = false;
  std::span<float> results_;
};

constexpr std::string_view help = R"(usage: process_executor MODEL PROMPT [options]
Continues PROMPT with experts that another process computes.

  --max-tokens N   how many tokens at most; default 50
  --context N      positions of the text, at most as many as the model has; default 4096
  --time-limit N   seconds to wait for the other process; default 60
)";

int main(int argc, char** argv) {
  std::signal(SIGPIPE, SIG_IGN);  // a closed connection is an error of the call
  return run_example(argc, argv, help, [](const CommandLine& args) {
    const std::vector<std::string>& words = args.positional(2, 2);
    const moe::Checkpoint checkpoint(words[0]);
    const auto [server, handle] = fork_connected();
    if (server == 0) {
      moe::ThreadPool pool;
      moe::MmapProvider experts(checkpoint);
      moe::LocalExecutor local(moe::ModelSpec(checkpoint), experts, pool);
      return serve(local, Socket(handle));
    }
    const timeval limit{.tv_sec = args.number<int>("--time-limit", 60, 1, 86400), .tv_usec = 0};
    ::setsockopt(handle, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
    ::setsockopt(handle, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof limit);
    {
      const moe::Model model(checkpoint, std::make_shared<ProcessExecutor>(Socket(handle)));
      moe::Session session(model, {.context = args.count("--context", 4096, 1)});
      session.generate(words[1], {.max_tokens = args.count("--max-tokens", 50)},
                       [](const moe::Piece& piece) { std::cout << piece.text << std::flush; });
      std::cout << '\n';
      show_full_context(session, model);
    }  // closes the connection
    ::waitpid(server, nullptr, 0);
  });
}
