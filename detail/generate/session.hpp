#pragma once
#include "../core/config.hpp"
#include "../core/function_ref.hpp"
#include "../core/token.hpp"
#include "../model/sequence.hpp"
#include "../text/streaming_decoder.hpp"
#include "model.hpp"
#include "sampler.hpp"

#include <cstddef>
#include <cstring>
#include <optional>
#include <span>
#include <stop_token>
#include <string>
#include <string_view>
#include <vector>

namespace moe::inline MOE_ABI {

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
  std::stop_token stop =
      {};  // a std::stop_token: ends the text from another thread, also in the middle of a prompt
};

/// What the last text took.
struct SessionStatistics {
  std::size_t prompt_tokens = 0;
  std::size_t reused_tokens = 0;  // of the prompt: they stood in the KV cache
  std::size_t generated_tokens = 0;
  double prompt_seconds = 0;    // until the first token could be drawn
  double generate_seconds = 0;  // for all after the first
};

/// One conversation with a model. It remembers what it has read and written: a new prompt that begins like the last text
/// costs only what is different. For one thread at a time.
class Session {
 public:
  /// `model` must outlive the session. A context longer than the model's is cut to it.
  explicit Session(const Model& model, const SequenceOptions& options = {});

  class Generation;

  /// Continues a text, token by token, as far as the returned range is read. The next call ends it.
  Generation stream(std::span<const TokenId> prompt, const GenerateOptions& options = {});
  Generation stream(std::string_view prompt, const GenerateOptions& options = {});

  /// Continues a text to its end and returns what was added. Calls on_piece(piece) for each token as it comes.
  std::string generate(std::span<const TokenId> prompt, const GenerateOptions& options = {},
                       FunctionRef<void(const Piece&)> on_piece = {});
  std::string generate(std::string_view prompt, const GenerateOptions& options = {},
                       FunctionRef<void(const Piece&)> on_piece = {});

  /// All tokens of the text so far, prompt included.
  const std::vector<TokenId>& tokens() const { return tokens_; }

  /// Why the last text ended.
  Finish finish() const { return finish_; }
  const SessionStatistics& statistics() const { return statistics_; }

  const Sequence& sequence() const { return sequence_; }

  /// See Sequence::observe_routes.
  template <class Observer>
  void observe_routes(Observer& observer) {
    sequence_.observe_routes(observer);
  }

 private:
  static std::string collect(Generation generation, FunctionRef<void(const Piece&)> on_piece);

  static SequenceOptions fitted(const Model& model, SequenceOptions options);

  /// Computes the prompt, but for what the KV cache holds already.
  std::span<const float> read(const std::vector<TokenId>& prompt, const std::stop_token& stop);

  /// How many tokens of the prompt stand in the KV cache. The last one never counts: from its logits the text goes on.
  std::size_t common_prefix(const std::vector<TokenId>& prompt) const;

  /// Computes the token that was drawn last.
  std::span<const float> read_last(const std::stop_token& stop);

  const Model* model_;
  Sequence sequence_;
  std::vector<TokenId> tokens_;  // the first sequence_.position() of them are in the KV cache
  Finish finish_ = Finish::running;
  SessionStatistics statistics_;
};

/// The pieces of a text as a range for one pass, computed while it is gone through. Must not outlive its session.
class Session::Generation {
 public:
  Generation(Session& session, std::vector<TokenId> prompt, const GenerateOptions& options);

  struct End {};
  class Iterator {
   public:
    using difference_type = std::ptrdiff_t;
    using value_type = Piece;

    explicit Iterator(Generation& generation) : generation_(&generation) {}
    const Piece& operator*() const { return generation_->piece_; }
    Iterator& operator++();
    void operator++(int) { ++*this; }
    bool operator==(End) const { return generation_->at_end_; }

   private:
    Generation* generation_;
  };

  /// Computes the prompt and the first token.
  Iterator begin();
  End end() const { return {}; }

 private:
  /// Draws a token from the logits, unless the text has ended.
  void next();

  void advance();

  Finish finish_after(TokenId id) const;

  static constexpr std::size_t usual_token_bytes = 256;

  Session* session_;
  std::vector<TokenId> prompt_;
  GenerateOptions options_;
  Sampler sampler_;
  std::optional<StreamingDecoder> decoder_;
  std::span<const float> logits_;
  Piece piece_{};
  bool at_end_ = false;
};

}  // namespace moe::inline MOE_ABI

#if MOE_DEFINITIONS
#include "session.ipp"
#endif
