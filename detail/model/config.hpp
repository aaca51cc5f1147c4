#pragma once
#include "../core/dequantise.hpp"
#include "../core/error.hpp"
#include "../core/token.hpp"
#include "../io/checkpoint.hpp"
#include "config_reader.hpp"
#include "rope_config.hpp"

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace moe {

/// What is particular to a layer.
struct LayerConfig {
  bool has_experts = false;        // otherwise it has one network that every token takes
  std::size_t sliding_window = 0;  // how many positions a token sees, its own included; 0: all
};

/// The shape of a model: what config.json says, checked, with the defaults of the architecture filled in.
struct ModelConfig {
  std::string architecture;  // model_type

  std::size_t vocabulary_size = 0;
  std::size_t hidden_size = 0;
  std::size_t heads = 0;
  std::size_t kv_heads = 0;  // each serves heads / kv_heads query heads
  std::size_t head_dim = 0;  // need not be hidden_size / heads
  std::size_t max_positions = 0;

  std::size_t experts = 0;  // 0: every layer is dense
  std::size_t experts_per_token = 0;
  std::size_t expert_intermediate_size = 0;
  std::size_t dense_intermediate_size = 0;
  bool normalise_expert_weights = false;  // whether those of the chosen experts are made to sum to 1

  bool attention_bias = false;
  bool attention_bias_where_stored = false;  // matrices whose bias is not in the checkpoint have none
  bool query_key_norms = true;               // whether the heads of queries and keys are normed
  bool tied_embeddings = false;              // whether the head is the embedding
  float rms_norm_epsilon = 0;
  RopeConfig rope;

  std::vector<LayerConfig> layers;
  std::vector<TokenId> end_tokens;  // any of them ends a text

  std::size_t query_size() const { return heads * head_dim; }
  std::size_t kv_size() const { return kv_heads * head_dim; }

  /// Reads the configuration of a checkpoint. Throws if it is no model that this library can run, or contradicts itself.
  explicit ModelConfig(const Checkpoint& checkpoint);
};

namespace detail {

/// What the configurations of an architecture leave out.
struct ArchitectureDefaults {
  std::string_view name;
  bool has_experts;
  bool normalise_expert_weights;
  bool query_key_norms;
  bool slides;  // whether it heeds sliding_window
  double rope_theta;
  std::size_t kv_heads;  // 0: as many as query heads
  std::size_t max_positions;
};

/// The architecture of a thinker is what holds it, whatever it says of itself.
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

/// A layer has experts unless it is named in mlp_only_layers or skipped by decoder_sparse_step. A model with experts has a
/// sliding window in all layers or none; a dense one where layer_types says so, or from max_window_layers on.
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

/// What GGUF files have beside the scaling in their metadata; empty in others.
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

/// What generation_config.json says, or else config.json: one id or several.
inline std::vector<TokenId> end_tokens_of(const Checkpoint& checkpoint, const ConfigReader& config) {
  const Json generation = checkpoint.generation_config();
  const bool stated = generation && ConfigReader(generation).has("eos_token_id");
  const ConfigReader reader = stated ? ConfigReader(generation) : config;
  std::vector<TokenId> out;
  for (const std::size_t id : reader.sizes("eos_token_id")) out.push_back(static_cast<TokenId>(id));
  return out;
}

}  // namespace detail

inline ModelConfig::ModelConfig(const Checkpoint& checkpoint) {
  const detail::ConfigReader reader(checkpoint.config());
  const detail::ArchitectureDefaults& defaults = detail::defaults_of(reader, checkpoint.is_thinker());
  architecture = defaults.name;

  vocabulary_size = reader.size("vocab_size", 151936, {.least = 1});
  hidden_size = reader.size("hidden_size", 2048, {.least = 1});
  expect(!checkpoint.tensors().empty(), checkpoint.path(), "tensors", "those of a model", "none");
  // A layer has tensors, so a lie about their number cannot cost more memory than the file has.
  const std::size_t layer_count =
      reader.size("num_hidden_layers", 24, {.least = 1, .most = checkpoint.tensors().size()});
  heads = reader.size("num_attention_heads", 32, {.least = 1});
  const bool as_heads = defaults.kv_heads == 0 || reader.is_null("num_key_value_heads");
  kv_heads =
      reader.size("num_key_value_heads", as_heads ? heads : defaults.kv_heads, {.least = 1, .most = heads});
  if (heads % kv_heads != 0)
    reader.fail_at("num_key_value_heads", detail::concat("a divisor of ", heads), detail::concat(kv_heads));
  head_dim = reader.size("head_dim", hidden_size / heads, {.least = 2});
  if (head_dim % 2 != 0) reader.fail_at("head_dim", "an even number", detail::concat(head_dim));
  max_positions = reader.size("max_position_embeddings", defaults.max_positions, {.least = 1});

  const std::size_t stated_experts =
      reader.size("num_experts", reader.size("num_local_experts", defaults.has_experts ? 128 : 0));
  experts = defaults.has_experts ? stated_experts : 0;
  if (experts > 0) {
    experts_per_token = reader.size("num_experts_per_tok", 8, {.least = 1, .most = experts});
    expert_intermediate_size = reader.size("moe_intermediate_size", 768, {.least = 1});
    normalise_expert_weights = reader.flag("norm_topk_prob", defaults.normalise_expert_weights);
  }
  layers = detail::layers_of(reader, layer_count, experts > 0, defaults.slides);
  for (const LayerConfig& layer : layers)
    if (!layer.has_experts) dense_intermediate_size = reader.size("intermediate_size", 6144, {.least = 1});

  attention_bias = reader.flag("attention_bias", false);
  attention_bias_where_stored = reader.flag("attention_bias_where_stored", false);
  query_key_norms = defaults.query_key_norms;
  if (reader.flag("mlp_bias", false)) reader.fail_at("mlp_bias", "false", "true");
  tied_embeddings = reader.flag("tie_word_embeddings", false);
  rms_norm_epsilon = static_cast<float>(reader.number("rms_norm_eps", 1e-6, {.least = 0, .most = 1}));
  if (const std::string act = reader.text("hidden_act", "silu"); act != "silu")
    reader.fail_at("hidden_act", "silu", act);
  rope = detail::rope_config_of(reader, defaults.rope_theta, max_positions);
  rope.divisors = detail::rope_divisors_of(checkpoint, head_dim);
  end_tokens = detail::end_tokens_of(checkpoint, reader);
}

}  // namespace moe
