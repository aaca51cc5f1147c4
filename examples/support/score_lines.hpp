// SPDX-License-Identifier: MIT
// Log-probabilities of tokens as lines of JSON.
#pragma once
#include <moe.hpp>

#include <cmath>
#include <cstddef>
#include <cstdio>
#include <iostream>
#include <string>
#include <vector>

/// {"id": 5, "text": " the", "logprob": -0.1, "top": [{"id": 5, "text": " the", "logprob": -0.1}]}. `logprob` is null for a
/// token that has none, `top` is left out if it is empty.
inline void print_score(const moe::Tokenizer& tokenizer, const moe::Piece& piece) {
  const auto number = [](double value) {
    char digits[32];
    std::snprintf(digits, sizeof digits, "%.6f", value);
    return std::string(digits);
  };
  const auto token = [&](moe::TokenId id, const std::string& text, const std::string& logprob) {
    return "{\"id\": " + std::to_string(id) + ", \"text\": " + moe::detail::to_json(text) +
           ", \"logprob\": " + logprob;
  };
  std::string line =
      token(piece.id, piece.text, piece.log_probability ? number(*piece.log_probability) : "null");
  if (!piece.most_likely.empty()) line += ", \"top\": [";
  for (const moe::TokenProbability& other : piece.most_likely) {
    if (line.back() != '[') line += ", ";
    line += token(other.id, tokenizer.decode({&other.id, 1}), number(other.log_probability)) + '}';
  }
  std::cout << line << (piece.most_likely.empty() ? "}" : "]}") << std::endl;
}

/// A line on stderr with the sum of the log-probabilities and the perplexity.
inline void show_perplexity(const std::vector<moe::Piece>& pieces) {
  double sum = 0;
  std::size_t count = 0;
  for (const moe::Piece& piece : pieces)
    if (piece.log_probability) sum += *piece.log_probability, ++count;
  if (count == 0) return;
  std::fprintf(stderr, "%zu tokens scored: log-probability %.6f, perplexity %.6f\n", count, sum,
               std::exp(-sum / static_cast<double>(count)));
}
