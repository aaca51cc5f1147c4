#pragma once
#include "../core/dtype.hpp"
#include "../core/error.hpp"
#include "../core/function_ref.hpp"
#include "../core/token.hpp"
#include "../experts/any_provider.hpp"
#include "../model/sequence.hpp"
#include "../text/streaming_decoder.hpp"
#include "model.hpp"
#include "sampler.hpp"

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <iterator>
#include <optional>
#include <span>
#include <stop_token>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace moe {

/// One generated token, and the text that is complete with it: perhaps none, perhaps several characters.
struct Piece {
  TokenId id;
  std::string text;
};

/// Why a text ended.
enum class Finish { running, end_token, max_tokens, context_full, stopped };

struct GenerateOptions {
  std::size_t max_tokens = 256;
  std::optional<Sampling> sampling = {};  // without: Model::recommended_sampling()
  bool stop_at_end_token = true;
  std::stop_token stop = {};  // ends the text from another thread, also in the middle of a prompt
};

/// What the last text took.
struct SessionStatistics {
  std::size_t prompt_tokens = 0;
  std::size_t reused_tokens = 0;  // of the prompt: they stood in the KV cache
  std::size_t generated_tokens = 0;
  std::chrono::duration<double> prompt_time{0};    // until the first token could be drawn
  std::chrono::duration<double> generate_time{0};  // for all after the first
};

/// One conversation with a model. It remembers what it has read and written: a new prompt that begins like the last text
/// costs only what is different. For one thread at a time.
class Session {
 public:
  /// `model` must outlive the session. A context longer than the model's is cut to it.
  explicit Session(const Model& model, SequenceOptions options = {})
      : model_(&model), sequence_(model.transformer().sequence(fitted(model, std::move(options)))) {}

  class Generation;

  /// Continues a text, token by token, as far as the returned range is read. The next call ends it.
  Generation stream(std::span<const TokenId> prompt, GenerateOptions options = {});
  Generation stream(std::string_view prompt, GenerateOptions options = {});

  /// Continues a text to its end and returns what was added. Calls on_piece(piece) for each token as it comes.
  template <class Prompt>
  std::string generate(const Prompt& prompt, GenerateOptions options = {},
                       FunctionRef<void(const Piece&)> on_piece = {});

  /// All tokens of the text so far, prompt included.
  std::span<const TokenId> tokens() const { return tokens_; }

  Finish finish() const { return finish_; }
  const SessionStatistics& statistics() const { return statistics_; }
  const Sequence<AnyProvider>& sequence() const { return sequence_; }

 private:
  static SequenceOptions fitted(const Model& model, SequenceOptions options) {
    options.context = (std::min)(options.context, model.config().max_positions);
    return options;
  }

  /// Computes the prompt, but for what the KV cache holds already.
  std::span<const float> read(std::span<const TokenId> prompt, const std::stop_token& stop) {
    expect(!prompt.empty(), "session", "prompt", "at least one token", "none");
    if (prompt.size() > sequence_.context())
      fail("session", "prompt", detail::concat("at most ", sequence_.context(), " tokens"),
           detail::concat(prompt.size()));
    const auto start = std::chrono::steady_clock::now();
    // The last token is always computed: its logits are what the text goes on from.
    const std::size_t comparable = (std::min)({prompt.size() - 1, tokens_.size(), sequence_.position()});
    const auto differs = std::mismatch(
        prompt.begin(), prompt.begin() + static_cast<std::ptrdiff_t>(comparable), tokens_.begin());
    const auto reused = static_cast<std::size_t>(differs.first - prompt.begin());
    sequence_.truncate(reused);
    tokens_.assign(prompt.begin(), prompt.end());
    const auto logits = model_->transformer().forward(sequence_, prompt.subspan(reused), stop);
    statistics_ = {.prompt_tokens = prompt.size(), .reused_tokens = reused};
    statistics_.prompt_time = std::chrono::steady_clock::now() - start;
    return logits;
  }

  /// Computes the token that was drawn last.
  std::span<const float> read_last(const std::stop_token& stop) {
    return model_->transformer().forward(sequence_, std::span(tokens_).last(1), stop);
  }

  const Model* model_;
  Sequence<AnyProvider> sequence_;
  std::vector<TokenId> tokens_;  // the first sequence_.position() of them are in the KV cache
  Finish finish_ = Finish::running;
  SessionStatistics statistics_;
};

/// The pieces of a text as a range for one pass, computed while it is gone through. Must not outlive its session.
class Session::Generation {
 public:
  Generation(Session& session, std::vector<TokenId> prompt, GenerateOptions options)
      : session_(&session),
        prompt_(std::move(prompt)),
        options_(std::move(options)),
        sampler_(options_.sampling ? *options_.sampling : session.model_->recommended_sampling()) {
    if (session.model_->has_tokenizer()) decoder_.emplace(session.model_->tokenizer(), true);
  }

  class Iterator {
   public:
    using iterator_concept = std::input_iterator_tag;
    using difference_type = std::ptrdiff_t;
    using value_type = Piece;

    explicit Iterator(Generation& generation) : generation_(&generation) {}
    const Piece& operator*() const { return generation_->piece_; }
    Iterator& operator++() {
      generation_->advance();
      return *this;
    }
    void operator++(int) { ++*this; }
    bool operator==(std::default_sentinel_t) const { return generation_->at_end_; }

   private:
    Generation* generation_;
  };

  /// Computes the prompt and the first token.
  Iterator begin() {
    session_->finish_ = Finish::running;
    logits_ = session_->read(prompt_, options_.stop);
    if (options_.max_tokens == 0) session_->finish_ = Finish::max_tokens;
    next();
    return Iterator(*this);
  }
  std::default_sentinel_t end() const { return {}; }

 private:
  /// Draws a token from the logits, unless the text has ended.
  void next() {
    if (logits_.empty()) session_->finish_ = Finish::stopped;
    at_end_ = session_->finish_ != Finish::running;
    if (at_end_) return;
    const TokenId id = sampler_(logits_, session_->tokens_);
    session_->tokens_.push_back(id);
    ++session_->statistics_.generated_tokens;
    session_->finish_ = finish_after(id);
    piece_ = {id, decoder_ ? decoder_->push(id) : std::string()};
    if (decoder_ && session_->finish_ != Finish::running) piece_.text += decoder_->finish();
  }

  void advance() {
    const auto start = std::chrono::steady_clock::now();
    if (session_->finish_ == Finish::running) logits_ = session_->read_last(options_.stop);
    next();
    session_->statistics_.generate_time += std::chrono::steady_clock::now() - start;
  }

  Finish finish_after(TokenId id) const {
    const std::vector<TokenId>& ends = session_->model_->config().end_tokens;
    const bool is_end = std::find(ends.begin(), ends.end(), id) != ends.end();
    if (is_end && options_.stop_at_end_token) return Finish::end_token;
    if (session_->statistics_.generated_tokens == options_.max_tokens) return Finish::max_tokens;
    if (session_->sequence_.position() == session_->sequence_.context()) return Finish::context_full;
    return Finish::running;
  }

  Session* session_;
  std::vector<TokenId> prompt_;
  GenerateOptions options_;
  Sampler sampler_;
  std::optional<StreamingDecoder> decoder_;
  std::span<const float> logits_;
  Piece piece_{};
  bool at_end_ = false;
};

inline Session::Generation Session::stream(std::span<const TokenId> prompt, GenerateOptions options) {
  return Generation(*this, {prompt.begin(), prompt.end()}, std::move(options));
}

inline Session::Generation Session::stream(std::string_view prompt, GenerateOptions options) {
  return Generation(*this, model_->tokenizer().encode(prompt), std::move(options));
}

template <class Prompt>
std::string Session::generate(const Prompt& prompt, GenerateOptions options,
                              FunctionRef<void(const Piece&)> on_piece) {
  std::string text;
  for (const Piece& piece : stream(prompt, std::move(options))) {
    text += piece.text;
    if (on_piece) on_piece(piece);
  }
  return text;
}

}  // namespace moe
