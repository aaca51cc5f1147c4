#pragma once
#include "gguf_config.hpp"
#include "../core/concat.hpp"
#include "../core/decimal.hpp"
#include "../core/portable_math.hpp"
#include "gguf_names.hpp"
#include "json_writer.hpp"

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace moe::inline MOE_ABI::detail {

/// An architecture: its name in GGUF files, and its model_type.
struct GgufArchitecture {
  std::string_view name, model_type;
  bool has_experts;
  bool rope_interleaved;  // the rows of queries and keys are permuted so that rope rotates neighbours
};

class GgufConfig {
 public:
  GgufConfig(const GgufMetadata& metadata, const std::vector<TensorInfo>& tensors);

  std::string json() &&;

 private:
  const GgufArchitecture& architecture() const;

  void vocabulary();

  void attention();

  bool has_attention_bias() const;

  void rope();

  /// The width of dense layers. The shape of a tensor takes precedence over the metadata, which some files state per layer.
  void feed_forward();

  void experts();

  /// The width of experts: from the shape of a tensor, or else as stated, or else by the default of llama.cpp.
  std::optional<std::uint64_t> expert_width() const;

  /// Lists the layers without a router as layers without experts.
  void dense_layers();

  /// Throws if metadata or tensors ask for a computation that the library does not do.
  void refuse_unsupported() const;

  /// The tokens that end a text: the end of the text, of a turn, or of a message.
  void end_tokens();

  std::string key(std::string_view name) const;
  std::optional<std::uint64_t> whole(std::string_view name) const { return metadata_.whole(key(name)); }

  std::optional<double> fraction(std::string_view name) const;

  /// Throws if the value is present and neither 0, which means "not set", nor the only one that the library supports.
  void require_fraction(std::string_view name, double supported) const;

  /// Throws if the value is present and not the only one that the library supports.
  void require_value(std::string_view name, std::uint64_t supported) const;

  void member(std::string_view name, std::string_view json);
  void copy(std::string_view name, std::string_view from);
  void text(std::string_view name, std::string_view value) { member(name, to_json(value)); }
  void flag(std::string_view name, bool value) { member(name, value ? "true" : "false"); }
  void number(std::string_view name, std::uint64_t value);
  void number(std::string_view name, float value) { member(name, to_decimal(value)); }

  const GgufMetadata& metadata_;
  const std::vector<TensorInfo>& tensors_;
  const GgufArchitecture& architecture_;
  std::string members_;
};

MOE_INLINE GgufConfig::GgufConfig(const GgufMetadata& metadata, const std::vector<TensorInfo>& tensors)
    : metadata_(metadata), tensors_(tensors), architecture_(architecture()) {}

MOE_INLINE std::string GgufConfig::json() && {
  text("model_type", architecture_.model_type);
  copy("num_hidden_layers", "block_count");
  copy("hidden_size", "embedding_length");
  copy("max_position_embeddings", "context_length");
  vocabulary();
  attention();
  rope();
  feed_forward();
  if (architecture_.has_experts) experts();
  refuse_unsupported();
  end_tokens();
  return concat("{", members_, "\n}\n");
}

MOE_INLINE const GgufArchitecture& GgufConfig::architecture() const {
  static constexpr GgufArchitecture known[] = {{"qwen3moe", "qwen3_moe", true, false},
                                               {"qwen3vlmoe", "qwen3_omni_moe_text", true, false},
                                               {"qwen3", "qwen3", false, false},
                                               {"llama", "llama", false, true}};
  metadata_.require("general.architecture");
  const std::string_view name = *metadata_.text("general.architecture");
  for (const GgufArchitecture& one : known)
    if (one.name == name) return one;
  metadata_.fail_at(*metadata_.find("general.architecture"), "qwen3moe, qwen3vlmoe, qwen3 or llama",
                    concat('"', name, '"'));
}

MOE_INLINE void GgufConfig::vocabulary() {
  const TensorInfo* embedding = find_by_name(tensors_, "model.embed_tokens.weight");
  if (embedding && !embedding->shape.empty()) {
    number("vocab_size", embedding->shape[0]);
  } else if (const auto size = whole("vocab_size")) {
    number("vocab_size", *size);
  }
  flag("tie_word_embeddings", !find_by_name(tensors_, "lm_head.weight"));
}

MOE_INLINE void GgufConfig::attention() {
  copy("num_attention_heads", "attention.head_count");
  const std::uint64_t heads = *whole("attention.head_count"), hidden = *whole("embedding_length");
  number("num_key_value_heads", whole("attention.head_count_kv").value_or(heads));
  const std::uint64_t size = whole("attention.key_length").value_or(heads > 0 ? hidden / heads : 0);
  number("head_dim", size);
  require_value("attention.value_length", size);
  require_value("rope.dimension_count", size);
  flag("attention_bias", has_attention_bias());
  flag("attention_bias_where_stored", true);  // some matrices may have no bias
  if (const auto epsilon = fraction("attention.layer_norm_rms_epsilon"))
    number("rms_norm_eps", static_cast<float>(*epsilon));
}

MOE_INLINE bool GgufConfig::has_attention_bias() const {
  for (const TensorInfo& tensor : tensors_)
    if (is_attention_bias(tensor.name)) return true;
  return false;
}

MOE_INLINE void GgufConfig::rope() {
  // The default of the format, which may differ from the default of the architecture.
  number("rope_theta", static_cast<float>(fraction("rope.freq_base").value_or(10000)));
  if (architecture_.rope_interleaved) flag("rope_interleave", true);
  // A factor without a type means linear scaling. Old files call the factor scale_linear.
  const std::string_view type = metadata_.text(key("rope.scaling.type")).value_or("linear");
  double factor = fraction("rope.scaling.factor").value_or(fraction("rope.scale_linear").value_or(1));
  if (factor == 0) factor = 1;
  if (type == "none" || (type == "linear" && factor == 1)) return;
  std::string scaling = concat("{\"rope_type\": ", to_json(type), ", \"factor\": ", to_decimal(factor));
  if (const auto positions = whole("rope.scaling.original_context_length"))
    scaling += concat(", \"original_max_position_embeddings\": ", *positions);
  if (const double magnitude = fraction("rope.scaling.attn_factor").value_or(1) *
                               fraction("rope.scaling.yarn_attn_factor").value_or(1);
      magnitude != 1 && factor >= 1)
    scaling += concat(", \"attention_factor\": ", to_decimal(magnitude * (1 + 0.1 * portable::log(factor))));
  for (const std::string_view beta : {"beta_fast", "beta_slow"})
    if (const auto value = fraction(concat("rope.scaling.yarn_", beta)))
      scaling += concat(", \"", beta, "\": ", to_decimal(*value));
  member("rope_scaling", scaling + "}");
}

MOE_INLINE void GgufConfig::feed_forward() {
  for (const TensorInfo& tensor : tensors_)
    if (tensor.name.ends_with(".mlp.gate_proj.weight") && tensor.shape.size() == 2)
      return number("intermediate_size", tensor.shape[0]);
  const GgufValue* stated = metadata_.find(key("feed_forward_length"));
  if (!architecture_.has_experts || (stated && stated->type != GgufType::array))
    copy("intermediate_size", "feed_forward_length");
}

MOE_INLINE void GgufConfig::experts() {
  copy("num_experts", "expert_count");
  copy("num_experts_per_tok", "expert_used_count");
  // Most files do not state this value; llama.cpp always normalises.
  flag("norm_topk_prob", metadata_.flag(key("expert_weights_norm"), true));
  dense_layers();
  if (const auto width = expert_width()) number("moe_intermediate_size", *width);
}

MOE_INLINE std::optional<std::uint64_t> GgufConfig::expert_width() const {
  for (const TensorInfo& tensor : tensors_) {
    if (tensor.name.find(".mlp.experts.") == tensor.name.npos) continue;
    if (tensor.name.ends_with(".gate_proj.weight") && tensor.shape.size() == 2) return tensor.shape[0];
    if (tensor.shape.size() != 3) continue;
    if (tensor.name.ends_with(".gate_proj")) return tensor.shape[1];
    if (tensor.name.ends_with(".gate_up_proj")) return tensor.shape[1] / 2;
  }
  if (const auto width = whole("expert_feed_forward_length")) return width;
  const auto width = whole("feed_forward_length"), used = whole("expert_used_count");
  if (!width || !used || *used == 0) return {};
  return *width / *used;
}

MOE_INLINE void GgufConfig::dense_layers() {
  std::string list;
  const std::uint64_t layers = whole("block_count").value_or(0);
  for (std::uint64_t layer = 0; layer < layers && layer < tensors_.size(); ++layer)
    if (!find_by_name(tensors_, concat("model.layers.", layer, ".mlp.gate.weight")))
      list += concat(list.empty() ? "" : ", ", layer);
  member("mlp_only_layers", concat('[', list, ']'));
}

MOE_INLINE void GgufConfig::refuse_unsupported() const {
  if (!architecture_.has_experts) require_value("expert_count", 0);
  require_value("expert_shared_count", 0);
  require_value("nextn_predict_layers", 0);
  if (whole("expert_group_count") != std::uint64_t{0}) require_value("expert_group_count", 1);
  if (whole("expert_gating_func") != std::uint64_t{0}) require_value("expert_gating_func", 1);  // softmax
  for (const std::string_view scale :
       {"expert_weights_scale", "embedding_scale", "residual_scale", "logit_scale"})
    require_fraction(scale, 1);
  require_fraction("attention.clamp_kqv", 0);
  require_fraction("attention.scale", 0);
  if (const auto mix = fraction("rope.scaling.yarn_ext_factor");
      mix && *mix >= 0 && *mix != 1 && metadata_.text(key("rope.scaling.type")) == "yarn")
    metadata_.fail_at(*metadata_.find(key("rope.scaling.yarn_ext_factor")),
                      "1 (or a negative number, which means 1)", concat(*mix));
  require_fraction("rope.scaling.yarn_log_multiplier", 0);
  for (const TensorInfo& tensor : tensors_)
    if (is_unknown_part(tensor.name))
      metadata_.fail_at(*metadata_.find("general.architecture"), "only tensors that the library knows",
                        gguf_name(tensor.name));
}

MOE_INLINE void GgufConfig::end_tokens() {
  std::string list;
  std::optional<std::uint64_t> ids[3];
  constexpr std::string_view names[] = {"eos", "eot", "eom"};
  for (std::size_t i = 0; i < 3; ++i) {
    ids[i] = metadata_.whole(concat("tokenizer.ggml.", names[i], "_token_id"));
    if (i == 0 && !ids[0] && metadata_.text("tokenizer.ggml.model") == "llama") ids[0] = 2;
    bool again = false;
    for (std::size_t before = 0; before < i; ++before) again = again || ids[before] == ids[i];
    if (ids[i] && !again) list += concat(list.empty() ? "" : ", ", *ids[i]);
  }
  member("eos_token_id", concat('[', list, ']'));
}

MOE_INLINE std::string GgufConfig::key(std::string_view name) const {
  return concat(architecture_.name, '.', name);
}

MOE_INLINE std::optional<double> GgufConfig::fraction(std::string_view name) const {
  const auto value = metadata_.number(key(name));
  if (value && *value - *value != 0)
    metadata_.fail_at(*metadata_.find(key(name)), "a finite number", concat(*value));
  return value;
}

MOE_INLINE void GgufConfig::require_fraction(std::string_view name, double supported) const {
  const auto value = fraction(name);
  if (value && *value != 0 && *value != supported)
    metadata_.fail_at(*metadata_.find(key(name)), concat(supported), concat(*value));
}

MOE_INLINE void GgufConfig::require_value(std::string_view name, std::uint64_t supported) const {
  const auto value = whole(name);
  if (value && *value != supported)
    metadata_.fail_at(*metadata_.find(key(name)), concat(supported), concat(*value));
}

MOE_INLINE void GgufConfig::member(std::string_view name, std::string_view json) {
  members_ += concat(members_.empty() ? "\n  " : ",\n  ", to_json(name), ": ", json);
}

MOE_INLINE void GgufConfig::copy(std::string_view name, std::string_view from) {
  metadata_.require(key(from));
  number(name, *whole(from));
}

MOE_INLINE void GgufConfig::number(std::string_view name, std::uint64_t value) {
  member(name, concat(value));
}

MOE_INLINE std::string gguf_config_json(const GgufMetadata& metadata,
                                        const std::vector<TensorInfo>& tensors) {
  return GgufConfig(metadata, tensors).json();
}

}  // namespace moe::inline MOE_ABI::detail
