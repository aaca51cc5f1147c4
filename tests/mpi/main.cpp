// SPDX-License-Identifier: MIT
// A model on several MPI ranks gives the same logits, bit for bit, as on one machine:
//   mpirun -n 3 moe_mpi_tests MODEL bits|hang
// With `hang`, the last rank does not answer one batch until rank 0 sends the last rank a message to go on.
#include <moe.hpp>

#include "detail/ranks/expert_server.hpp"
#include "detail/ranks/expert_shares.hpp"
#include "detail/ranks/mpi_transport.hpp"
#include "detail/ranks/rank_executor.hpp"

#include <mpi.h>

#include <chrono>
#include <cstddef>
#include <cstdio>
#include <exception>
#include <memory>
#include <span>
#include <stdexcept>
#include <string>
#include <vector>

namespace {

constexpr int go_on = 1;  // the tag of the MPI message that ends the wait of HangingExecutor

/// Waits in its third batch for a message from rank 0.
class HangingExecutor final : public moe::ExpertExecutor {
 public:
  HangingExecutor(moe::ExpertExecutor& inner, bool hangs) : inner_(inner), hangs_(hangs) {}

  void begin(const moe::ExpertBatch& batch) override { inner_.begin(batch); }
  void finish() override {
    if (hangs_ && ++batches_ == 3)
      MPI_Recv(nullptr, 0, MPI_BYTE, 0, go_on, MPI_COMM_WORLD, MPI_STATUS_IGNORE);
    inner_.finish();
  }

 private:
  moe::ExpertExecutor& inner_;
  bool hangs_;
  int batches_ = 0;
};

/// The logits of 29 fixed tokens, read as a prompt in chunks of `chunk` tokens.
std::vector<float> logits(const moe::Transformer& model, std::size_t chunk) {
  std::vector<moe::TokenId> ids(29);
  for (std::size_t i = 0; i < ids.size(); ++i)
    ids[i] = static_cast<moe::TokenId>((i * i * 31 + 7) % model.spec().vocabulary_size);
  moe::Sequence sequence = model.sequence({.context = 64, .chunk = chunk});
  std::vector<float> out;
  model.forward_each(sequence, ids, [&](std::size_t, std::span<const float> row) {
    out.insert(out.end(), row.begin(), row.end());
  });
  return out;
}

void require(bool condition, const std::string& what) {
  if (!condition) throw std::runtime_error("expected " + what);
}

void check_hang(const moe::Transformer& model, moe::RankExecutor& executor, std::size_t last) {
  executor.set_time_limit(std::chrono::milliseconds(500));
  std::string message;
  try {
    (void)logits(model, 8);
  } catch (const moe::Error& error) {
    message = error.what();
  }
  require(message.find("rank " + std::to_string(last) + ": expected the experts of layer") != message.npos,
          "an error that names the last rank, found '" + message + "'");
  MPI_Send(nullptr, 0, MPI_BYTE, static_cast<int>(last), go_on, MPI_COMM_WORLD);
  executor.set_time_limit(std::chrono::seconds(60));
}

void run(const std::string& path, bool hang) {
  const moe::Checkpoint checkpoint(path);
  const moe::ModelSpec spec(checkpoint);
  const moe::ExpertCatalog catalog(checkpoint);
  moe::MpiTransport transport(MPI_COMM_WORLD);
  const moe::ExpertShares shares(spec, transport.ranks());
  moe::ThreadPool pool(2);
  moe::MmapProvider experts(checkpoint);
  moe::LocalExecutor local(spec, experts, pool);
  if (transport.rank() > 0) {
    HangingExecutor hanging(local, hang && transport.rank() + 1 == transport.ranks());
    return moe::ExpertServer(transport, shares, hanging, catalog).run();
  }
  moe::RankExecutor executor(transport, shares, local, catalog, {.time_limit = std::chrono::seconds(60)});
  const moe::Transformer usual(checkpoint, experts, pool), model(checkpoint, executor, pool);
  const std::vector<float> expected = logits(usual, 64);
  if (hang) check_hang(model, executor, transport.ranks() - 1);
  for (const std::size_t chunk : {1u, 8u, 64u}) require(logits(model, chunk) == expected, "equal logits");
  require(executor.statistics().bytes_received > 0, "answers of other ranks");
}

}  // namespace

int main(int argc, char** argv) {
  int level = 0;
  MPI_Init_thread(&argc, &argv, MPI_THREAD_SERIALIZED, &level);
  try {
    run(argv[1], argc > 2 && std::string(argv[2]) == "hang");
  } catch (const std::exception& error) {
    std::fprintf(stderr, "%s\n", error.what());
    MPI_Abort(MPI_COMM_WORLD, 1);
  }
  MPI_Finalize();
  return 0;
}
