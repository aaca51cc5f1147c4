// SPDX-License-Identifier: MIT
#pragma once
#include "latent_attention.hpp"
#include "../kv_rows.hpp"

#include <algorithm>
#include <cstddef>
#include <span>

namespace moe::inline MOE_ABI::detail {

MOE_INLINE LatentAttentionBuffers::LatentAttentionBuffers(const Workspace& space,
                                                          const LatentAttentionSpec& spec, std::size_t hidden)
    : frame(space.arena),
      input(space.arena, space.tokens * hidden, space.bf16_dot),
      query_input(space.arena, space.tokens * spec.query_rank, space.bf16_dot),
      head_input(space.arena, space.tokens * spec.heads * std::max(spec.nope_dim, spec.kv_rank),
                 space.bf16_dot),
      output_input(space.arena, space.tokens * spec.heads * spec.value_dim, space.bf16_dot),
      low_rank(space.arena.take<float>(space.tokens * spec.query_rank)),
      projected(space.arena.take<float>(space.tokens * spec.query_size())),
      rows(space.arena.take<float>(space.tokens * spec.row_size())),
      queries(space.arena.take<float>(space.tokens * spec.heads * spec.row_size())),
      attended(space.arena.take<float>(space.tokens * spec.heads * spec.kv_rank)),
      values(space.arena.take<float>(space.tokens * spec.heads * spec.value_dim)),
      scratch(
          space.arena.take<float>(space.threads * simd::attention_scratch(spec.row_size(), spec.kv_rank))) {}

/// The latent attention of one step.
class LatentAttentionRun {
 public:
  LatentAttentionRun(const Step& step, const LatentAttentionSpec& spec, const LatentAttentionWeights& w,
                     const Angles& angles, std::size_t layer, std::size_t hidden)
      : step_(step), spec_(spec), w_(w), angles_(angles), layer_(layer), b_(step.workspace(), spec, hidden) {}

  void run(const float* x, float* out) {
    project(x);
    store_rows();
    multiply_keys();
    attend();
    multiply_values();
    const std::size_t width = spec_.heads * spec_.value_dim;
    const Activations input = step_.compute.prepare(step_.kernels().takes_int8(w_.output.dtype),
                                                    b_.values.data(), width, step_.tokens, b_.output_input);
    step_.compute.multiply({.weights = w_.output,
                            .input = input,
                            .tokens = step_.tokens,
                            .out = out,
                            .out_stride = w_.output.rows});
  }

 private:
  Product product(const Matrix& weights, const Activations& input, float* to) const {
    return {
        .weights = weights, .input = input, .tokens = step_.tokens, .out = to, .out_stride = weights.rows};
  }

  /// projected = the queries; rows = the latents and the rotary parts of the keys, before norm and rotation.
  void project(const float* x) {
    const bool low_rank = spec_.query_rank > 0;
    const Matrix& query = low_rank ? w_.query_down : w_.query;
    const bool quantised =
        step_.kernels().takes_int8(query.dtype) || step_.kernels().takes_int8(w_.latent_down.dtype);
    const Activations input = step_.compute.prepare(quantised, x, query.cols, step_.tokens, b_.input);
    const Product products[] = {product(query, input, (low_rank ? b_.low_rank : b_.projected).data()),
                                product(w_.latent_down, input, b_.rows.data())};
    step_.compute.multiply(products);
    if (!low_rank) return;
    const std::size_t rank = spec_.query_rank;
    step_.compute.for_each(step_.tokens, [&](std::size_t t, std::size_t) noexcept {
      float* const q = &b_.low_rank[t * rank];
      step_.kernels().rms_norm(q, w_.query_down_norm.data(), spec_.norm_epsilon, q, rank);
    });
    const Activations low = step_.compute.prepare(step_.kernels().takes_int8(w_.query_up.dtype),
                                                  b_.low_rank.data(), rank, step_.tokens, b_.query_input);
    step_.compute.multiply(product(w_.query_up, low, b_.projected.data()));
  }

  /// Norms the latents, rotates queries and keys, and stores the rows of the step.
  void store_rows() {
    step_.compute.for_each(step_.tokens, [&](std::size_t t, std::size_t) noexcept {
      const simd::Kernels& kernels = step_.kernels();
      const std::size_t width = spec_.nope_dim + spec_.rope_dim;
      float* const row = &b_.rows[t * spec_.row_size()];
      float* const spare = &b_.queries[t * spec_.heads * spec_.row_size()];  // not written yet
      kernels.rms_norm(row, w_.latent_norm.data(), spec_.norm_epsilon, row, spec_.kv_rank);
      rotate(kernels, angles_, t, row + spec_.kv_rank, spare);
      const StepText& text = step_.text_of(t);
      store(kernels, text.state.latents(layer_), text.position_of(t), row);
      for (std::size_t head = 0; head < spec_.heads; ++head)
        rotate(kernels, angles_, t, &b_.projected[(t * spec_.heads + head) * width + spec_.nope_dim], spare);
    });
  }

  /// Computes one product for each head. The input of a head is a part of the rows of `x`: `cols` numbers at
  /// x + head_offset · head. The int8 and bf16 forms of the inputs are [heads, tokens, cols].
  template <class OutOf>
  void multiply_heads(std::span<const Matrix> weights, const float* x, std::size_t stride,
                      std::size_t head_offset, OutOf out_of, std::size_t out_stride) {
    const std::size_t cols = weights[0].cols;
    const bool quantised = step_.kernels().takes_int8(weights[0].dtype);
    if (quantised || step_.kernels().to_bf16)
      step_.compute.for_each(spec_.heads, [&](std::size_t head, std::size_t) noexcept {
        for (std::size_t t = 0; t < step_.tokens; ++t)
          step_.compute.prepare_numbers(quantised, x + t * stride + head * head_offset, cols, b_.head_input,
                                        (head * step_.tokens + t) * cols);
      });
    const auto item = [&](std::size_t head) {
      Activations input = step_.compute.prepared(quantised, x + head * head_offset, cols, b_.head_input,
                                                 head * step_.tokens * cols);
      input.stride = stride;
      return Product{.weights = weights[head],
                     .input = input,
                     .tokens = step_.tokens,
                     .out = out_of(head),
                     .out_stride = out_stride};
    };
    constexpr std::size_t some = 16;
    Product products[some];
    for (std::size_t first = 0; first < spec_.heads; first += some) {
      const std::size_t count = std::min(some, spec_.heads - first);
      for (std::size_t i = 0; i < count; ++i) products[i] = item(first + i);
      step_.compute.multiply({products, count});
    }
  }

  /// queries = scale · (Kᵀ · q_nope, q_rope) of each head.
  void multiply_keys() {
    const std::size_t width = spec_.nope_dim + spec_.rope_dim, row = spec_.row_size();
    multiply_heads(
        w_.key_up, b_.projected.data(), spec_.heads * width, width,
        [&](std::size_t head) { return &b_.queries[head * row]; }, spec_.heads * row);
    step_.compute.for_each(step_.tokens, [&](std::size_t t, std::size_t) noexcept {
      for (std::size_t i = t * spec_.heads; i < (t + 1) * spec_.heads; ++i) {
        const float* const from = &b_.projected[i * width + spec_.nope_dim];
        std::copy(from, from + spec_.rope_dim, &b_.queries[i * row + spec_.kv_rank]);
        step_.kernels().scale(&b_.queries[i * row], spec_.scale, row);
      }
    });
  }

  /// attended = Σ softmax · latent of each head.
  void attend() {
    constexpr std::size_t heads_at_once = 8, tokens_at_once = 8;
    const std::size_t groups = (spec_.heads + heads_at_once - 1) / heads_at_once;
    const std::size_t row = spec_.row_size(), rank = spec_.kv_rank;
    const std::size_t items = groups * step_.tiles(tokens_at_once);
    step_.compute.for_each(items, [&](std::size_t item, std::size_t worker) noexcept {
      const std::size_t head = item % groups * heads_at_once;
      const RowTile tile = step_.tile(item / groups, tokens_at_once);
      const std::size_t first = tile.first;
      const LatentRows cache = tile.text.state.latents(layer_);
      const auto kernel =
          cache.type == DType::f16 ? step_.kernels().attend_latent_f16 : step_.kernels().attend_latent_f32;
      kernel({.q = &b_.queries[(first * spec_.heads + head) * row],
              .q_stride = spec_.heads * row,
              .out = &b_.attended[(head * step_.tokens + first) * rank],
              .out_stride = rank,
              .out_query_stride = step_.tokens * rank,
              .tokens = tile.count,
              .queries = std::min(heads_at_once, spec_.heads - head),
              .head_dim = row,
              .value_dim = rank,
              .keys = cache.rows,
              .values = nullptr,
              .position = tile.text.position_of(first),
              .window = 0,
              .scratch = b_.scratch.data() + worker * simd::attention_scratch(row, rank)});
    });
  }

  /// values = V · attended of each head.
  void multiply_values() {
    const std::size_t rank = spec_.kv_rank, value = spec_.value_dim;
    multiply_heads(
        w_.value_up, b_.attended.data(), rank, step_.tokens * rank,
        [&](std::size_t head) { return &b_.values[head * value]; }, spec_.heads * value);
  }

  const Step& step_;
  const LatentAttentionSpec& spec_;
  const LatentAttentionWeights& w_;
  const Angles& angles_;
  std::size_t layer_;
  LatentAttentionBuffers b_;
};

MOE_INLINE void latent_attention(const Step& step, const LatentAttentionSpec& spec,
                                 const LatentAttentionWeights& w, const Angles& angles, std::size_t layer,
                                 const float* x, float* out) {
  LatentAttentionRun(step, spec, w, angles, layer, w.output.rows).run(x, out);
}

}  // namespace moe::inline MOE_ABI::detail
