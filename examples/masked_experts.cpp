// SPDX-License-Identifier: MIT
// The cost of hiding experts from the routers, as perplexity:
//   cd examples/data/babel-10m && masked_experts . valid/scripture.txt valid/python.txt --begin "<|endoftext|>"
#include <moe.hpp>

#include "support/command_line.hpp"
#include "support/model_options.hpp"
#include "support/progress.hpp"
#include "support/surprise.hpp"
#include "support/text_windows.hpp"
#include "support/utf8_path.hpp"

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <filesystem>
#include <functional>
#include <numeric>
#include <random>
#include <span>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

namespace {

const std::string help = std::string(R"(usage: masked_experts MODEL TEXT... [options]
Restricts the routers of all layers to some experts. Prints a table with a row per restriction. A row has
for each text the perplexity (teacher-forced, one token per step) and the share of the router mass that
the allowed experts had. The row ends with a continuation of the first text. With k experts per token
(8 in Qwen3), the restrictions are:

  all               no restriction
  0 to k-1          the first k experts of each layer
  k random          k experts of each layer, drawn at random
  n used here       the n = k, 2k, 4k, 8k experts of each layer that the same text uses most
  n used elsewhere  the experts that the next text uses most, if there are several texts

The use of experts is counted on the first half of each text, perplexity is measured on the second half.

  --tokens N          tokens of each half; default 1024
  --continue N        tokens of the continuation; default 16
  --seed N            of the random experts and of the continuations; default 1
)") + std::string(window_options_help) +
                         std::string(model_options_help);

struct Text {
  std::string name;
  Tokens prompt;                // the beginning of the second half, to be continued
  std::vector<Tokens> windows;  // of the second half
  moe::UsageProfile usage;      // of the first half

  /// The tokens that are predicted.
  std::size_t steps() const {
    std::size_t sum = 0;
    for (const Tokens& window : windows) sum += window.size() - 1;
    return sum;
  }
};

/// A restriction of the routers, which may depend on the text that is measured.
struct Restriction {
  std::string name;
  std::function<moe::AllowedExperts(std::size_t text)> allowed;
};

struct Setup {
  std::string path;
  moe::ModelOptions options;
  std::size_t begin = 0;  // tokens at the beginning of each window, which are not scored
  std::size_t continuation = 0, seed = 0;
  std::vector<Text> texts;
};

struct Row {
  std::string name;
  std::vector<double> perplexity, mass;  // by text
  std::string continuation;
};

/// Allows experts_of(layer) in each layer that has experts.
template <class ExpertsOf>
moe::AllowedExperts allow(const moe::ModelSpec& spec, ExpertsOf experts_of) {
  moe::AllowedExperts allowed;
  for (std::uint32_t layer = 0; layer < spec.layers.size(); ++layer)
    if (spec.layers[layer].router()) allowed.allow_only(layer, experts_of(layer));
  return allowed;
}

/// The `count` most used experts of a layer, filled up with unused ones.
std::vector<std::uint32_t> most_used(const moe::UsageProfile& usage, std::uint32_t layer, std::size_t count) {
  std::vector<std::uint32_t> experts = usage.most_used(layer, count);
  for (std::uint32_t expert = 0; experts.size() < count; ++expert)
    if (usage.count({layer, expert}) == 0) experts.push_back(expert);
  return experts;
}

std::vector<std::uint32_t> first_experts(std::size_t count) {
  std::vector<std::uint32_t> experts(count);
  std::iota(experts.begin(), experts.end(), std::uint32_t{0});
  return experts;
}

Restriction random_experts(const moe::ModelSpec& spec, std::size_t seed) {
  const std::size_t k = spec.experts_per_token();
  return {std::to_string(k) + " random", [k, seed, &spec](std::size_t) {
            std::mt19937 random(static_cast<std::uint32_t>(seed));
            return allow(spec, [&](std::uint32_t) {
              std::vector<std::uint32_t> experts = first_experts(spec.experts());
              std::shuffle(experts.begin(), experts.end(), random);
              experts.resize(k);
              return experts;
            });
          }};
}

/// The `count` experts of each layer that another text uses most: the text `distance` places after the measured one. After the
/// last text comes the first.
Restriction used_experts(const moe::ModelSpec& spec, const std::vector<Text>& texts, std::size_t count,
                         std::size_t distance) {
  return {std::to_string(count) + (distance == 0 ? " used here" : " used elsewhere"),
          [count, distance, &spec, &texts](std::size_t text) {
            const moe::UsageProfile& usage = texts[(text + distance) % texts.size()].usage;
            return allow(spec, [&](std::uint32_t layer) { return most_used(usage, layer, count); });
          }};
}

/// spec, texts: must outlive the result.
std::vector<Restriction> restrictions_of(const moe::ModelSpec& spec, const std::vector<Text>& texts,
                                         std::size_t seed) {
  const std::size_t k = spec.experts_per_token();
  std::vector<Restriction> out{{"all", [](std::size_t) { return moe::AllowedExperts(); }}};
  out.push_back({"0 to " + std::to_string(k - 1), [k, &spec](std::size_t) {
                   return allow(spec, [k](std::uint32_t) { return first_experts(k); });
                 }});
  out.push_back(random_experts(spec, seed));
  for (const std::size_t distance : {0u, 1u})
    for (std::size_t count = k; count <= 8 * k && count <= spec.experts() && distance < texts.size();
         count *= 2)
      out.push_back(used_experts(spec, texts, count, distance));
  return out;
}

/// Reads a text token by token. Adds its perplexity and the router mass of the allowed experts to `row`.
void measure(const Setup& setup, const moe::Model& model, const Text& text, Row& row, Progress& progress) {
  double surprises = 0, mass = 0;
  std::size_t scored = 0, choices = 0;
  for (const Tokens& window : text.windows) {
    auto sequence =
        model.transformer().sequence({.context = window.size(), .kv_type = setup.options.sequence.kv_type});
    for (std::size_t i = 0; i + 1 < window.size(); ++i, progress.add(1)) {
      const std::span<const float> logits = model.transformer().forward(sequence, {&window[i], 1});
      if (i + 1 < setup.begin) continue;
      surprises += surprise(logits, window[i + 1]);
      ++scored;
    }
    mass += sequence.restriction().mass;
    choices += sequence.restriction().choices;
  }
  row.perplexity.push_back(std::exp(surprises / static_cast<double>(scored)));
  row.mass.push_back(choices == 0 ? 1 : mass / static_cast<double>(choices));
}

/// A continuation of the text, as a cell of a table.
std::string continue_text(const Setup& setup, const moe::Model& model, const Text& text) {
  moe::Session session(model, {.context = text.prompt.size() + setup.continuation});
  const moe::GenerateOptions options{.max_tokens = setup.continuation,
                                     .sampling = moe::Sampling{.temperature = 0.7, .seed = setup.seed}};
  std::string line;
  for (const char c : session.generate(text.prompt, options))
    line += c == '\n' ? " / " : c == '|' ? "\\|" : std::string(1, c);
  return line;
}

Row run(const Setup& setup, const Restriction& restriction, Progress& progress) {
  Row row;
  row.name = restriction.name;
  for (std::size_t i = 0; i < setup.texts.size(); ++i) {
    moe::ModelOptions options = setup.options;
    options.allowed_experts = restriction.allowed(i);
    const auto model = moe::open(setup.path, options);
    measure(setup, model, setup.texts[i], row, progress);
    if (i == 0) row.continuation = continue_text(setup, model, setup.texts[i]);
  }
  return row;
}

void print_head(const Setup& setup, const moe::Tokenizer& tokenizer) {
  std::printf("| experts of each layer |");
  for (const Text& text : setup.texts) std::printf(" %s: perplexity | mass |", text.name.c_str());
  std::string prompt;
  for (const char c : tokenizer.decode(setup.texts[0].prompt, true)) prompt += c == '\n' ? ' ' : c;
  std::printf(" \"%s\" goes on |\n|---|", prompt.c_str());
  for (std::size_t i = 0; i < setup.texts.size(); ++i) std::printf("---:|---:|");
  std::printf("---|\n");
}

void print_row(const Row& row) {
  std::printf("| %s |", row.name.c_str());
  for (std::size_t i = 0; i < row.perplexity.size(); ++i)
    std::printf(row.perplexity[i] < 1000 ? " %.1f | %.1f %% |" : " %.0f | %.1f %% |", row.perplexity[i],
                100 * row.mass[i]);
  std::printf(" %s |\n", row.continuation.c_str());
}

/// Counts the use of experts in the first half of a text, and keeps the second half to measure the perplexity.
Text text_of(const moe::Model& model, const WindowCutter& cutter, const std::string& path,
             std::size_t tokens) {
  const Tokens ids = read_tokens(model.tokenizer(), path, 2 * tokens);
  if (ids.size() < 4)
    throw std::runtime_error(path + ": expected a text of at least 4 tokens, found " +
                             std::to_string(ids.size()));
  const auto middle = ids.begin() + static_cast<std::ptrdiff_t>(ids.size() / 2);
  std::vector<Tokens> windows = cutter.cut({middle, ids.end()});
  Tokens prompt = windows[0];
  prompt.resize(std::min<std::size_t>(prompt.size(), cutter.begin().size() + 6));
  if (windows.back().size() < 2) windows.pop_back();  // one token predicts nothing
  return {utf8_of(path_of(path).stem()), prompt, std::move(windows),
          usage_of(model, cutter.cut({ids.begin(), middle}), [](std::size_t) {})};
}

}  // namespace

int main(int argc, char** argv) {
  return run_example(argc, argv, help, [](const CommandLine& args) {
    const std::vector<std::string>& words = args.positional(2, 100);
    Setup setup{.path = words[0],
                .options = model_options_of(args),
                .continuation = args.count("--continue", 16),
                .seed = args.number<std::size_t>("--seed", 1),
                .texts = {}};
    const std::size_t tokens = args.count("--tokens", 1024, 2);
    const auto model = moe::open(setup.path, setup.options);
    require_experts(model);
    const WindowCutter cutter(model, args);
    setup.begin = cutter.begin().size();
    for (std::size_t i = 1; i < words.size(); ++i)
      setup.texts.push_back(text_of(model, cutter, words[i], tokens));

    const std::vector<Restriction> restrictions = restrictions_of(model.spec(), setup.texts, setup.seed);
    std::size_t steps = 0;
    for (const Text& text : setup.texts) steps += text.steps();
    std::vector<Row> rows;
    {
      Progress progress(steps * restrictions.size(), "tokens");
      for (const Restriction& restriction : restrictions) rows.push_back(run(setup, restriction, progress));
    }
    print_head(setup, model.tokenizer());
    for (const Row& row : rows) print_row(row);
  });
}
