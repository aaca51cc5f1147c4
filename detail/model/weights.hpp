#pragma once
#include "../core/dequantise.hpp"
#include "../core/error.hpp"
#include "../core/tensor.hpp"
#include "../experts/catalog.hpp"
#include "../experts/expert.hpp"
#include "../io/checkpoint.hpp"
#include "../io/pages.hpp"
#include "config.hpp"

#include <algorithm>
#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace moe {

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

/// Where a model keeps the weights that are not experts: in the mapped files, where the system may drop them whenever it
/// needs the room, or in memory of its own, read at the start.
enum class WeightStorage { mapped, owned };

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
  std::size_t bytes() const {
    std::size_t sum = embedding.bytes() + (head.data == embedding.data ? 0 : head.bytes());
    for (const LayerWeights& layer : layers)
      sum += layer.query.bytes() + layer.key.bytes() + layer.value.bytes() + layer.output.bytes() +
             layer.router.bytes() + layer.dense.bytes();
    return sum;
  }
};

namespace detail {

/// Finds the tensors of one model by their names in Hugging Face checkpoints.
class WeightReader {
 public:
  /// `memory`: of matrices that are to be owned; null: they stay in the mapped files.
  WeightReader(const Checkpoint& checkpoint, const ModelConfig& config, std::vector<Pages>* memory)
      : checkpoint_(checkpoint), config_(config), memory_(memory) {}

  Matrix matrix(std::string_view name, std::size_t rows, std::size_t cols) const {
    const std::string full_name = concat(checkpoint_.tensor_prefix(), name, ".weight");
    Matrix out = checkpoint_.matrix(full_name, rows, cols);
    if (!memory_ || out.bytes() == 0) return out;
    const TensorInfo& tensor = checkpoint_.at(full_name);
    const Pages& pages = memory_->emplace_back(out.bytes());
    checkpoint_.files()[tensor.file].read_at(tensor.offset, {pages.data(), out.bytes()});
    out.data = pages.data();
    return out;
  }

  std::vector<float> vector(std::string_view name, std::string_view kind, std::size_t size) const {
    return dequantise(checkpoint_.vector(concat(checkpoint_.tensor_prefix(), name, '.', kind), size));
  }

  LayerWeights layer(std::size_t number) const {
    const std::string prefix = concat("model.layers.", number, '.');
    const std::size_t hidden = config_.hidden_size;
    LayerWeights out;
    out.attention_norm = vector(prefix + "input_layernorm", "weight", hidden);
    out.ffn_norm = vector(prefix + "post_attention_layernorm", "weight", hidden);
    attention(prefix + "self_attn.", out);
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

  /// The head, which many checkpoints leave out because it is the embedding.
  Matrix head(const Matrix& embedding) const {
    const bool absent = !checkpoint_.find(concat(checkpoint_.tensor_prefix(), "lm_head.weight"));
    if (config_.tied_embeddings || absent) return embedding;
    return matrix("lm_head", config_.vocabulary_size, config_.hidden_size);
  }

 private:
  void attention(const std::string& prefix, LayerWeights& out) const {
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

  std::vector<float> bias(std::string_view name, std::size_t size) const {
    const bool absent = !checkpoint_.find(concat(checkpoint_.tensor_prefix(), name, ".bias"));
    if (absent && config_.attention_bias_where_stored) return {};
    return vector(name, "bias", size);
  }

  const Checkpoint& checkpoint_;
  const ModelConfig& config_;
  std::vector<Pages>* memory_;
};

}  // namespace detail

inline ModelWeights::ModelWeights(const Checkpoint& checkpoint, const ModelConfig& config,
                                  WeightStorage storage) {
  const detail::WeightReader reader(checkpoint, config, storage == WeightStorage::owned ? &memory : nullptr);
  embedding = reader.matrix("model.embed_tokens", config.vocabulary_size, config.hidden_size);
  head = reader.head(embedding);
  norm = reader.vector("model.norm", "weight", config.hidden_size);
  for (std::size_t layer = 0; layer < config.layers.size(); ++layer) layers.push_back(reader.layer(layer));
}

/// Whether a checkpoint, whose tensors are sorted by name, has any whose name begins so.
inline bool has_any(const Checkpoint& checkpoint, std::string_view prefix) {
  const auto& tensors = checkpoint.tensors();
  const auto first = std::ranges::lower_bound(tensors, prefix, {}, &TensorInfo::name);
  return first != tensors.end() && first->name.starts_with(prefix);
}

/// Throws if nothing is there of some layers, as in an extraction of the others.
inline void require_layers(const Checkpoint& checkpoint, const ModelConfig& config) {
  std::vector<std::size_t> missing;
  for (std::size_t layer = 0; layer < config.layers.size(); ++layer)
    if (!has_any(checkpoint, detail::concat(checkpoint.tensor_prefix(), "model.layers.", layer, ".")))
      missing.push_back(layer);
  if (!missing.empty())
    fail(checkpoint.path(), "layers",
         detail::concat("all ", config.layers.size(), ", since a part can be stored but not run"),
         detail::concat("nothing of layers ", detail::concat_list(missing)));
}

/// Throws unless all layers are there, and the experts of the catalog are those that the configuration demands.
inline void require_experts(const ExpertCatalog& catalog, const ModelConfig& config) {
  const std::string& path = catalog.checkpoint().path();
  require_layers(catalog.checkpoint(), config);
  for (std::size_t layer = 0; layer < config.layers.size(); ++layer) {
    if (!config.layers[layer].has_experts) continue;
    const std::string place = detail::concat("experts of layer ", layer);
    if (catalog.experts(layer) != config.experts)
      fail(path, place, detail::concat(config.experts), detail::concat(catalog.experts(layer)));
    if (!catalog.first_of(layer)) fail(path, place, "some of them", "none");
    const MatrixLocation& gate = catalog.first_of(layer)->gate;
    if (gate.rows != config.expert_intermediate_size || gate.cols != config.hidden_size)
      fail(path, place,
           detail::concat("gate_proj [", config.expert_intermediate_size, ", ", config.hidden_size, "]"),
           detail::concat("[", gate.rows, ", ", gate.cols, "]"));
  }
}

}  // namespace moe
