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

/// Attention processes the KV cache in blocks of this many positions. The keys of one block, 64 · 128 f16 numbers, take
/// 16 KiB: half of a first-level cache.
inline constexpr std::size_t kv_block = 64;
/// The keys of this many positions are interleaved: 32 f16 numbers of one dimension fill one cache line of 64 bytes.
inline constexpr std::size_t key_lanes = 32;
static_assert(kv_block % key_lanes == 0);

/// Causal attention of the query heads that share one kv head, for consecutive tokens:
///   out[t, h] = Σ over visible positions j of softmax_j(q[t, h] · keys[j]) · values[j].
/// Token t stands at `position + t` and sees the last `window` positions up to its own; window 0 means all positions.
struct AttentionArgs {
  const float* q;  // [tokens, queries, head_dim], tokens q_stride apart; the scale is already multiplied in
  float* out;      // [tokens, queries, head_dim], tokens q_stride apart
  std::size_t q_stride;
  std::size_t tokens, queries, head_dim;
  const std::byte*
      keys;  // [positions / key_lanes, head_dim, key_lanes]; lanes after the last position may hold anything
  const std::byte* values;  // [positions, head_dim]
  std::size_t position;
  std::size_t window;
  float* scratch;  // [attention_scratch(head_dim)]
};

constexpr std::size_t attention_scratch(std::size_t head_dim) { return head_dim * 8; }

/// The kernels of one instruction set. Pointers may have any alignment. In elementwise kernels `out` may be `x`.
/// All kernels are thread-safe: they touch nothing but their arguments.
struct Kernels {
  using Matmul = void (*)(const MatmulArgs&);
  using Attend = void (*)(const AttentionArgs&);

  std::array<Matmul, usable_dtypes> matmul;  // by DType of the weights
  Attend attend_f32, attend_f16;             // by type of keys and values

  /// out = weight · x / sqrt(mean(x²) + eps). x, weight, out: [n].
  void (*rms_norm)(const float* x, const float* weight, float eps, float* out, std::size_t n);
  /// Rotary position embedding: rotates each pair (head[i], head[i + half]) by the angle with the given cosine and sine.
  /// head: [2 · half]. cosines, sines: [half].
  void (*rope)(float* head, const float* cosines, const float* sines, std::size_t half);
  /// gate = silu(gate) · up, with silu(z) = z / (1 + e^-z). gate, up: [n].
  void (*silu_mul)(float* gate, const float* up, std::size_t n);
  /// x += factor · y. x, y: [n].
  void (*add_scaled)(float* x, const float* y, float factor, std::size_t n);
  /// x *= factor. x: [n].
  void (*scale)(float* x, float factor, std::size_t n);
  // The three kernels below never turn NaN into a number: NaN input gives NaN, in the scale of quantise().

  /// x[i] = e^(x[i] − maximum); returns Σ x[i]. Dividing by this sum gives the softmax. x: [n].
  float (*exponentiate)(float* x, float maximum, std::size_t n);
  /// Quantises blocks of 32: scale = max |x| / 127, quants = round(x / scale). x, quants: [n]. scales: [n / 32].
  /// sums: [n / 16], each of 16 neighbouring quants. n is a multiple of 32. The scale of a block with an infinity is NaN.
  void (*quantise)(const float* x, std::int8_t* quants, float* scales, std::int16_t* sums, std::size_t n);
  /// Converts to f16, rounding to nearest; larger magnitudes become ±65504, the largest f16, and infinities become NaN.
  /// x: [n]. out: [n] f16 numbers.
  void (*to_f16)(const float* x, std::byte* out, std::size_t n);
  /// Converts to bf16, rounding to nearest even, denormals to zero. x, out: [n]. If set, products with bf16 weights take
  /// bf16 activations; if null, they take floats.
  void (*to_bf16)(const float* x, std::uint16_t* out, std::size_t n) = nullptr;
};

}  // namespace moe::inline MOE_ABI::detail::simd
