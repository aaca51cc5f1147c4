// Talks with a model, which remembers the conversation:  chat Qwen3-30B-A3B
#include <moe.hpp>

#include "command_line.hpp"

#include <csignal>

constexpr std::string_view help = R"(usage: chat MODEL [options]
Talks with MODEL, a directory with a Hugging Face checkpoint that has a chat template. Each line is what you say; an
empty line or the end of the input ends the conversation, Ctrl-C ends an answer. What the model has read before is kept,
so a turn costs only what is new.

  --system TEXT       what the model is told about its role
  --no-thinking       have the model answer at once
  --max-tokens N      of an answer at most; default 2048
  --temperature T     0: always the most likely token; default: what the model recommends
  --seed N            the same seed gives the same answers; default 0
  --threads N         default: one per core
  --context N         positions at most; default 8192, or what the model knows
)";

namespace {

std::stop_source* answer = nullptr;  // what Ctrl-C ends

void on_interrupt(int) {
  if (!answer || answer->stop_requested()) std::_Exit(130);
  answer->request_stop();
}

}  // namespace

int main(int argc, char** argv) {
  return run_example(argc, argv, help, [](const CommandLine& args) {
    const auto model =
        moe::open(args.positional(1, 1)[0], {.threads = args.number<std::size_t>("--threads", 0)});
    const moe::ChatTemplate chat = model.chat_template();
    moe::Session session(model, {.context = args.number<std::size_t>("--context", 8192)});
    moe::Sampling sampling = model.recommended_sampling();
    sampling.temperature = args.number("--temperature", sampling.temperature);
    sampling.seed = args.number("--seed", sampling.seed);

    std::vector<moe::Message> conversation;
    if (args.has("--system")) conversation.push_back({"system", args.text("--system", "")});
    std::signal(SIGINT, on_interrupt);
    for (std::string line;
         std::cout << "> " << std::flush && std::getline(std::cin, line) && !line.empty();) {
      conversation.push_back({"user", line});
      const std::string prompt = chat.render(conversation, {.enable_thinking = !args.has("--no-thinking")});
      std::stop_source stop;
      answer = &stop;
      const moe::GenerateOptions options{.max_tokens = args.number<std::size_t>("--max-tokens", 2048),
                                         .sampling = sampling,
                                         .stop = stop.get_token()};
      const std::string reply = session.generate(
          prompt, options, [](const moe::Piece& piece) { std::cout << piece.text << std::flush; });
      answer = nullptr;
      std::cout << '\n';
      conversation.push_back({"assistant", reply});
      ++sampling.seed;
    }
  });
}
