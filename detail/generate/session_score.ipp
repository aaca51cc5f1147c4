// SPDX-License-Identifier: MIT
#pragma once
#include "session.hpp"
#include "../core/concat.hpp"
#include "../core/error.hpp"
#include "../core/stopwatch.hpp"
#include "log_probabilities.hpp"

#include <algorithm>
#include <cstddef>
#include <span>
#include <string_view>
#include <vector>

namespace moe::inline MOE_ABI::detail {

MOE_INLINE void set_log_probabilities(Piece& piece, TokenId id, std::span<const float> logits,
                                      std::size_t most_likely) {
  const double log_sum = log_sum_exp(logits);
  piece.log_probability = logits[id] - log_sum;
  set_most_likely(logits, log_sum, most_likely, piece.most_likely);
}

}  // namespace moe::inline MOE_ABI::detail

namespace moe::inline MOE_ABI {

MOE_INLINE std::vector<Piece> Session::score(std::string_view text, std::size_t most_likely) {
  return score(model_->tokenizer().encode(text), most_likely);
}

MOE_INLINE std::vector<Piece> Session::score(std::span<const TokenId> given, std::size_t most_likely,
                                             std::size_t first,
                                             FunctionRef<void(std::size_t, std::size_t)> progress) {
  const std::vector<TokenId> copy(given.begin(), given.end());  // `given` may be a part of tokens_
  const std::span<const TokenId> tokens = copy;
  detail::expect(!tokens.empty(), "score", "tokens", "at least one", "none");
  if (tokens.size() > context() + 1)
    detail::fail("score", "tokens", detail::concat("at most ", context() + 1, ", one more than the context"),
                 detail::concat(tokens.size()));
  for (const TokenId id : tokens)
    if (const std::size_t size = model_->spec().vocabulary_size; id >= size)
      detail::fail("score", "tokens", detail::concat("ids below ", size), detail::concat(id));
  const detail::Stopwatch stopwatch;
  std::vector<Piece> pieces = pieces_of(tokens);
  ++newest_;
  reset_end();
  // The context is computed without logits. The token before the first scored token is not part of the context: the logits of
  // this token are needed.
  const std::size_t context_size = std::clamp(first, std::size_t{1}, tokens.size()) - 1;
  const std::size_t reused = sequence_.rewind(common_prefix(tokens.first(context_size + 1)));
  tokens_.assign(tokens.begin(), tokens.end());
  const auto report_position = [&](double position) {
    progress(static_cast<std::size_t>(position) - reused, tokens.size() - 1 - reused);
  };
  const auto on_position = progress ? Transformer::Progress(report_position) : Transformer::Progress();
  if (sequence_.position() < context_size) read_rest(tokens.first(context_size), {}, on_position);
  const std::span<const TokenId> rest = tokens.subspan(sequence_.position());
  if (rest.size() > 1)
    model_->transformer().forward_each(
        sequence_, rest.first(rest.size() - 1),
        [&](std::size_t position, std::span<const float> logits) {
          detail::set_log_probabilities(pieces[position + 1], tokens[position + 1], logits, most_likely);
        },
        {}, on_position);
  statistics_ = {
      .prompt_tokens = tokens.size(), .reused_tokens = reused, .prompt_seconds = stopwatch.seconds()};
  return pieces;
}

MOE_INLINE std::vector<Piece> Session::pieces_of(std::span<const TokenId> tokens) const {
  std::vector<Piece> pieces;
  for (const TokenId id : tokens) pieces.push_back({id, {}});
  if (!model_->has_tokenizer()) return pieces;
  StreamingDecoder decoder(model_->tokenizer());
  for (Piece& piece : pieces) piece.text = decoder.push(piece.id);
  pieces.back().text += decoder.finish();
  return pieces;
}

}  // namespace moe::inline MOE_ABI
