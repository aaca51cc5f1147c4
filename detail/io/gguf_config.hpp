#pragma once
#include "../core/concat.hpp"
#include "../core/decimal.hpp"
#include "../core/error.hpp"
#include "../core/math.hpp"
#include "gguf_metadata.hpp"
#include "json_writer.hpp"
#include "tensor_info.hpp"

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace moe::detail {

/// An architecture by its name in GGUF files and as model_type.
struct GgufArchitecture {
  std::string_view name, model_type;
  bool has_experts;
};

/// Says in the words of a config.json what the metadata of a GGUF file and its tensors say of a model. Values are
/// checked by whoever reads the configuration.
class GgufConfig {
 public:
  /// `tensors`: sorted by name, in the names of Hugging Face checkpoints.
  GgufConfig(const GgufMetadata& metadata, const std::vector<TensorInfo>& tensors)
      : metadata_(metadata), tensors_(tensors), architecture_(architecture()) {}

  std::string json() && {
    text("model_type", architecture_.model_type);
    copy("num_hidden_layers", "block_count");
    copy("hidden_size", "embedding_length");
    copy("intermediate_size", "feed_forward_length");
    copy("max_position_embeddings", "context_length");
    attention();
    rope();
    if (architecture_.has_experts) experts();
    if (const TensorInfo* embedding = find_by_name(tensors_, "model.embed_tokens.weight"))
      if (!embedding->shape.empty()) number("vocab_size", embedding->shape[0]);
    flag("tie_word_embeddings", !find_by_name(tensors_, "lm_head.weight"));
    end_tokens();
    return concat("{", members_, "\n}\n");
  }

 private:
  const GgufArchitecture& architecture() const {
    static constexpr GgufArchitecture known[] = {{"qwen3moe", "qwen3_moe", true},
                                                 {"qwen3vlmoe", "qwen3_omni_moe_text", true},
                                                 {"qwen3", "qwen3", false}};
    metadata_.require("general.architecture");
    const std::string_view name = *metadata_.text("general.architecture");
    for (const GgufArchitecture& one : known)
      if (one.name == name) return one;
    metadata_.fail_at(*metadata_.find("general.architecture"), "qwen3moe, qwen3vlmoe or qwen3",
                      concat('"', name, '"'));
  }

  void attention() {
    copy("num_attention_heads", "attention.head_count");
    const auto heads = whole("attention.head_count"), kv_heads = whole("attention.head_count_kv");
    if (heads) number("num_key_value_heads", kv_heads.value_or(*heads));
    if (const auto size = whole("attention.key_length")) {
      number("head_dim", *size);
      require_value("attention.value_length", *size);
      require_value("rope.dimension_count", *size);
    }
    flag("attention_bias", find_by_name(tensors_, "model.layers.0.self_attn.q_proj.bias"));
    if (const auto epsilon = metadata_.number(key("attention.layer_norm_rms_epsilon")))
      number("rms_norm_eps", static_cast<float>(*epsilon));
  }

  void rope() {
    // What files leave out is 10000 here, which need not be the default of the architecture.
    number("rope_theta", static_cast<float>(metadata_.number(key("rope.freq_base")).value_or(10000)));
    const std::string_view type = metadata_.text(key("rope.scaling.type")).value_or("none");
    if (type == "none") return;
    const double factor = metadata_.number(key("rope.scaling.factor")).value_or(1);
    std::string scaling = concat("{\"rope_type\": ", to_json(type), ", \"factor\": ", finite(factor));
    if (const auto positions = whole("rope.scaling.original_context_length"))
      scaling += concat(", \"original_max_position_embeddings\": ", *positions);
    if (const auto magnitude = metadata_.number(key("rope.scaling.attn_factor")); magnitude && factor >= 1)
      scaling += concat(", \"attention_factor\": ", finite(*magnitude * (1 + 0.1 * log(factor))));
    for (const std::string_view beta : {"beta_fast", "beta_slow"})
      if (const auto value = metadata_.number(key(concat("rope.scaling.yarn_", beta))))
        scaling += concat(", \"", beta, "\": ", finite(*value));
    member("rope_scaling", scaling + "}");
  }

  void experts() {
    copy("num_experts", "expert_count");
    copy("num_experts_per_tok", "expert_used_count");
    flag("norm_topk_prob", true);  // which no file says; llama.cpp always does it
    require_value("expert_shared_count", 0);
    if (whole("expert_gating_func") != std::uint64_t{0}) require_value("expert_gating_func", 1);  // softmax
    if (const auto scale = metadata_.number(key("expert_weights_scale")); scale && *scale != 0 && *scale != 1)
      metadata_.fail_at(*metadata_.find(key("expert_weights_scale")), "1", concat(*scale));
    dense_layers();
    // Where the width of experts is not stated, their tensors show it.
    if (const auto width = whole("expert_feed_forward_length"))
      return number("moe_intermediate_size", *width);
    for (const TensorInfo& tensor : tensors_) {
      const bool merged = tensor.name.ends_with(".mlp.experts.gate_proj") && tensor.shape.size() == 3;
      const bool single = tensor.name.ends_with(".gate_proj.weight") && tensor.shape.size() == 2 &&
                          tensor.name.find(".mlp.experts.") != tensor.name.npos;
      if (merged || single) return number("moe_intermediate_size", tensor.shape[merged ? 1 : 0]);
    }
  }

  /// A layer without a router has no experts.
  void dense_layers() {
    std::string list;
    const std::uint64_t layers = whole("block_count").value_or(0);
    for (std::uint64_t layer = 0; layer < layers && layer < tensors_.size(); ++layer)
      if (!find_by_name(tensors_, concat("model.layers.", layer, ".mlp.gate.weight")))
        list += concat(list.empty() ? "" : ", ", layer);
    member("mlp_only_layers", concat('[', list, ']'));
  }

  void end_tokens() {
    const auto end = metadata_.whole("tokenizer.ggml.eos_token_id"),
               turn = metadata_.whole("tokenizer.ggml.eot_token_id");
    std::string list;
    if (end) list += concat(*end);
    if (turn && turn != end) list += concat(list.empty() ? "" : ", ", *turn);
    member("eos_token_id", concat('[', list, ']'));
  }

  std::string key(std::string_view name) const { return concat(architecture_.name, '.', name); }
  std::optional<std::uint64_t> whole(std::string_view name) const { return metadata_.whole(key(name)); }

  /// Throws if the value is there and not the one that the library can do.
  void require_value(std::string_view name, std::uint64_t wanted) const {
    const auto value = whole(name);
    if (value && *value != wanted)
      metadata_.fail_at(*metadata_.find(key(name)), concat(wanted), concat(*value));
  }

  void member(std::string_view name, std::string_view json) {
    members_ += concat(members_.empty() ? "\n  " : ",\n  ", to_json(name), ": ", json);
  }
  void copy(std::string_view name, std::string_view from) {
    metadata_.require(key(from));
    number(name, *whole(from));
  }
  void text(std::string_view name, std::string_view value) { member(name, to_json(value)); }
  void flag(std::string_view name, bool value) { member(name, value ? "true" : "false"); }
  void number(std::string_view name, std::uint64_t value) { member(name, concat(value)); }
  void number(std::string_view name, float value) { member(name, finite(value)); }

  /// As JSON, which has no infinity and no NaN: they become a string, which is no number to whoever reads it.
  template <class Float>
  static std::string finite(Float value) {
    return value - value == 0 ? to_decimal(value) : "\"not finite\"";
  }

  const GgufMetadata& metadata_;
  const std::vector<TensorInfo>& tensors_;
  const GgufArchitecture& architecture_;
  std::string members_;
};

}  // namespace moe::detail
