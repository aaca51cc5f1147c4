#pragma once
#include "config.hpp"
#include "../core/concat.hpp"
#include "../core/dequantise.hpp"
#include "../core/error.hpp"
#include "config_reader.hpp"

#include <algorithm>
#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace moe::inline MOE_ABI::detail {

/// The values of keys that configurations of an architecture may omit.
struct ArchitectureDefaults {
  std::string_view name;
  bool has_experts;
  bool normalise_expert_weights;
  bool query_key_norms;
  bool slides;  // whether the architecture knows sliding_window
  double rope_theta;
  std::size_t kv_heads;  // 0: the number of query heads
  std::size_t max_positions;
};

/// A thinker has one architecture, whatever its own model_type is.
inline const ArchitectureDefaults& defaults_of(const ConfigReader& reader, bool is_thinker) {
  static constexpr ArchitectureDefaults known[] = {
      {"qwen3_moe", true, false, true, true, 1e4, 4, 32768},
      {"qwen3_omni_moe_text", true, true, true, false, 1e6, 4, 32768},
      {"qwen3", false, false, true, true, 1e4, 4, 32768},
      {"llama", false, false, false, false, 1e4, 0, 2048},
  };
  const std::string name = is_thinker ? "qwen3_omni_moe_text" : reader.text("model_type", "");
  for (const ArchitectureDefaults& defaults : known)
    if (defaults.name == name) return defaults;
  reader.fail_at("model_type", "qwen3_moe, qwen3, qwen3_omni_moe or llama", name.empty() ? "none" : name);
}

/// A layer has experts unless mlp_only_layers names it or decoder_sparse_step skips it. In a model with experts, all layers
/// have a sliding window or none; in a dense one, layer_types or else max_window_layers says which layers have one.
inline std::vector<LayerConfig> layers_of(const ConfigReader& reader, std::size_t count, bool has_experts,
                                          bool may_slide) {
  std::vector<LayerConfig> layers(count);
  const std::size_t step = reader.size("decoder_sparse_step", 1, {.least = 1});
  const bool slides =
      may_slide && reader.flag("use_sliding_window", false) && !reader.is_null("sliding_window");
  const std::size_t window = reader.size("sliding_window", 4096, {.least = slides ? 1u : 0u});
  const std::size_t first_window = has_experts ? 0 : reader.size("max_window_layers", 28);
  const std::vector<std::string> types = reader.texts("layer_types");
  for (const std::string& type : types)
    if (type != "full_attention" && type != "sliding_attention")
      reader.fail_at("layer_types", "full_attention or sliding_attention", type);
  for (std::size_t i = 0; i < count; ++i) {
    layers[i].has_experts = has_experts && (i + 1) % step == 0;
    const bool slides_here = i < types.size() ? types[i] == "sliding_attention" : i >= first_window;
    if (slides && slides_here) layers[i].sliding_window = window;
  }
  for (const std::size_t dense : reader.sizes("mlp_only_layers"))
    if (dense < count) layers[dense].has_experts = false;
  return layers;
}

/// The divisors of the rope frequencies that GGUF files store as a tensor; empty without it.
inline std::vector<float> rope_divisors_of(const Checkpoint& checkpoint, std::size_t head_dim) {
  constexpr std::string_view name = "rope_freqs.weight";
  const TensorInfo* tensor = checkpoint.find(name);
  if (!tensor) return {};
  std::vector<float> out = dequantise(checkpoint.vector(name, head_dim / 2));
  for (const float divisor : out)
    if (!(divisor >= 1e-6f && divisor <= 1e9f))
      fail(checkpoint.file_of(*tensor), concat("tensor \"", name, '"'), "numbers from 1e-6 to 1e9",
           "another");
  return out;
}

/// One id or several, from generation_config.json if it states eos_token_id, otherwise from config.json.
inline std::vector<TokenId> end_tokens_of(const Checkpoint& checkpoint, const ConfigReader& config) {
  const Json generation = checkpoint.generation_config();
  const bool stated = generation && ConfigReader(generation).has("eos_token_id");
  const ConfigReader reader = stated ? ConfigReader(generation) : config;
  std::vector<TokenId> out;
  for (const std::size_t id : reader.sizes("eos_token_id")) out.push_back(static_cast<TokenId>(id));
  return out;
}

inline void read_attention(const ConfigReader& reader, const ArchitectureDefaults& defaults,
                           ModelConfig& out) {
  out.heads = reader.size("num_attention_heads", 32, {.least = 1});
  const bool as_heads = defaults.kv_heads == 0 || reader.is_null("num_key_value_heads");
  out.kv_heads = reader.size("num_key_value_heads", as_heads ? out.heads : defaults.kv_heads,
                             {.least = 1, .most = out.heads});
  if (out.heads % out.kv_heads != 0)
    reader.fail_at("num_key_value_heads", concat("a divisor of ", out.heads), concat(out.kv_heads));
  out.head_dim = reader.size("head_dim", out.hidden_size / out.heads, {.least = 2});
  if (out.head_dim % 2 != 0) reader.fail_at("head_dim", "an even number", concat(out.head_dim));
  out.max_positions = reader.size("max_position_embeddings", defaults.max_positions, {.least = 1});
  out.attention_bias = reader.flag("attention_bias", false);
  out.attention_bias_where_stored = reader.flag("attention_bias_where_stored", false);
  out.query_key_norms = defaults.query_key_norms;
}

inline void read_experts(const ConfigReader& reader, const ArchitectureDefaults& defaults, ModelConfig& out) {
  out.experts_per_token = reader.size("num_experts_per_tok", 8, {.least = 1, .most = out.experts});
  out.expert_intermediate_size = reader.size("moe_intermediate_size", 768, {.least = 1});
  out.normalise_expert_weights = reader.flag("norm_topk_prob", defaults.normalise_expert_weights);
}

inline void read_feed_forward(const ConfigReader& reader, const ArchitectureDefaults& defaults,
                              std::size_t layer_count, ModelConfig& out) {
  if (defaults.has_experts) out.experts = reader.size("num_experts", reader.size("num_local_experts", 128));
  out.layers = layers_of(reader, layer_count, out.experts > 0, defaults.slides);
  const auto sparse = [](const LayerConfig& layer) { return layer.has_experts; };
  // Without a layer of experts no tensor confirms their number, and memory is sized by it.
  if (std::none_of(out.layers.begin(), out.layers.end(), sparse)) out.experts = 0;
  if (out.experts > 0) read_experts(reader, defaults, out);
  if (!std::all_of(out.layers.begin(), out.layers.end(), sparse))
    out.dense_intermediate_size = reader.size("intermediate_size", 6144, {.least = 1});
  if (reader.flag("mlp_bias", false)) reader.fail_at("mlp_bias", "false", "true");
  if (const std::string act = reader.text("hidden_act", "silu"); act != "silu")
    reader.fail_at("hidden_act", "silu", act);
}

}  // namespace moe::inline MOE_ABI::detail

namespace moe::inline MOE_ABI {

MOE_INLINE ModelConfig::ModelConfig(const Checkpoint& checkpoint) {
  const detail::ConfigReader reader(checkpoint.config());
  const detail::ArchitectureDefaults& defaults = detail::defaults_of(reader, checkpoint.is_thinker());
  architecture = defaults.name;
  vocabulary_size = reader.size("vocab_size", 151936, {.least = 1});
  hidden_size = reader.size("hidden_size", 2048, {.least = 1});
  tied_embeddings = reader.flag("tie_word_embeddings", false);
  rms_norm_epsilon = static_cast<float>(reader.number("rms_norm_eps", 1e-6, {.least = 0, .most = 1}));
  detail::expect(!checkpoint.tensors().empty(), checkpoint.path(), "tensors", "the tensors of a model",
                 "none");
  // Every layer has tensors of its own, so this bound keeps the list of layers smaller than the file.
  const std::size_t layer_count =
      reader.size("num_hidden_layers", 24, {.least = 1, .most = checkpoint.tensors().size()});
  detail::read_attention(reader, defaults, *this);
  detail::read_feed_forward(reader, defaults, layer_count, *this);
  rope = detail::rope_config_of(reader, defaults.rope_theta, max_positions);
  rope.divisors = detail::rope_divisors_of(checkpoint, head_dim);
  end_tokens = detail::end_tokens_of(checkpoint, reader);
}

}  // namespace moe::inline MOE_ABI
