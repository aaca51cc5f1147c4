#pragma once
#include "weights.hpp"
#include "../core/concat.hpp"
#include "../core/dequantise.hpp"
#include "../core/error.hpp"

#include <algorithm>
#include <cstddef>
#include <cstring>
#include <string>
#include <string_view>
#include <vector>

namespace moe::inline MOE_ABI::detail {

/// Finds the tensors of one model by their names in Hugging Face checkpoints.
class WeightReader {
 public:
  /// memory: receives the matrices that are to be owned; null: matrices stay in the mapped files.
  WeightReader(const Checkpoint& checkpoint, const ModelConfig& config, std::vector<Pages>* memory)
      : checkpoint_(checkpoint), config_(config), memory_(memory) {}

  /// The matrix `name`.weight.
  Matrix matrix(std::string_view name, std::size_t rows, std::size_t cols) const;

  /// The vector `name`.`kind`.
  std::vector<float> vector(std::string_view name, std::string_view kind, std::size_t size) const;

  LayerWeights layer(std::size_t number) const;

  /// The head; see ModelWeights.
  Matrix head(const Matrix& embedding) const;

 private:
  std::string full_name(std::string_view name, std::string_view kind) const {
    return concat(checkpoint_.tensor_prefix(), name, '.', kind);
  }

  void read_attention(const std::string& prefix, LayerWeights& out) const;

  std::vector<float> bias(std::string_view name, std::size_t size) const;

  const Checkpoint& checkpoint_;
  const ModelConfig& config_;
  std::vector<Pages>* memory_;
};

MOE_INLINE Matrix WeightReader::matrix(std::string_view name, std::size_t rows, std::size_t cols) const {
  const std::string tensor_name = full_name(name, "weight");
  Matrix out = checkpoint_.matrix(tensor_name, rows, cols);
  if (!memory_ || out.bytes() == 0) return out;
  const TensorInfo& tensor = checkpoint_.at(tensor_name);
  const Pages& pages = memory_->emplace_back(out.bytes());
  checkpoint_.files()[tensor.file].read_at(tensor.offset, {pages.data(), out.bytes()});
  out.data = pages.data();
  return out;
}

MOE_INLINE std::vector<float> WeightReader::vector(std::string_view name, std::string_view kind,
                                                   std::size_t size) const {
  return dequantise(checkpoint_.vector(full_name(name, kind), size));
}

MOE_INLINE LayerWeights WeightReader::layer(std::size_t number) const {
  const std::string prefix = concat("model.layers.", number, '.');
  const std::size_t hidden = config_.hidden_size;
  LayerWeights out;
  out.attention_norm = vector(prefix + "input_layernorm", "weight", hidden);
  out.ffn_norm = vector(prefix + "post_attention_layernorm", "weight", hidden);
  read_attention(prefix + "self_attn.", out);
  if (config_.layers[number].has_experts) {
    out.router = matrix(prefix + "mlp.gate", config_.experts, hidden);
  } else {
    const std::size_t intermediate = config_.dense_intermediate_size;
    out.dense.gate = matrix(prefix + "mlp.gate_proj", intermediate, hidden);
    out.dense.up = matrix(prefix + "mlp.up_proj", intermediate, hidden);
    out.dense.down = matrix(prefix + "mlp.down_proj", hidden, intermediate);
  }
  return out;
}

inline bool same_bytes(const Matrix& a, const Matrix& b) {
  return a.dtype == b.dtype && a.bytes() == b.bytes() && std::memcmp(a.data, b.data, a.bytes()) == 0;
}

MOE_INLINE Matrix WeightReader::head(const Matrix& embedding) const {
  const std::string name = full_name("lm_head", "weight");
  const bool stored = checkpoint_.find(name) != nullptr;
  if (!stored && !config_.tied_embeddings)
    fail(checkpoint_.path(), "head", concat("tensor \"", name, "\", or tie_word_embeddings to be true"),
         concat("tie_word_embeddings is false and ", name, " is missing"));
  if (!stored) return embedding;
  const std::size_t rows = config_.vocabulary_size, cols = config_.hidden_size;
  if (config_.tied_embeddings && same_bytes(checkpoint_.matrix(name, rows, cols), embedding))
    return embedding;
  return matrix("lm_head", rows, cols);
}

MOE_INLINE void WeightReader::read_attention(const std::string& prefix, LayerWeights& out) const {
  const std::size_t hidden = config_.hidden_size, queries = config_.query_size(), kv = config_.kv_size();
  out.query = matrix(prefix + "q_proj", queries, hidden);
  out.key = matrix(prefix + "k_proj", kv, hidden);
  out.value = matrix(prefix + "v_proj", kv, hidden);
  out.output = matrix(prefix + "o_proj", hidden, queries);
  if (config_.query_key_norms) {
    out.query_norm = vector(prefix + "q_norm", "weight", config_.head_dim);
    out.key_norm = vector(prefix + "k_norm", "weight", config_.head_dim);
  }
  if (!config_.attention_bias) return;
  out.query_bias = bias(prefix + "q_proj", queries);
  out.key_bias = bias(prefix + "k_proj", kv);
  out.value_bias = bias(prefix + "v_proj", kv);
  out.output_bias = bias(prefix + "o_proj", hidden);
}

MOE_INLINE std::vector<float> WeightReader::bias(std::string_view name, std::size_t size) const {
  const bool absent = !checkpoint_.find(full_name(name, "bias"));
  if (absent && config_.attention_bias_where_stored) return {};
  return vector(name, "bias", size);
}

MOE_INLINE ModelWeights::ModelWeights(const Checkpoint& checkpoint, const ModelConfig& config,
                                      WeightStorage storage) {
  const WeightReader reader(checkpoint, config, storage == WeightStorage::owned ? &memory : nullptr);
  embedding = reader.matrix("model.embed_tokens", config.vocabulary_size, config.hidden_size);
  head = reader.head(embedding);
  norm = reader.vector("model.norm", "weight", config.hidden_size);
  for (std::size_t layer = 0; layer < config.layers.size(); ++layer) layers.push_back(reader.layer(layer));
}

MOE_INLINE std::size_t ModelWeights::bytes() const {
  std::size_t sum = embedding.bytes() + (head.data == embedding.data ? 0 : head.bytes());
  for (const LayerWeights& layer : layers)
    sum += layer.query.bytes() + layer.key.bytes() + layer.value.bytes() + layer.output.bytes() +
           layer.router.bytes() + layer.dense.bytes();
  return sum;
}

/// Whether the checkpoint has a tensor whose name begins with `prefix`.
inline bool has_any(const Checkpoint& checkpoint, std::string_view prefix) {
  const std::vector<TensorInfo>& tensors = checkpoint.tensors();  // sorted by name
  const auto first =
      std::lower_bound(tensors.begin(), tensors.end(), prefix,
                       [](const TensorInfo& tensor, std::string_view name) { return tensor.name < name; });
  return first != tensors.end() && first->name.starts_with(prefix);
}

MOE_INLINE void require_layers(const Checkpoint& checkpoint, const ModelConfig& config) {
  std::vector<std::size_t> missing;
  for (std::size_t layer = 0; layer < config.layers.size(); ++layer)
    if (!has_any(checkpoint, concat(checkpoint.tensor_prefix(), "model.layers.", layer, ".")))
      missing.push_back(layer);
  // If tensors have another prefix, this error names it.
  if (missing.size() == config.layers.size())
    (void)checkpoint.at(concat(checkpoint.tensor_prefix(), "model.embed_tokens.weight"));
  if (!missing.empty())
    fail(checkpoint.path(), "layers",
         concat("all ", config.layers.size(), ", since a part of the layers cannot be run"),
         concat("nothing of layers ", concat_list(missing)));
}

inline void require_experts_of(const ExpertCatalog& catalog, std::size_t layer, const ModelConfig& config) {
  const std::string& path = catalog.checkpoint().path();
  const std::string place = concat("experts of layer ", layer);
  if (catalog.experts(layer) != config.experts)
    fail(path, place, concat(config.experts), concat(catalog.experts(layer)));
  const ExpertLocation* expert = catalog.first_of(layer);  // all experts of a layer have one shape
  if (!expert) fail(path, place, "at least one", "none");
  const MatrixLocation& gate = expert->gate;
  if (gate.rows != config.expert_intermediate_size || gate.cols != config.hidden_size)
    fail(path, place, concat("gate_proj [", config.expert_intermediate_size, ", ", config.hidden_size, "]"),
         concat("[", gate.rows, ", ", gate.cols, "]"));
}

MOE_INLINE void require_expert_shapes(const ExpertCatalog& catalog, const ModelConfig& config) {
  for (std::size_t layer = 0; layer < config.layers.size(); ++layer)
    if (config.layers[layer].has_experts) require_experts_of(catalog, layer, config);
}

MOE_INLINE void require_experts(const ExpertCatalog& catalog, const ModelConfig& config) {
  require_layers(catalog.checkpoint(), config);
  require_expert_shapes(catalog, config);
}

}  // namespace moe::inline MOE_ABI::detail
