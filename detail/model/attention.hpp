#pragma once
#include "../core/config.hpp"
#include "pass.hpp"
#include "rope.hpp"
#include "weights.hpp"

#include <cstddef>

namespace moe::inline MOE_ABI::detail {

/// queries, keys, values = projections of the normed input.
void project(const Pass& pass, const LayerWeights& w);

/// Sorts a head that is stored as pairs: (a0 b0 a1 b1 ...) becomes (a0 a1 ... b0 b1 ...). spare: [head_dim].
void sort_pairs(float* head, float* spare, std::size_t head_dim);

/// Norms each head of queries and keys, if the model does, turns it by its position, scales the queries, stores keys and
/// values: of one token, for one kv head and the query heads that share it.
void place(const Pass& pass, const LayerWeights& w, std::size_t layer, std::size_t t,
           std::size_t kv_head) noexcept;

/// The same of all heads of all tokens.
void place(const Pass& pass, const LayerWeights& w, std::size_t layer);

/// attended = softmax(queries · keys) · values, causal, for one kv head and up to `count` tokens from `first` on.
void attend(const Pass& pass, std::size_t layer, std::size_t head, std::size_t first, std::size_t count,
            std::size_t worker) noexcept;

/// The same of all heads and tokens; returns it as the input of `output`.
Activations attend(const Pass& pass, const LayerWeights& w, std::size_t layer);

/// place() and attend() of one token in one parallel region: a kv head and its queries concern no other.
Activations place_and_attend(const Pass& pass, const LayerWeights& w, std::size_t layer);

/// The angles of the positions of a pass, which all layers share.
void set_angles(const Pass& pass, const Rope& rope);

/// x += output · attention(norm(x)): grouped-query attention, in some models with norms on the heads of queries and
/// keys.
/// Source: Qwen3MoeAttention and LlamaAttention in transformers.
void attention_layer(const Pass& pass, const LayerWeights& w, std::size_t layer);

}  // namespace moe::inline MOE_ABI::detail

#if MOE_DEFINITIONS
#include "attention.ipp"
#endif
