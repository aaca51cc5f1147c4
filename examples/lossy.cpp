// SPDX-License-Identifier: MIT
// Measures the cost and the gain of replacing experts that are not resident (docs/lossy.md):
//   extract examples/data/babel-10m /tmp/babel --also q4_0
//   lossy /tmp/babel examples/data/babel-10m/valid/scripture.txt --small q4_0 --budget 4MiB --begin "<|endoftext|>"
#include <moe.hpp>

#include "detail/extract/quantise.hpp"
#include "detail/io/output_file.hpp"
#include "support/command_line.hpp"
#include "support/ids_file.hpp"
#include "support/line_chart.hpp"
#include "support/model_options.hpp"
#include "support/output_path.hpp"
#include "support/progress.hpp"
#include "support/surprise.hpp"
#include "support/text_windows.hpp"
#include "support/weight_type.hpp"

#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstdio>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

namespace {

const std::string help = std::string(R"(usage: lossy MODEL TEXT --small TYPE --budget SIZE [options]
       lossy MODEL --ids FILE --small TYPE --budget SIZE [options]
Reads TEXT with MODEL, the output of extract --also TYPE, one token per step, with a cache of SIZE for exact
experts. Prints a table of perplexity and speed for:

  exact         exact experts only, in two rows: with the cache of SIZE, and with a cache that is larger by
                the memory of the small copies
  small copies  a missing expert that has less than a threshold of the token's expert weight is replaced by
                its small copy; the exact expert is read in the background for later tokens
  dropping      such an expert is left out
  preferring    a resident expert is chosen in place of a missing expert if the router's logit of the resident
                expert is less than a margin below the logit of the missing expert

"weight" is the share of the expert weight of all tokens that was replaced or left out.

  --small TYPE         the type of the small copies
  --small-budget SIZE  a cache for small copies; by default all of them are in memory
  --budget SIZE        the cache for exact experts
  --thresholds A,B     default 0.05,0.1,0.2,1.01
  --margins A,B        default 0.25,0.5,1,2
  --ids FILE           token ids in place of TEXT, such as the ids.txt of synthesize --trace
  --tokens N           tokens of TEXT; default 512
  --rounds N           measure all rows N times by turns, and print the fastest of each; default 1
  --threads N          default: one per core
  --direct             read exact experts past the page cache
  --svg FILE           draw perplexity over tokens/s as a line chart
)") + std::string(window_options_help);

enum class Method { exact, small_copies, dropping, preferring };
constexpr const char* method_names[] = {"exact", "small copies", "dropping", "preferring"};

/// A row of the table before it is measured.
struct Setting {
  Method method;
  float value;  // the threshold or the margin
  std::size_t budget_bytes;
};

struct Row {
  Setting setting;
  double perplexity, tokens_per_second, weight, mib_per_token;
};

struct Setup {
  moe::Checkpoint checkpoint;
  moe::AnyProvider small;
  bool direct;
  std::size_t begin;  // tokens at the beginning of each window, which are not scored
  std::vector<Tokens> windows;
};

Tokens tokens_of(const CommandLine& args, const moe::Tokenizer& tokenizer) {
  const std::size_t most = args.count("--tokens", 512, 2);
  if (!args.has("--ids")) return read_tokens(tokenizer, args.positional(2, 2)[1], most);
  Tokens ids = read_ids(args.text("--ids", ""));
  ids.resize(std::min(ids.size(), most));
  return ids;
}

/// If the budget is 0: all small copies in memory, in panels. Otherwise: a cache of small copies.
moe::AnyProvider small_copies(const moe::Checkpoint& checkpoint, std::size_t budget_bytes) {
  if (budget_bytes == 0) return moe::AnyProvider(moe::MemoryProvider(checkpoint, moe::Matrix::Order::panels));
  return moe::AnyProvider(
      moe::PrefetchingProvider(moe::CachingProvider(moe::ReadProvider(checkpoint), budget_bytes)));
}

Row measure(const Setup& setup, const Setting& setting, moe::ThreadPool& pool, Progress& progress) {
  const auto& [method, value, budget_bytes] = setting;
  const moe::ExpertCatalog catalog(setup.checkpoint);
  const bool replaces = method == Method::small_copies || method == Method::dropping;
  moe::FallbackProvider experts(
      moe::PrefetchingProvider(
          moe::CachingProvider(moe::ReadProvider(catalog, {.direct = setup.direct}), budget_bytes)),
      method == Method::dropping ? moe::AnyProvider(moe::ZeroProvider(catalog)) : setup.small,
      {.threshold = replaces ? value : 0});
  auto& cache = experts.inner().inner();
  const moe::ModelSpec spec(setup.checkpoint);
  moe::PreferResident prefer(cache, value, spec.experts_per_token());
  moe::TransformerOptions options;
  if (method == Method::preferring) options.adjust_choice = prefer;
  const moe::Transformer transformer(setup.checkpoint, experts, pool, options);

  double surprises = 0;
  std::size_t scored = 0, tokens = 0;
  const auto start = std::chrono::steady_clock::now();
  for (const Tokens& window : setup.windows) {
    auto sequence = transformer.sequence({.context = window.size(), .lookahead = true});
    for (std::size_t i = 0; i + 1 < window.size(); ++i, ++tokens, progress.add(1)) {
      const std::span<const float> logits = transformer.forward(sequence, {&window[i], 1});
      if (i + 1 < setup.begin) continue;
      surprises += surprise(logits, window[i + 1]);
      ++scored;
    }
  }
  const double seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
  const auto layers = static_cast<std::uint64_t>(std::count_if(
      spec.layers.begin(), spec.layers.end(), [](const auto& layer) { return layer.router(); }));
  const double weight = method == Method::preferring ? prefer.statistics().replaced_share()
                                                     : experts.statistics().small_share(tokens * layers);
  const double mib = static_cast<double>(cache.inner().statistics().bytes) / (1 << 20);
  return {setting, std::exp(surprises / static_cast<double>(scored)), static_cast<double>(tokens) / seconds,
          weight, mib / static_cast<double>(tokens)};
}

/// The numbers of an option; `otherwise` if the option is not given.
std::vector<float> values_of(const CommandLine& args, const std::string& option,
                             std::vector<float> otherwise) {
  return args.has(option) ? args.numbers<float>(option) : std::move(otherwise);
}

std::vector<Setting> settings_of(const CommandLine& args, std::size_t small_bytes) {
  const std::size_t budget_bytes = args.bytes("--budget", 0);
  std::vector<Setting> out{{Method::exact, 0, budget_bytes}, {Method::exact, 0, budget_bytes + small_bytes}};
  const std::vector<float> thresholds = values_of(args, "--thresholds", {0.05f, 0.1f, 0.2f, 1.01f});
  for (const Method method : {Method::small_copies, Method::dropping})
    for (const float threshold : thresholds) out.push_back({method, threshold, budget_bytes});
  for (const float margin : values_of(args, "--margins", {0.25f, 0.5f, 1, 2}))
    out.push_back({Method::preferring, margin, budget_bytes});
  return out;
}

void print(const std::vector<Row>& rows) {
  std::printf(
      "| method | threshold or margin | cache, MiB | perplexity | tokens/s | weight | MiB read per token "
      "|\n");
  std::printf("|---|---:|---:|---:|---:|---:|---:|\n");
  for (const Row& row : rows)
    std::printf("| %s | %g | %.1f | %.3f | %.2f | %.2f %% | %.2f |\n",
                method_names[static_cast<std::size_t>(row.setting.method)],
                static_cast<double>(row.setting.value),
                static_cast<double>(row.setting.budget_bytes) / (1 << 20), row.perplexity,
                row.tokens_per_second, 100 * row.weight, row.mib_per_token);
}

/// Perplexity over tokens/s, with a line for each method.
std::string chart_of(const std::vector<Row>& rows, const std::string& subtitle) {
  LineChart chart{.title = "Perplexity and speed of lossy experts",
                  .subtitle = subtitle,
                  .x_label = "tokens/s",
                  .y_label = "perplexity",
                  .y_max = 0,
                  .lines = {}};
  for (const char* name : method_names) chart.lines.push_back({name, {}});
  for (const Row& row : rows) {
    if (!std::isfinite(row.perplexity)) continue;  // exp() overflows for surprises above 709
    chart.lines[static_cast<std::size_t>(row.setting.method)].points.emplace_back(row.tokens_per_second,
                                                                                  row.perplexity);
    chart.y_max = std::max(chart.y_max, row.perplexity * 1.1);
  }
  for (LineChart::Line& line : chart.lines) std::sort(line.points.begin(), line.points.end());
  return to_svg(chart);
}

}  // namespace

int main(int argc, char** argv) {
  return run_example(argc, argv, help, [](const CommandLine& args) {
    const std::vector<std::string>& words =
        args.positional(args.has("--ids") ? 1 : 2, args.has("--ids") ? 1 : 2);
    const std::string svg = output_path_of(args, "--svg");
    for (const char* option : {"--small", "--budget"})
      if (!args.has(option)) throw UsageError(std::string(option) + " is missing");
    const moe::Checkpoint checkpoint(words[0]);
    const moe::Model model = moe::open(words[0]);  // only for its tokenizer and its number of positions
    const WindowCutter cutter(model, args);
    const moe::Checkpoint small = checkpoint.small_copy(type_of(args, "--small", moe::detail::can_quantise));
    const std::size_t small_budget = args.bytes("--small-budget", 0);
    const Tokens tokens = tokens_of(args, model.tokenizer());
    if (const std::size_t least = cutter.begin().empty() ? 2 : 1; tokens.size() < least)
      throw std::runtime_error(args.text("--ids", words.back()) + ": expected a text of at least " +
                               std::to_string(least) + " tokens, found " + std::to_string(tokens.size()));
    const Setup setup{checkpoint, small_copies(small, small_budget), args.has("--direct"),
                      cutter.begin().size(), cutter.cut(tokens)};
    std::size_t steps = 0, small_bytes = small_budget;
    for (const Tokens& window : setup.windows) steps += window.size() - 1;
    if (const moe::ExpertCatalog catalog(small); small_budget == 0)
      for (const moe::ExpertId id : catalog.ids()) small_bytes += catalog.at(id).bytes();

    const std::vector<Setting> settings = settings_of(args, small_bytes);
    moe::ThreadPool pool(args.number<std::size_t>("--threads", 0, 0, 4096));
    std::vector<Row> rows;
    {
      const std::size_t rounds = args.count("--rounds", 1, 1);
      Progress progress(steps * settings.size() * rounds, "tokens");
      for (const Setting& setting : settings) rows.push_back(measure(setup, setting, pool, progress));
      for (std::size_t round = 1; round < rounds; ++round)
        for (Row& row : rows)
          if (const Row again = measure(setup, row.setting, pool, progress);
              again.tokens_per_second > row.tokens_per_second)
            row = again;
    }
    print(rows);
    if (!svg.empty())
      moe::detail::write_text(svg, chart_of(rows, words[0] + ", " + args.text("--ids", words.back())));
  });
}
