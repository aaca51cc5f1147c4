// SPDX-License-Identifier: MIT
// The experts that different texts use, as a table, a picture and a profile:
//   expert_usage examples/data/babel-10m --text kjv=kjv.txt --text python=python.txt --svg usage.svg
#include <moe.hpp>

#include "detail/io/output_file.hpp"
#include "support/command_line.hpp"
#include "support/heat_map.hpp"
#include "support/model_options.hpp"
#include "support/output_path.hpp"
#include "support/progress.hpp"
#include "support/text_windows.hpp"
#include "support/utf8_path.hpp"

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <filesystem>
#include <set>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

namespace {

const std::string help = std::string(R"(usage: expert_usage MODEL --text NAME=FILE... [options]
Counts how often the routers choose each expert of each layer when the model reads the texts, and how
much router mass each expert gets. Prints for each layer how specialised it is: for each text the
entropy of the choices in bits (highest if all experts are used equally) and the share of the choices
that goes to the 8 most used experts; for each pair of texts how many of these 8 experts they share.

  --text NAME=FILE    a text and its name; may be given several times
  --svg FILE          draw a heat map of layers and experts: one panel per text, and the difference of
                      the first two texts
  --json PROFILE      write a usage profile of all texts together, and one of each text with .NAME
                      before the extension
  --tokens N          tokens of each text; default 8192
)") + std::string(window_options_help) +
                         std::string(model_options_help);

constexpr std::size_t top = 8;

struct Text {
  std::string name;
  std::vector<Tokens> windows;
  moe::UsageProfile usage{0, 0};

  std::size_t tokens() const {
    std::size_t sum = 0;
    for (const Tokens& window : windows) sum += window.size();
    return sum;
  }
};

/// The share of a layer's choices that went to an expert.
double share(const moe::UsageProfile& usage, moe::ExpertId id) {
  const auto all = static_cast<double>(usage.count(id.layer));
  return all == 0 ? 0 : static_cast<double>(usage.count(id)) / all;
}

/// The entropy of the choices of a layer, −Σ p log2 p.
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

/// How many of their most used experts two texts share.
std::size_t overlap(const moe::UsageProfile& a, const moe::UsageProfile& b, std::uint32_t layer) {
  const std::vector<std::uint32_t> of_a = a.most_used(layer, top), of_b = b.most_used(layer, top);
  return static_cast<std::size_t>(std::count_if(of_a.begin(), of_a.end(), [&](std::uint32_t expert) {
    return std::find(of_b.begin(), of_b.end(), expert) != of_b.end();
  }));
}

/// The layers that have experts.
std::vector<std::uint32_t> layers_of(const moe::ModelSpec& spec) {
  std::vector<std::uint32_t> layers;
  for (std::uint32_t layer = 0; layer < spec.layers.size(); ++layer)
    if (spec.layers[layer].router()) layers.push_back(layer);
  return layers;
}

void print_table(const std::vector<Text>& texts, const std::vector<std::uint32_t>& layers) {
  const auto for_each_pair = [&](auto action) {
    for (std::size_t i = 0; i < texts.size(); ++i)
      for (std::size_t j = i + 1; j < texts.size(); ++j) action(texts[i], texts[j]);
  };
  std::printf("| layer |");
  for (const Text& text : texts) std::printf(" %s: bits | top %zu |", text.name.c_str(), top);
  for_each_pair([](const Text& a, const Text& b) {
    std::printf(" top %zu of %s and %s |", top, a.name.c_str(), b.name.c_str());
  });
  std::printf("\n|---:|");
  for (std::size_t i = 0; i < texts.size(); ++i) std::printf("---:|---:|");
  for_each_pair([](const Text&, const Text&) { std::printf("---:|"); });
  std::printf("\n");
  for (const std::uint32_t layer : layers) {
    std::printf("| %u |", layer);
    for (const Text& text : texts)
      std::printf(" %.2f | %.1f %% |", entropy_bits(text.usage, layer), 100 * top_share(text.usage, layer));
    for_each_pair(
        [&](const Text& a, const Text& b) { std::printf(" %zu |", overlap(a.usage, b.usage, layer)); });
    std::printf("\n");
  }
}

std::string percent(double part) {
  char out[32];
  std::snprintf(out, sizeof out, "%.3g %%", 100 * part);
  return out;
}

/// Draws the heat map. A colour is the square root of a share of tokens, which separates rarely used experts from unused
/// ones.
class UsagePicture {
 public:
  UsagePicture(const std::vector<Text>& texts, const moe::ModelSpec& spec)
      : texts_(texts),
        experts_(spec.experts()),
        per_token_(static_cast<double>(spec.experts_per_token())),
        layers_(layers_of(spec)) {}

  std::string svg() const {
    const HeatMapScale use = use_scale(), difference = difference_scale();
    HeatMap map{.title = "Which experts a text uses",
                .subtitle = std::to_string(experts_) + " experts in each of " +
                            std::to_string(layers_.size()) + " layers, " +
                            std::to_string(std::lround(per_token_)) +
                            " per token. On the right: the effective number of experts, 2^entropy.",
                .row_label = "layer",
                .column_label = "expert",
                .note_label = "effective",
                .rows = layers_.size(),
                .columns = experts_,
                .row_names = {},
                .panels = {}};
    for (const std::uint32_t layer : layers_) map.row_names.push_back(std::to_string(layer));
    for (const Text& text : texts_) map.panels.push_back(panel(text, use));
    if (texts_.size() >= 2) map.panels.push_back(difference_panel(difference));
    return to_svg(map);
  }

 private:
  /// The share of tokens that take an expert if all experts are used equally; and the share that has the full colour.
  double even() const { return per_token_ / static_cast<double>(experts_); }
  double full() const { return std::min(1., 8 * even()); }

  double root(double part) const { return std::copysign(std::sqrt(std::abs(part) / full()), part); }

  HeatMapScale use_scale() const {
    HeatMapScale scale{
        .title = "share of tokens that take the expert; if all were used equally, " + percent(even()),
        .ticks = {}};
    for (const double part : {0., full() / 8, full() / 2}) scale.ticks.push_back({root(part), percent(part)});
    scale.ticks.push_back({1, percent(full()) + (full() < 1 ? " or more" : "")});
    return scale;
  }

  HeatMapScale difference_scale() const {
    if (texts_.size() < 2) return {};
    HeatMapScale scale{.title = "blue: more in " + texts_[0].name + "; orange: more in " + texts_[1].name,
                       .diverging = true,
                       .ticks = {}};
    for (const double part : {-full(), -full() / 8, 0., full() / 8, full()})
      scale.ticks.push_back({root(part), percent(std::abs(part))});
    return scale;
  }

  /// value(id) of every expert, [layers, experts].
  template <class Value>
  std::vector<double> cells(Value value) const {
    std::vector<double> out;
    for (const std::uint32_t layer : layers_)
      for (std::uint32_t expert = 0; expert < experts_; ++expert) out.push_back(value({layer, expert}));
    return out;
  }

  /// The share of a text's tokens that took an expert.
  double taken(const Text& text, moe::ExpertId id) const { return per_token_ * share(text.usage, id); }

  HeatMapPanel panel(const Text& text, const HeatMapScale& scale) const {
    HeatMapPanel out{text.name + ", " + std::to_string(text.tokens()) + " tokens",
                     &scale,
                     cells([&](moe::ExpertId id) { return root(taken(text, id)); }),
                     {}};
    for (const std::uint32_t layer : layers_)
      out.notes.push_back(std::to_string(std::lround(std::exp2(entropy_bits(text.usage, layer)))));
    return out;
  }

  HeatMapPanel difference_panel(const HeatMapScale& scale) const {
    return {"difference: " + texts_[0].name + " against " + texts_[1].name,
            &scale,
            cells([&](moe::ExpertId id) { return root(taken(texts_[1], id) - taken(texts_[0], id)); }),
            {}};
  }

  const std::vector<Text>& texts_;
  std::size_t experts_;
  double per_token_;
  std::vector<std::uint32_t> layers_;
};

/// PROFILE with .NAME before the extension.
std::string profile_path_of(const Text& text, const std::string& profile) {
  const std::filesystem::path path = path_of(profile);
  const std::string name = utf8_of(path.stem()) + '.' + text.name + utf8_of(path.extension());
  return utf8_of(path.parent_path() / path_of(name));
}

void write_profiles(const std::vector<Text>& texts, const std::string& path) {
  moe::UsageProfile sum = texts[0].usage;
  for (std::size_t i = 1; i < texts.size(); ++i) sum += texts[i].usage;
  sum.write(path);
  for (const Text& text : texts) text.usage.write(profile_path_of(text, path));
}

/// The names and paths of the texts.
std::vector<std::pair<std::string, std::string>> text_files_of(const CommandLine& args) {
  if (!args.has("--text")) throw UsageError("--text is missing");
  std::vector<std::pair<std::string, std::string>> out;
  std::set<std::string> names;
  for (const std::string& word : args.texts("--text")) {
    const std::size_t equals = word.find('=');
    if (equals == word.npos || equals == 0) throw UsageError("--text needs NAME=FILE, not '" + word + "'");
    const std::string name = word.substr(0, equals);
    if (name.find('/') != name.npos) throw UsageError("--text needs a NAME without /, not '" + name + "'");
    if (!names.insert(name).second)
      throw UsageError("--text needs different names, not twice '" + name + "'");
    out.emplace_back(name, word.substr(equals + 1));
  }
  return out;
}

std::vector<Text> read_texts(const moe::Model& model, const CommandLine& args) {
  const WindowCutter cutter(model, args);
  std::vector<Text> texts;
  for (const auto& [name, path] : text_files_of(args)) {
    const Tokens ids = read_tokens(model.tokenizer(), path, args.count("--tokens", 8192, 1));
    if (ids.empty()) throw std::runtime_error(path + ": expected a text, found an empty file");
    texts.push_back({name, cutter.cut(ids)});
  }
  return texts;
}

void count_usage(const moe::Model& model, std::vector<Text>& texts) {
  std::size_t tokens = 0;
  for (const Text& text : texts) tokens += text.tokens();
  Progress progress(tokens, "tokens");
  for (Text& text : texts)
    text.usage = usage_of(model, text.windows, [&](std::size_t done) { progress.add(done); });
}

}  // namespace

int main(int argc, char** argv) {
  return run_example(argc, argv, help, [](const CommandLine& args) {
    const std::string path = args.positional(1, 1)[0];
    (void)text_files_of(args);  // wrong usage is reported before the model is opened
    const std::string svg = output_path_of(args, "--svg"), profile = output_path_of(args, "--json");
    const auto model = moe::open(path, model_options_of(args));
    require_experts(model);
    show_memory(model);
    std::vector<Text> texts = read_texts(model, args);
    count_usage(model, texts);
    print_table(texts, layers_of(model.spec()));
    if (!svg.empty()) moe::detail::write_text(svg, UsagePicture(texts, model.spec()).svg());
    if (!profile.empty()) write_profiles(texts, profile);
  });
}
