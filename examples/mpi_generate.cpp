// SPDX-License-Identifier: MIT
// A text from a model whose experts are divided among machines, with MPI. docs/scale-out.md explains it.
//   mpirun -n 2 mpi_generate examples/data/babel-10m "<|endoftext|>In the beginning"
#include <moe.hpp>

#include "detail/ranks/expert_server.hpp"
#include "detail/ranks/expert_shares.hpp"
#include "detail/ranks/mpi_transport.hpp"
#include "detail/ranks/rank_executor.hpp"
#include "support/command_line.hpp"
#include "support/context_notes.hpp"
#include "support/progress.hpp"

#include <mpi.h>

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdio>
#include <iostream>
#include <memory>
#include <stdexcept>
#include <string>

namespace {

constexpr std::string_view help = R"(usage: mpi_generate MODEL PROMPT [options]
Continues PROMPT with MODEL, whose experts the processes of mpirun compute: each process owns a share of the
experts of each layer. Every process needs the files of MODEL. The text is the same for any number of
processes.

  --max-tokens N    limit of the new text; default 100
  --context N       positions of the text, at most as many as the model has; default 4096
  --threads N       of each process; default: one per core
  --budget SIZE     limit of the memory of each process for experts, which are then read from disk as
                    needed; default: experts are mapped
  --usage FILE      balance the shares by this profile, which expert_usage writes; default: equal shares
  --time-limit N    milliseconds to wait for another process; default 10000
)";

/// The provider of this process: experts are mapped, or cached within a budget.
moe::AnyProvider experts_of(const moe::Checkpoint& checkpoint, std::size_t budget) {
  if (budget == 0) return moe::AnyProvider(moe::MmapProvider(checkpoint));
  return moe::AnyProvider(
      moe::CachedProvider(moe::CachingProvider(moe::ReadProvider(checkpoint), budget), 2));
}

/// Prints the speed, and the traffic between rank 0 and the others.
void show_traffic(const moe::RankStatistics& s, const moe::ModelSpec& spec, const moe::Session& session) {
  std::size_t layers = 0;
  for (const moe::LayerSpec& layer : spec.layers) layers += layer.router() != nullptr;
  const moe::SessionStatistics& text = session.statistics();
  const double each = std::max(1.0, static_cast<double>(session.sequence().position() * layers));
  const double rate =
      text.generated_tokens > 1 ? static_cast<double>(text.generated_tokens - 1) / text.generate_seconds : 0;
  std::fprintf(
      stderr,
      "%.2f tokens/s; %llu batches; for each token and layer: %.1f bytes sent in %.2f messages, %.1f "
      "bytes received, %.1f us waited\n",
      rate, static_cast<unsigned long long>(s.batches), static_cast<double>(s.bytes_sent) / each,
      static_cast<double>(s.messages_sent) / each, static_cast<double>(s.bytes_received) / each,
      1e6 * s.waited_seconds / each);
}

/// The objects of every process.
struct Job {
  explicit Job(const CommandLine& args, std::size_t ranks)
      : checkpoint(args.positional(2, 2)[0]),
        spec(checkpoint),
        catalog(checkpoint),
        shares(args.has("--usage")
                   ? moe::ExpertShares(spec, ranks, moe::UsageProfile::read(args.text("--usage", "")))
                   : moe::ExpertShares(spec, ranks)),
        pool(args.number<std::size_t>("--threads", 0, 0, 4096)),
        local(spec, experts_of(checkpoint, args.bytes("--budget", 0)), pool) {}

  moe::Checkpoint checkpoint;
  moe::ModelSpec spec;
  moe::ExpertCatalog catalog;
  moe::ExpertShares shares;
  moe::ThreadPool pool;
  moe::LocalExecutor local;
};

void generate(const CommandLine& args, Job& job, moe::RankTransport& transport) {
  const std::chrono::milliseconds limit(args.number<int>("--time-limit", 10000, 1, 1 << 30));
  const auto executor = std::make_shared<moe::RankExecutor>(transport, job.shares, job.local, job.catalog,
                                                            moe::RankOptions{.time_limit = limit});
  const moe::Model model(job.checkpoint, executor, {.pool = &job.pool});
  const std::string prompt = args.positional(2, 2)[1];
  moe::Session session(model, {.context = args.count("--context", 4096, 1)});
  std::cout << prompt << std::flush;
  session.generate(prompt,
                   {.max_tokens = args.count("--max-tokens", 100),
                    .prompt_progress = shown_progress<std::size_t>("tokens of the prompt")},
                   [](const moe::Piece& piece) { std::cout << piece.text << std::flush; });
  std::cout << '\n';
  show_full_context(session, model);
  show_traffic(executor->statistics(), job.spec, session);
}

}  // namespace

int main(int argc, char** argv) {
  int level = 0, ranks = 1, rank = 0;
  if (MPI_Init_thread(&argc, &argv, MPI_THREAD_SERIALIZED, &level) != MPI_SUCCESS) return 1;
  MPI_Comm_size(MPI_COMM_WORLD, &ranks);
  MPI_Comm_rank(MPI_COMM_WORLD, &rank);
  const int status = run_example(argc, argv, help, [&](const CommandLine& args) {
    if (level < MPI_THREAD_SERIALIZED) throw std::runtime_error("MPI: expected calls from several threads");
    Job job(args, static_cast<std::size_t>(ranks));
    moe::MpiTransport transport(MPI_COMM_WORLD);
    if (rank == 0) return generate(args, job, transport);
    moe::ExpertServer(transport, job.shares, job.local, job.catalog).run();
  });
  if (status != 0 && ranks > 1) MPI_Abort(MPI_COMM_WORLD, status);  // MPI_Finalize would wait for lost ranks
  MPI_Finalize();
  return status;
}
