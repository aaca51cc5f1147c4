// SPDX-License-Identifier: MIT
#pragma once
#include "session.hpp"
#include "../core/concat.hpp"
#include "../core/error.hpp"
#include "../core/stopwatch.hpp"
#include "session_file.hpp"
#include "text_limits.hpp"

#include <algorithm>
#include <cstddef>
#include <limits>
#include <optional>
#include <span>
#include <stop_token>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace moe::inline MOE_ABI::detail {

/// The options of the sequence of a session.
inline SequenceOptions session_options(SequenceOptions options, const Model& model) {
  if (!options.chunk) options.chunk = model.memory_plan().chunk;
  return fitted(options, model.spec());
}

}  // namespace moe::inline MOE_ABI::detail

namespace moe::inline MOE_ABI {

MOE_INLINE Session::Session(const Model& model, const SequenceOptions& options)
    : model_(&model),
      requested_context_(options.context),
      sequence_(model.transformer().sequence(detail::session_options(options, model))) {
  tokens_.reserve(sequence_.context() + 1);
}

MOE_INLINE Session::Session(const Model& model, std::size_t requested_context, Sequence sequence,
                            std::vector<TokenId> tokens)
    : model_(&model),
      requested_context_(requested_context),
      sequence_(std::move(sequence)),
      tokens_(std::move(tokens)) {
  tokens_.reserve(sequence_.context() + 1);
}

MOE_INLINE Session Session::fork() { return Session(*model_, requested_context_, sequence_.fork(), tokens_); }

MOE_INLINE void Session::begin_prompt(const std::vector<TokenId>& prompt) {
  detail::expect(!prompt.empty(), "session", "prompt", "at least one token", "none");
  if (prompt.size() > sequence_.context())
    detail::fail("session", "prompt",
                 detail::concat("at most ", context(), " tokens",
                                context() < requested_context() ? ", the max_positions of the model" : ""),
                 detail::concat(prompt.size()));
  const std::size_t reused = sequence_.rewind(common_prefix(prompt));
  tokens_ = prompt;
  statistics_ = {.prompt_tokens = prompt.size(), .reused_tokens = reused};
}

MOE_INLINE std::span<const float> Session::read(const std::vector<TokenId>& prompt,
                                                const GenerateOptions& options) {
  const detail::Stopwatch stopwatch;
  begin_prompt(prompt);
  const std::size_t reused = sequence_.position();
  const auto report = [&](double position) {
    options.prompt_progress(static_cast<std::size_t>(position) - reused, prompt.size() - reused);
  };
  const auto logits =
      read_rest(prompt, options.stop,
                options.prompt_progress ? Transformer::Progress(report) : Transformer::Progress());
  statistics_.prompt_seconds = stopwatch.seconds();
  return logits;
}

MOE_INLINE void Session::reset_end() {
  finish_ = Finish::running;
  end_token_.reset();
  stop_string_.clear();
}

MOE_INLINE std::size_t Session::common_prefix(std::span<const TokenId> prompt) const {
  const std::size_t most = std::min(prompt.size() - 1, sequence_.position());
  std::size_t same = 0;
  while (same < most && prompt[same] == tokens_[same]) ++same;
  return same;
}

MOE_INLINE std::size_t Session::until_snapshot(std::size_t left) const {
  // A snapshot before the last tokens of the prompt, which begin the answer: chat templates write these tokens differently when
  // another message follows, so the next prompt shares only the tokens before them.
  constexpr std::size_t changing_end = 16;
  if (!sequence_.needs_snapshots() || left <= changing_end) return left;
  return std::min(left - changing_end, std::max(snapshot_distance, sequence_.chunk()));
}

MOE_INLINE std::span<const float> Session::read_rest(std::span<const TokenId> prompt,
                                                     const std::stop_token& stop,
                                                     Transformer::Progress progress) {
  for (;;) {
    const std::span<const TokenId> rest = prompt.subspan(sequence_.position());
    const std::size_t tokens = until_snapshot(rest.size());
    const auto logits = model_->transformer().forward(sequence_, rest.first(tokens), stop, progress);
    if (logits.empty()) return {};
    const bool complete = tokens == rest.size();
    sequence_.take_snapshot(complete ? Sequence::SnapshotKind::prompt_end : Sequence::SnapshotKind::periodic);
    if (complete) return logits;
  }
}

MOE_INLINE void Session::take_periodic_snapshot() {
  if (sequence_.position() % snapshot_distance == 0)
    sequence_.take_snapshot(Sequence::SnapshotKind::periodic);
}

MOE_INLINE std::span<const float> Session::read_last(const std::stop_token& stop) {
  take_periodic_snapshot();
  return model_->transformer().forward(sequence_, {&tokens_.back(), 1}, stop);
}

MOE_INLINE std::vector<TokenId> Session::encode(std::string_view prompt,
                                                const GenerateOptions& options) const {
  return model_->tokenizer().encode(prompt, {.add_special_tokens = !options.chat_template});
}

}  // namespace moe::inline MOE_ABI

namespace moe::inline MOE_ABI::detail {

inline OutputText output_text(const Model& model, std::span<const TokenId> prompt,
                              const GenerateOptions& options) {
  const bool reads_text = model.has_tokenizer() || options.chat_template || !options.stop_strings.empty();
  const Tokenizer* const tokenizer = reads_text ? &model.tokenizer() : nullptr;
  std::optional<TurnParts> parts;
  if (options.chat_template) parts.emplace(options.chat_template->turn_format(), *tokenizer, prompt);
  return OutputText(tokenizer, std::move(parts), options.stop_strings);
}

/// The options, with min_tokens and stop_strings of generation_config.json.
inline GenerateOptions with_limits(GenerateOptions options, const Model& model, std::size_t prompt_tokens) {
  if (!options.min_tokens) options.min_tokens = read_min_tokens(model.checkpoint(), prompt_tokens);
  if (options.stop_at_end_token)
    for (std::string& text : read_stop_strings(model.checkpoint()))
      options.stop_strings.push_back(std::move(text));
  return options;
}

inline std::vector<EndToken> end_tokens(const Model& model, const GenerateOptions& options) {
  if (!options.stop_at_end_token) return {};
  return options.chat_template ? model.end_tokens(*options.chat_template) : model.end_tokens();
}

}  // namespace moe::inline MOE_ABI::detail

namespace moe::inline MOE_ABI {

MOE_INLINE Session::Generation::Generation(Session& session, std::vector<TokenId> prompt,
                                           const GenerateOptions& options)
    : session_(&session),
      number_(++session.newest_),
      prompt_(std::move(prompt)),
      options_(detail::with_limits(options, *session.model_, prompt_.size())),
      sampler_(options.sampler    ? Sampling{}
               : options.sampling ? *options.sampling
                                  : session.model_->recommended_sampling()),
      end_tokens_(detail::end_tokens(*session.model_, options)),
      text_(detail::output_text(*session.model_, prompt_, options_)) {
  detail::expect(!options.sampler || !options.sampling, "generate", "sampler",
                 "a sampler or options of sampling", "both");
  sampler_.reserve(session.context() + 1);
  constexpr std::size_t usual_token_bytes = 256;  // the loop allocates only for longer tokens
  piece_.text.reserve(usual_token_bytes);
}

MOE_INLINE Session::Generation::Iterator& Session::Generation::Iterator::operator++() {
  generation_->advance();
  return *this;
}

MOE_INLINE void Session::Generation::require_newest() const {
  detail::expect(number_ == session_->newest_, "stream", "range", "the newest text of its session",
                 "a text that a later call of stream(), generate() or score() has ended");
}

MOE_INLINE void Session::Generation::start() {
  require_newest();
  detail::expect(!begun_, "stream", "begin()", "one call", "a second call");
  begun_ = true;
  session_->reset_end();
}

MOE_INLINE Session::Generation::Iterator Session::Generation::begin() {
  start();
  read(session_->read(prompt_, options_));
  return Iterator(*this);
}

MOE_INLINE void Session::Generation::read(std::span<const float> logits) {
  logits_ = logits;
  if (options_.max_tokens == 0 && !logits.empty()) session_->finish_ = Finish::max_tokens;
  next();
}

MOE_INLINE void Session::Generation::next() {
  if (logits_.empty() && session_->finish_ == Finish::running) {
    session_->finish_ = Finish::stopped;
    text_.finish(false);
  }
  at_end_ = session_->finish_ != Finish::running && !take_rest();
  if (session_->finish_ != Finish::running) return;
  piece_.id = draw();
  if (options_.logprobs) detail::set_log_probabilities(piece_, piece_.id, logits_, *options_.logprobs);
  session_->tokens_.push_back(piece_.id);
  ++session_->statistics_.generated_tokens;
  session_->finish_ = finish_after(piece_.id);
  bool stop = session_->finish_ != Finish::end_token && text_.push(piece_.id, may_stop());
  if (!stop && session_->finish_ != Finish::running) stop = text_.finish(may_stop());
  if (stop) {
    session_->finish_ = Finish::stop_string;
    session_->end_token_.reset();
    session_->stop_string_ = text_.stop_string();
  }
  if (!take()) piece_.text.clear();
}

MOE_INLINE std::span<const float> Session::Generation::allowed_logits() {
  if (may_stop() || end_tokens_.empty()) return logits_;
  masked_.assign(logits_.begin(), logits_.end());
  for (const EndToken& end : end_tokens_)
    if (end.id < masked_.size()) masked_[end.id] = -std::numeric_limits<float>::infinity();
  return masked_;
}

MOE_INLINE TokenId Session::Generation::draw() {
  const SamplerContext context(session_->tokens_, prompt_.size());
  const std::span<const float> logits = allowed_logits();
  if (!options_.sampler) return sampler_(logits, context);
  const TokenId id = options_.sampler(logits, context);
  if (id >= logits_.size())
    detail::fail("generate", "token of the sampler", detail::concat("an id below ", logits_.size()),
                 detail::concat(id));
  return id;
}

MOE_INLINE void Session::Generation::advance() {
  require_newest();
  if (take_rest()) return;
  const detail::Stopwatch stopwatch;
  // If the sampler has thrown, the logits after the last token are there, and a token is drawn again.
  const bool computed = session_->sequence_.position() == session_->tokens_.size();
  if (session_->finish_ == Finish::running && !computed) logits_ = session_->read_last(options_.stop);
  next();
  session_->statistics_.generate_seconds += stopwatch.seconds();
}

MOE_INLINE bool Session::Generation::take_rest() {
  if (!take()) return false;
  piece_.log_probability.reset();
  piece_.most_likely.clear();
  return true;
}

MOE_INLINE Finish Session::Generation::finish_after(TokenId id) {
  for (const EndToken& end : end_tokens_)
    if (id == end.id) {
      session_->end_token_ = end;
      return Finish::end_token;
    }
  if (session_->statistics_.generated_tokens == options_.max_tokens) return Finish::max_tokens;
  if (session_->sequence_.position() == session_->sequence_.context()) return Finish::context_full;
  return Finish::running;
}

MOE_INLINE Session::Generation Session::stream(std::span<const TokenId> prompt,
                                               const GenerateOptions& options) {
  return Generation(*this, {prompt.begin(), prompt.end()}, options);
}

MOE_INLINE Session::Generation Session::stream(std::string_view prompt, const GenerateOptions& options) {
  return Generation(*this, encode(prompt, options), options);
}

MOE_INLINE std::string Session::generate(std::span<const TokenId> prompt, const GenerateOptions& options,
                                         FunctionRef<void(const Piece&)> on_piece) {
  return collect(stream(prompt, options), on_piece);
}

MOE_INLINE std::string Session::generate(std::string_view prompt, const GenerateOptions& options,
                                         FunctionRef<void(const Piece&)> on_piece) {
  return collect(stream(prompt, options), on_piece);
}

MOE_INLINE std::string Session::collect(Generation generation, FunctionRef<void(const Piece&)> on_piece) {
  std::string text;
  for (const Piece& piece : generation) {
    if (piece.part == Piece::Part::answer) text += piece.text;
    if (on_piece) on_piece(piece);
  }
  return text;
}

}  // namespace moe::inline MOE_ABI
