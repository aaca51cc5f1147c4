// SPDX-License-Identifier: MIT
// Experts from a compressed store in memory, without loss: they are decompressed when they are acquired.
//   compressed_provider examples/data/babel-10m "<|endoftext|>In the beginning"
#include <moe.hpp>

#include "providers/coded_bytes.hpp"
#include "providers/continue_text.hpp"
#include "support/progress.hpp"

#include <algorithm>

/// Keeps all experts of a checkpoint compressed. Byte i of every number is in plane i, so that bytes with the same meaning are
/// coded together. All members are const, so that threads need no lock.
class CompressedProvider {
 public:
  explicit CompressedProvider(const moe::Checkpoint& checkpoint) : catalog_(checkpoint) {
    Progress progress(catalog_.size(), "experts");
    for (const moe::ExpertId id : catalog_.ids()) {
      experts_.push_back(compressed(id));
      progress.add(1);
    }
  }

  using Lease = OwnedExpert;

  Lease acquire(moe::ExpertId id) const {
    const std::vector<CodedBytes>& planes = experts_[catalog_.index(id)];
    auto memory = std::make_unique<std::byte[]>(catalog_.at(id).bytes());
    for (std::size_t i = 0; i < planes.size(); ++i) planes[i].decode(memory.get() + i, planes.size());
    const moe::ExpertWeights weights = catalog_.view(id, memory.get());
    return {std::move(memory), weights};
  }

  const moe::ExpertCatalog& catalog() const { return catalog_; }

  /// The share of the bytes of all experts that the store takes.
  double ratio() const {
    std::size_t stored = 0, plain = 0;
    for (const moe::ExpertId id : catalog_.ids()) {
      for (const CodedBytes& plane : experts_[catalog_.index(id)]) stored += plane.stored_bytes();
      plain += catalog_.at(id).bytes();
    }
    return static_cast<double>(stored) / static_cast<double>(plain);
  }

 private:
  std::vector<CodedBytes> compressed(moe::ExpertId id) const {
    std::vector<std::byte> memory(catalog_.at(id).bytes());
    const moe::Matrix up = catalog_.read(id, memory.data()).up;
    const std::size_t number_bytes = std::max<std::size_t>(1, up.bytes() / (up.rows * up.cols));
    std::vector<std::vector<std::uint8_t>> planes(number_bytes);
    for (std::size_t i = 0; i < memory.size(); ++i)
      planes[i % number_bytes].push_back(std::to_integer<std::uint8_t>(memory[i]));
    return {planes.begin(), planes.end()};
  }

  moe::ExpertCatalog catalog_;
  std::vector<std::vector<CodedBytes>> experts_;  // [expert, plane]
};
static_assert(moe::check_provider<CompressedProvider>());

const std::string help = std::string(R"(usage: compressed_provider MODEL PROMPT [options]
Continues PROMPT with experts that are kept compressed in memory, and prints how much that saves.

)") + continue_text_help;

int main(int argc, char** argv) {
  return run_example(argc, argv, help, [](const CommandLine& args) {
    const moe::Checkpoint checkpoint(args.positional(2, 2)[0]);
    CompressedProvider store(checkpoint);
    const double ratio = store.ratio();
    continue_text(checkpoint, std::move(store), args);
    std::printf("the store takes %.1f %% of the bytes of the experts\n", 100 * ratio);
  });
}
