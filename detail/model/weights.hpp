#pragma once
#include "../core/config.hpp"
#include "../core/tensor.hpp"
#include "../experts/catalog.hpp"
#include "../experts/expert.hpp"
#include "../io/checkpoint.hpp"
#include "../io/pages.hpp"
#include "config.hpp"

#include <cstddef>
#include <cstring>
#include <string>
#include <string_view>
#include <vector>

namespace moe::inline MOE_ABI::detail {

/// The weights of a layer but for its experts. Matrices are views of the checkpoint, small vectors are copies.
struct LayerWeights {
  std::vector<float> attention_norm;                                 // [hidden]
  Matrix query;                                                      // [heads · head_dim, hidden]
  Matrix key, value;                                                 // [kv_heads · head_dim, hidden]
  Matrix output;                                                     // [hidden, heads · head_dim]
  std::vector<float> query_bias, key_bias, value_bias, output_bias;  // empty without attention_bias
  std::vector<float> query_norm, key_norm;  // [head_dim]; empty without query_key_norms

  std::vector<float> ffn_norm;  // [hidden]
  Matrix router;                // [experts, hidden]; of a layer with experts
  ExpertWeights dense;          // of a layer without: one network that every token takes
};

}  // namespace moe::inline MOE_ABI::detail

namespace moe::inline MOE_ABI {

/// Where a model keeps the weights that are not experts: in the mapped files, where the system may drop them whenever it
/// needs the room, or in memory of its own, read at the start.
enum class WeightStorage { mapped, owned };

}  // namespace moe::inline MOE_ABI

namespace moe::inline MOE_ABI::detail {

/// All weights of a model but for its experts.
struct ModelWeights {
  Matrix embedding;                  // [vocabulary, hidden]
  std::vector<LayerWeights> layers;  // [layers]
  std::vector<float> norm;           // [hidden]
  Matrix head;                       // [vocabulary, hidden]
  std::vector<Pages> memory;         // of matrices that are owned

  /// Throws unless all tensors are there, of the shapes that the configuration demands.
  ModelWeights(const Checkpoint& checkpoint, const ModelConfig& config,
               WeightStorage storage = WeightStorage::mapped);

  /// Of all matrices, a head that is the embedding counted once.
  std::size_t bytes() const;
};

/// Finds the tensors of one model by their names in Hugging Face checkpoints.
class WeightReader {
 public:
  /// `memory`: of matrices that are to be owned; null: they stay in the mapped files.
  WeightReader(const Checkpoint& checkpoint, const ModelConfig& config, std::vector<Pages>* memory);

  Matrix matrix(std::string_view name, std::size_t rows, std::size_t cols) const;

  std::vector<float> vector(std::string_view name, std::string_view kind, std::size_t size) const;

  LayerWeights layer(std::size_t number) const;

  /// The head, which many checkpoints leave out because it is the embedding.
  Matrix head(const Matrix& embedding) const;

 private:
  void attention(const std::string& prefix, LayerWeights& out) const;

  std::vector<float> bias(std::string_view name, std::size_t size) const;

  const Checkpoint& checkpoint_;
  const ModelConfig& config_;
  std::vector<Pages>* memory_;
};

/// Whether a checkpoint, whose tensors are sorted by name, has any whose name begins so.
bool has_any(const Checkpoint& checkpoint, std::string_view prefix);

/// Throws if nothing is there of some layers, as in an extraction of the others.
void require_layers(const Checkpoint& checkpoint, const ModelConfig& config);

/// Throws unless all layers are there, and the experts of the catalog are those that the configuration demands.
void require_experts(const ExpertCatalog& catalog, const ModelConfig& config);

}  // namespace moe::inline MOE_ABI::detail

#if MOE_DEFINITIONS
#include "weights.ipp"
#endif
