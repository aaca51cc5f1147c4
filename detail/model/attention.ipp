#pragma once
#include "attention.hpp"
#include "../core/portable_math.hpp"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <vector>

namespace moe::inline MOE_ABI::detail {

/// Scratch::queries, keys and values = the projections of the normed input.
inline void project(const Pass& pass, const LayerWeights& w) {
  Scratch& s = pass.scratch;
  const bool quantised =
      is_quantised(w.query.dtype) || is_quantised(w.key.dtype) || is_quantised(w.value.dtype);
  const Activations input = pass.compute.prepare(quantised, s.normed.data(), pass.config.hidden_size,
                                                 pass.tokens, s.quantised_input);
  const auto product = [&](const Matrix& weights, const std::vector<float>& bias, Buffer<float>& out) {
    return Product{.weights = weights,
                   .input = input,
                   .tokens = pass.tokens,
                   .out = out.data(),
                   .out_stride = weights.rows,
                   .bias = bias.empty() ? nullptr : bias.data()};
  };
  const Product products[] = {product(w.query, w.query_bias, s.queries), product(w.key, w.key_bias, s.keys),
                              product(w.value, w.value_bias, s.values)};
  pass.compute.multiply({products, 3});
}

/// Reorders a head that stores pairs as neighbours: (a0 b0 a1 b1 ...) becomes (a0 a1 ... b0 b1 ...). spare: [head_dim].
inline void sort_pairs(float* head, float* spare, std::size_t head_dim) {
  const std::size_t half = head_dim / 2;
  for (std::size_t i = 0; i < head_dim; ++i) spare[i] = head[i];
  for (std::size_t i = 0; i < half; ++i) {
    head[i] = spare[2 * i];
    head[half + i] = spare[2 * i + 1];
  }
}

/// For token t, one kv head and the query heads that share it: norms the heads of queries and keys if the model has these
/// norms, rotates them by the position, scales the queries, and stores the key and the value in the cache.
inline void rotate_and_store(const Pass& pass, const LayerWeights& w, std::size_t layer, std::size_t t,
                             std::size_t kv_head) noexcept {
  const ModelConfig& c = pass.config;
  const simd::Kernels& kernels = pass.compute.kernels();
  Scratch& s = pass.scratch;
  const float scale = 1.0f / std::sqrt(static_cast<float>(c.head_dim));
  const std::size_t group = c.heads / c.kv_heads, first = (t * c.heads + kv_head * group) * c.head_dim;
  const auto rotated = [&](float* head, const std::vector<float>& norm) {
    const std::size_t half = c.head_dim / 2;
    if (c.rope.interleaved) sort_pairs(head, &s.attended[first], c.head_dim);  // not written yet
    if (!norm.empty()) kernels.rms_norm(head, norm.data(), c.rms_norm_epsilon, head, c.head_dim);
    kernels.rope(head, &s.cosines[t * half], &s.sines[t * half], half);
    return head;
  };
  for (std::size_t h = 0; h < group; ++h)
    kernels.scale(rotated(&s.queries[first + h * c.head_dim], w.query_norm), scale, c.head_dim);
  const std::size_t at = (t * c.kv_heads + kv_head) * c.head_dim;
  pass.cache.store(kernels, layer, kv_head, pass.position + t, rotated(&s.keys[at], w.key_norm),
                   &s.values[at]);
}

/// rotate_and_store() for all heads of all tokens.
inline void rotate_and_store(const Pass& pass, const LayerWeights& w, std::size_t layer) {
  pass.compute.for_each(pass.tokens, [&](std::size_t t, std::size_t) noexcept {
    for (std::size_t kv_head = 0; kv_head < pass.config.kv_heads; ++kv_head)
      rotate_and_store(pass, w, layer, t, kv_head);
  });
}

/// The tokens [first, first + count) of a pass, or as many of these as there are.
struct TokenRange {
  std::size_t first, count;
};

/// Scratch::attended = softmax(queries · keys) · values, causal, for one kv head and the tokens of a range.
inline void attend(const Pass& pass, std::size_t layer, std::size_t head, TokenRange range,
                   std::size_t worker) noexcept {
  const ModelConfig& c = pass.config;
  Scratch& s = pass.scratch;
  const simd::Kernels& kernels = pass.compute.kernels();
  const auto kernel = pass.cache.type() == DType::f16 ? kernels.attend_f16 : kernels.attend_f32;
  const std::size_t group = c.heads / c.kv_heads;
  const std::size_t at = range.first * c.query_size() + head * group * c.head_dim;
  kernel({.q = s.queries.data() + at,
          .out = s.attended.data() + at,
          .q_stride = c.query_size(),
          .tokens = std::min(range.count, pass.tokens - range.first),
          .queries = group,
          .head_dim = c.head_dim,
          .keys = pass.cache.keys(layer, head),
          .values = pass.cache.values(layer, head),
          .position = pass.position + range.first,
          .window = c.layers[layer].sliding_window,
          .scratch = s.attention.data() + worker * simd::attention_scratch(c.head_dim)});
}

/// attend() for all heads and tokens. Returns the result as input of the output projection.
inline Activations attend(const Pass& pass, const LayerWeights& w, std::size_t layer) {
  const ModelConfig& c = pass.config;
  constexpr std::size_t tile = 16;  // tokens of one work item, so that the work outweighs its scheduling
  const std::size_t tiles = (pass.tokens + tile - 1) / tile;
  pass.compute.for_each(tiles * c.kv_heads, [&](std::size_t item, std::size_t worker) noexcept {
    attend(pass, layer, item % c.kv_heads, {item / c.kv_heads * tile, tile}, worker);
  });
  return pass.compute.prepare(is_quantised(w.output.dtype), pass.scratch.attended.data(), c.query_size(),
                              pass.tokens, pass.scratch.quantised_input);
}

/// rotate_and_store() and attend() of one token in one parallel region: a kv head and its queries depend on no other head.
inline Activations attend_token(const Pass& pass, const LayerWeights& w, std::size_t layer) {
  const ModelConfig& c = pass.config;
  Scratch& s = pass.scratch;
  const bool quantised = is_quantised(w.output.dtype);
  const std::size_t width = c.heads / c.kv_heads * c.head_dim;
  const bool prepare_apart = quantised && width % 32 != 0;
  const auto attend_heads = [&](std::size_t first, std::size_t count, std::size_t worker) noexcept {
    for (std::size_t head = first; head < first + count; ++head) {
      rotate_and_store(pass, w, layer, 0, head);
      attend(pass, layer, head, {0, 1}, worker);
      if (!prepare_apart)
        pass.compute.prepare_numbers(quantised, s.attended.data() + head * width, width, s.quantised_input,
                                     head * width);
    }
  };
  pass.compute.for_each_range(c.kv_heads, attend_heads);
  if (prepare_apart)
    return pass.compute.prepare(quantised, s.attended.data(), c.query_size(), 1, s.quantised_input);
  return pass.compute.prepared(quantised, s.attended.data(), c.query_size(), s.quantised_input);
}

MOE_INLINE void set_angles(const Pass& pass, const Rope& rope) {
  const std::size_t half = pass.config.head_dim / 2;
  pass.compute.for_each(pass.tokens, [&](std::size_t t, std::size_t) noexcept {
    rope.angles(pass.position + t, &pass.scratch.cosines[t * half], &pass.scratch.sines[t * half]);
  });
}

MOE_INLINE void attention_layer(const Pass& pass, const LayerWeights& w, std::size_t layer) {
  Scratch& s = pass.scratch;
  const std::size_t hidden = pass.config.hidden_size;
  pass.compute.rms_norm(s.x.data(), w.attention_norm, pass.config.rms_norm_epsilon, s.normed.data(),
                        pass.tokens);
  pass.compute.expect(&w.output, w.output.bytes());
  project(pass, w);
  if (pass.tokens > 1) rotate_and_store(pass, w, layer);
  const Activations input = pass.tokens > 1 ? attend(pass, w, layer) : attend_token(pass, w, layer);
  pass.compute.expect(w.router.data ? &w.router : nullptr, w.router.bytes());
  pass.compute.multiply({.weights = w.output,
                         .input = input,
                         .tokens = pass.tokens,
                         .out = s.projected.data(),
                         .out_stride = hidden,
                         .bias = w.output_bias.empty() ? nullptr : w.output_bias.data()});
  pass.compute.add(s.x.data(), s.projected.data(), pass.tokens, hidden);
}

}  // namespace moe::inline MOE_ABI::detail
