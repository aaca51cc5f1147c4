// SPDX-License-Identifier: MIT
// A conversation with a model:  chat Qwen3-30B-A3B
#include <moe.hpp>

#include "support/answer_printer.hpp"
#include "support/chat_log.hpp"
#include "support/chat_options.hpp"
#include "support/command_line.hpp"
#include "support/context_notes.hpp"
#include "support/model_options.hpp"
#include "support/output_path.hpp"
#include "support/progress.hpp"
#include "support/sampling_options.hpp"
#include "support/text_file.hpp"
#include "support/tokenizer_warnings.hpp"

#include <algorithm>
#include <csignal>
#include <cstddef>
#include <cstdio>
#include <cstdlib>
#include <iostream>
#include <optional>
#include <stop_token>
#include <string>
#include <utility>
#include <vector>

namespace {

const std::string help = std::string(R"(usage: chat MODEL [options]
Talks with MODEL, a Hugging Face checkpoint or a GGUF file that has a chat template. Each line of the
input is a message. An empty line or the end of the input ends the conversation, Ctrl-C ends an answer.
The state of the conversation is kept, so a message costs only its own tokens. When the conversation
exceeds the context, its oldest messages are dropped. On a terminal reasoning is dimmed, elsewhere it stands
under the heading [reasoning].

  --plain             for a model without a chat template: you and the model continue a text in turns
  --system TEXT       the instructions for the model
  --no-thinking       ask the model to answer without thinking first: --set enable_thinking=false
  --tools FILE        a JSON list of functions that the model may call
  --set NAME=JSON     a variable of the chat template, such as reasoning_effort="high"; may be repeated
  --max-tokens N      limit of an answer; default 2048
  --temperature T     0: always the most likely token; default: the model's recommendation
  --seed N            the same seed gives the same answers; default 0
  --context N         positions of the conversation, at most as many as the model has; default 8192
  --log FILE          write a line of JSON for each answer: the text that was sent, how many of its tokens
                      were kept from before, reasoning, answer, and what ended the answer
)") + std::string(model_options_help);

std::stop_source answer;  // stopped by Ctrl-C

void on_interrupt(int) {
  std::signal(SIGINT, on_interrupt);  // Windows restores the default before each call
  if (answer.stop_requested()) std::_Exit(130);
  answer.request_stop();
}

/// The messages so far, and their text for the model.
class Conversation {
 public:
  Conversation(const moe::Model& model, const CommandLine& args) : options_(chat_options_of(args)) {
    if (!args.has("--plain")) template_ = model.chat_template();
    if (args.has("--system")) messages_.push_back({"system", args.text("--system", "")});
    first_ = messages_.size();
  }

  /// The template; nothing with --plain.
  const std::optional<moe::ChatTemplate>& chat_template() const { return template_; }

  void ask(const std::string& question) { messages_.push_back({"user", question}); }
  void answer(const std::string& answer, const std::string& reasoning) {
    messages_.push_back(template_ ? template_->answer(answer, reasoning)
                                  : moe::Message{.role = "assistant", .content = answer});
  }
  void remove_last() { messages_.pop_back(); }

  /// The text for the model.
  std::string text() const {
    if (template_) return template_->render(messages_, options_);
    std::string all;
    for (const moe::Message& message : messages_) all += message.content;
    return all;
  }

  std::vector<moe::TokenId> tokens(const moe::Tokenizer& tokenizer) const {
    return tokenizer.encode(text(), {.add_special_tokens = !template_});
  }

  /// Drops the oldest message and its answer. Returns false if only the newest message is left.
  bool drop_oldest() {
    if (messages_.size() <= first_ + 2) return false;
    const auto oldest = messages_.begin() + static_cast<std::ptrdiff_t>(first_);
    messages_.erase(oldest, oldest + 2);
    return true;
  }

 private:
  std::optional<moe::ChatTemplate> template_;
  moe::ChatOptions options_;
  std::vector<moe::Message> messages_;  // the system's message, if any; then user and assistant in turns
  std::size_t first_ = 0;               // the first message of the user
};

void show_dropped(std::size_t count, const std::string& advice) {
  const std::string messages =
      count == 1 ? "the oldest message was" : "the " + std::to_string(count) + " oldest messages were";
  std::fprintf(stderr, "context full: %s dropped, with %s; %s\n", messages.c_str(),
               count == 1 ? "its answer" : "their answers", advice.c_str());
}

/// The tokens of the conversation. Drops the oldest messages until they fit into the context and leave room for an answer.
/// If the newest message does not fit even alone, returns nothing and drops nothing.
std::optional<std::vector<moe::TokenId>> fit(Conversation& conversation, const moe::Session& session,
                                             const moe::Model& model, std::size_t max_tokens) {
  const std::size_t context = session.context(), room = std::min(max_tokens, context / 4);
  Conversation shorter = conversation;
  std::vector<moe::TokenId> tokens = shorter.tokens(model.tokenizer());
  std::size_t dropped = 0;
  for (; tokens.size() + room > context && shorter.drop_oldest(); ++dropped)
    tokens = shorter.tokens(model.tokenizer());
  const std::string advice = advice_on_context(session, model);
  if (tokens.size() > context) {
    std::fprintf(stderr, "message ignored: it has %zu tokens, and the context has room for %zu; %s\n",
                 tokens.size(), context, advice.c_str());
    return {};
  }
  if (dropped > 0) show_dropped(dropped, advice);
  conversation = std::move(shorter);
  return tokens;
}

}  // namespace

int main(int argc, char** argv) {
  return run_example(argc, argv, help, [](const CommandLine& args) {
    const std::string log_path = output_path_of(args, "--log");
    moe::ModelOptions model_options = model_options_of(args);
    model_options.sequence.context = args.count("--context", 8192, 1);
    const std::size_t max_tokens = args.count("--max-tokens", 2048, 1);
    const auto model = moe::open(args.positional(1, 1)[0], model_options);
    if (model.has_tokenizer()) show_warnings(model.tokenizer());
    Conversation conversation(model, args);
    moe::Session session(model, model_options.sequence);
    moe::Sampling sampling = model.recommended_sampling();
    sampling.temperature = args.number("--temperature", sampling.temperature);
    sampling.seed = args.number("--seed", sampling.seed);
    require_in_range(args, sampling);
    show_memory(model);
    show_cut_context(session, model, args);
    ChatLog log(log_path);

    std::signal(SIGINT, on_interrupt);
    for (std::string line; std::cout << "> " << std::flush && read_line(std::cin, line) && !line.empty();) {
      conversation.ask(line);
      const auto prompt = fit(conversation, session, model, max_tokens);
      if (!prompt) {
        conversation.remove_last();
        continue;
      }
      answer = std::stop_source();
      const auto progress = shown_progress<std::size_t>("tokens of the prompt");
      AnswerPrinter printer;
      const std::string reply = session.generate(*prompt,
                                                 {.max_tokens = max_tokens,
                                                  .sampling = sampling,
                                                  .chat_template = conversation.chat_template(),
                                                  .prompt_progress = progress,
                                                  .stop = answer.get_token()},
                                                 printer);
      printer.finish();
      show_full_context(session, model);
      if (conversation.chat_template()) show_limit(session);
      log.add(model, session, conversation.text(), printer.reasoning(), reply);
      conversation.answer(reply, printer.reasoning());
      ++sampling.seed;
    }
    if (!std::cin) std::cout << '\n';  // the input has ended right after the sign `> `
  });
}
