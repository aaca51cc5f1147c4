#pragma once
#include "../core/config.hpp"
#include "../core/dtype.hpp"

#include <array>
#include <cstddef>
#include <cstdint>

namespace moe::inline MOE_ABI::detail::simd {

/// A product out[t, r] = weights[r, :] · x[t, :] for all rows and tokens. Nothing may overlap `out`.
struct MatmulArgs {
  const std::byte* weights;  // [rows, cols], any alignment
  DType dtype;
  std::size_t row_bytes;  // from one row to the next
  std::size_t rows, cols, tokens;

  // The activations: floats for float weights, int8 with a scale per 32 for quantised ones, bf16 for those of Kernels::to_bf16.
  const float* x;  // rows of `cols` numbers, x_stride apart
  std::size_t x_stride;
  const std::int8_t* quants;            // rows of `cols`
  const float* scales;                  // rows of `cols / 32`
  const std::int16_t* sums;             // rows of `cols / 16`: what as many quants add up to
  const std::uint16_t* bf16 = nullptr;  // rows of `cols`
  const std::uint32_t* row_indices;     // [tokens]: which row of the activations is token t; null: row t

  float* out;  // rows of `rows` numbers, out_stride apart
  std::size_t out_stride;

  std::size_t row_of(std::size_t token) const { return row_indices ? row_indices[token] : token; }
};

/// Keys are walked in blocks of so many positions: 64 keys of 128 f16 fill half of a 32 KiB first-level cache.
inline constexpr std::size_t kv_block = 64;
/// Of so many positions the keys lie interleaved: a line of 64 bytes, the same dimension of each in f16.
inline constexpr std::size_t key_lanes = 32;
static_assert(kv_block % key_lanes == 0);

/// Causal attention of the query heads that share one kv head, for consecutive tokens:
/// out[t, h] = Σ over visible j of softmax_j(q[t, h] · keys[j]) · values[j].
/// Token t stands at position + t and sees the `window` positions up to its own (0: all).
struct AttentionArgs {
  const float* q;  // [tokens, queries, head_dim], tokens q_stride apart; already scaled
  float* out;      // as q
  std::size_t q_stride;
  std::size_t tokens, queries, head_dim;
  const std::byte* keys;    // [positions / key_lanes, head_dim, key_lanes]; behind the last position anything
  const std::byte* values;  // [positions, head_dim]
  std::size_t position;
  std::size_t window;
  float* scratch;  // attention_scratch(head_dim) numbers
};

constexpr std::size_t attention_scratch(std::size_t head_dim) { return head_dim * 8; }

/// The entry points of one instruction set. Unless said otherwise pointers may have any alignment, and x may be out.
struct Kernels {
  using Matmul = void (*)(const MatmulArgs&);
  using Attend = void (*)(const AttentionArgs&);

  std::array<Matmul, usable_dtypes> matmul;  // by DType, of the weights
  Attend attend_f32, attend_f16;

  /// out = weight · x / sqrt(mean(x²) + eps). x, weight, out: [n].
  void (*rms_norm)(const float* x, const float* weight, float eps, float* out, std::size_t n);
  /// Rotates the pairs (head[i], head[i + half]) by the angles whose cosines and sines are given: [half].
  void (*rope)(float* head, const float* cosines, const float* sines, std::size_t half);
  /// gate = silu(gate) ∘ up, where silu(z) = z / (1 + e^-z). gate, up: [n].
  void (*silu_mul)(float* gate, const float* up, std::size_t n);
  /// x += factor · y. x, y: [n].
  void (*add_scaled)(float* x, const float* y, float factor, std::size_t n);
  /// x *= factor. x: [n].
  void (*scale)(float* x, float factor, std::size_t n);
  /// x[i] = e^(x[i] − most), returns the sum: a softmax but for the division. x: [n].
  float (*exponentiate)(float* x, float most, std::size_t n);
  /// Blocks of 32: scale = max |x| / 127, quants = round(x / scale); sums of 16 quants. n is a multiple of 32.
  void (*quantise)(const float* x, std::int8_t* quants, float* scales, std::int16_t* sums, std::size_t n);
  /// Converts to f16, rounding to nearest; what is beyond the range becomes the largest f16.
  void (*to_f16)(const float* x, std::byte* out, std::size_t n);
  /// Converts to bf16, rounding to nearest even, denormals to zero, for products of bf16 weights, which then take that form.
  /// Null: they take floats.
  void (*to_bf16)(const float* x, std::uint16_t* out, std::size_t n) = nullptr;
};

}  // namespace moe::inline MOE_ABI::detail::simd
