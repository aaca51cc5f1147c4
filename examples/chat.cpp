// Talks with a model, which remembers the conversation:  chat Qwen3-30B-A3B
#include <moe.hpp>

#include "detail/text/chat_message.hpp"
#include "command_line.hpp"
#include "memory_options.hpp"

#include <csignal>
#include <stop_token>

constexpr std::string_view help = R"(usage: chat MODEL [options]
Talks with MODEL, a Hugging Face checkpoint or a GGUF file that has a chat template. Each line is what you say; an
empty line or the end of the input ends the conversation, Ctrl-C ends an answer. What the model has read before is kept,
so a turn costs only what is new.

  --plain             for a model without a chat template: write a text together, in turns
  --system TEXT       what the model is told about its role
  --no-thinking       have the model answer at once
  --max-tokens N      of an answer at most; default 2048
  --temperature T     0: always the most likely token; default: what the model recommends
  --seed N            the same seed gives the same answers; default 0
  --threads N         default: one per core
  --context N         positions at most; default 8192, or what the model knows
  --memory SIZE       what everything together may take: 8GiB; or auto, what the machine or its cgroup can give
  --budget SIZE       what experts alone may take
  --direct            read experts past the page cache
  --verify            compare experts with the checksums that extract writes
  --allow-partial     run a model of which extract left out experts: its routers choose from the others
)";

namespace {

std::stop_source answer;  // what Ctrl-C ends

void on_interrupt(int) {
  if (answer.stop_requested()) std::_Exit(130);
  answer.request_stop();
}

/// What was said so far, as the text that the model is to continue.
class Conversation {
 public:
  Conversation(const moe::Model& model, const CommandLine& args)
      : options_{.enable_thinking = !args.has("--no-thinking")} {
    if (!args.has("--plain")) template_ = model.chat_template();
    if (args.has("--system")) messages_.push_back({"system", args.text("--system", "")});
  }

  void add(const std::string& role, const std::string& content) { messages_.push_back({role, content}); }

  std::string text() const {
    if (template_) return template_->render(messages_, options_);
    std::string all;
    for (const moe::Message& message : messages_) all += message.content;
    return all;
  }

 private:
  std::optional<moe::ChatTemplate> template_;
  moe::ChatOptions options_;
  std::vector<moe::Message> messages_;
};

}  // namespace

int main(int argc, char** argv) {
  return run_example(argc, argv, help, [](const CommandLine& args) {
    moe::ModelOptions model_options = memory_options_of(args);
    model_options.threads = args.number<std::size_t>("--threads", 0);
    model_options.sequence.context = args.number<std::size_t>("--context", 8192);
    const auto model = moe::open(args.positional(1, 1)[0], model_options);
    show_memory(model);
    moe::Session session(model, model_options.sequence);
    moe::Sampling sampling = model.recommended_sampling();
    sampling.temperature = args.number("--temperature", sampling.temperature);
    sampling.seed = args.number("--seed", sampling.seed);

    Conversation conversation(model, args);
    std::signal(SIGINT, on_interrupt);
    for (std::string line;
         std::cout << "> " << std::flush && std::getline(std::cin, line) && !line.empty();) {
      conversation.add("user", line);
      answer = std::stop_source();
      const moe::GenerateOptions options{.max_tokens = args.number<std::size_t>("--max-tokens", 2048),
                                         .sampling = sampling,
                                         .stop = answer.get_token()};
      const std::string reply = session.generate(conversation.text(), options, [](const moe::Piece& piece) {
        std::cout << piece.text << std::flush;
      });
      std::cout << '\n';
      conversation.add("assistant", reply);
      ++sampling.seed;
    }
  });
}
