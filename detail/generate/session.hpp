// SPDX-License-Identifier: MIT
#pragma once
#include "../core/config.hpp"
#include "../core/function_ref.hpp"
#include "../core/token.hpp"
#include "../model/sequence.hpp"
#include "../text/chat_template.hpp"
#include "custom_sampler.hpp"
#include "end_tokens.hpp"
#include "log_probabilities.hpp"
#include "model.hpp"
#include "output_text.hpp"
#include "sampler.hpp"

#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <stop_token>
#include <string>
#include <string_view>
#include <vector>

namespace moe::inline MOE_ABI {

/// One generated token and the text that this token completes: no character, one or several. Further pieces with the same
/// token and without log-probabilities follow if the token completes text of both parts, or if the generation ends and shows
/// text that was held back.
struct Piece {
  using Part = detail::TextPart;  // answer or reasoning

  TokenId id;                // of the token
  std::string text;          // the characters that the token completes, in UTF-8; may be empty
  Part part = Part::answer;  // reasoning only in answers to a chat template
  // With GenerateOptions::logprobs, and from Session::score(): the log-probability of the token, and the most likely tokens in
  // its place, in descending order. All are ln softmax of the logits of the model, before penalties, temperature and bans.
  std::optional<double> log_probability = {};
  std::vector<TokenProbability> most_likely = {};  // [GenerateOptions::logprobs]
};

/// Why a text ended. running: the text has not ended, or an error ended the text.
enum class Finish { running, end_token, stop_string, max_tokens, context_full, stopped };

/// How a text is continued. A sampler of your own can be any callable. This sampler draws only digits:
///
///   moe::Sampler draw({.temperature = 0.7});
///   std::vector<float> allowed;
///   options.sampler = [=](std::span<const float> logits, const moe::SamplerContext& text) mutable {
///     allowed.assign(logits.size(), -INFINITY);
///     for (const moe::TokenId digit : digits) allowed[digit] = logits[digit];
///     return draw(allowed, text);
///   };
struct GenerateOptions {
  std::size_t max_tokens = 256;  // the text ends after this number of tokens; 0: only the prompt is computed
  // Until the text has this number of tokens, end tokens are not drawn, and stop strings are shown and do not end the text.
  // Empty: min_new_tokens of generation_config.json, or its min_length less the tokens of the prompt; else 0.
  std::optional<std::size_t> min_tokens = {};
  std::optional<Sampling> sampling = {};  // empty: Model::recommended_sampling()
  // In place of `sampling`: chooses each token. A token outside of the vocabulary is an error.
  CustomSampler sampler = {};
  // If set, pieces have log-probabilities: of the token, and of this number of most likely tokens.
  std::optional<std::size_t> logprobs = {};
  // Whether the text ends at the end tokens that the files of the model or the chat template name, and before the stop_strings
  // of generation_config.json.
  bool stop_at_end_token = true;

  // The text ends before the first of these strings, however tokens divide the string. Pieces never show a part of the string:
  // text that may become a stop string is held back until later text decides.
  std::vector<std::string> stop_strings = {};

  // The template that wrote the prompt. The text is then an assistant's turn: with stop_at_end_token, the tokens that the
  // template writes after such a turn also end the text; Piece::part is reasoning or answer; and the markers between both parts
  // are not shown. Without a template all text is answer, and only special tokens are not shown.
  std::optional<ChatTemplate> chat_template = {};

  // Called while the prompt is computed, on the thread that computes: after each layer, or after each pass of a SessionBatch.
  // `done` of `all` tokens of the prompt are computed; tokens that the session reuses do not count. The last call has done = all.
  // An exception passes through.
  std::function<void(std::size_t done, std::size_t all)> prompt_progress = {};

  std::stop_token stop = {};  // ends the text from another thread, also in the middle of a prompt
};

/// Counts and times of the last text.
struct SessionStatistics {
  std::size_t prompt_tokens = 0;     // reused tokens included
  std::size_t reused_tokens = 0;     // tokens of the prompt that were in the KV cache
  std::size_t generated_tokens = 0;  // the end token included
  double prompt_seconds = 0;         // from the prompt to the logits of its last token
  double generate_seconds = 0;       // for all tokens after the first
};

class SessionBatch;

/// One conversation with a model. The state keeps the text between calls: if a new prompt begins like the last text, only the
/// tokens after this common beginning are computed. With recurrent mixers or sliding windows, the state can return to some
/// positions only, and all tokens after the last such position in the common beginning are computed. Not thread-safe; any
/// number of sessions can share a model.
class Session {
 public:
  /// model: must outlive the session. The context is options.context, but not more than ModelSpec::max_positions.
  explicit Session(const Model& model, const SequenceOptions& options = {});

  class Generation;

  /// A second session with the same text so far; see Sequence::fork(). Open ranges of pieces stay with this session.
  Session fork();

  /// Writes the text and the state of the model to a file, exact to the bit: the session that moe::open_session() reads
  /// from this file continues as this session. Throws if the file cannot be written.
  void save(const std::string& path) const;

  /// Continues a text, as a range of pieces. A text that a chat template wrote is encoded without the special tokens that the
  /// tokenizer adds to texts: the template writes its own. Each token is computed when the range advances to it. Any later call
  /// of stream(), generate() or score() ends the range: the next use of the range throws.
  Generation stream(std::span<const TokenId> prompt, const GenerateOptions& options = {});
  Generation stream(std::string_view prompt, const GenerateOptions& options = {});

  /// Continues a text to its end and returns the new text, without reasoning. Calls on_piece(piece) for each piece as soon as
  /// its token is drawn.
  std::string generate(std::span<const TokenId> prompt, const GenerateOptions& options = {},
                       FunctionRef<void(const Piece&)> on_piece = {});
  std::string generate(std::string_view prompt, const GenerateOptions& options = {},
                       FunctionRef<void(const Piece&)> on_piece = {});

  /// The tokens of a text, each with its log-probability after the tokens before it, and with the `most_likely` tokens in its
  /// place. exp(-mean(log-probability)) is the perplexity of the text. The tokens before index `first`, and the first token in
  /// any case, have no log-probability: they are context, and context that begins like the last text is not computed again.
  /// Ends an open range of pieces. progress: as GenerateOptions::prompt_progress. Throws if there are no tokens, more than
  /// context() + 1, or ids out of range.
  std::vector<Piece> score(std::span<const TokenId> tokens, std::size_t most_likely = 0,
                           std::size_t first = 1, FunctionRef<void(std::size_t, std::size_t)> progress = {});
  std::vector<Piece> score(std::string_view text, std::size_t most_likely = 0);

  /// All tokens of the text so far, prompt included.
  const std::vector<TokenId>& tokens() const { return tokens_; }

  /// Why the last text ended; running after score(), which generates no text.
  Finish finish() const { return finish_; }

  /// The token that ended the last text, with its source; it is the last of tokens(). Empty if no token ended the text.
  const std::optional<EndToken>& end_token() const { return end_token_; }

  /// The stop string that ended the last text; empty if none did. tokens() contains the tokens that wrote it.
  const std::string& stop_string() const { return stop_string_; }
  /// Counts and times of the last text.
  const SessionStatistics& statistics() const { return statistics_; }

  /// The largest number of positions in this session.
  std::size_t context() const { return sequence_.context(); }

  /// SequenceOptions::context as given: larger than context() if the model's max_positions is smaller.
  std::size_t requested_context() const { return requested_context_; }

  /// The state of the text in the model.
  const Sequence& sequence() const { return sequence_; }

  /// See Sequence::observe_routes.
  template <class Observer>
  void observe_routes(Observer& observer) {
    sequence_.observe_routes(observer);
  }

 private:
  friend class SessionBatch;
  friend class detail::SessionFile;

  Session(const Model& model, std::size_t requested_context, Sequence sequence, std::vector<TokenId> tokens);

  std::vector<TokenId> encode(std::string_view prompt, const GenerateOptions& options) const;

  static std::string collect(Generation generation, FunctionRef<void(const Piece&)> on_piece);

  /// Replaces the text by the prompt, rewinds the KV cache to the tokens that the prompt shares with the last text, and resets
  /// the statistics.
  void begin_prompt(const std::vector<TokenId>& prompt);

  /// Computes the prompt, except for the tokens that are in the KV cache. Returns the logits after the prompt; empty if a stop
  /// was requested.
  std::span<const float> read(const std::vector<TokenId>& prompt, const GenerateOptions& options);

  /// The tokens of a text without log-probabilities, each with the text that it completes.
  std::vector<Piece> pieces_of(std::span<const TokenId> tokens) const;

  /// The number of tokens before the next snapshot if `left` tokens of a prompt are left; `left` if the next snapshot is the
  /// snapshot at the end of the prompt.
  std::size_t until_snapshot(std::size_t left) const;

  /// Takes a snapshot if one is due at this position of a generated text.
  void take_periodic_snapshot();

  /// Computes the tokens of a prompt that are not in the KV cache, with snapshots in between if the sequence needs snapshots.
  /// Returns as read() does. progress: see Transformer::Progress.
  std::span<const float> read_rest(std::span<const TokenId> prompt, const std::stop_token& stop,
                                   Transformer::Progress progress);

  /// Resets finish(), end_token() and stop_string(), when another text begins.
  void reset_end();

  /// The number of tokens of the prompt that are in the KV cache. The last token is never reused: its logits are needed.
  std::size_t common_prefix(std::span<const TokenId> prompt) const;

  /// Computes the token that was drawn last. Returns as read() does.
  std::span<const float> read_last(const std::stop_token& stop);

  static constexpr std::size_t snapshot_distance = 256;  // positions between periodic snapshots

  const Model* model_;
  std::size_t requested_context_;
  Sequence sequence_;
  std::vector<TokenId> tokens_;  // the first sequence_.position() of them are in the KV cache
  std::uint64_t newest_ = 0;     // the number of the newest Generation
  Finish finish_ = Finish::running;
  std::optional<EndToken> end_token_;
  std::string stop_string_;
  SessionStatistics statistics_;
};

/// The pieces of one text as a range for a single pass. The session must outlive the range and stay at its address.
/// begin(), called once, and each increment compute a token. Both throw if the session has begun another text since. An
/// increment that has thrown can be repeated, also if the sampler threw.
class Session::Generation {
 public:
  /// As Session::stream(). Computes nothing yet. Throws if the options contradict each other.
  Generation(Session& session, std::vector<TokenId> prompt, const GenerateOptions& options);
  Generation(Generation&&) = default;

  /// The end of the range.
  struct End {};

  /// An input iterator over the pieces.
  class Iterator {
   public:
    using difference_type = std::ptrdiff_t;  // for std::input_iterator
    using value_type = Piece;                // for std::input_iterator

    /// At the piece that `generation` has computed last.
    explicit Iterator(Generation& generation) : generation_(&generation) {}
    /// The piece, valid until the next increment.
    const Piece& operator*() const { return generation_->piece_; }
    /// Computes the next token.
    Iterator& operator++();
    /// Computes the next token.
    void operator++(int) { ++*this; }
    /// Whether the text has ended.
    bool operator==(End) const { return generation_->at_end_; }

   private:
    Generation* generation_;
  };

  /// Computes the prompt and the first token.
  Iterator begin();
  End end() const { return {}; }  // equal to an iterator when the text has ended

 private:
  friend class SessionBatch;

  void require_newest() const;

  /// Begins the text before its prompt is computed.
  void start();

  /// Continues with the logits after the last token so far. logits: empty if a stop was requested.
  void read(std::span<const float> logits);

  /// Draws a token from the logits, unless the text has ended. At the end of the text, releases the text that is held back.
  void next();

  /// The logits; -inf for end tokens before min_tokens.
  std::span<const float> allowed_logits();

  /// The token that the sampler chooses.
  TokenId draw();

  void advance();

  /// Sets the next piece to the text that the last token has completed, if there is any.
  bool take() { return text_.take(piece_.text, piece_.part); }

  /// Sets the next piece to text that is left after the piece of the last token: text of the other part, or text that was held
  /// back. Such a piece has no log-probabilities.
  bool take_rest();

  Finish finish_after(TokenId id);

  bool may_stop() const { return session_->statistics_.generated_tokens >= *options_.min_tokens; }

  Session* session_;
  std::uint64_t number_;
  std::vector<TokenId> prompt_;
  GenerateOptions options_;  // with min_tokens and all stop strings
  Sampler sampler_;
  std::vector<EndToken> end_tokens_;
  detail::OutputText text_;
  std::span<const float> logits_;
  std::vector<float> masked_;  // the logits, with -inf for end tokens
  Piece piece_{};
  bool begun_ = false;
  bool at_end_ = false;
};

}  // namespace moe::inline MOE_ABI

namespace moe::inline MOE_ABI::detail {

/// Sets the log-probability of the piece of token `id`, and the `most_likely` tokens in its place. logits: [vocabulary], from
/// the position before this token.
void set_log_probabilities(Piece& piece, TokenId id, std::span<const float> logits, std::size_t most_likely);

/// The type of moe::open_session.
struct OpenSession {
  Session operator()(const Model& model, const std::string& path) const;
};

}  // namespace moe::inline MOE_ABI::detail

namespace moe::inline MOE_ABI {

/// open_session(model, path): a session that Session::save() wrote, with its context and its type of KV cache. model: must
/// outlive the session. Throws if the file is damaged, if the session belongs to another model, or if the session was computed
/// with another value of ModelOptions::allowed_experts, bf16_dot or int8_mxfp4.
inline constexpr detail::OpenSession open_session;

}  // namespace moe::inline MOE_ABI

#if MOE_DEFINITIONS
#include "session.ipp"
#include "session_score.ipp"
#endif
