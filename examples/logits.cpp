// SPDX-License-Identifier: MIT
// The logits of the next token:  logits tests/golden/plain-f32 --ids 1,2,3 --greedy 5 --routes
#include <moe.hpp>

#include "support/command_line.hpp"
#include "support/model_options.hpp"
#include "support/progress.hpp"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <map>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace {

constexpr std::string_view help = R"(usage: logits MODEL --ids LIST [options]
Prints the logits after the last of the given tokens, one per line, for comparison with other programs.

  --ids LIST        the ids of the tokens, separated by commas: 1,2,3
  --greedy N        then a line `greedy: ` with the next N tokens, each the most likely one
  --routes          then for each layer with experts and for each given token a line `route LAYER
                    POSITION: ` with the experts that the router chose, the most likely first
  --kv TYPE         the numbers in the KV cache: f32 (the default), f16 or q8_0
  --threads N       default: one per core
  --chunk N         tokens that pass through the layers together; default 512
  --in-memory       read all experts at the start instead of mapping the files
)";

/// The experts of each token, by layer and position.
class RouteTable {
 public:
  void operator()(const moe::Routes& routes) {
    const std::size_t k = routes.experts_per_token;
    for (std::size_t t = 0; t * k < routes.experts.size(); ++t) {
      const auto experts = routes.experts.subspan(t * k, k);
      rows_[{routes.layer, routes.first_position + t}] = {experts.begin(), experts.end()};
    }
  }

  void print(std::size_t positions) const {
    for (const auto& [place, experts] : rows_) {
      if (place.second >= positions) continue;
      std::printf("route %zu %zu:", place.first, place.second);
      for (const std::uint32_t expert : experts) std::printf(" %u", expert);
      std::printf("\n");
    }
  }

 private:
  std::map<std::pair<std::size_t, std::size_t>, std::vector<std::uint32_t>> rows_;
};

void print_greedy(const moe::Transformer& transformer, moe::Sequence& sequence, std::span<const float> logits,
                  std::size_t count) {
  std::printf("greedy:");
  for (std::size_t i = 0; i < count; ++i) {
    const auto next =
        static_cast<moe::TokenId>(std::max_element(logits.begin(), logits.end()) - logits.begin());
    std::printf(" %u", next);
    if (i + 1 < count) logits = transformer.forward(sequence, {&next, 1});
  }
  std::printf("\n");
}

}  // namespace

int main(int argc, char** argv) {
  return run_example(argc, argv, help, [](const CommandLine& args) {
    using enum moe::ModelOptions::Experts;
    const auto ids = args.numbers<moe::TokenId>("--ids");
    if (ids.empty()) throw UsageError("--ids is missing");
    const std::size_t greedy = args.count("--greedy", 0);
    const moe::SequenceOptions options{.context = ids.size() + greedy,
                                       .chunk = args.count("--chunk", 512, 1),
                                       .kv_type = kv_type_of(args, "f32")};
    const auto model =
        moe::open(args.positional(1, 1)[0], {.threads = args.number<std::size_t>("--threads", 0, 0, 4096),
                                             .experts = args.has("--in-memory") ? in_memory : mapped,
                                             .load_progress = shown_progress<std::uint64_t>()});
    if (options.context > model.spec().max_positions)
      std::fprintf(
          stderr,
          "%zu positions exceed the %zu of the model (max_position_embeddings): logits of the further "
          "positions mean little\n",
          options.context, model.spec().max_positions);

    RouteTable routes;
    auto sequence = model.transformer().sequence(options);
    sequence.observe_routes(routes);
    const auto progress = shown_progress<std::size_t>("tokens");
    const auto report = [&](double position) { progress(static_cast<std::size_t>(position), ids.size()); };
    const std::span<const float> logits = model.transformer().forward(sequence, ids, {}, report);
    for (const float logit : logits) std::printf("%.9g\n", static_cast<double>(logit));
    if (greedy > 0) print_greedy(model.transformer(), sequence, logits, greedy);
    if (args.has("--routes")) routes.print(ids.size());
  });
}
