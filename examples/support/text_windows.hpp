// SPDX-License-Identifier: MIT
// Texts cut into windows that fit into the context of a model.
#pragma once
#include <moe.hpp>

#include "command_line.hpp"
#include "text_file.hpp"

#include <algorithm>
#include <cstddef>
#include <filesystem>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

constexpr std::string_view window_options_help =
    R"(  --window N          positions of a window; default 256, or all positions of the model if it has fewer
  --begin TEXT        the beginning of every window: the bundled model needs <|endoftext|>
)";

using Tokens = std::vector<moe::TokenId>;

/// Cuts a text into windows, by the options --window and --begin.
class WindowCutter {
 public:
  WindowCutter(const moe::Model& model, const CommandLine& args)
      : begin_(model.tokenizer().encode(args.text("--begin", ""))),
        positions_(args.count("--window", std::min<std::size_t>(256, model.spec().max_positions), 1)) {
    if (positions_ > model.spec().max_positions)
      throw UsageError("--window is at most " + std::to_string(model.spec().max_positions) +
                       ", the positions of the model");
    if (begin_.size() + 2 > positions_) throw UsageError("--window has no room for --begin and two tokens");
  }

  /// The tokens at the beginning of every window.
  const Tokens& begin() const { return begin_; }

  std::vector<Tokens> cut(const Tokens& ids) const {
    std::vector<Tokens> windows;
    for (std::size_t first = 0; first < ids.size(); first += positions_ - begin_.size()) {
      const std::size_t last = std::min(ids.size(), first + positions_ - begin_.size());
      windows.push_back(begin_);
      windows.back().insert(windows.back().end(), ids.begin() + static_cast<std::ptrdiff_t>(first),
                            ids.begin() + static_cast<std::ptrdiff_t>(last));
    }
    return windows;
  }

 private:
  Tokens begin_;
  std::size_t positions_;
};

/// The first tokens of a file, at most `most`.
inline Tokens read_tokens(const moe::Tokenizer& tokenizer, const std::string& path, std::size_t most) {
  Tokens ids = tokenizer.encode(read_text_file(path));
  ids.resize(std::min(ids.size(), most));
  return ids;
}

inline void require_experts(const moe::Model& model) {
  if (model.spec().experts() == 0)
    throw std::runtime_error(model.checkpoint().path() +
                             ": expected a model with experts, found a dense model");
}

/// Counts the experts that the routers choose when the model reads the windows. Calls done(tokens) after each window.
template <class Done>
moe::UsageProfile usage_of(const moe::Model& model, const std::vector<Tokens>& windows, Done done) {
  moe::UsageProfile profile(model.spec().layers.size(), model.spec().experts());
  moe::RouteRecorder recorder(profile);
  for (const Tokens& window : windows) {
    auto sequence = model.transformer().sequence({.context = window.size()});
    sequence.observe_routes(recorder);
    model.transformer().forward(sequence, window);
    done(window.size());
  }
  return profile;
}
