// What masked_experts and expert_usage share: a text cut into windows that fit into a model's context.
#pragma once
#include <moe.hpp>

#include "command_line.hpp"

#include <algorithm>
#include <filesystem>
#include <string>
#include <vector>

using Tokens = std::vector<moe::TokenId>;

/// Tokens cut into windows of at most `positions`, which all begin with the tokens `begin`.
inline std::vector<Tokens> windows_of(const Tokens& ids, const Tokens& begin, std::size_t positions) {
  if (begin.size() + 2 > positions) throw UsageError("--window has no room for --begin and two tokens");
  std::vector<Tokens> windows;
  for (std::size_t first = 0; first < ids.size(); first += positions - begin.size()) {
    const std::size_t last = std::min(ids.size(), first + positions - begin.size());
    windows.push_back(begin);
    windows.back().insert(windows.back().end(), ids.begin() + static_cast<std::ptrdiff_t>(first),
                          ids.begin() + static_cast<std::ptrdiff_t>(last));
  }
  return windows;
}

/// The first `most` tokens of a file.
inline Tokens read_tokens(const moe::Tokenizer& tokenizer, const std::string& path, std::size_t most) {
  Tokens ids = tokenizer.encode(moe::detail::read_text(path));
  ids.resize(std::min(ids.size(), most));
  return ids;
}

/// A file's name without folder and ending.
inline std::string stem_of(const std::string& path) { return std::filesystem::path(path).stem().string(); }

/// Counts what the routers choose in windows of a text, and calls done(tokens) after each.
template <class Done>
moe::UsageProfile usage_of(const moe::Model& model, const std::vector<Tokens>& windows, Done done) {
  moe::UsageProfile profile(model.config().layers.size(), model.config().experts);
  moe::RouteRecorder recorder(profile);
  for (const Tokens& window : windows) {
    auto sequence = model.transformer().sequence({.context = window.size()});
    sequence.observe_routes(recorder);
    model.transformer().forward(sequence, window);
    done(window.size());
  }
  return profile;
}
