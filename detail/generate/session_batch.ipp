// SPDX-License-Identifier: MIT
#pragma once
#include "session_batch.hpp"
#include "../core/concat.hpp"
#include "../core/error.hpp"
#include "../core/stopwatch.hpp"

#include <algorithm>
#include <cstddef>
#include <exception>
#include <functional>
#include <span>
#include <string_view>
#include <utility>

namespace moe::inline MOE_ABI {

MOE_INLINE void SessionBatch::check(const Session& session, std::span<const TokenId> prompt) const {
  detail::expect(session.model_ == model_, "session batch", "session", "a session of the model of the batch",
                 "a session of another model");
  for (const Text& text : texts_)
    detail::expect(text.session != &session, "session batch", "session", "a session without a text here",
                   "a session whose text has not ended");
  if (full())
    detail::fail("session batch", "texts", detail::concat("at most ", batch_.options().sequences),
                 "one more");
  for (const TokenId id : prompt)
    if (const std::size_t size = model_->spec().vocabulary_size; id >= size)
      detail::fail("session batch", "prompt", detail::concat("ids below ", size), detail::concat(id));
}

MOE_INLINE void SessionBatch::add(Session& session, std::span<const TokenId> prompt,
                                  const GenerateOptions& options,
                                  std::function<void(const Piece&)> on_piece) {
  check(session, prompt);
  Text text{&session, session.stream(prompt, options), std::move(on_piece)};
  text.generation.start();
  session.begin_prompt(text.generation.prompt_);
  texts_.push_back(std::move(text));
}

MOE_INLINE void SessionBatch::add(Session& session, std::string_view prompt, const GenerateOptions& options,
                                  std::function<void(const Piece&)> on_piece) {
  add(session, session.encode(prompt, options), options, std::move(on_piece));
}

MOE_INLINE void SessionBatch::remove(const Session& session) {
  texts_.remove_if([&](const Text& text) { return text.session == &session; });
}

template <class Action>
void SessionBatch::for_each_text(Action action) {
  for (Text& text : texts_) {
    try {
      action(text);
    } catch (...) {
      if (!failure_) failure_ = std::current_exception();
      text.ended = true;
    }
  }
  texts_.remove_if([](const Text& text) { return text.ended; });
}

MOE_INLINE void SessionBatch::rethrow_failure() {
  if (failure_) std::rethrow_exception(std::exchange(failure_, nullptr));
}

MOE_INLINE bool SessionBatch::run_pass() {
  if (texts_.empty()) return false;
  const detail::Stopwatch stopwatch;
  for_each_text(check_stop);
  try {
    compute_pass();
  } catch (...) {
    rethrow_failure();  // of check_stop(): its text has left the batch, so no later call can throw it
    throw;
  }
  for_each_text([&](Text& text) {
    SessionStatistics& statistics = text.session->statistics_;
    (text.in_prompt() ? statistics.prompt_seconds : statistics.generate_seconds) += stopwatch.seconds();
    if (!text.index) return;
    if (text.in_prompt()) report_progress(text);
    read_result(text);
  });
  rethrow_failure();
  return true;
}

MOE_INLINE void SessionBatch::compute_pass() {
  batch_.clear();
  for (const bool in_prompt : {false, true})  // first the texts that need one token each
    for (Text& text : texts_)
      if (text.in_prompt() == in_prompt) add_to_pass(text);
  if (batch_.size() > 0) model_->transformer().forward(batch_);
}

MOE_INLINE void SessionBatch::check_stop(Text& text) {
  text.generation.require_newest();
  if (!text.generation.options_.stop.stop_requested()) return;
  text.generation.read({});
  show(text);
}

MOE_INLINE void SessionBatch::add_to_pass(Text& text) {
  text.index.reset();
  if (batch_.room() == 0) return;
  Sequence& sequence = text.session->sequence_;
  const std::span<const TokenId> rest = text.rest();
  std::size_t wanted = rest.size();
  if (text.in_prompt()) {
    if (sequence.position() >= text.snapshot_at)
      text.snapshot_at = sequence.position() + text.session->until_snapshot(rest.size());
    wanted = text.snapshot_at - sequence.position();
  } else {
    text.session->take_periodic_snapshot();
  }
  text.index = batch_.add(sequence, rest.first(std::min({wanted, batch_.room(), sequence.chunk()})));
}

MOE_INLINE void SessionBatch::report_progress(const Text& text) {
  const SessionStatistics& statistics = text.session->statistics_;
  const std::size_t reused = statistics.reused_tokens;
  if (const auto& progress = text.generation.options_.prompt_progress)
    progress(text.session->sequence_.position() - reused, statistics.prompt_tokens - reused);
}

MOE_INLINE void SessionBatch::read_result(Text& text) {
  using Kind = Sequence::SnapshotKind;
  const bool complete = text.rest().empty();
  if (text.in_prompt() && text.session->sequence_.position() == text.snapshot_at)
    text.session->sequence_.take_snapshot(complete ? Kind::prompt_end : Kind::periodic);
  if (!complete) return;
  text.generation.read(batch_.logits(*text.index));
  show(text);
}

MOE_INLINE void SessionBatch::show(Text& text) {
  Session::Generation& generation = text.generation;
  for (; !generation.at_end_; generation.next()) {
    do
      if (text.on_piece) text.on_piece(generation.piece_);
    while (generation.take_rest());
    if (text.session->finish_ == Finish::running) return;
  }
  text.ended = true;
}

}  // namespace moe::inline MOE_ABI
