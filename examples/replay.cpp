// Shows how often a cache would have had the expert that was needed:
//   replay trace.csv --budgets-mib 1000,2000,4000
#include <moe.hpp>

#include "command_line.hpp"

#include <algorithm>

constexpr std::string_view help = R"(usage: replay TRACE --budgets-mib LIST [options]
Plays a recorded routing trace to caches of different policies and budgets, and shows in per cent how many of the experts
that were needed each had. The prompt warms the caches and does not count. TRACE is a file as `measure_cache --record`
writes it.

  --budgets-mib LIST   budgets for experts in MiB, with commas between them
  --order ORDER        hits_first, as the engine asks for experts: first those that are there (the default); or rank, one
                       after the other as recorded, which is how caches are compared in publications
  --csv                comma-separated values

  belady      evicts what is needed last: the optimum  lfu         evicts what was used least often
  lru         evicts what was used least recently      layer_lfu   the same, an equal budget for each layer
  lru_floor   the same, but each layer keeps a few     random      evicts any
  decayed     what the engine does: recent and frequent use count, and each layer keeps a few
)";

namespace {

moe::ReplayOrder order_of(const std::string& name) {
  if (name == "hits_first") return moe::ReplayOrder::hits_first;
  if (name == "rank") return moe::ReplayOrder::rank;
  throw UsageError("--order is hits_first or rank, not '" + name + "'");
}

/// The hit rate in per cent; nothing if the budget has no room for what the policy must hold.
std::string hit_percent(const moe::Trace& trace, moe::ReplayPolicy policy, std::size_t budget_bytes,
                        moe::ReplayOrder order) {
  const moe::CacheOptions options = moe::detail::cache_options_of(trace, budget_bytes);
  const std::size_t caches = policy == moe::ReplayPolicy::layer_lfu ? options.layers : 1;
  if (budget_bytes / std::max<std::size_t>(caches, 1) < options.largest_bytes) return "-";
  char text[16];
  std::snprintf(text, sizeof text, "%.1f", moe::replay(trace, policy, budget_bytes, order).hit_percent());
  return text;
}

}  // namespace

int main(int argc, char** argv) {
  return run_example(argc, argv, help, [](const CommandLine& args) {
    const auto budgets = args.numbers<std::size_t>("--budgets-mib");
    if (budgets.empty()) throw UsageError("--budgets-mib is missing");
    for (const std::size_t mib : budgets)
      if (mib > SIZE_MAX >> 20) throw UsageError("--budgets-mib is too large: " + std::to_string(mib));
    const moe::ReplayOrder order = order_of(args.text("--order", "hits_first"));
    const bool csv = args.has("--csv");
    const std::string& path = args.positional(1, 1)[0];
    const moe::Trace trace = moe::detail::read_trace(path);
    if (trace.size() > 0 && moe::detail::cache_options_of(trace, 0).largest_bytes == 0)
      moe::detail::fail(path, "sizes of experts", "lines such as '# layer=0 expert_bytes=3059712'", "none");

    const auto cell = [&](std::string_view text, bool last) {
      if (csv) std::cout << text << (last ? "\n" : ",");
      if (!csv)
        std::cout << std::string(text.size() < 12 ? 12 - text.size() : 1, ' ') << text << (last ? "\n" : "");
    };
    cell("budget_mib", false);
    for (const moe::ReplayPolicy policy : moe::detail::replay_policies)
      cell(moe::detail::name(policy), policy == moe::ReplayPolicy::random);
    for (const std::size_t mib : budgets) {
      cell(std::to_string(mib), false);
      for (const moe::ReplayPolicy policy : moe::detail::replay_policies)
        cell(hit_percent(trace, policy, mib << 20, order), policy == moe::ReplayPolicy::random);
      std::cout << std::flush;
    }
  });
}
