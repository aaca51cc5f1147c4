// Shows which experts different texts use:
//   expert_usage examples/data/babel-10m --text kjv=kjv.txt --text python=python.txt --svg usage.svg
#include <moe.hpp>

#include "detail/experts/expert.hpp"
#include "detail/io/output_file.hpp"
#include "command_line.hpp"
#include "heat_map.hpp"
#include "memory_options.hpp"
#include "progress.hpp"
#include "windows.hpp"

#include <algorithm>
#include <cmath>
#include <set>

constexpr std::string_view help = R"(usage: expert_usage MODEL --text NAME=FILE... [options]
Counts how often each expert of each layer is chosen when the model reads the texts, and with how much router mass, and
prints how far the layers specialise: for each text the entropy of the choices in bits (most if all experts are used
alike), the share of choices that goes to the 8 most used experts, and for each two texts how many of these 8 they share.

  --text NAME=FILE  a text and its name; may be given several times
  --svg FILE        draw a heat map of layers and experts: a panel for each text, one for the difference of the first two
  --json PROFILE    write a usage profile of all texts together, and of each as PROFILE with .NAME before its ending
  --tokens N        how many tokens of each text; default 8192
  --window N        how many positions are read before all is forgotten; default 256, or what the model knows
  --begin TEXT      what stands before each window: the bundled model wants <|endoftext|>
  --threads N       default: one per core
  --memory SIZE     what everything together may take: 8GiB; or auto
  --budget SIZE     what experts alone may take
  --direct          read experts past the page cache
)";

namespace {

constexpr std::size_t top = 8;

struct Text {
  std::string name;
  std::vector<Tokens> windows;
  moe::UsageProfile usage{0, 0};
};

/// The part of a layer's choices that went to an expert.
double share(const moe::UsageProfile& usage, moe::ExpertId id) {
  const auto all = static_cast<double>(usage.count(id.layer));
  return all == 0 ? 0 : static_cast<double>(usage.count(id)) / all;
}

/// How many bits it takes to say which expert was chosen: log2 of their number if all are used alike.
double entropy_bits(const moe::UsageProfile& usage, std::uint32_t layer) {
  double bits = 0;
  for (std::uint32_t expert = 0; expert < usage.experts(); ++expert)
    if (const double p = share(usage, {layer, expert}); p > 0) bits -= p * std::log2(p);
  return bits;
}

double top_share(const moe::UsageProfile& usage, std::uint32_t layer) {
  double sum = 0;
  for (const std::uint32_t expert : usage.most_used(layer, top)) sum += share(usage, {layer, expert});
  return sum;
}

/// How many of the most used experts two texts have in common.
std::size_t overlap(const moe::UsageProfile& a, const moe::UsageProfile& b, std::uint32_t layer) {
  const std::vector<std::uint32_t> of_a = a.most_used(layer, top), of_b = b.most_used(layer, top);
  return static_cast<std::size_t>(std::count_if(of_a.begin(), of_a.end(), [&](std::uint32_t expert) {
    return std::find(of_b.begin(), of_b.end(), expert) != of_b.end();
  }));
}

/// The layers that have experts.
std::vector<std::uint32_t> layers_of(const moe::ModelConfig& config) {
  std::vector<std::uint32_t> layers;
  for (std::uint32_t layer = 0; layer < config.layers.size(); ++layer)
    if (config.layers[layer].has_experts) layers.push_back(layer);
  return layers;
}

void print_table(const std::vector<Text>& texts, const std::vector<std::uint32_t>& layers) {
  const auto each_pair = [&](auto see) {
    for (std::size_t i = 0; i < texts.size(); ++i)
      for (std::size_t j = i + 1; j < texts.size(); ++j) see(texts[i], texts[j]);
  };
  std::printf("| layer |");
  for (const Text& text : texts) std::printf(" %s: bits | top %zu |", text.name.c_str(), top);
  each_pair([](const Text& a, const Text& b) {
    std::printf(" top %zu of %s and %s |", top, a.name.c_str(), b.name.c_str());
  });
  std::printf("\n|---:|");
  for (std::size_t i = 0; i < texts.size(); ++i) std::printf("---:|---:|");
  each_pair([](const Text&, const Text&) { std::printf("---:|"); });
  std::printf("\n");
  for (const std::uint32_t layer : layers) {
    std::printf("| %u |", layer);
    for (const Text& text : texts)
      std::printf(" %.2f | %.1f %% |", entropy_bits(text.usage, layer), 100 * top_share(text.usage, layer));
    each_pair([&](const Text& a, const Text& b) { std::printf(" %zu |", overlap(a.usage, b.usage, layer)); });
    std::printf("\n");
  }
}

std::string percent(double part) {
  char out[32];
  std::snprintf(out, sizeof out, "%.3g %%", 100 * part);
  return out;
}

/// The picture: colours are square roots of shares of tokens, so that seldom and often used experts can be told apart.
HeatMap heat_map_of(const std::vector<Text>& texts, const moe::ModelConfig& config, HeatMapScale& use,
                    HeatMapScale& difference) {
  const std::vector<std::uint32_t> layers = layers_of(config);
  const auto k = static_cast<double>(config.experts_per_token);
  // The part of the tokens that took an expert.
  const auto taken = [k](const Text& text, moe::ExpertId id) { return k * share(text.usage, id); };
  const auto cells_of = [&](auto value) {
    std::vector<double> cells;
    for (const std::uint32_t layer : layers)
      for (std::uint32_t expert = 0; expert < config.experts; ++expert)
        cells.push_back(value({layer, expert}));
    return cells;
  };
  // Eight times as much as if all were used alike is full colour.
  const double even = k / static_cast<double>(config.experts), most = std::min(1., 8 * even);
  const auto root = [most](double part) { return std::copysign(std::sqrt(std::abs(part) / most), part); };

  use = {.title = "share of tokens that take the expert; if all were used alike, " + percent(even),
         .ticks = {}};
  for (const double part : {0., most / 8, most / 2}) use.ticks.push_back({root(part), percent(part)});
  use.ticks.push_back({1, percent(most) + (most < 1 ? " or more" : "")});
  HeatMap map{.title = "Which experts a text uses",
              .subtitle = {},
              .row_label = "layer",
              .column_label = "expert",
              .note_label = "effective",
              .rows = layers.size(),
              .columns = config.experts,
              .row_names = {},
              .panels = {}};
  for (const std::uint32_t layer : layers) map.row_names.push_back(std::to_string(layer));
  map.subtitle = std::to_string(config.experts) + " experts in each of " + std::to_string(layers.size()) +
                 " layers, " + std::to_string(config.experts_per_token) +
                 " per token. On the right: the effective number of experts, 2^entropy.";
  for (const Text& text : texts) {
    std::size_t tokens = 0;
    for (const Tokens& window : text.windows) tokens += window.size();
    HeatMapPanel panel{text.name + ", " + std::to_string(tokens) + " tokens",
                       &use,
                       cells_of([&](moe::ExpertId id) { return root(taken(text, id)); }),
                       {}};
    for (const std::uint32_t layer : layers)
      panel.notes.push_back(std::to_string(std::lround(std::exp2(entropy_bits(text.usage, layer)))));
    map.panels.push_back(std::move(panel));
  }
  if (texts.size() < 2) return map;
  const std::string &a = texts[0].name, &b = texts[1].name;
  difference = {.title = "blue: more in " + a + "; orange: more in " + b, .diverging = true, .ticks = {}};
  for (const double part : {-most, -most / 8, 0., most / 8, most})
    difference.ticks.push_back({root(part), percent(std::abs(part))});
  map.panels.push_back(
      {"difference: " + a + " against " + b,
       &difference,
       cells_of([&](moe::ExpertId id) { return root(taken(texts[1], id) - taken(texts[0], id)); }),
       {}});
  return map;
}

void write_profiles(const std::vector<Text>& texts, const std::string& path) {
  moe::UsageProfile sum = texts[0].usage;
  for (std::size_t i = 1; i < texts.size(); ++i) sum += texts[i].usage;
  moe::detail::write_usage_profile(sum, path);
  const std::filesystem::path file(path);
  for (const Text& text : texts)
    moe::detail::write_usage_profile(
        text.usage,
        (file.parent_path() / (file.stem().string() + '.' + text.name + file.extension().string())).string());
}

}  // namespace

int main(int argc, char** argv) {
  return run_example(argc, argv, help, [](const CommandLine& args) {
    const std::string path = args.positional(1, 1)[0];
    if (!args.has("--text")) throw UsageError("--text is missing");
    std::set<std::string> names;
    for (const std::string& word : args.texts("--text")) {
      if (word.find('=') == word.npos || word.find('=') == 0)
        throw UsageError("--text is NAME=FILE, not '" + word + "'");
      if (!names.insert(word.substr(0, word.find('='))).second)
        throw UsageError("--text has two of one name: " + word);
    }
    moe::ModelOptions options = memory_options_of(args);
    options.threads = args.number<std::size_t>("--threads", 0);
    const auto model = moe::open(path, options);
    const moe::ModelConfig& config = model.config();
    if (config.experts == 0) throw std::runtime_error(path + ": expected a model with experts, found none");

    const Tokens begin = model.tokenizer().encode(args.text("--begin", ""));
    const auto window =
        args.number<std::size_t>("--window", std::min<std::size_t>(256, config.max_positions));
    std::vector<Text> texts;
    std::size_t tokens = 0;
    for (const std::string& word : args.texts("--text")) {
      const std::size_t equals = word.find('=');
      const Tokens ids =
          read_tokens(model.tokenizer(), word.substr(equals + 1), args.number<std::size_t>("--tokens", 8192));
      texts.push_back({word.substr(0, equals), windows_of(ids, begin, window)});
      for (const Tokens& part : texts.back().windows) tokens += part.size();
    }
    {
      Progress progress(tokens, "tokens");
      for (Text& text : texts)
        text.usage = usage_of(model, text.windows, [&](std::size_t done) { progress.add(done); });
    }
    print_table(texts, layers_of(config));
    HeatMapScale use, difference;
    if (args.has("--svg"))
      moe::detail::write_text(args.text("--svg", ""), to_svg(heat_map_of(texts, config, use, difference)));
    if (args.has("--json")) write_profiles(texts, args.text("--json", ""));
  });
}
