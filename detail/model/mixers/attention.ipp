// SPDX-License-Identifier: MIT
#pragma once
#include "attention.hpp"
#include "../kv_rows.hpp"

#include <algorithm>
#include <cstddef>
#include <span>
#include <vector>

namespace moe::inline MOE_ABI::detail {

MOE_INLINE AttentionBuffers::AttentionBuffers(const Workspace& space, const AttentionSpec& spec,
                                              std::size_t hidden)
    : frame(space.arena),
      input(space.arena, space.tokens * hidden, space.bf16_dot),
      output_input(space.arena, space.tokens * spec.query_size(), space.bf16_dot),
      projected(space.arena.take<float>(spec.output_gate ? 2 * space.tokens * spec.query_size() : 0)),
      queries(space.arena.take<float>(space.tokens * spec.query_size())),
      keys(space.arena.take<float>(space.tokens * spec.kv_size())),
      values(space.arena.take<float>(space.tokens * spec.kv_size())),
      attended(space.arena.take<float>(space.tokens * spec.query_size())),
      scratch(
          space.arena.take<float>(space.threads * simd::attention_scratch(spec.head_dim, spec.head_dim))) {}

/// The attention of one step.
class AttentionRun {
 public:
  AttentionRun(const Step& step, const AttentionSpec& spec, const AttentionWeights& w, const Angles* angles,
               float norm_epsilon, std::size_t layer, std::size_t hidden)
      : step_(step),
        spec_(spec),
        w_(w),
        angles_(angles),
        epsilon_(norm_epsilon),
        layer_(layer),
        b_(step.workspace(), spec, hidden) {}

  void run(const float* x, float* out) {
    project(x);
    if (spec_.query_key_norm == AttentionSpec::Norm::projection || spec_.clamp > 0) finish_projections();
    const Activations input = step_.tokens > 1 ? attend_all() : attend_token();
    step_.compute.multiply({.weights = w_.output,
                            .input = input,
                            .tokens = step_.tokens,
                            .out = out,
                            .out_stride = w_.output.rows,
                            .bias = as_vector(w_.output_bias)});
  }

 private:
  /// queries (with an output gate: projected), keys and values = the projections of x. If the values are the keys,
  /// prepare_heads() copies them.
  void project(const float* x) {
    const bool quantised = step_.kernels().takes_int8(w_.query.dtype) ||
                           step_.kernels().takes_int8(w_.key.dtype) ||
                           step_.kernels().takes_int8(w_.value.dtype);
    const Activations input = step_.compute.prepare(quantised, x, w_.query.cols, step_.tokens, b_.input);
    const auto product = [&](const Matrix& weights, const std::vector<float>& bias, std::span<float> to) {
      return Product{.weights = weights,
                     .input = input,
                     .tokens = step_.tokens,
                     .out = to.data(),
                     .out_stride = weights.rows,
                     .bias = as_vector(bias)};
    };
    const Product products[] = {
        product(w_.query, w_.query_bias, spec_.output_gate ? b_.projected : b_.queries),
        product(w_.key, w_.key_bias, b_.keys), product(w_.value, w_.value_bias, b_.values)};
    step_.compute.multiply({products, spec_.value_is_key ? 2u : 3u});
  }

  /// Applies the norms of whole projections, and limits queries, keys and values.
  void finish_projections() {
    const bool norm = spec_.query_key_norm == AttentionSpec::Norm::projection;
    step_.compute.for_each(step_.tokens, [&](std::size_t t, std::size_t) noexcept {
      const simd::Kernels& kernels = step_.kernels();
      const std::size_t queries = spec_.query_size(), kv = spec_.kv_size();
      float *const q = &b_.queries[t * queries], *const k = &b_.keys[t * kv], *const v = &b_.values[t * kv];
      if (norm) kernels.rms_norm(q, w_.query_norm.data(), epsilon_, q, queries);
      if (norm) kernels.rms_norm(k, w_.key_norm.data(), epsilon_, k, kv);
      if (!(spec_.clamp > 0)) return;
      kernels.clamp(q, spec_.clamp, queries);
      kernels.clamp(k, spec_.clamp, kv);
      kernels.clamp(v, spec_.clamp, kv);
    });
  }

  /// Normalises and rotates one head of queries or keys. spare: [head_dim], overwritten.
  void rotate_head(std::size_t t, const std::vector<float>& norm, float* head, float* spare) const noexcept {
    const simd::Kernels& kernels = step_.kernels();
    if (spec_.query_key_norm == AttentionSpec::Norm::heads)
      kernels.rms_norm(head, norm.data(), epsilon_, head, spec_.head_dim);
    if (angles_) rotate(kernels, *angles_, t, head, spare);
  }

  /// Prepares one kv head of the token in row t: normalises and rotates the key, normalises the value, and stores both in
  /// `cache`, the cache of the token's text. Normalises, rotates and scales the query heads that share this kv head.
  void prepare_heads(std::size_t t, std::size_t kv_head, const KvRows& cache) noexcept {
    const simd::Kernels& kernels = step_.kernels();
    const std::size_t d = spec_.head_dim, group = spec_.heads / spec_.kv_heads;
    float* const spare = &b_.attended[(t * spec_.heads + kv_head * group) * d];  // before attend() writes it
    for (std::size_t head = kv_head * group; head < (kv_head + 1) * group; ++head) {
      float* const query = &b_.queries[(t * spec_.heads + head) * d];
      if (spec_.output_gate) {
        const float* const from = &b_.projected[(t * spec_.heads + head) * 2 * d];
        std::copy(from, from + d, query);
      }
      rotate_head(t, w_.query_norm, query, spare);
      if (spec_.scale != 1) kernels.scale(query, spec_.scale, d);
    }
    const std::size_t at = (t * spec_.kv_heads + kv_head) * d;
    float *const key = &b_.keys[at], *const value = &b_.values[at];
    if (spec_.value_is_key) std::copy(key, key + d, value);
    if (spec_.value_norm) kernels.rms_norm(value, nullptr, epsilon_, value, d);
    rotate_head(t, w_.key_norm, key, spare);
    store(kernels, cache, kv_head, step_.text_of(t).position_of(t), key, value);
  }

  /// attended = softmax(queries · keys) · values, times the gate, for one kv head and the tokens of a tile.
  void attend(std::size_t kv_head, const RowTile& tile, std::size_t worker) noexcept {
    const simd::Kernels& kernels = step_.kernels();
    const std::size_t d = spec_.head_dim, group = spec_.heads / spec_.kv_heads, width = spec_.query_size();
    const std::size_t at = tile.first * width + kv_head * group * d;
    const KvRows cache = tile.text.state.kv(layer_);
    const auto kernel = cache.type == DType::q8_0  ? kernels.attend_q8_0
                        : cache.type == DType::f16 ? kernels.attend_f16
                                                   : kernels.attend_f32;
    kernel({.q = b_.queries.data() + at,
            .q_stride = width,
            .out = b_.attended.data() + at,
            .out_stride = width,
            .out_query_stride = d,
            .tokens = tile.count,
            .queries = group,
            .head_dim = d,
            .value_dim = d,
            .keys = cache.keys + kv_head * cache.plane_bytes,
            .values = cache.values + kv_head * cache.plane_bytes,
            .position = tile.text.position_of(tile.first),
            .window = spec_.window,
            .ring = cache.ring,
            .sinks = w_.sinks.empty() ? nullptr : w_.sinks.data() + kv_head * group,
            .scratch = b_.scratch.data() + worker * simd::attention_scratch(d, d)});
    if (!spec_.output_gate) return;
    for (std::size_t t = tile.first; t < tile.first + tile.count; ++t)
      for (std::size_t head = kv_head * group; head < (kv_head + 1) * group; ++head)
        kernels.sigmoid_mul(&b_.attended[(t * spec_.heads + head) * d],
                            &b_.projected[((t * spec_.heads + head) * 2 + 1) * d], d);
  }

  /// Computes the attention of several tokens. Returns the input of the output projection.
  Activations attend_all() {
    step_.compute.for_each(step_.tokens, [&](std::size_t t, std::size_t) noexcept {
      const KvRows cache = step_.text_of(t).state.kv(layer_);
      for (std::size_t head = 0; head < spec_.kv_heads; ++head) prepare_heads(t, head, cache);
    });
    constexpr std::size_t most = 16;  // tokens of one work item, so that the work outweighs its scheduling
    const std::size_t items = step_.tiles(most) * spec_.kv_heads;
    step_.compute.for_each(items, [&](std::size_t item, std::size_t worker) noexcept {
      attend(item % spec_.kv_heads, step_.tile(item / spec_.kv_heads, most), worker);
    });
    return step_.compute.prepare(step_.kernels().takes_int8(w_.output.dtype), b_.attended.data(),
                                 spec_.query_size(), step_.tokens, b_.output_input);
  }

  /// Computes one token in one parallel region: a kv head and its queries depend on no other head. Returns the input of the output
  /// projection.
  Activations attend_token() {
    const bool quantised = step_.kernels().takes_int8(w_.output.dtype);
    const std::size_t width = spec_.heads / spec_.kv_heads * spec_.head_dim;
    const bool prepare_apart = quantised && width % 32 != 0;
    const KvRows cache = step_.texts[0].state.kv(layer_);
    step_.compute.for_each_range(
        spec_.kv_heads, [&](std::size_t first, std::size_t count, std::size_t worker) noexcept {
          for (std::size_t head = first; head < first + count; ++head) {
            prepare_heads(0, head, cache);
            attend(head, {step_.texts[0], 0, 1}, worker);
            if (!prepare_apart)
              step_.compute.prepare_numbers(quantised, b_.attended.data() + head * width, width,
                                            b_.output_input, head * width);
          }
        });
    if (prepare_apart)
      return step_.compute.prepare(quantised, b_.attended.data(), spec_.query_size(), 1, b_.output_input);
    return step_.compute.prepared(quantised, b_.attended.data(), spec_.query_size(), b_.output_input);
  }

  const Step& step_;
  const AttentionSpec& spec_;
  const AttentionWeights& w_;
  const Angles* angles_;
  float epsilon_;
  std::size_t layer_;
  AttentionBuffers b_;
};

MOE_INLINE void attention(const Step& step, const AttentionSpec& spec, const AttentionWeights& w,
                          const Angles* angles, float norm_epsilon, std::size_t layer, const float* x,
                          float* out) {
  AttentionRun(step, spec, w, angles, norm_epsilon, layer, w.output.rows).run(x, out);
}

}  // namespace moe::inline MOE_ABI::detail
