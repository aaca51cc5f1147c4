// Prints what a model says of the next token:  logits tests/golden/plain-f32 --ids 1,2,3 --greedy 5 --routes
#include <moe.hpp>

#include "detail/model/routes.hpp"
#include "command_line.hpp"

#include <algorithm>
#include <map>

constexpr std::string_view help = R"(usage: logits MODEL --ids LIST [options]
Prints the logits after the last of the given tokens, one per line, for comparing with other programs.

  --ids LIST        the tokens, with commas between them: 1,2,3
  --greedy N        then a line `greedy: ` with the N most likely next tokens, one after the other
  --routes          then for each layer with experts and each given token a line `route LAYER POSITION: ` with the experts
                    that the router chose, the most likely first
  --kv TYPE         numbers in the KV cache: f32 (the default) or f16
  --threads N       default: one per core
  --chunk N         how many tokens go through the layers together; default 512
  --in-memory       read all experts at the start, instead of mapping them
)";

moe::DType kv_type_of(const std::string& name) {
  for (const moe::DType type : {moe::DType::f32, moe::DType::f16})
    if (moe::detail::name(type) == name) return type;
  throw UsageError("--kv is f32 or f16, not '" + name + "'");
}

int main(int argc, char** argv) {
  return run_example(argc, argv, help, [](const CommandLine& args) {
    using enum moe::ModelOptions::Experts;
    const auto ids = args.numbers<moe::TokenId>("--ids");
    if (ids.empty()) throw UsageError("--ids is missing");
    const auto greedy = args.number<std::size_t>("--greedy", 0);
    const moe::DType kv_type = kv_type_of(args.text("--kv", "f32"));
    const auto model =
        moe::open(args.positional(1, 1)[0], {.threads = args.number<std::size_t>("--threads", 0),
                                             .experts = args.has("--in-memory") ? in_memory : mapped});

    std::map<std::pair<std::size_t, std::size_t>, std::vector<std::uint32_t>> routes;  // by layer, position
    const auto on_routes = [&](const moe::Routes& chosen) {
      const std::size_t k = chosen.experts_per_token;
      for (std::size_t t = 0; t * k < chosen.experts.size(); ++t) {
        const auto experts = chosen.experts.subspan(t * k, k);
        routes[{chosen.layer, chosen.first_position + t}] = {experts.begin(), experts.end()};
      }
    };
    auto sequence = model.transformer().sequence({.context = ids.size() + greedy,
                                                  .chunk = args.number<std::size_t>("--chunk", 512),
                                                  .kv_type = kv_type});
    sequence.observe_routes(on_routes);
    std::span<const float> logits = model.transformer().forward(sequence, ids);
    for (const float logit : logits) std::printf("%.9g\n", static_cast<double>(logit));

    if (greedy > 0) std::printf("greedy:");
    for (std::size_t i = 0; i < greedy; ++i) {
      const auto next =
          static_cast<moe::TokenId>(std::max_element(logits.begin(), logits.end()) - logits.begin());
      std::printf(" %u", next);
      logits = model.transformer().forward(sequence, {&next, 1});
    }
    if (greedy > 0) std::printf("\n");

    if (!args.has("--routes")) return;
    for (const auto& [place, experts] : routes) {
      if (place.second >= ids.size()) continue;
      std::printf("route %zu %zu:", place.first, place.second);
      for (const std::uint32_t expert : experts) std::printf(" %u", expert);
      std::printf("\n");
    }
  });
}
