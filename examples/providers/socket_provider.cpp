// SPDX-License-Identifier: MIT
// Experts from another process: a server reads them from disk and sends their bytes over a socket.
//   socket_provider examples/data/babel-10m "<|endoftext|>In the beginning"
#include <moe.hpp>

#include "providers/continue_text.hpp"
#include "providers/socket.hpp"

#include <sys/wait.h>

#include <csignal>
#include <mutex>

/// The server. Answers the id of an expert with its weights, until the client closes the connection.
void serve(const moe::ExpertCatalog& catalog, Socket client) {
  std::vector<std::byte> memory;
  for (moe::ExpertId id; client.receive(&id, sizeof id);) {
    memory.resize(catalog.at(id).bytes());
    catalog.read(id, memory.data());
    if (!client.send(memory.data(), memory.size())) return;
  }
}

/// The client. Takes the shapes of the experts from the checkpoint, and their bytes from the server.
class SocketProvider {
 public:
  SocketProvider(const moe::Checkpoint& checkpoint, Socket server)
      : catalog_(checkpoint), connection_(std::make_unique<Connection>(std::move(server))) {}

  using Lease = OwnedExpert;

  Lease acquire(moe::ExpertId id) {
    const std::size_t bytes = catalog_.at(id).bytes();
    auto memory = std::make_unique<std::byte[]>(bytes);
    const std::lock_guard lock(connection_->mutex);
    if (!connection_->server.send(&id, sizeof id) || !connection_->server.receive(memory.get(), bytes))
      throw moe::Error("server of experts: expected " + std::to_string(bytes) +
                       " bytes, found a closed connection");
    const moe::ExpertWeights weights = catalog_.view(id, memory.get());
    return {std::move(memory), weights};
  }

  const moe::ExpertCatalog& catalog() const { return catalog_; }

 private:
  struct Connection {
    explicit Connection(Socket socket) : server(std::move(socket)) {}
    Socket server;
    std::mutex mutex;  // one request at a time
  };

  moe::ExpertCatalog catalog_;
  std::unique_ptr<Connection> connection_;  // a provider must be movable, and a mutex is not
};
static_assert(moe::check_provider<SocketProvider>());

const std::string help = std::string(R"(usage: socket_provider MODEL PROMPT [options]
Continues PROMPT with experts that another process reads and sends over a socket.

)") + continue_text_help;

int main(int argc, char** argv) {
  std::signal(SIGPIPE, SIG_IGN);  // a closed connection is an error of the call
  return run_example(argc, argv, help, [](const CommandLine& args) {
    const moe::Checkpoint checkpoint(args.positional(2, 2)[0]);
    const auto [server, handle] = fork_connected();
    if (server == 0) return serve(moe::ExpertCatalog(checkpoint), Socket(handle));
    continue_text(checkpoint, SocketProvider(checkpoint, Socket(handle)), args);
    ::waitpid(server, nullptr, 0);  // the server ends when the connection is closed
  });
}
