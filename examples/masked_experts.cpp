// Shows what it costs to hide experts from the routers:
//   cd examples/data/babel-10m && masked_experts . valid/scripture.txt valid/python.txt --begin "<|endoftext|>"
#include <moe.hpp>

#include "command_line.hpp"
#include "memory_options.hpp"
#include "progress.hpp"
#include "windows.hpp"

#include <algorithm>
#include <cmath>
#include <functional>
#include <random>

constexpr std::string_view help = R"(usage: masked_experts MODEL TEXT... [options]
Restricts the routers of all layers to some experts, and shows as a table for each choice and text: the perplexity
(teacher-forced, one token per step), the share of router mass that the allowed experts had, and how a text goes on.
With k experts per token (8 in Qwen3), the choices are

  all               as the model was trained
  0 to k-1          the first k of each layer
  random            k others for each layer
  used here         the k, 2k, 4k, 8k of each layer that are used most in the same text
  used elsewhere    the same of the next text, if there are several

Use is counted on the first half of each text, perplexity on the second.

  --tokens N        how many tokens of each half; default 1024
  --window N        how many positions are read before all is forgotten; default 256, or what the model knows
  --begin TEXT      what stands before each window: the bundled model wants <|endoftext|>
  --continue N      how many tokens of continuation, of the first text; default 16
  --seed N          of the random experts and the continuations; default 1
  --threads N       default: one per core
  --memory SIZE     what everything together may take: 8GiB; or auto
  --budget SIZE     what experts alone may take
  --direct          read experts past the page cache
)";

namespace {

struct Text {
  std::string name;
  Tokens prompt;                // its beginning, to be continued
  std::vector<Tokens> windows;  // of the part that is measured
  moe::UsageProfile usage;      // of the other part
};

/// Which experts each layer may choose from, given the text that is measured.
struct Choice {
  std::string name;
  std::function<moe::AllowedExperts(std::size_t text)> allowed;
};

struct Setup {
  std::string path;
  moe::ModelOptions options;
  std::size_t first_scored = 1;  // the position of the first token that counts
  std::size_t continuation = 0, seed = 0;
  std::vector<Text> texts;
  std::vector<Choice> choices;
};

struct Row {
  std::vector<double> perplexity, mass;  // by text
  std::string continuation;
};

/// experts_of(layer) in each layer that has experts.
template <class ExpertsOf>
moe::AllowedExperts allow(const moe::ModelConfig& config, ExpertsOf experts_of) {
  moe::AllowedExperts allowed;
  for (std::uint32_t layer = 0; layer < config.layers.size(); ++layer)
    if (config.layers[layer].has_experts) allowed.allow_only(layer, experts_of(layer));
  return allowed;
}

/// The most used experts of a layer; if fewer were used, then also some that never were.
std::vector<std::uint32_t> most_used(const moe::UsageProfile& usage, std::uint32_t layer, std::size_t count) {
  std::vector<std::uint32_t> experts = usage.most_used(layer, count);
  for (std::uint32_t expert = 0; experts.size() < count; ++expert)
    if (usage.count({layer, expert}) == 0) experts.push_back(expert);
  return experts;
}

std::vector<Choice> choices_of(const moe::ModelConfig& config, const std::vector<Text>& texts,
                               std::size_t seed) {
  const std::size_t k = config.experts_per_token;
  std::vector<std::uint32_t> all(config.experts);
  for (std::uint32_t i = 0; i < all.size(); ++i) all[i] = i;
  const auto first_of = [k](std::vector<std::uint32_t> experts) {
    experts.resize(k);
    return experts;
  };
  std::vector<Choice> choices{{"all", [](std::size_t) { return moe::AllowedExperts(); }}};
  choices.push_back({"0 to " + std::to_string(k - 1), [=, &config](std::size_t) {
                       return allow(config, [&](std::uint32_t) { return first_of(all); });
                     }});
  choices.push_back({std::to_string(k) + " random", [=, &config](std::size_t) {
                       std::mt19937 random(static_cast<std::uint32_t>(seed));
                       return allow(config, [&](std::uint32_t) {
                         std::vector<std::uint32_t> experts = all;
                         std::shuffle(experts.begin(), experts.end(), random);
                         return first_of(experts);
                       });
                     }});
  for (const std::size_t distance : {0u, 1u})
    for (std::size_t n = k; n <= 8 * k && n <= config.experts && distance < texts.size(); n *= 2)
      choices.push_back({std::to_string(n) + (distance == 0 ? " used here" : " used elsewhere"),
                         [=, &config, &texts](std::size_t text) {
                           const moe::UsageProfile& usage = texts[(text + distance) % texts.size()].usage;
                           return allow(config,
                                        [&](std::uint32_t layer) { return most_used(usage, layer, n); });
                         }});
  return choices;
}

/// How surprised a model was to see `next`: −ln of its probability.
double surprise(std::span<const float> logits, moe::TokenId next) {
  const auto largest = static_cast<double>(*std::max_element(logits.begin(), logits.end()));
  double sum = 0;
  for (const float logit : logits) sum += std::exp(static_cast<double>(logit) - largest);
  return std::log(sum) + largest - static_cast<double>(logits[next]);
}

/// Reads the text token by token; adds its perplexity and the router mass to `row`.
void measure(const Setup& setup, const moe::Model& model, const Text& text, Row& row, Progress& progress) {
  double surprises = 0, mass = 0;
  std::size_t scored = 0, choices = 0;
  for (const Tokens& window : text.windows) {
    auto sequence = model.transformer().sequence({.context = window.size()});
    for (std::size_t i = 0; i + 1 < window.size(); ++i, progress.add(1)) {
      const std::span<const float> logits = model.transformer().forward(sequence, {&window[i], 1});
      if (i + 1 < setup.first_scored) continue;
      surprises += surprise(logits, window[i + 1]);
      ++scored;
    }
    mass += sequence.restriction().mass;
    choices += sequence.restriction().choices;
  }
  row.perplexity.push_back(std::exp(surprises / static_cast<double>(scored)));
  row.mass.push_back(choices == 0 ? 1 : mass / static_cast<double>(choices));
}

/// How the text goes on, in one line.
std::string continue_text(const Setup& setup, const moe::Model& model, const Text& text) {
  moe::Session session(model, {.context = text.prompt.size() + setup.continuation});
  std::string line;
  for (const char c :
       session.generate(text.prompt, {.max_tokens = setup.continuation,
                                     .sampling = moe::Sampling{.temperature = 0.7, .seed = setup.seed}}))
    line += c == '\n' ? " / " : c == '|' ? "\\|" : std::string(1, c);
  return line;
}

Row run(const Setup& setup, const Choice& choice, Progress& progress) {
  Row row;
  for (std::size_t i = 0; i < setup.texts.size(); ++i) {
    moe::ModelOptions options = setup.options;
    options.allowed_experts = choice.allowed(i);
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

void print_row(const std::string& name, const Row& row) {
  std::printf("| %s |", name.c_str());
  for (std::size_t i = 0; i < row.perplexity.size(); ++i)
    std::printf(row.perplexity[i] < 1000 ? " %.1f | %.1f %% |" : " %.0f | %.1f %% |", row.perplexity[i],
                100 * row.mass[i]);
  std::printf(" %s |\n", row.continuation.c_str());
  std::fflush(stdout);
}

/// Takes the first half of a text for counting, and the second for measuring.
Text text_of(const moe::Model& model, const std::string& path, std::size_t tokens, std::size_t window,
             const Tokens& begin) {
  const Tokens ids = read_tokens(model.tokenizer(), path, 2 * tokens);
  const auto middle = ids.begin() + static_cast<std::ptrdiff_t>(ids.size() / 2);
  if (ids.size() < 4) throw std::runtime_error(path + ": expected a text of at least 4 tokens");
  std::vector<Tokens> windows = windows_of({middle, ids.end()}, begin, window);
  Tokens prompt = windows[0];
  prompt.resize(std::min<std::size_t>(prompt.size(), begin.size() + 6));
  // A window of one token, left over at the end, has nothing to predict.
  if (windows.back().size() < 2) windows.pop_back();
  return {stem_of(path), prompt, std::move(windows),
          usage_of(model, windows_of({ids.begin(), middle}, begin, window), [](std::size_t) {})};
}

}  // namespace

int main(int argc, char** argv) {
  return run_example(argc, argv, help, [](const CommandLine& args) {
    const std::vector<std::string>& words = args.positional(2, 100);
    Setup setup;
    setup.path = words[0];
    setup.options = memory_options_of(args);
    setup.options.threads = args.number<std::size_t>("--threads", 0);
    setup.continuation = args.number<std::size_t>("--continue", 16);
    setup.seed = args.number<std::size_t>("--seed", 1);
    const auto tokens = args.number<std::size_t>("--tokens", 1024);

    const auto model = moe::open(setup.path, setup.options);
    const moe::ModelConfig& config = model.config();
    if (config.experts == 0)
      throw std::runtime_error(setup.path + ": expected a model with experts, found none");
    const Tokens begin = model.tokenizer().encode(args.text("--begin", ""));
    const std::size_t window =
        args.number<std::size_t>("--window", std::min<std::size_t>(256, config.max_positions));
    setup.first_scored = std::max<std::size_t>(1, begin.size());
    for (std::size_t i = 1; i < words.size(); ++i)
      setup.texts.push_back(text_of(model, words[i], tokens, window, begin));
    setup.choices = choices_of(config, setup.texts, setup.seed);

    std::size_t steps = 0;
    for (const Text& text : setup.texts)
      for (const Tokens& ids : text.windows) steps += ids.size() - 1;
    Progress progress(steps * setup.choices.size(), "tokens");
    std::vector<Row> rows;
    for (const Choice& choice : setup.choices) rows.push_back(run(setup, choice, progress));
    print_head(setup, model.tokenizer());
    for (std::size_t i = 0; i < rows.size(); ++i) print_row(setup.choices[i].name, rows[i]);
  });
}
