// SPDX-License-Identifier: MIT
// The continuation of a text:  generate examples/data/babel-10m "<|endoftext|>In the beginning"
#include <moe.hpp>

#include "support/answer_printer.hpp"
#include "support/chat_options.hpp"
#include "support/command_line.hpp"
#include "support/context_notes.hpp"
#include "support/model_options.hpp"
#include "support/progress.hpp"
#include "support/sampling_options.hpp"
#include "support/score_lines.hpp"
#include "support/tokenizer_warnings.hpp"

#include <cstddef>
#include <cstdio>
#include <iostream>
#include <optional>
#include <stdexcept>
#include <string>
#include <vector>

namespace {

const std::string help = std::string(R"(usage: generate MODEL PROMPT [options]
Continues PROMPT with MODEL, a Hugging Face checkpoint or a GGUF file. PROMPT may contain special
tokens: the bundled examples/data/babel-10m needs <|endoftext|> at the beginning.

  --max-tokens N           limit of the new text; default 100
  --min-tokens N           do not end the text before so many tokens; default: the number in
                           generation_config.json, else 0
  --stop TEXT              end the text before TEXT; may be repeated
  --chat                   PROMPT is a message of a user: put it into the model's chat template. The text
                           also ends where the template ends a turn, and reasoning is shown apart
  --no-thinking            with --chat: ask the model to answer without thinking first, which is
                           --set enable_thinking=false
  --tools FILE             with --chat: a JSON list of functions that the model may call
  --set NAME=JSON          with --chat: a variable of the chat template, such as
                           reasoning_effort="high"; may be repeated
  --temperature T          0: always the most likely token. This option and those below it, down to
                           --ban, have the defaults that the model recommends
  --top-k N                draw from the N most likely tokens; 0: from all tokens
  --top-p P                draw from the most likely tokens that together have probability P
  --min-p P                draw from the tokens with at least P times the probability of the most likely
                           one
  --repetition-penalty P   a number above 1 makes tokens that occurred before less likely
)") + std::string(sampling_options_help) +
                         R"(  --seed N                 the same seed gives the same text; default 0
  --logprobs N             print each token as a line of JSON, with its log-probability and the
                           log-probabilities of the N most likely tokens, from the logits of the model
                           before the options above change them
  --score                  print such lines for the tokens of PROMPT, and its perplexity; generate nothing
  --context N              positions of the text, at most as many as the model has; default 4096
  --in-memory              read all experts at the start instead of mapping the files
  --bf16-dot               multiply bf16 weights with the dot products of AVX512_BF16: faster prompts,
                           less exact
  --int8-mxfp4             multiply mxfp4 weights, which gpt-oss has, with inputs rounded to int8: faster
                           prompts, less exact

A model whose experts do not fit in memory needs --memory or --budget. Of the following options, only --kv
and --allow-partial change the text:
  --max-loaded-experts N   limit of the memory for experts, as a number of experts per layer
  --io-threads N           threads that read ahead; default 4
  --lookahead              also read ahead the experts that the next layer may choose
)" + std::string(model_options_help);

moe::Sampling sampling_of(const CommandLine& args, const moe::Model& model) {
  moe::Sampling sampling = model.recommended_sampling();
  sampling.temperature = args.number("--temperature", sampling.temperature);
  sampling.top_k = args.number("--top-k", sampling.top_k);
  sampling.top_p = args.number("--top-p", sampling.top_p);
  sampling.min_p = args.number("--min-p", sampling.min_p);
  sampling.repetition_penalty = args.number("--repetition-penalty", sampling.repetition_penalty);
  read_sampling_options(args, model, sampling);
  sampling.seed = args.number("--seed", sampling.seed);
  return sampling;
}

moe::GenerateOptions generate_options_of(const CommandLine& args, const moe::Model& model) {
  moe::GenerateOptions options;
  options.max_tokens = args.count("--max-tokens", 100);
  if (args.has("--min-tokens")) options.min_tokens = args.count("--min-tokens", 0);
  options.sampling = sampling_of(args, model);
  if (args.has("--logprobs")) options.logprobs = args.count("--logprobs", 0);
  options.stop_strings = args.texts("--stop");
  for (const std::string& text : options.stop_strings)
    if (text.empty()) throw UsageError("--stop needs a text that is not empty");
  if (args.has("--chat")) options.chat_template = model.chat_template();
  options.prompt_progress = shown_progress<std::size_t>("tokens of the prompt");
  return options;
}

/// The text for the model. `chat`: the template of the message, if PROMPT is one.
std::string prompt_of(const CommandLine& args, const std::optional<moe::ChatTemplate>& chat) {
  const std::string text = args.positional(2, 2)[1];
  if (!chat) return text;
  const moe::Message message{"user", text};
  return chat->render({&message, 1}, chat_options_of(args));
}

moe::ModelOptions options_of(const CommandLine& args) {
  using enum moe::ModelOptions::Experts;
  moe::ModelOptions options = model_options_of(args);
  options.experts = args.has("--in-memory") ? in_memory : mapped;
  options.bf16_dot = args.has("--bf16-dot");
  options.int8_mxfp4 = args.has("--int8-mxfp4");
  options.memory.max_loaded_experts = args.number<std::size_t>("--max-loaded-experts", 0);
  options.io_threads = args.number<std::size_t>("--io-threads", options.io_threads, 0, 1024);
  options.sequence.context = args.count("--context", 4096, 1);
  options.sequence.lookahead = args.has("--lookahead");
  return options;
}

void show_speed(const moe::Session& session) {
  const moe::SessionStatistics& s = session.statistics();
  const auto rate = [](std::size_t tokens, double seconds) {
    return seconds > 0 ? static_cast<double>(tokens) / seconds : 0;
  };
  const std::size_t after_first = s.generated_tokens - (s.generated_tokens > 0);
  std::fprintf(stderr, "prompt: %zu tokens, %.1f tokens/s; generated: %zu tokens, %.1f tokens/s (%s)\n",
               s.prompt_tokens, rate(s.prompt_tokens - s.reused_tokens, s.prompt_seconds), s.generated_tokens,
               rate(after_first, s.generate_seconds),
               moe::detail::simd::name(moe::detail::simd::active_isa()).data());
}

void score(moe::Session& session, const moe::Model& model, const std::vector<moe::TokenId>& tokens,
           std::size_t most_likely) {
  const auto progress = shown_progress<std::size_t>("tokens");
  const std::vector<moe::Piece> pieces = session.score(tokens, most_likely, 1, progress);
  for (const moe::Piece& piece : pieces) print_score(model.tokenizer(), piece);
  show_perplexity(pieces);
}

}  // namespace

int main(int argc, char** argv) {
  return run_example(argc, argv, help, [](const CommandLine& args) {
    const moe::ModelOptions options = options_of(args);
    const auto model = moe::open(args.positional(2, 2)[0], options);
    if (model.has_tokenizer()) show_warnings(model.tokenizer());
    const moe::GenerateOptions wanted = generate_options_of(args, model);
    const std::string prompt = prompt_of(args, wanted.chat_template);
    const std::vector<moe::TokenId> tokens =
        model.tokenizer().encode(prompt, {.add_special_tokens = !wanted.chat_template});
    moe::Session session(model, options.sequence);
    show_memory(model);
    show_cut_context(session, model, args);
    if (tokens.size() > session.context())
      throw std::runtime_error("prompt: expected at most " + std::to_string(session.context()) +
                               " tokens, found " + std::to_string(tokens.size()) + "; " +
                               advice_on_context(session, model));

    if (args.has("--score")) return score(session, model, tokens, args.count("--logprobs", 0));

    if (wanted.logprobs) {
      session.generate(tokens, wanted,
                       [&](const moe::Piece& piece) { print_score(model.tokenizer(), piece); });
    } else {
      if (!wanted.chat_template) std::cout << prompt << std::flush;
      AnswerPrinter printer;
      session.generate(tokens, wanted, printer);
      printer.finish();
    }
    show_full_context(session, model);
    if (wanted.chat_template) show_limit(session);
    show_speed(session);
    show_refused_direct_reads(model);
  });
}
