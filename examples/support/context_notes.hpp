// SPDX-License-Identifier: MIT
// Notes on stderr about texts that end early, and about the context of a session: the number of positions that a text can have.
#pragma once
#include <moe.hpp>

#include "command_line.hpp"

#include <cstdio>
#include <string>

/// Advice for a user who needs more positions than the session has.
inline std::string advice_on_context(const moe::Session& session, const moe::Model& model) {
  if (session.context() < model.spec().max_positions) return "a larger --context makes room";
  return "the model has no more positions (max_position_embeddings)";
}

/// Prints a line if the model has fewer positions than --context states.
inline void show_cut_context(const moe::Session& session, const moe::Model& model, const CommandLine& args) {
  if (!args.has("--context") || session.requested_context() <= session.context()) return;
  std::fprintf(
      stderr,
      "context: %zu positions in place of %zu, since the model has only %zu (max_position_embeddings)\n",
      session.context(), session.requested_context(), model.spec().max_positions);
}

/// Prints a line if the text ended because the context is full.
inline void show_full_context(const moe::Session& session, const moe::Model& model) {
  if (session.finish() == moe::Finish::context_full)
    std::fprintf(stderr, "context full: the text ends after %zu tokens; %s\n", session.tokens().size(),
                 advice_on_context(session, model).c_str());
}

/// Prints a line if an answer ended before its end, because of --max-tokens.
inline void show_limit(const moe::Session& session) {
  if (session.finish() == moe::Finish::max_tokens)
    std::fprintf(stderr, "limit: the answer is cut after %zu tokens; a larger --max-tokens makes room\n",
                 session.statistics().generated_tokens);
}
