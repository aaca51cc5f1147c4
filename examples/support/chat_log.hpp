// SPDX-License-Identifier: MIT
// A record of a conversation: one line of JSON for each answer.
#pragma once
#include <moe.hpp>

#include "detail/io/system.hpp"
#include "utf8_path.hpp"

#include <fstream>
#include <string>
#include <string_view>

class ChatLog {
 public:
  /// path: empty for no record.
  explicit ChatLog(const std::string& path) : path_(path) {
    if (path.empty()) return;
    out_.open(path_of(path), std::ios::binary);
    require_success("opening", "a file that can be written");
  }

  /// Writes the text that was sent, the answer, how many tokens of the text were in the KV cache, and what ended the answer.
  /// Throws if the file cannot be written.
  void add(const moe::Model& model, const moe::Session& session, std::string_view prompt,
           std::string_view reasoning, std::string_view answer) {
    if (!out_.is_open()) return;
    using moe::detail::to_json;
    const moe::SessionStatistics& counts = session.statistics();
    out_ << "{\"prompt\": " << to_json(prompt) << ", \"prompt_tokens\": " << counts.prompt_tokens
         << ", \"reused_tokens\": " << counts.reused_tokens
         << ", \"generated_tokens\": " << counts.generated_tokens << ", \"reasoning\": " << to_json(reasoning)
         << ", \"answer\": " << to_json(answer) << ", \"finish\": " << to_json(name_of(session.finish()));
    if (const auto& end = session.end_token())
      out_ << ", \"end_token\": " << to_json(model.tokenizer().bytes(end->id))
           << ", \"named_by\": " << to_json(name_of(end->source));
    out_ << "}\n" << std::flush;
    require_success("end of the file", "a successful write");
  }

 private:
  void require_success(std::string_view place, std::string_view expected) const {
    if (!out_) moe::detail::fail(path_, place, expected, moe::detail::message_of(moe::detail::last_error()));
  }

  static std::string_view name_of(moe::Finish finish) {
    using moe::Finish;
    switch (finish) {
      case Finish::end_token: return "end token";
      case Finish::stop_string: return "stop string";
      case Finish::max_tokens: return "limit";
      case Finish::context_full: return "context full";
      case Finish::stopped: return "stopped";
      case Finish::running: break;
    }
    return "running";
  }

  static std::string_view name_of(moe::EndToken::Source source) {
    using Source = moe::EndToken::Source;
    switch (source) {
      case Source::generation_config: return "generation_config";
      case Source::config: return "config";
      case Source::tokenizer: return "tokenizer";
      case Source::chat_template: break;
    }
    return "chat_template";
  }

  std::string path_;
  std::ofstream out_;
};
