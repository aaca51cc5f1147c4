// SPDX-License-Identifier: MIT
#pragma once
#include "../core/config.hpp"
#include "../core/tensor.hpp"
#include "../experts/expert.hpp"
#include "../io/checkpoint.hpp"
#include "../io/pages.hpp"
#include "../spec/model_spec.hpp"
#include "norm.hpp"

#include <cstddef>
#include <cstdint>
#include <span>
#include <variant>
#include <vector>

namespace moe::inline MOE_ABI {

/// Where a model keeps the weights that are not experts.
///   mapped   in the mapped files: the system reads them on first use and may drop them when it needs memory
///   owned    in memory of the model, read when the model is opened, quantised matrices in panels (detail/core/panels.hpp); only
///            an embedding that is not the head stays on disk, since a token needs one row of the embedding
enum class WeightStorage { mapped, owned };

}  // namespace moe::inline MOE_ABI

namespace moe::inline MOE_ABI::detail {

// The weights of the alternatives of MixerSpec and FeedForwardSpec. Matrices are views, vectors are copies; a vector or
// matrix that the model does not have is empty.

struct AttentionWeights {
  Matrix query;       // [heads · head_dim, hidden], or with a gate [heads · 2 · head_dim, hidden]
  Matrix key, value;  // [kv_heads · head_dim, hidden]; no value: the key is the value
  Matrix output;      // [hidden, heads · head_dim]
  std::vector<float> query_bias, key_bias, value_bias, output_bias;  // [rows]
  std::vector<float> query_norm, key_norm;  // [head_dim], or [rows] of the whole projection
  std::vector<float> sinks;                 // [heads]
};

struct LatentAttentionWeights {
  Matrix query;                        // [heads · (nope + rope), hidden]; or the two below
  Matrix query_down, query_up;         // [query_rank, hidden], [heads · (nope + rope), query_rank]
  std::vector<float> query_down_norm;  // [query_rank]
  Matrix latent_down;                  // [kv_rank + rope, hidden]
  std::vector<float> latent_norm;      // [kv_rank]
  std::vector<Matrix> key_up;          // of each head, transposed: [kv_rank, nope]
  std::vector<Matrix> value_up;        // of each head: [value, kv_rank]
  Matrix output;                       // [hidden, heads · value]
};

struct DeltaNetWeights {
  Matrix qkv;                         // [channels, hidden]: queries, keys, values
  Matrix gate;                        // [value_size, hidden]
  Matrix beta, decay;                 // [value_heads, hidden]
  std::vector<float> taps;            // [kernel, channels]
  std::vector<float> step_bias;       // [value_heads]
  std::vector<float> negative_decay;  // [value_heads]: −a
  std::vector<float> norm;            // [value_dim]
  Matrix output;                      // [hidden, value_size]
};

struct Mamba2Weights {
  Matrix input;  // [2 · inner + 2 · groups · state + heads, hidden]: z, x, B, C, step
  std::vector<float> input_bias;
  std::vector<float> taps;              // [kernel, channels]
  std::vector<float> convolution_bias;  // [channels]
  std::vector<float> step_bias;         // [heads]
  std::vector<float> negative_decay;    // [heads]: −a
  std::vector<float> skip;              // [heads]: D
  std::vector<float> norm;              // [inner]
  Matrix output;                        // [hidden, inner]
  std::vector<float> output_bias;
};

struct ShortConvolutionWeights {
  Matrix input;             // [3 · hidden, hidden]: B, C, u
  std::vector<float> taps;  // [kernel, hidden]
  Matrix output;            // [hidden, hidden]
  std::vector<float> input_bias, convolution_bias, output_bias;
};

using MixerWeights = std::variant<std::monostate, AttentionWeights, LatentAttentionWeights, DeltaNetWeights,
                                  Mamba2Weights, ShortConvolutionWeights>;

struct RouterWeights {
  Matrix matrix = {};                      // [experts, hidden]
  std::vector<float> bias = {};            // [experts]
  std::vector<float> selection_bias = {};  // [experts]
  std::vector<float> expert_scale = {};    // [experts]
  Norm input_norm = {};                    // of the residual stream, if the router has an input of its own
};

struct FeedForwardWeights {
  Norm norm;            // before the network, or before all networks
  ExpertWeights dense;  // the network of every token, in a layer without router
  RouterWeights router;
  ExpertWeights always_on;            // beside the experts
  std::vector<float> always_on_gate;  // [hidden]
  Norm always_on_post_norm, experts_norm, experts_post_norm;
  Matrix latent_in, latent_out;  // [latent, hidden], [hidden, latent]
};

struct LayerWeights {
  Norm mixer_norm, mixer_post_norm;
  MixerWeights mixer;
  FeedForwardWeights feed_forward;
  Norm feed_forward_post_norm;
  float scale = 1;  // factor of the residual stream at the end of the layer
};

/// All matrices of a layer, its experts excepted; some may be empty.
std::vector<Matrix*> matrices_of(LayerWeights& layer);
std::vector<const Matrix*> matrices_of(const LayerWeights& layer);

/// The matrices that a mixer multiplies first, for prefetching: the first matrix, and the size of all these matrices in bytes.
struct FirstWeights {
  const Matrix* first = nullptr;
  std::size_t bytes = 0;
};
FirstWeights first_weights(const MixerWeights& mixer);

/// The rows of the embedding.
class Embedding {
 public:
  Embedding() = default;
  /// A matrix in memory, or mapped. [vocabulary, hidden]
  explicit Embedding(const Matrix& matrix) : matrix_(matrix) {}
  /// A matrix whose rows are read from the file.
  Embedding(const Matrix& matrix, const File& file, std::uint64_t offset);

  const Matrix& matrix() const { return matrix_; }

  /// out = the row of a token. out: [hidden]. Throws if the file cannot be read.
  void read_row(std::size_t id, std::span<float> out) const;

 private:
  Matrix matrix_;
  const File* file_ = nullptr;
  std::uint64_t offset_ = 0;
};

}  // namespace moe::inline MOE_ABI::detail

#if MOE_DEFINITIONS
#include "layer_weights.ipp"
#endif
