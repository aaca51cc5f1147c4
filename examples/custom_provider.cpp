// A provider of your own: one that reads every expert from disk each time, and counts.
//   custom_provider examples/data/babel-10m "<|endoftext|>In the beginning"
#include <moe.hpp>

#include "command_line.hpp"

#include <atomic>

/// All that a provider must have is acquire(). The lease owns what it shows, so nothing else needs to be managed.
class RereadingProvider {
 public:
  RereadingProvider(const moe::Checkpoint& checkpoint, std::atomic<std::uint64_t>& bytes_read)
      : catalog_(checkpoint), bytes_read_(&bytes_read) {}

  struct Lease {
    std::unique_ptr<std::byte[]> memory;
    moe::ExpertWeights weights;
    const moe::ExpertWeights& operator*() const { return weights; }
  };

  Lease acquire(moe::ExpertId id) {
    const std::size_t bytes = catalog_.at(id).bytes();
    *bytes_read_ += bytes;
    auto memory = std::make_unique<std::byte[]>(bytes);
    const moe::ExpertWeights weights = catalog_.read(id, memory.get());
    return {std::move(memory), weights};
  }

 private:
  moe::ExpertCatalog catalog_;
  std::atomic<std::uint64_t>* bytes_read_;
};
static_assert(moe::ExpertProvider<RereadingProvider>);

constexpr std::string_view help = R"(usage: custom_provider MODEL PROMPT [options]
Continues PROMPT with experts that are read from disk whenever one is needed, and says how much was read. The tokens are
those of any other provider.

  --max-tokens N   how many tokens at most; default 50
)";

int main(int argc, char** argv) {
  return run_example(argc, argv, help, [](const CommandLine& args) {
    const moe::Checkpoint checkpoint(args.positional(2, 2)[0]);
    std::atomic<std::uint64_t> bytes_read = 0;
    const moe::Model model(checkpoint, RereadingProvider(checkpoint, bytes_read));
    moe::Session session(model);
    session.generate(args.positional(2, 2)[1], {.max_tokens = args.number<std::size_t>("--max-tokens", 50)},
                     [](const moe::Piece& piece) { std::cout << piece.text << std::flush; });
    const double tokens = static_cast<double>(session.tokens().size());
    std::fprintf(stderr, "\n%.1f MiB of experts read, %.2f MiB per token\n",
                 static_cast<double>(bytes_read) / (1 << 20),
                 static_cast<double>(bytes_read) / (1 << 20) / tokens);
  });
}
