#pragma once
#include "session.hpp"
#include "../core/concat.hpp"
#include "../core/error.hpp"
#include "../core/stopwatch.hpp"
#include "session_file.hpp"
#include "session_score.hpp"

#include <algorithm>
#include <cstddef>
#include <span>
#include <stop_token>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace moe::inline MOE_ABI {

MOE_INLINE Session::Session(const Model& model, const SequenceOptions& options)
    : model_(&model),
      requested_context_(options.context),
      sequence_(model.transformer().sequence(detail::fitted(options, model.spec()))) {
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

MOE_INLINE std::span<const float> Session::read(const std::vector<TokenId>& prompt,
                                                const std::stop_token& stop) {
  detail::expect(!prompt.empty(), "session", "prompt", "at least one token", "none");
  if (prompt.size() > sequence_.context())
    detail::fail("session", "prompt",
                 detail::concat("at most ", context(), " tokens",
                                context() < requested_context() ? ", the max_positions of the model" : ""),
                 detail::concat(prompt.size()));
  const detail::Stopwatch stopwatch;
  const std::size_t reused = sequence_.rewind(common_prefix(prompt));
  tokens_ = prompt;
  const auto logits = read_rest(prompt, stop);
  statistics_ = {
      .prompt_tokens = prompt.size(), .reused_tokens = reused, .prompt_seconds = stopwatch.seconds()};
  return logits;
}

MOE_INLINE std::size_t Session::common_prefix(std::span<const TokenId> prompt) const {
  const std::size_t most = std::min(prompt.size() - 1, sequence_.position());
  std::size_t same = 0;
  while (same < most && prompt[same] == tokens_[same]) ++same;
  return same;
}

MOE_INLINE std::span<const float> Session::read_rest(std::span<const TokenId> prompt,
                                                     const std::stop_token& stop) {
  // Chat templates write the end of a prompt, which begins the answer, in another way when the next message follows.
  constexpr std::size_t changing_end = 16;
  if (sequence_.needs_snapshots())
    while (prompt.size() - sequence_.position() > changing_end) {
      const std::size_t left = prompt.size() - sequence_.position() - changing_end;
      const std::size_t tokens = std::min(left, std::max(snapshot_distance, sequence_.chunk()));
      if (model_->transformer()
              .forward(sequence_, prompt.subspan(sequence_.position(), tokens), stop)
              .empty())
        return {};
      sequence_.take_snapshot(Sequence::SnapshotKind::periodic);
    }
  const auto logits = model_->transformer().forward(sequence_, prompt.subspan(sequence_.position()), stop);
  if (!logits.empty()) sequence_.take_snapshot(Sequence::SnapshotKind::prompt_end);
  return logits;
}

MOE_INLINE std::span<const float> Session::read_last(const std::stop_token& stop) {
  if (sequence_.position() % snapshot_distance == 0)
    sequence_.take_snapshot(Sequence::SnapshotKind::periodic);
  return model_->transformer().forward(sequence_, {&tokens_.back(), 1}, stop);
}

MOE_INLINE Session::Generation::Generation(Session& session, std::vector<TokenId> prompt,
                                           const GenerateOptions& options)
    : session_(&session),
      number_(++session.newest_),
      prompt_(std::move(prompt)),
      options_(options),
      sampler_(options.sampler    ? Sampling{}
               : options.sampling ? *options.sampling
                                  : session.model_->recommended_sampling()) {
  detail::expect(!options.sampler || !options.sampling, "generate", "sampler",
                 "a sampler or options of sampling", "both");
  sampler_.reserve(session.context() + 1);
  if (session.model_->has_tokenizer()) decoder_.emplace(session.model_->tokenizer(), true, true);
  constexpr std::size_t usual_token_bytes = 256;  // so that longer tokens only make the loop allocate
  piece_.text.reserve(usual_token_bytes);
}

MOE_INLINE Session::Generation::Iterator& Session::Generation::Iterator::operator++() {
  generation_->advance();
  return *this;
}

MOE_INLINE void Session::Generation::require_newest() const {
  detail::expect(number_ == session_->newest_, "stream", "range", "the newest text of its session",
                 "a text that a later call of stream() or generate() has ended");
}

MOE_INLINE Session::Generation::Iterator Session::Generation::begin() {
  require_newest();
  detail::expect(!begun_, "stream", "begin()", "one call", "a second call");
  begun_ = true;
  session_->finish_ = Finish::running;
  logits_ = session_->read(prompt_, options_.stop);
  if (options_.max_tokens == 0) session_->finish_ = Finish::max_tokens;
  next();
  return Iterator(*this);
}

MOE_INLINE void Session::Generation::next() {
  if (logits_.empty()) session_->finish_ = Finish::stopped;
  at_end_ = session_->finish_ != Finish::running;
  if (at_end_) return;
  const TokenId id = draw();
  if (options_.logprobs) detail::set_log_probabilities(piece_, id, logits_, *options_.logprobs);
  session_->tokens_.push_back(id);
  ++session_->statistics_.generated_tokens;
  session_->finish_ = finish_after(id);
  piece_.id = id;
  piece_.text.clear();
  if (decoder_) decoder_->push(id, piece_.text);
  if (decoder_ && session_->finish_ != Finish::running) piece_.text += decoder_->finish();
}

MOE_INLINE TokenId Session::Generation::draw() {
  const SamplerContext context(session_->tokens_, prompt_.size());
  if (!options_.sampler) return sampler_(logits_, context);
  const TokenId id = options_.sampler(logits_, context);
  if (id >= logits_.size())
    detail::fail("generate", "token of the sampler", detail::concat("an id below ", logits_.size()),
                 detail::concat(id));
  return id;
}

MOE_INLINE void Session::Generation::advance() {
  require_newest();
  const detail::Stopwatch stopwatch;
  if (session_->finish_ == Finish::running) logits_ = session_->read_last(options_.stop);
  next();
  session_->statistics_.generate_seconds += stopwatch.seconds();
}

MOE_INLINE Finish Session::Generation::finish_after(TokenId id) const {
  for (const TokenId end : session_->model_->spec().end_tokens)
    if (id == end && options_.stop_at_end_token) return Finish::end_token;
  if (session_->statistics_.generated_tokens == options_.max_tokens) return Finish::max_tokens;
  if (session_->sequence_.position() == session_->sequence_.context()) return Finish::context_full;
  return Finish::running;
}

MOE_INLINE Session::Generation Session::stream(std::span<const TokenId> prompt,
                                               const GenerateOptions& options) {
  return Generation(*this, {prompt.begin(), prompt.end()}, options);
}

MOE_INLINE Session::Generation Session::stream(std::string_view prompt, const GenerateOptions& options) {
  return Generation(*this, model_->tokenizer().encode(prompt), options);
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
    text += piece.text;
    if (on_piece) on_piece(piece);
  }
  return text;
}

}  // namespace moe::inline MOE_ABI
