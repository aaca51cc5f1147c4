// SPDX-License-Identifier: MIT
// Answers the lines of a file, several at once:  many Qwen3-30B-A3B questions.txt --chat --parallel 8 > answers.jsonl
#include <moe.hpp>

#include "detail/io/system.hpp"
#include "support/command_line.hpp"
#include "support/model_options.hpp"
#include "support/progress.hpp"
#include "support/sampling_options.hpp"
#include "support/text_file.hpp"
#include "support/utf8_path.hpp"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <list>
#include <optional>
#include <span>
#include <stdexcept>
#include <string>
#include <string_view>
#include <system_error>
#include <vector>

namespace {

const std::string help = std::string(R"(usage: many MODEL FILE [options]
Continues each line of FILE with MODEL, several texts in one pass through the layers: each weight is read
once for all of them. FILE may be - for standard input; empty lines are left out. Prints a line of JSON for
each text, in the order of the lines: the number of the line in FILE, the new text, and why the text ended.
A text does not depend on the other texts.

  --parallel N        texts in a pass; default 8
  --pass-tokens N     tokens in a pass, including the tokens of prompts; default 512
  --continuations N   N texts for each line, with the seeds S, S + 1, ..., where S is --seed. The line is
                      computed once for all N texts. Each output line then also has the number of the
                      text, from 1 on
  --chat              each line is a message of a user: put it into the model's chat template
  --max-tokens N      limit of each new text; default 100
  --temperature T     0: always the most likely token; default is the model's recommendation
  --seed N            the same seed gives the same texts; default 0
  --context N         positions of each text, at most as many as the model has; default 4096
  --in-memory         read all experts at the start instead of mapping the files
)") + std::string(sampling_options_help) +
                         std::string(model_options_help);

/// A text in the batch. After its end, the answer waits here until all earlier answers are printed.
struct Answer {
  std::size_t line, continuation;       // from 1 on
  std::optional<moe::Session> session;  // empty when the text has ended
  std::string text;
  std::string_view finish = {};
};

/// A line of FILE that is not empty.
struct Line {
  std::size_t number;  // in FILE, from 1 on
  std::string text;
};

std::vector<Line> lines_of(const std::string& path) {
  std::ifstream file;
  std::error_code error;
  if (path != "-" && std::filesystem::is_directory(path_of(path), error))
    throw std::runtime_error(path + ": expected a file, found a directory");
  if (path != "-") file.open(path_of(path), std::ios::binary);
  if (path != "-" && !file)
    moe::detail::fail(path, "opening", "a readable file", moe::detail::message_of(moe::detail::last_error()));
  std::istream& in = path == "-" ? std::cin : file;
  std::vector<Line> lines;
  std::string line;
  for (std::size_t number = 1; read_line(in, line); ++number)
    if (!line.empty()) lines.push_back({number, line});
  if (lines.empty()) throw std::runtime_error(path + ": expected a line with a text, found none");
  return lines;
}

std::string_view name_of(moe::Finish finish) {
  constexpr std::string_view names[] = {"running",    "end_token",    "stop_string",
                                        "max_tokens", "context_full", "stopped"};
  return names[static_cast<std::size_t>(finish)];
}

moe::GenerateOptions generate_options_of(const CommandLine& args, const moe::Model& model) {
  moe::GenerateOptions options;
  options.max_tokens = args.count("--max-tokens", 100);
  options.sampling = model.recommended_sampling();
  options.sampling->temperature = args.number("--temperature", options.sampling->temperature);
  options.sampling->seed = args.number("--seed", options.sampling->seed);
  read_sampling_options(args, model, *options.sampling);
  if (args.has("--chat")) options.chat_template = model.chat_template();
  return options;
}

moe::BatchOptions batch_options_of(const CommandLine& args) {
  const std::size_t sequences = args.count("--parallel", 8, 1);
  return {.sequences = sequences, .tokens = std::max(args.count("--pass-tokens", 512, 1), sequences)};
}

/// Keeps the batch full until all lines have their texts.
class Run {
 public:
  Run(const CommandLine& args, const moe::Model& model, const moe::SequenceOptions& sequence)
      : model_(model),
        sequence_(sequence),
        generate_(generate_options_of(args, model)),
        lines_(lines_of(args.positional(2, 2)[1])),
        continuations_(args.count("--continuations", 1, 1)),
        show_continuation_(args.has("--continuations")),
        batch_(model, batch_options_of(args)),
        progress_(lines_.size() * continuations_ * generate_.max_tokens, "tokens at most") {}

  void run() {
    do {
      show_progress();
      for (Answer& answer : answers_) keep_if_ended(answer);
      print_first_answers();
      while (!batch_.full() && next_ < lines_.size()) begin_text();
    } while (batch_.run_pass());
  }

  std::size_t generated_tokens() const { return generated_tokens_; }

 private:
  void begin_text() {
    if (next_continuation_ == 0) begin_line();
    Answer& answer = answers_.emplace_back(Answer{lines_[next_].number, next_continuation_ + 1, {}, {}});
    line_ ? answer.session.emplace(line_->fork()) : answer.session.emplace(model_, sequence_);
    moe::GenerateOptions options = generate_;
    options.sampling->seed += next_continuation_;
    batch_.add(*answer.session, prompt_, options, [&answer](const moe::Piece& piece) {
      if (piece.part == moe::Piece::Part::answer) answer.text += piece.text;
    });
    if (++next_continuation_ < continuations_) return;
    next_continuation_ = 0;
    line_.reset();
    ++next_;
  }

  /// If a line gets several texts, each text is a fork of one session. This session computes the prompt without its last token;
  /// each fork computes the last token.
  void begin_line() {
    prompt_ = model_.tokenizer().encode(prompt_of(lines_[next_].text),
                                        {.add_special_tokens = !generate_.chat_template});
    if (continuations_ == 1 || prompt_.size() < 2) return;
    line_.emplace(model_, sequence_);
    moe::GenerateOptions options = generate_;
    options.max_tokens = 0;
    line_->generate(std::span(prompt_).first(prompt_.size() - 1), options);
  }

  std::string prompt_of(const std::string& line) const {
    if (!generate_.chat_template) return line;
    const moe::Message message{"user", line};
    return generate_.chat_template->render({&message, 1}, {});
  }

  void keep_if_ended(Answer& answer) {
    if (!answer.session || answer.session->finish() == moe::Finish::running) return;
    answer.finish = name_of(answer.session->finish());
    const std::size_t generated = answer.session->statistics().generated_tokens;
    generated_tokens_ += generated;
    progress_.reduce(generate_.max_tokens - generated);
    answer.session.reset();
  }

  void show_progress() {
    std::size_t generated = generated_tokens_;
    for (const Answer& answer : answers_)
      if (answer.session) generated += answer.session->statistics().generated_tokens;
    progress_.add(generated - shown_tokens_);
    shown_tokens_ = generated;
  }

  void print_first_answers() {
    for (; !answers_.empty() && !answers_.front().session; answers_.pop_front()) {
      const Answer& first = answers_.front();
      std::cout << "{\"line\": " << first.line;
      if (show_continuation_) std::cout << ", \"continuation\": " << first.continuation;
      std::cout << ", \"text\": " << moe::detail::to_json(first.text) << ", \"finish\": \"" << first.finish
                << "\"}" << std::endl;
    }
  }

  const moe::Model& model_;
  moe::SequenceOptions sequence_;
  moe::GenerateOptions generate_;
  std::vector<Line> lines_;
  std::list<Answer> answers_;  // in the order of the lines; a list, because sessions must not move
  std::size_t continuations_;
  bool show_continuation_;
  moe::SessionBatch batch_;
  Progress progress_;
  std::optional<moe::Session> line_;  // of the line; forked for each text of the line
  std::vector<moe::TokenId> prompt_;  // of the next text
  std::size_t next_ = 0, next_continuation_ = 0;
  std::size_t generated_tokens_ = 0;  // of the texts that have ended
  std::size_t shown_tokens_ = 0;      // by progress_
};

/// The bytes of experts that were read from disk, if the memory is limited.
std::uint64_t bytes_read(const moe::Model& model) {
  auto* cached = model.experts().get<moe::CachedProvider>();
  return cached ? cached->inner().inner().statistics().bytes : 0;
}

}  // namespace

int main(int argc, char** argv) {
  return run_example(argc, argv, help, [](const CommandLine& args) {
    moe::ModelOptions options = model_options_of(args);
    if (args.has("--in-memory")) options.experts = moe::ModelOptions::Experts::in_memory;
    options.sequence.context = args.count("--context", 4096, 1);
    options.sequence.chunk = batch_options_of(args).tokens;
    options.sessions = batch_options_of(args).sequences;
    if (args.count("--continuations", 1, 1) > 1) ++options.sessions;  // for Run::line_
    const auto model = moe::open(args.positional(2, 2)[0], options);
    show_memory(model);
    Run run(args, model, options.sequence);
    const moe::detail::Stopwatch stopwatch;
    run.run();
    const double seconds = stopwatch.seconds(), tokens = static_cast<double>(run.generated_tokens());
    std::fprintf(stderr, "generated: %.0f tokens, %.2f tokens/s together", tokens, tokens / seconds);
    if (const std::uint64_t bytes = bytes_read(model); bytes > 0 && tokens > 0)
      std::fprintf(stderr, ", %.1f MiB read per token", static_cast<double>(bytes) / (1 << 20) / tokens);
    std::fprintf(stderr, "\n");
    show_refused_direct_reads(model);
  });
}
