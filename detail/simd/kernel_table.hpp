// SPDX-License-Identifier: MIT
#pragma once
#include "../core/config.hpp"
#include "../core/dtype.hpp"

#include <array>
#include <cstddef>
#include <cstdint>

namespace moe::inline MOE_ABI::detail::simd {

/// One matrix product: out[t, r] = Σ over c of weights[r, c] · x[row_of(t), c], for all rows r and tokens t.
/// `out` overlaps nothing else.
struct MatmulArgs {
  const std::byte* weights;  // [rows, cols], any alignment
  DType dtype;
  std::size_t row_bytes;  // from one row of weights to the next
  std::size_t rows, cols, tokens;
  bool in_panels = false;  // quantised types: the rows, a multiple of 16, lie as core/panels.hpp describes

  // The activations in the form that the weight type takes: floats; int8 with one scale for 32 columns (quantised types);
  // bf16 (bf16 weights, if Kernels::to_bf16 is set).
  const float* x;                       // [..., cols], rows x_stride apart
  std::size_t x_stride;                 // in floats
  const std::int8_t* quants;            // [..., cols]
  const float* scales;                  // [..., cols / 32]
  const std::int16_t* sums;             // [..., cols / 16]: sums of 16 neighbouring quants
  const std::uint16_t* bf16 = nullptr;  // [..., cols]
  const std::uint32_t*
      row_indices;  // [tokens]: the row of the activations of each token; null: token t is row t

  float* out;  // [tokens, rows], rows out_stride apart
  std::size_t out_stride;

  std::size_t row_of(std::size_t token) const { return row_indices ? row_indices[token] : token; }
};

/// Attention processes the KV cache in blocks of this many positions. With a head_dim of 128, the f16 keys of one block take
/// 64 · 128 · 2 bytes = 16 KiB: half of a first-level cache of 32 KiB.
inline constexpr std::size_t kv_block = 64;
/// The keys of this many positions are interleaved: 32 f16 numbers of one dimension fill one cache line of 64 bytes.
inline constexpr std::size_t key_lanes = 32;
static_assert(kv_block % key_lanes == 0);

/// Causal attention of the query heads that share one kv head, for consecutive tokens:
///   out[t, h] = Σ over visible positions j of softmax_j(q[t, h] · keys[j]) · values[j].
/// Token t stands at `position + t` and sees the last `window` positions up to its own; window 0 means all positions.
/// The order of summation depends only on the position of a token: not on the other tokens and queries of a call, and not on
/// `ring`.
struct AttentionArgs {
  const float* q;  // [tokens, queries, head_dim], tokens q_stride apart; the scale is already multiplied in
  std::size_t q_stride;
  float* out;  // out[t, h] is value_dim numbers at out + t · out_stride + h · out_query_stride
  std::size_t out_stride, out_query_stride;
  std::size_t tokens, queries, head_dim, value_dim;  // value_dim: width of a row of values

  // attend_f32, attend_f16: keys [positions / key_lanes, head_dim, key_lanes], where lanes after the last position may hold
  // anything; values [positions, value_dim].
  // attend_latent_*: keys [positions, head_dim]. The value of a position is the first value_dim numbers of its key; `values`
  // is not used.
  // attend_q8_0: keys [positions, head_dim], values [positions, value_dim], both in blocks of q8_0.
  const std::byte* keys;
  const std::byte* values;

  std::size_t position, window;
  // The number of positions that keys and values have room for, a multiple of kv_block; position p is stored at p mod ring.
  // All positions that a token of the call sees must be stored. 0: all positions are stored, position p at p.
  std::size_t ring = 0;
  // [queries]: an additional score of each query that belongs to no position: e^(sink − maximum) is added to the denominator of
  // the softmax. Null: no such scores.
  const float* sinks = nullptr;
  float* scratch;  // [attention_scratch(head_dim, value_dim)]
};

/// attend_q8_0 decodes this many positions at a time.
inline constexpr std::size_t decoded_positions = 16;

/// The size of AttentionArgs::scratch in floats.
constexpr std::size_t attention_scratch(std::size_t head_dim, std::size_t value_dim) {
  return (head_dim > value_dim ? head_dim : value_dim) * decoded_positions;
}
constexpr std::size_t attention_scratch(std::size_t head_dim) {
  return attention_scratch(head_dim, head_dim);
}

/// One step of the gated delta rule, for one head and one token, for `columns` columns of the state. v, state and out
/// point to the first of these columns; any division of the columns gives the same bits.
///   S = decay · S;   d = beta · (v − Sᵀ k);   S = S + k dᵀ;   out = Sᵀ q
struct DeltaStepArgs {
  const float *q, *k;  // [key_dim]
  const float* v;      // [columns]
  float decay, beta;
  float* state;  // S: [key_dim, columns], rows value_dim apart
  std::size_t key_dim, value_dim, columns;
  float* out;  // [columns]
};

/// One step of a Mamba-2 recurrence, for one head and one token.
///   S[n, p] = decay · S[n, p] + step · x[p] · b[n];   out[p] = Σ over n of S[n, p] · c[n] + skip · x[p]
struct MambaStepArgs {
  const float* x;      // [head_dim]
  const float *b, *c;  // [state_dim]
  float decay, step, skip;
  float* state;  // S: [state_dim, head_dim]
  std::size_t head_dim, state_dim;
  float* out;  // [head_dim]
};

/// The kernels of one instruction set. Arrays of bytes may have any alignment; no other array needs more than the alignment
/// of its type. In elementwise kernels `out` may be `x`.
/// All kernels are thread-safe: they touch nothing but their arguments.
struct Kernels {
  using Matmul = void (*)(const MatmulArgs&);
  using Attend = void (*)(const AttentionArgs&);

  std::array<Matmul, usable_dtypes> matmul;     // by DType of the weights
  Attend attend_f32, attend_f16;                // by type of keys and values
  Attend attend_latent_f32, attend_latent_f16;  // keys as rows, which hold the values too
  Attend attend_q8_0;                           // head_dim and value_dim are multiples of 32

  // Norms and sums. A null weight means 1.

  /// out = weight · x / sqrt(mean(x²) + eps). x, weight, out: [n]. weight may be null.
  void (*rms_norm)(const float* x, const float* weight, float eps, float* out, std::size_t n);
  /// out = weight · (x − mean(x)) / sqrt(mean((x − mean(x))²) + eps) + bias. x, weight, bias, out: [n].
  void (*layer_norm)(const float* x, const float* weight, const float* bias, float eps, float* out,
                     std::size_t n);
  /// x *= factor / sqrt(Σ x² + eps). x: [n].
  void (*l2_norm)(float* x, float eps, float factor, std::size_t n);
  /// Σ a · b. a, b: [n].
  float (*dot)(const float* a, const float* b, std::size_t n);

  // For an input of NaN, all kernels from here on give NaN; quantise() gives the block of the input a scale of NaN.

  /// Rotary position embedding: rotates each pair (head[i], head[i + half]) by the angle with the given cosine and sine.
  /// head: [2 · half]. cosines, sines: [half].
  void (*rope)(float* head, const float* cosines, const float* sines, std::size_t half);
  /// x += factor · y. x, y: [n].
  void (*add_scaled)(float* x, const float* y, float factor, std::size_t n);
  /// x *= factor. x: [n].
  void (*scale)(float* x, float factor, std::size_t n);
  /// x *= y. x, y: [n].
  void (*multiply)(float* x, const float* y, std::size_t n);
  /// x = min(max(x, −limit), limit). x: [n].
  void (*clamp)(float* x, float limit, std::size_t n);

  // Activation functions, with sigmoid(z) = 1 / (1 + e^-z) and silu(z) = z · sigmoid(z). Large magnitudes do not overflow.

  /// x = silu(x). x: [n].
  void (*silu)(float* x, std::size_t n);
  /// gate = silu(gate) · up. gate, up: [n].
  void (*silu_mul)(float* gate, const float* up, std::size_t n);
  /// g = min(gate, limit), u = min(max(up, −limit), limit): gate = g · sigmoid(1.702 · g) · (u + 1). gate, up: [n].
  void (*clamped_silu_mul)(float* gate, const float* up, float limit, std::size_t n);
  /// gate = gelu(gate) · up, with gelu(z) = z / 2 · (1 + tanh(sqrt(2 / π) · (z + 0.044715 · z³))). gate, up: [n].
  void (*gelu_mul)(float* gate, const float* up, std::size_t n);
  /// x = max(x, 0)². x: [n].
  void (*relu_squared)(float* x, std::size_t n);
  /// x *= sigmoid(gate). x, gate: [n].
  void (*sigmoid_mul)(float* x, const float* gate, std::size_t n);
  /// x[i] = e^(x[i] − maximum); returns Σ x[i]. Dividing by this sum gives the softmax. x: [n].
  float (*exponentiate)(float* x, float maximum, std::size_t n);

  // Recurrent mixers.

  /// A causal convolution of each channel: out[c] = bias[c] + Σ over j < kernel of taps[j, c] · rows[j][c]. taps:
  /// [kernel, channels]. rows: [kernel] pointers to [channels], oldest first. bias, out: [channels]. bias may be null: 0.
  void (*convolve)(const float* const* rows, const float* taps, const float* bias, std::size_t kernel,
                   float* out, std::size_t channels);
  void (*delta_step)(const DeltaStepArgs&);
  void (*mamba_step)(const MambaStepArgs&);

  // Conversions.

  /// Quantises blocks of 32: scale = max |x| / 127, quants = round(x / scale). x, quants: [n]. scales: [n / 32].
  /// sums: [n / 16], each of 16 neighbouring quants. n is a multiple of 32. The scale of a block with an infinity is NaN.
  void (*quantise)(const float* x, std::int8_t* quants, float* scales, std::int16_t* sums, std::size_t n);
  /// Converts to f16, rounding to nearest; magnitudes above 65504, the largest f16, become ±65504, and infinities become NaN.
  /// x: [n]. out: [n] f16 numbers.
  void (*to_f16)(const float* x, std::byte* out, std::size_t n);

  // Products that an option selects.

  Matmul matmul_int8_mxfp4;  // products of mxfp4 weights with int8 activations
  bool int8_mxfp4 = false;   // whether matmul has these products in place of those with f32

  /// Whether products with weights of this type take activations as int8.
  bool takes_int8(DType dtype) const { return is_quantised(dtype) || (int8_mxfp4 && dtype == DType::mxfp4); }

  /// Converts to bf16, rounding to nearest even, denormals to zero. x, out: [n]. If set, products with bf16 weights take
  /// bf16 activations; if null, these products take floats.
  void (*to_bf16)(const float* x, std::uint16_t* out, std::size_t n) = nullptr;
};

}  // namespace moe::inline MOE_ABI::detail::simd
