// SPDX-License-Identifier: MIT
// Weights for a model whose routers choose the experts of a trace.
#pragma once
#include <moe.hpp>

#include <bit>
#include <cmath>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

/// Every token s of a trace gets its own embedding: row s of a Hadamard matrix [p, p] with entries ±1, followed by zeros,
/// where p is the largest power of two not above the hidden size H. The embeddings are orthogonal. As the layers add next to
/// nothing to an embedding, a router's normalised input is h = embedding · sqrt(H / p), and the router Σ_s logits_s ⊗
/// embedding_s / sqrt(p · H) maps the input of token s to logits_s. The logits have the order of the trace.
class PlantedRoutes {
 public:
  /// Throws if a model of these sizes cannot have the routes of the trace.
  PlantedRoutes(const moe::Trace& trace, std::size_t layers, std::size_t experts, std::size_t hidden)
      : experts_(experts),
        hidden_(hidden),
        width_(std::bit_floor(hidden)),
        experts_per_token_(trace.experts_per_token()) {
    if (trace.layers() < layers || trace.experts() > experts)
      moe::detail::fail("trace", "model",
                        std::to_string(layers) + " layers of at most " + std::to_string(experts) + " experts",
                        std::to_string(trace.layers()) + " of " + std::to_string(trace.experts()));
    routes_.resize(layers);
    std::map<std::pair<std::uint32_t, std::uint32_t>, std::size_t> tokens;  // by turn and step
    for (std::size_t i = 0; i < trace.size(); ++i) {
      const moe::TraceVisit visit = trace[i];
      const std::size_t token = tokens.try_emplace({visit.turn, visit.step}, tokens.size()).first->second;
      if (visit.layer >= layers) continue;
      if (visit.experts.size() != experts_per_token_)
        moe::detail::fail("trace", "experts of a token", std::to_string(experts_per_token_),
                          std::to_string(visit.experts.size()));
      auto& routes = routes_[visit.layer];
      if (routes.size() <= token) routes.resize(token + 1);
      routes[token] = i;
    }
    tokens_ = tokens.size();
    if (tokens_ > width_)
      moe::detail::fail("trace", "tokens",
                        "at most " + std::to_string(width_) + " in a model of this hidden size",
                        std::to_string(tokens_));
    for (auto& routes : routes_) fill_gaps(routes);
  }

  std::size_t tokens() const { return tokens_; }
  std::size_t experts_per_token() const { return experts_per_token_; }

  /// out: [hidden].
  void embedding(std::size_t token, std::span<float> out) const {
    for (std::size_t i = 0; i < out.size(); ++i) out[i] = i < width_ ? sign(token, i) : 0.0f;
  }

  /// The matrix of the router of a layer, [experts, hidden].
  std::vector<float> router(const moe::Trace& trace, std::size_t layer) const {
    std::vector<float> out(experts_ * hidden_);
    const float scale = 1 / std::sqrt(static_cast<float>(width_) * static_cast<float>(hidden_));
    for (std::size_t token = 0; token < routes_[layer].size(); ++token) {
      if (!routes_[layer][token]) continue;
      const moe::TraceVisit visit = trace[*routes_[layer][token]];
      const std::vector<float> logits = logits_of(visit);
      for (std::size_t rank = 0; rank < logits.size(); ++rank) {
        float* row = out.data() + visit.experts[rank] * hidden_;
        for (std::size_t i = 0; i < width_; ++i) row[i] += logits[rank] * scale * sign(token, i);
      }
    }
    return out;
  }

 private:
  static constexpr float least_logit = 4, least_gap = 0.1f;  // of the chosen experts; all others get 0

  static float sign(std::size_t row, std::size_t column) {
    return std::popcount(row & column) % 2 == 0 ? 1.0f : -1.0f;
  }

  /// The logits of the chosen experts. Neighbouring ranks differ by the logarithm of the ratio of their weights in the trace,
  /// but at least by least_gap, which is larger than any rounding error, and at most by 4.
  static std::vector<float> logits_of(const moe::TraceVisit& visit) {
    std::vector<float> out(visit.experts.size(), least_logit);
    for (std::size_t rank = out.size() - 1; rank-- > 0;) {
      const float better = visit.weights[rank], worse = visit.weights[rank + 1];
      const float gap = better > 0 && worse > 0 ? std::log(better / worse) : 0;
      out[rank] = out[rank + 1] + std::min(std::max(gap, least_gap), 4.0f);
    }
    return out;
  }

  /// Tokens without a visit in the trace, such as most tokens of a prompt in the last layer, get the route of the next
  /// token, which costs a cache the least.
  void fill_gaps(std::vector<std::optional<std::size_t>>& routes) const {
    routes.resize(tokens_);
    for (std::size_t token = tokens_; token-- > 0;)
      if (!routes[token] && token + 1 < tokens_) routes[token] = routes[token + 1];
    for (std::size_t token = 1; token < tokens_; ++token)
      if (!routes[token]) routes[token] = routes[token - 1];
  }

  std::size_t experts_, hidden_, width_, experts_per_token_, tokens_ = 0;
  std::vector<std::vector<std::optional<std::size_t>>>
      routes_;  // [layers][tokens]: the index of the visit in the trace
};
