// Continues a text:  generate examples/data/babel-10m "<|endoftext|>In the beginning"
#include <moe.hpp>

#include "detail/text/chat_message.hpp"
#include "command_line.hpp"
#include "memory_options.hpp"

constexpr std::string_view help = R"(usage: generate MODEL PROMPT [options]
Continues PROMPT with MODEL, a Hugging Face checkpoint or a GGUF file. Special tokens may stand in the prompt: the
bundled examples/data/babel-10m wants <|endoftext|> at the beginning.

  --max-tokens N           how many tokens at most; default 100
  --chat                   PROMPT is what a user says: put it into the model's chat template
  --no-thinking            with --chat: have the model answer at once
  --temperature T          0: always the most likely token. Default, as for the next three: what the model recommends
  --top-k N                draw from the N most likely tokens; 0: from all
  --top-p P                draw from the most likely tokens that make up P of the probability
  --min-p P                draw from tokens with at least P times the probability of the most likely one
  --repetition-penalty P   above 1 makes tokens less likely that were there before
  --seed N                 the same seed gives the same text; default 0
  --threads N              default: one per core
  --context N              positions at most; default 4096, or what the model knows
  --in-memory              read all experts at the start, instead of mapping them
  --bf16-dot               multiply bf16 weights in dot products of bf16: faster prompts, less exact; needs AVX512_BF16

For a model whose experts do not fit in memory; the text is the same whatever these say:
  --memory SIZE            what everything together may take: 8GiB; or auto, what the machine or its cgroup can give
  --budget SIZE            what experts alone may take
  --max-loaded-experts N   the same, as so many experts of each layer
  --direct                 read experts past the page cache
  --verify                 compare experts with the checksums that extract writes
  --allow-partial          run a model of which extract left out experts: its routers choose from the others
  --io-threads N                threads that read ahead; default 4
  --lookahead              also read ahead what the next layer may choose
)";

moe::Sampling sampling_of(const CommandLine& args, const moe::Model& model) {
  moe::Sampling sampling = model.recommended_sampling();
  sampling.temperature = args.number("--temperature", sampling.temperature);
  sampling.top_k = args.number("--top-k", sampling.top_k);
  sampling.top_p = args.number("--top-p", sampling.top_p);
  sampling.min_p = args.number("--min-p", sampling.min_p);
  sampling.repetition_penalty = args.number("--repetition-penalty", sampling.repetition_penalty);
  sampling.seed = args.number("--seed", sampling.seed);
  return sampling;
}

std::string prompt_of(const CommandLine& args, const moe::Model& model) {
  const std::string text = args.positional(2, 2)[1];
  if (!args.has("--chat")) return text;
  const moe::Message message{"user", text};
  return model.chat_template().render({&message, 1}, {.enable_thinking = !args.has("--no-thinking")});
}

moe::ModelOptions options_of(const CommandLine& args) {
  using enum moe::ModelOptions::Experts;
  moe::ModelOptions options = memory_options_of(args);
  options.threads = args.number<std::size_t>("--threads", 0);
  options.experts = args.has("--in-memory") ? in_memory : mapped;
  options.bf16_dot = args.has("--bf16-dot");
  options.memory.max_loaded_experts = args.number<std::size_t>("--max-loaded-experts", 0);
  options.io_threads = args.number("--io-threads", options.io_threads);
  options.sequence = {.context = args.number<std::size_t>("--context", 4096),
                      .lookahead = args.has("--lookahead")};
  return options;
}

void report(const moe::Session& session) {
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

int main(int argc, char** argv) {
  return run_example(argc, argv, help, [](const CommandLine& args) {
    const moe::ModelOptions options = options_of(args);
    const auto model = moe::open(args.positional(2, 2)[0], options);
    show_memory(model);
    moe::Session session(model, options.sequence);

    const std::string prompt = prompt_of(args, model);
    if (!args.has("--chat")) std::cout << prompt << std::flush;
    session.generate(
        prompt,
        {.max_tokens = args.number<std::size_t>("--max-tokens", 100), .sampling = sampling_of(args, model)},
        [](const moe::Piece& piece) { std::cout << piece.text << std::flush; });
    std::cout << std::endl;
    report(session);
    show_refusal(model);
  });
}
