// SPDX-License-Identifier: MIT
// A provider of your own, which reads an expert from disk each time it is needed. docs/write-a-provider.md explains it.
//   custom_provider examples/data/babel-10m "<|endoftext|>In the beginning"
#include <moe.hpp>

#include "detail/experts/expert.hpp"
#include "support/command_line.hpp"
#include "support/context_notes.hpp"

#include <memory>

/// acquire() is the only required member. The lease owns the weights, so nothing else must be managed.
class RereadingProvider {
 public:
  explicit RereadingProvider(const moe::Checkpoint& checkpoint) : catalog_(checkpoint) {}

  struct Lease {
    std::unique_ptr<std::byte[]> memory;
    moe::ExpertWeights weights;
    const moe::ExpertWeights& operator*() const { return weights; }
  };

  Lease acquire(moe::ExpertId id) {
    auto memory = std::make_unique<std::byte[]>(catalog_.at(id).bytes());
    const moe::ExpertWeights weights = catalog_.read(id, memory.get());
    return {std::move(memory), weights};
  }

 private:
  moe::ExpertCatalog catalog_;  // where in the checkpoint each expert lies
};
static_assert(moe::check_provider<RereadingProvider>());

constexpr std::string_view help = R"(usage: custom_provider MODEL PROMPT [options]
Continues PROMPT with experts that are read from disk each time they are needed, and prints how much was
read. The tokens are the same with every provider.

  --max-tokens N   how many tokens at most; default 50
  --context N      positions of the text, at most as many as the model has; default 4096
)";

int main(int argc, char** argv) {
  return run_example(argc, argv, help, [](const CommandLine& args) {
    const std::vector<std::string>& words = args.positional(2, 2);
    const moe::Checkpoint checkpoint(words[0]);
    const moe::Model model(checkpoint, moe::MeasuringProvider(RereadingProvider(checkpoint)));
    moe::Session session(model, {.context = args.count("--context", 4096, 1)});
    session.generate(words[1], {.max_tokens = args.number<std::size_t>("--max-tokens", 50)},
                     [](const moe::Piece& piece) { std::cout << piece.text << std::flush; });
    show_full_context(session, model);

    const moe::ExpertStatistics read =
        model.experts().get<moe::MeasuringProvider<RereadingProvider>>()->total();
    std::printf("\n%llu experts read, %.1f MiB, in %.2f s\n", static_cast<unsigned long long>(read.missed),
                static_cast<double>(read.bytes) / (1 << 20), read.waited_seconds);
  });
}
