// SPDX-License-Identifier: MIT
#pragma once
#include "../core/config.hpp"
#include "../core/token.hpp"
#include "../model/batch.hpp"
#include "model.hpp"
#include "session.hpp"

#include <cstddef>
#include <exception>
#include <functional>
#include <list>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

namespace moe::inline MOE_ABI {

/// Continues the texts of several sessions together: in one pass through the layers each weight is read once for all texts.
/// Each text is the text that Session::generate() gives with the same options. Texts join with add() between passes, and leave
/// when they end.
///
///   moe::SessionBatch batch(model, {.sequences = 8});
///   for (std::size_t i = 0; i < 8; ++i)
///     batch.add(sessions[i], prompts[i], options, [&, i](const moe::Piece& piece) { answers[i] += piece.text; });
///   while (batch.run_pass()) {}
///
/// A pass computes one token of each text whose prompt is complete; the rest of the pass is filled with tokens of prompts, in
/// the order of add(). Several continuations of one prompt share its state: compute all tokens of the prompt but the last one
/// in one session, with max_tokens = 0, and add the prompt to forks of this session. Not thread-safe.
class SessionBatch {
 public:
  /// model: must outlive the batch. Throws if `options` are out of range.
  explicit SessionBatch(const Model& model, const BatchOptions& options = {})
      : model_(&model), batch_(model.transformer().batch(options)) {}

  /// Adds the text of a session. on_piece(piece) is called during run_pass(), for each token as soon as it is drawn; it must
  /// not call this batch. The session must outlive the text and stay at its address, and must not be used for anything else
  /// until the text ends: then Session::finish() is no longer `running`. GenerateOptions::stop ends the text before the next
  /// pass. Throws if the batch is full, if the session belongs to another model or has a text in the batch, and as
  /// Session::generate() does for a wrong prompt or wrong options.
  void add(Session& session, std::span<const TokenId> prompt, const GenerateOptions& options = {},
           std::function<void(const Piece&)> on_piece = {});
  void add(Session& session, std::string_view prompt, const GenerateOptions& options = {},
           std::function<void(const Piece&)> on_piece = {});

  /// Removes the text of a session before its end. The session keeps all tokens so far. Without a text of this session, nothing
  /// happens.
  void remove(const Session& session);

  /// The number of texts that have not ended.
  std::size_t size() const { return texts_.size(); }

  /// Whether no further text can be added.
  bool full() const { return size() == batch_.options().sequences; }

  /// Computes one pass. Returns false, and computes nothing, if there are no texts.
  ///
  /// If the pass itself fails, throws its error; all texts are then as before, and the next call repeats the pass. If a sampler
  /// or on_piece throws, or a session has begun another text, the text is removed from the batch. The first such exception is
  /// thrown after all other texts have their tokens. If such an exception comes before a pass
  /// that fails, this exception is thrown, and the next call repeats the pass.
  bool run_pass();

 private:
  struct Text {
    Session* session;
    Session::Generation generation;
    std::function<void(const Piece&)> on_piece;
    std::optional<std::size_t> index = {};  // in the pass; empty: the text has to wait
    std::size_t snapshot_at = 0;            // the position of the next snapshot in the prompt
    bool ended = false;

    std::span<const TokenId> rest() const {
      return std::span(session->tokens_).subspan(session->sequence_.position());
    }
    bool in_prompt() const { return session->statistics_.generated_tokens == 0; }
  };

  /// Calls action(text) for each text. A text whose action throws ends; the first exception is kept in failure_.
  template <class Action>
  void for_each_text(Action action);

  /// Throws the exception that for_each_text() has kept, if there is one.
  void rethrow_failure();

  void check(const Session& session, std::span<const TokenId> prompt) const;

  /// Ends the text if its stop was requested. Throws if its session has begun another text.
  static void check_stop(Text& text);

  /// Computes the next tokens of the texts, as many as one pass has room for.
  void compute_pass();

  /// Adds the next tokens of a text to the pass, if there is room.
  void add_to_pass(Text& text);

  /// Calls GenerateOptions::prompt_progress of a text whose prompt was in the pass.
  static void report_progress(const Text& text);

  /// Reads the result of a pass.
  void read_result(Text& text);

  /// Calls on_piece for the pieces of the last token, and sets `ended` if the text has ended.
  static void show(Text& text);

  const Model* model_;
  Batch batch_;
  std::list<Text> texts_;  // a list, since a Generation cannot be assigned
  std::exception_ptr failure_;
};

}  // namespace moe::inline MOE_ABI

#if MOE_DEFINITIONS
#include "session_batch.ipp"
#endif
