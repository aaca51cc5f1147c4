// SPDX-License-Identifier: MIT
// The hit rate of caches with different eviction policies, from a recorded trace:
//   replay trace.csv --budgets-mib 1000,2000,4000 --svg hits.svg
#include <moe.hpp>

#include "detail/io/output_file.hpp"
#include "support/command_line.hpp"
#include "support/line_chart.hpp"
#include "support/output_path.hpp"
#include "support/progress.hpp"

#include <algorithm>
#include <cstdio>
#include <iostream>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace {

constexpr std::string_view help = R"(usage: replay TRACE --budgets-mib LIST [options]
Replays a recorded routing trace on caches with different eviction policies and budgets. Prints the hit
rate in per cent: the share of the needed experts that were in the cache. Prompts warm the caches and do
not count. TRACE is a file that `measure_cache --record` writes.

  --budgets-mib LIST   budgets for experts in MiB, separated by commas
  --order ORDER        hits_first (the default): experts in the cache are requested first, as the engine
                       does; rank: in the order of the trace, as publications compare caches
  --texts N            replay the conversation as N texts that begin at equal distances, one token of each
                       text in one pass, which asks for each expert once; default 1
  --bytes              print MiB read per token instead of hit rates
  --csv                print comma-separated values
  --svg FILE           draw the printed numbers as a line chart

  belady      evicts the expert whose next use is the farthest away: the optimum
  lru         evicts the least recently used expert
  lru_floor   lru, but each layer keeps a few experts
  decayed     the engine's policy: decayed frequency of use, and each layer keeps a few experts
  lfu         evicts the least frequently used expert
  layer_lfu   lfu, with an equal budget for each layer
  random      evicts a random expert
)";

constexpr auto& policies = moe::detail::replay_policies;

moe::ReplayOrder order_of(const std::string& name) {
  if (name == "hits_first") return moe::ReplayOrder::hits_first;
  if (name == "rank") return moe::ReplayOrder::rank;
  throw UsageError("--order is hits_first or rank, not '" + name + "'");
}

/// The tokens after prompts.
std::size_t counted_tokens(const moe::Trace& trace) {
  std::map<std::uint32_t, std::size_t> visits;  // by layer
  for (std::size_t i = 0; i < trace.size(); ++i)
    if (!trace[i].prompt) ++visits[trace[i].layer];
  return visits.empty() ? 0 : visits.begin()->second;
}

/// The number that is printed for the counts of a replay: hits in per cent, or MiB read per token.
struct Shown {
  moe::ReplayOrder order;
  bool bytes;
  std::size_t tokens;

  double of(const moe::ReplayCounts& counts) const {
    if (!bytes) return counts.hit_percent();
    return static_cast<double>(counts.read_bytes) / (1 << 20) /
           static_cast<double>(std::max<std::size_t>(tokens, 1));
  }
};

/// The hit rate or the bytes; nothing if a cache of the policy cannot hold the largest expert.
std::optional<double> value_of(const moe::Trace& trace, moe::ReplayPolicy policy, std::size_t budget_bytes,
                               const Shown& shown) {
  const moe::CacheOptions options = moe::detail::cache_options_of(trace, budget_bytes);
  const std::size_t caches = policy == moe::ReplayPolicy::layer_lfu ? options.layers : 1;
  if (budget_bytes / std::max<std::size_t>(caches, 1) < options.largest_bytes) return {};
  return shown.of(moe::replay(trace, policy, budget_bytes, shown.order));
}

/// The hit rates, or MiB per token, [budgets][policies].
using HitRates = std::vector<std::vector<std::optional<double>>>;

HitRates replay_all(const moe::Trace& trace, const std::vector<std::size_t>& budgets_mib,
                    const Shown& shown) {
  Progress progress(budgets_mib.size() * std::size(policies), "replays");
  HitRates rates;
  for (const std::size_t mib : budgets_mib) {
    rates.emplace_back();
    for (const moe::ReplayPolicy policy : policies) {
      rates.back().push_back(value_of(trace, policy, mib << 20, shown));
      progress.add(1);
    }
  }
  return rates;
}

void print_cell(const std::string& text, bool csv, bool first) {
  if (csv) {
    std::cout << (first ? "" : ",") << text;
  } else {
    std::cout << std::string(text.size() < 12 ? 12 - text.size() : 1, ' ') << text;
  }
}

void print(const HitRates& rates, const std::vector<std::size_t>& budgets_mib, bool csv) {
  print_cell("budget_mib", csv, true);
  for (const moe::ReplayPolicy policy : policies)
    print_cell(std::string(moe::detail::name(policy)), csv, false);
  std::cout << '\n';
  for (std::size_t i = 0; i < rates.size(); ++i) {
    print_cell(std::to_string(budgets_mib[i]), csv, true);
    for (const std::optional<double>& rate : rates[i]) {
      char text[16];
      std::snprintf(text, sizeof text, "%.1f", rate.value_or(0));
      print_cell(rate ? text : "-", csv, false);
    }
    std::cout << '\n';
  }
}

std::string picture(const HitRates& rates, const std::vector<std::size_t>& budgets_mib,
                    const moe::Trace& trace, bool bytes) {
  LineChart chart{.title = bytes ? "Bytes read with eviction policies" : "Hit rate of eviction policies",
                  .subtitle = std::to_string(trace.layers()) + " layers of " +
                              std::to_string(trace.experts()) + " experts, " +
                              std::to_string(trace.experts_per_token()) + " per token",
                  .x_label = "budget, MiB",
                  .y_label = bytes ? "MiB read per token" : "hits, %",
                  .lines = {}};
  double most = 0;
  for (std::size_t policy = 0; policy < std::size(policies); ++policy) {
    LineChart::Line& line = chart.lines.emplace_back();
    line.name = moe::detail::name(policies[policy]);
    for (std::size_t i = 0; i < rates.size(); ++i)
      if (rates[i][policy]) line.points.emplace_back(static_cast<double>(budgets_mib[i]), *rates[i][policy]);
    std::sort(line.points.begin(), line.points.end());
    for (const auto& point : line.points) most = std::max(most, point.second);
  }
  if (bytes) chart.y_max = most > 0 ? 1.1 * most : 1;
  return to_svg(chart);
}

}  // namespace

int main(int argc, char** argv) {
  return run_example(argc, argv, help, [](const CommandLine& args) {
    const auto budgets_mib = args.numbers<std::size_t>("--budgets-mib", SIZE_MAX >> 20);
    if (budgets_mib.empty()) throw UsageError("--budgets-mib is missing");
    Shown shown{order_of(args.text("--order", "hits_first")), args.has("--bytes"), 0};
    const std::string& path = args.positional(1, 1)[0];
    const std::string svg = output_path_of(args, "--svg");
    const moe::Trace read = moe::Trace::read(path);
    const std::size_t texts = args.count("--texts", 1, 1);
    const moe::Trace trace = texts == 1 ? read : read.in_texts(texts);
    shown.tokens = counted_tokens(trace);
    if (trace.size() > 0 && moe::detail::cache_options_of(trace, 0).largest_bytes == 0)
      moe::detail::fail(path, "sizes of experts", "lines such as '# layer=0 expert_bytes=3059712'", "none");
    const HitRates rates = replay_all(trace, budgets_mib, shown);
    print(rates, budgets_mib, args.has("--csv"));
    if (!svg.empty()) moe::detail::write_text(svg, picture(rates, budgets_mib, trace, shown.bytes));
  });
}
