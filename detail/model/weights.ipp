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

MOE_INLINE std::size_t ModelWeights::bytes() const {
  std::size_t sum = embedding.bytes() + (head.data == embedding.data ? 0 : head.bytes());
  for (const LayerWeights& layer : layers)
    sum += layer.query.bytes() + layer.key.bytes() + layer.value.bytes() + layer.output.bytes() +
           layer.router.bytes() + layer.dense.bytes();
  return sum;
}

}  // namespace moe::inline MOE_ABI::detail

namespace moe::inline MOE_ABI::detail {

MOE_INLINE WeightReader::WeightReader(const Checkpoint& checkpoint, const ModelConfig& config,
                                      std::vector<Pages>* memory)
    : checkpoint_(checkpoint), config_(config), memory_(memory) {}

MOE_INLINE Matrix WeightReader::matrix(std::string_view name, std::size_t rows, std::size_t cols) const {
  const std::string full_name = concat(checkpoint_.tensor_prefix(), name, ".weight");
  Matrix out = checkpoint_.matrix(full_name, rows, cols);
  if (!memory_ || out.bytes() == 0) return out;
  const TensorInfo& tensor = checkpoint_.at(full_name);
  const Pages& pages = memory_->emplace_back(out.bytes());
  checkpoint_.files()[tensor.file].read_at(tensor.offset, {pages.data(), out.bytes()});
  out.data = pages.data();
  return out;
}

MOE_INLINE std::vector<float> WeightReader::vector(std::string_view name, std::string_view kind,
                                                   std::size_t size) const {
  return dequantise(checkpoint_.vector(concat(checkpoint_.tensor_prefix(), name, '.', kind), size));
}

MOE_INLINE LayerWeights WeightReader::layer(std::size_t number) const {
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

MOE_INLINE Matrix WeightReader::head(const Matrix& embedding) const {
  const bool absent = !checkpoint_.find(concat(checkpoint_.tensor_prefix(), "lm_head.weight"));
  if (config_.tied_embeddings || absent) return embedding;
  return matrix("lm_head", config_.vocabulary_size, config_.hidden_size);
}

MOE_INLINE void WeightReader::attention(const std::string& prefix, LayerWeights& out) const {
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
  const bool absent = !checkpoint_.find(concat(checkpoint_.tensor_prefix(), name, ".bias"));
  if (absent && config_.attention_bias_where_stored) return {};
  return vector(name, "bias", size);
}

}  // namespace moe::inline MOE_ABI::detail

namespace moe::inline MOE_ABI::detail {

MOE_INLINE ModelWeights::ModelWeights::ModelWeights(const Checkpoint& checkpoint, const ModelConfig& config,
                                                    WeightStorage storage) {
  const detail::WeightReader reader(checkpoint, config, storage == WeightStorage::owned ? &memory : nullptr);
  embedding = reader.matrix("model.embed_tokens", config.vocabulary_size, config.hidden_size);
  head = reader.head(embedding);
  norm = reader.vector("model.norm", "weight", config.hidden_size);
  for (std::size_t layer = 0; layer < config.layers.size(); ++layer) layers.push_back(reader.layer(layer));
}

MOE_INLINE bool has_any(const Checkpoint& checkpoint, std::string_view prefix) {
  const auto& tensors = checkpoint.tensors();
  const auto first = std::ranges::lower_bound(tensors, prefix, {}, &TensorInfo::name);
  return first != tensors.end() && first->name.starts_with(prefix);
}

MOE_INLINE void require_layers(const Checkpoint& checkpoint, const ModelConfig& config) {
  std::vector<std::size_t> missing;
  for (std::size_t layer = 0; layer < config.layers.size(); ++layer)
    if (!has_any(checkpoint, detail::concat(checkpoint.tensor_prefix(), "model.layers.", layer, ".")))
      missing.push_back(layer);
  if (!missing.empty())
    fail(checkpoint.path(), "layers",
         detail::concat("all ", config.layers.size(), ", since a part can be stored but not run"),
         detail::concat("nothing of layers ", detail::concat_list(missing)));
}

MOE_INLINE void require_experts(const ExpertCatalog& catalog, const ModelConfig& config) {
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

}  // namespace moe::inline MOE_ABI::detail
