#include "detail/io/checkpoint.hpp"
#include "detail/io/gguf_names.hpp"
#include "detail/io/json.hpp"
#include "detail/io/json_writer.hpp"
#include "detail/io/tensor_info.hpp"
#include "detail/model/config.hpp"
#include "support/checkpoints.hpp"
#include "support/gguf_builder.hpp"
#include "support/gguf_model.hpp"
#include "support/message_of.hpp"
#include "support/temporary_directory.hpp"
#include "support/watchdog.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <chrono>
#include <initializer_list>
#include <limits>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace {

/// Opens the file; a file without tensors gets one that has no meaning.
moe::Checkpoint open(GgufBuilder file, const std::string& name = "x.gguf") {
  static const TemporaryDirectory directory;
  if (file.tensor_count() == 0) file.tensor("other.weight", {1}, 0, "xxxx");
  return moe::Checkpoint(directory.write(name, file.file()));
}

std::string config(const GgufBuilder& file) { return moe::detail::to_json(open(file).config()); }

void check_config(const GgufBuilder& file, std::string_view part) {
  const std::string text = config(file);
  CAPTURE(text);
  CAPTURE(part);
  CHECK(text.find(part) != text.npos);
}

void check_refused(const GgufBuilder& file, std::initializer_list<std::string_view> parts) {
  check_error([&] { return open(file); }, parts);
}

}  // namespace

TEST_CASE("gguf checkpoint: tensors have Hugging Face names") {
  const std::vector<std::pair<std::string, std::string>> names{
      {"token_embd.weight", "model.embed_tokens.weight"},
      {"output_norm.weight", "model.norm.weight"},
      {"output.weight", "lm_head.weight"},
      {"blk.0.attn_norm.weight", "model.layers.0.input_layernorm.weight"},
      {"blk.1.ffn_norm.weight", "model.layers.1.post_attention_layernorm.weight"},
      {"blk.0.attn_q.weight", "model.layers.0.self_attn.q_proj.weight"},
      {"blk.0.attn_q.bias", "model.layers.0.self_attn.q_proj.bias"},
      {"blk.0.attn_k.weight", "model.layers.0.self_attn.k_proj.weight"},
      {"blk.0.attn_v.weight", "model.layers.0.self_attn.v_proj.weight"},
      {"blk.0.attn_output.weight", "model.layers.0.self_attn.o_proj.weight"},
      {"blk.0.attn_q_norm.weight", "model.layers.0.self_attn.q_norm.weight"},
      {"blk.0.attn_k_norm.weight", "model.layers.0.self_attn.k_norm.weight"},
      {"blk.0.ffn_gate_inp.weight", "model.layers.0.mlp.gate.weight"},
      {"blk.1.ffn_gate.weight", "model.layers.1.mlp.gate_proj.weight"},
      {"blk.1.ffn_up.weight", "model.layers.1.mlp.up_proj.weight"},
      {"blk.1.ffn_down.weight", "model.layers.1.mlp.down_proj.weight"},
      {"blk.0.ffn_gate.7.weight", "model.layers.0.mlp.experts.7.gate_proj.weight"},
      {"blk.0.ffn_up.12.weight", "model.layers.0.mlp.experts.12.up_proj.weight"},
      {"blk.0.ffn_down.0.weight", "model.layers.0.mlp.experts.0.down_proj.weight"},
      {"blk.1.ffn_gate_exps.weight", "model.layers.1.mlp.experts.gate_proj"},
      {"blk.1.ffn_up_exps.weight", "model.layers.1.mlp.experts.up_proj"},
      {"blk.1.ffn_down_exps.weight", "model.layers.1.mlp.experts.down_proj"},
      {"blk.1.ffn_gate_up_exps.weight", "model.layers.1.mlp.experts.gate_up_proj"},
      {"blk.x.attn_q.weight", "blk.x.attn_q.weight"},
      {"blk.0.ffn_up.x.weight", "blk.0.ffn_up.x.weight"},
      {"blk.0.something.new", "blk.0.something.new"},
      {"blk.", "blk."},
      {"rope_freqs.weight", "rope_freqs.weight"},
      {"ffn_down..weight", "ffn_down..weight"},
      {"blk.0.ffn_down..weight", "blk.0.ffn_down..weight"},
  };
  for (const auto& pair : names) {
    CAPTURE(pair.first);
    CHECK(moe::detail::hugging_face_name(pair.first) == pair.second);
  }
}

TEST_CASE(
    "gguf checkpoint: a model has the same configuration and tensors in GGUF and in Hugging Face form") {
  const moe::Checkpoint gguf(golden("plain-f32.gguf")), hugging_face(golden("plain-f32"));
  const moe::Json a = gguf.config(), b = hugging_face.config();
  for (const char* key :
       {"model_type", "hidden_size", "num_hidden_layers", "num_attention_heads", "num_key_value_heads",
        "head_dim", "num_experts", "num_experts_per_tok", "moe_intermediate_size", "vocab_size",
        "intermediate_size", "max_position_embeddings", "norm_topk_prob", "tie_word_embeddings"}) {
    CAPTURE(key);
    CHECK(a.at(key).slice() == b.at(key).slice());
  }
  CHECK(a.at("rms_norm_eps").as_double() == b.at("rms_norm_eps").as_double());
  CHECK(a.at("rope_theta").as_double() == b.at("rope_theta").as_double());
  CHECK(moe::detail::to_json(a.at("eos_token_id")) == "[319]");
  for (const moe::TensorInfo& tensor : hugging_face.tensors()) {
    if (tensor.name.find(".experts.") != tensor.name.npos) continue;
    CAPTURE(tensor.name);
    const moe::TensorInfo& same = gguf.at(tensor.name);
    CHECK(same.shape == tensor.shape);
    const auto x = gguf.bytes(same), y = hugging_face.bytes(tensor);
    CHECK(std::equal(x.begin(), x.end(), y.begin(), y.end()));
  }
}

TEST_CASE("gguf checkpoint: missing metadata has the defaults of the format") {
  check_config(gguf_model(), R"("num_key_value_heads": 2)");
  check_config(gguf_model(), R"("rope_theta": 10000)");
  check_config(gguf_model(), R"("tie_word_embeddings": true)");
  check_config(gguf_model(), R"("eos_token_id": [])");
}

TEST_CASE("gguf checkpoint: metadata becomes the configuration of the architecture") {
  check_config(gguf_model(), R"("model_type": "qwen3_moe")");
  check_config(gguf_model("qwen3vlmoe"), R"("model_type": "qwen3_omni_moe_text")");
  check_config(gguf_model("qwen3"), R"("model_type": "qwen3")");
  CHECK(config(gguf_model("qwen3")).find("num_experts") == std::string::npos);
  check_config(gguf_model().value("qwen3moe.attention.head_count_kv", 1u), R"("num_key_value_heads": 1)");
  check_config(gguf_model().value("qwen3moe.attention.key_length", 6u), R"("head_dim": 6)");
  check_config(gguf_model().value("qwen3moe.rope.freq_base", 5e6f), R"("rope_theta": 5e+06)");
  check_config(gguf_model().value("tokenizer.ggml.eos_token_id", 7u).value("tokenizer.ggml.eot_token_id", 9u),
               R"("eos_token_id": [7, 9])");
  check_config(gguf_model().value("tokenizer.ggml.eos_token_id", 7u).value("tokenizer.ggml.eot_token_id", 7u),
               R"("eos_token_id": [7])");
  GgufBuilder routed = gguf_model(), biased = gguf_model();
  check_config(add_tensor(add_tensor(routed, "blk.1.ffn_gate_inp.weight", {4, 8}), "a", {1}),
               R"("mlp_only_layers": [0])");
  check_config(add_tensor(biased, "blk.0.attn_q.bias", {4}), R"("attention_bias": true)");
}

TEST_CASE("gguf checkpoint: metadata of rope scaling becomes rope_scaling") {
  GgufBuilder linear = gguf_model(), yarn = gguf_model(), none = gguf_model();
  check_config(
      linear.value("qwen3moe.rope.scaling.type", "linear").value("qwen3moe.rope.scaling.factor", 4.0f),
      R"("rope_scaling": {"rope_type": "linear", "factor": 4})");
  check_config(
      yarn.value("qwen3moe.rope.scaling.type", "yarn")
          .value("qwen3moe.rope.scaling.factor", 2.0f)
          .value("qwen3moe.rope.scaling.original_context_length", 256u)
          .value("qwen3moe.rope.scaling.yarn_beta_fast", 16.0f),
      R"("rope_type": "yarn", "factor": 2, "original_max_position_embeddings": 256, "beta_fast": 16)");
  CHECK(config(none.value("qwen3moe.rope.scaling.type", "none")).find("rope_scaling") == std::string::npos);
  check_config(gguf_model().value("qwen3moe.rope.scaling.factor", 4.0f),
               R"({"rope_type": "linear", "factor": 4})");
  check_config(gguf_model().value("qwen3moe.rope.scale_linear", 2.0f),
               R"({"rope_type": "linear", "factor": 2})");
  for (const float factor : {0.0f, 1.0f})
    CHECK(config(gguf_model().value("qwen3moe.rope.scaling.factor", factor)).find("rope_scaling") ==
          std::string::npos);
  GgufBuilder magnified = gguf_model();
  magnified.value("qwen3moe.rope.scaling.type", "yarn").value("qwen3moe.rope.scaling.factor", 1.0f);
  check_config(magnified.value("qwen3moe.rope.scaling.yarn_attn_factor", 0.5f), R"("attention_factor": 0.5)");
  GgufBuilder other = gguf_model();
  other.value("qwen3moe.rope.scaling.type", "longrope");
  add_tensor(add_tensor(other, "a", {1}), "b", {1});  // at least as many tensors as layers
  check_error([&] { return moe::ModelConfig(open(other)); }, {"rope_type", "longrope"});
}

TEST_CASE("gguf checkpoint: the tokens that end a text, a turn or a message all end a text") {
  GgufBuilder file = gguf_model();
  file.value("tokenizer.ggml.eos_token_id", 7u).value("tokenizer.ggml.eot_token_id", 9u);
  check_config(file.value("tokenizer.ggml.eom_token_id", 8u), R"("eos_token_id": [7, 9, 8])");
  check_config(gguf_model().value("tokenizer.ggml.eom_token_id", 8u), R"("eos_token_id": [8])");
  check_config(gguf_model().value("tokenizer.ggml.model", "llama"), R"("eos_token_id": [2])");
}

TEST_CASE("gguf checkpoint: unsupported metadata is refused by its key") {
  check_refused(gguf_model("qwen2moe"), {"x.gguf: key \"general.architecture\"", "qwen3moe", "\"qwen2moe\""});
  check_refused(GgufBuilder(), {"key \"general.architecture\"", "to be there"});
  check_refused(GgufBuilder().value("general.architecture", 1u), {"general.architecture", "a string"});
  check_refused(GgufBuilder().value("general.architecture", "qwen3moe"),
                {"qwen3moe.block_count", "to be there"});
  check_refused(gguf_model().value("qwen3moe.expert_shared_count", 1u),
                {"expert_shared_count", "expected 0", "found 1"});
  check_refused(gguf_model().value("qwen3moe.expert_gating_func", 2u),
                {"expert_gating_func", "expected 1", "found 2"});
  check_refused(gguf_model().value("qwen3moe.expert_weights_scale", 2.5f),
                {"expert_weights_scale", "expected 1", "found 2.5"});
  check_refused(
      gguf_model().value("qwen3moe.attention.key_length", 6u).value("qwen3moe.attention.value_length", 8u),
      {"value_length", "expected 6", "found 8"});
  check_refused(
      gguf_model().value("qwen3moe.attention.key_length", 6u).value("qwen3moe.rope.dimension_count", 3u),
      {"dimension_count", "expected 6", "found 3"});
  check_refused(gguf_model().value("qwen3moe.attention.head_count_kv", "two"),
                {"head_count_kv", "a whole number", "string"});
  CHECK_FALSE(
      config(
          gguf_model().value("qwen3moe.expert_weights_scale", 1.0f).value("qwen3moe.expert_gating_func", 1u))
          .empty());
  check_refused(gguf_model().value("qwen3moe.rope.dimension_count", 1u),
                {"dimension_count", "expected 2", "found 1"});
  check_refused(gguf_model().value("qwen3moe.expert_group_count", 4u),
                {"expert_group_count", "expected 1", "found 4"});
  check_refused(gguf_model().value("qwen3moe.nextn_predict_layers", 1u),
                {"nextn_predict_layers", "expected 0"});
  check_refused(gguf_model().value("qwen3moe.attention.clamp_kqv", 8.0f),
                {"clamp_kqv", "expected 0", "found 8"});
  check_refused(gguf_model().value("qwen3moe.attention.scale", 0.5f), {"attention.scale", "expected 0"});
  check_refused(gguf_model().value("qwen3moe.logit_scale", 2.0f), {"logit_scale", "expected 1", "found 2"});
  check_refused(gguf_model("llama").value("llama.residual_scale", 0.5f), {"residual_scale", "expected 1"});
  check_refused(gguf_model("llama").value("llama.expert_count", 8u),
                {"llama.expert_count", "expected 0", "found 8"});
  check_refused(gguf_model()
                    .value("qwen3moe.rope.scaling.type", "yarn")
                    .value("qwen3moe.rope.scaling.yarn_ext_factor", 0.5f),
                {"yarn_ext_factor", "expected 1", "found 0.5"});
  CHECK_FALSE(config(gguf_model()
                         .value("qwen3moe.logit_scale", 0.0f)
                         .value("qwen3moe.expert_group_count", 1u)
                         .value("qwen3moe.n_deepstack_layers", 3u))
                  .empty());
}

TEST_CASE("gguf checkpoint: a number may have any integer type, or be an array of equal numbers") {
  const auto block_count = [](std::uint32_t type, std::string_view bytes) {
    GgufBuilder file;
    file.value("general.architecture", "qwen3").value("qwen3.block_count", type, bytes);
    file.value("qwen3.context_length", 512u).value("qwen3.embedding_length", 4u);
    file.value("qwen3.feed_forward_length", 6u).value("qwen3.attention.head_count", 2u);
    return file;
  };
  check_config(block_count(0, "\x02"), R"("num_hidden_layers": 2)");
  check_config(block_count(2, GgufBuilder::bytes_of(std::uint16_t{2})), R"("num_hidden_layers": 2)");
  check_config(block_count(5, GgufBuilder::bytes_of(2)), R"("num_hidden_layers": 2)");
  check_config(block_count(10, GgufBuilder::bytes_of(std::uint64_t{2})), R"("num_hidden_layers": 2)");
  check_config(block_count(11, GgufBuilder::bytes_of(std::int64_t{2})), R"("num_hidden_layers": 2)");
  check_refused(block_count(5, GgufBuilder::bytes_of(-2)), {"block_count", "not negative"});
  check_config(gguf_model().array("qwen3moe.attention.head_count_kv", 4, std::vector<std::uint32_t>{1, 1}),
               R"("num_key_value_heads": 1)");
  check_refused(gguf_model().array("qwen3moe.attention.head_count_kv", 4, std::vector<std::uint32_t>{1, 2}),
                {"head_count_kv", "the same number for all layers"});
  check_config(gguf_model().value("qwen3moe.rope.freq_base", 12, GgufBuilder::bytes_of(5e6)),
               R"("rope_theta": 5e+06)");
}

TEST_CASE("gguf checkpoint: shapes of tensors take precedence over stated widths") {
  const auto with = [](const std::string& name, const std::vector<std::uint64_t>& sizes) {
    GgufBuilder file = gguf_model();
    file.value("qwen3moe.expert_feed_forward_length", 9u);
    return add_tensor(file, name, sizes);
  };
  check_config(gguf_model().value("qwen3moe.expert_feed_forward_length", 9u),
               R"("moe_intermediate_size": 9)");
  check_config(gguf_model(), R"("moe_intermediate_size": 2)");  // 6 divided by 3 experts for each token
  check_config(with("blk.0.ffn_gate_exps.weight", {4, 3, 8}), R"("moe_intermediate_size": 3)");
  check_config(with("blk.0.ffn_gate_up_exps.weight", {4, 10, 8}), R"("moe_intermediate_size": 5)");
  check_config(with("blk.0.ffn_gate.7.weight", {4, 3}), R"("moe_intermediate_size": 3)");
  check_config(with("blk.0.ffn_gate.weight", {4, 7}), R"("intermediate_size": 7)");
  check_config(gguf_model(), R"("intermediate_size": 6)");
}

TEST_CASE("gguf checkpoint: expert weights are normalised unless expert_weights_norm is false") {
  check_config(gguf_model(), R"("norm_topk_prob": true)");
  check_config(gguf_model().value("qwen3moe.expert_weights_norm", true), R"("norm_topk_prob": true)");
  check_config(gguf_model().value("qwen3moe.expert_weights_norm", false), R"("norm_topk_prob": false)");
}

TEST_CASE("gguf checkpoint: the vocabulary size comes from the embedding, or else from the metadata") {
  GgufBuilder file = gguf_model();
  file.value("qwen3moe.vocab_size", 100u);
  check_config(file, R"("vocab_size": 100)");
  check_config(add_tensor(file, "token_embd.weight", {4, 70}), R"("vocab_size": 70)");
}

TEST_CASE("gguf checkpoint: rope of the architecture llama rotates neighbours") {
  GgufBuilder file;
  file.value("general.architecture", "llama")
      .value("llama.block_count", 2u)
      .value("llama.context_length", 512u);
  file.value("llama.embedding_length", 8u).value("llama.feed_forward_length", 6u);
  file.value("llama.attention.head_count", 2u)
      .value("llama.rope.dimension_count", 4u)
      .value("llama.vocab_size", 9u);
  check_config(file, R"("model_type": "llama")");
  check_config(file, R"("rope_interleave": true)");
  check_config(file, R"("intermediate_size": 6)");
  check_config(file, R"("head_dim": 4)");
  CHECK(config(gguf_model()).find("rope_interleave") == std::string::npos);
}

TEST_CASE("gguf checkpoint: unknown tensors that change the results are refused by name") {
  for (const char* name : {"blk.0.ffn_gate.bias", "blk.1.ffn_down.bias", "blk.1.attn_norm.bias",
                           "blk.0.ffn_gate_inp.bias", "blk.0.exp_probs_b.bias", "blk.0.attn_sinks.weight",
                           "blk.0.ffn_down_exps.bias", "blk.0.ffn_gate_shexp.weight", "blk.0.attn_q.scale",
                           "blk.0.ffn_gate_exps.scale", "blk.0.attn_q_a.weight", "output.bias",
                           "output_norm.bias", "token_embd_norm.weight", "rope_factors_long.weight"}) {
    GgufBuilder file = gguf_model();
    check_refused(add_tensor(file, name, {4}), {"only tensors that the library knows", name});
  }
  for (const char* name :
       {"blk.0.nextn.eh_proj.weight", "blk.0.attn_rot_embd", "rope_freqs.weight", "other.weight"}) {
    GgufBuilder file = gguf_model();
    CHECK(open(add_tensor(file, name, {4})).tensors().size() == 1);
  }
}

TEST_CASE("gguf checkpoint: outer dimensions of 1 may be present or missing") {
  GgufBuilder file = gguf_model();
  for (const auto& [name, sizes] : std::initializer_list<std::pair<const char*, std::vector<std::uint64_t>>>{
           {"blk.0.attn_norm.weight", {4, 1}},
           {"blk.0.ffn_gate_inp.weight", {4}},
           {"blk.0.ffn_up_exps.weight", {4, 3}},
           {"blk.1.ffn_up_exps.weight", {4}},
           {"blk.0.attn_q.weight", {4, 4, 1, 1}},
           {"blk.0.attn_k.weight", {1, 4, 2}}})
    add_tensor(file, name, sizes);
  const moe::Checkpoint checkpoint = open(file);
  using Shape = std::vector<std::uint64_t>;
  CHECK(checkpoint.at("model.layers.0.input_layernorm.weight").shape == Shape{4});
  CHECK(checkpoint.at("model.layers.0.mlp.gate.weight").shape == Shape{1, 4});
  CHECK(checkpoint.at("model.layers.0.mlp.experts.up_proj").shape == Shape{1, 3, 4});
  CHECK(checkpoint.at("model.layers.1.mlp.experts.up_proj").shape == Shape{1, 1, 4});
  CHECK(checkpoint.at("model.layers.0.self_attn.q_proj.weight").shape == Shape{4, 4});
  CHECK(checkpoint.at("model.layers.0.self_attn.k_proj.weight").shape == Shape{2, 4, 1});  // not an outer one
}

TEST_CASE("gguf checkpoint: a fused tensor of queries, keys and values is split") {
  // Two heads of 2 numbers, one of keys: 4, 2 and 2 rows of 4 numbers.
  GgufBuilder file = gguf_model();
  file.value("qwen3moe.attention.head_count_kv", 1u);
  add_tensor(add_tensor(file, "blk.0.attn_qkv.weight", {4, 8}), "blk.0.attn_qkv.bias", {8});
  const moe::Checkpoint checkpoint = open(file);
  const auto part = [&](const char* name) -> const moe::TensorInfo& {
    return checkpoint.at(std::string("model.layers.0.self_attn.") + name);
  };
  const moe::TensorInfo &q = part("q_proj.weight"), &k = part("k_proj.weight"), &v = part("v_proj.weight");
  CHECK(checkpoint.tensors().size() == 6);
  CHECK(q.shape == std::vector<std::uint64_t>{4, 4});
  CHECK(k.shape == std::vector<std::uint64_t>{2, 4});
  CHECK(q.bytes == 64);
  CHECK(v.bytes == 32);
  CHECK(k.offset == q.offset + 64);
  CHECK(v.offset == q.offset + 96);
  CHECK(part("v_proj.bias").offset == part("q_proj.bias").offset + 24);
  check_config(file, R"("attention_bias": true)");

  GgufBuilder wrong = gguf_model();
  check_refused(add_tensor(wrong, "blk.0.attn_qkv.weight", {4, 8}),
                {"self_attn.qkv_proj.weight", "12 rows", "[8, 4]"});
}

TEST_CASE("gguf checkpoint: one bias in any layer sets attention_bias") {
  for (const char* name : {"blk.1.attn_output.bias", "blk.0.attn_k.bias"}) {
    GgufBuilder file = gguf_model();
    check_config(add_tensor(file, name, {4}), R"("attention_bias": true)");
  }
  check_config(gguf_model(), R"("attention_bias": false)");
}

TEST_CASE("gguf checkpoint: YaRN with an extrapolation factor other than 1 is refused") {
  const auto with = [](float mix) {
    GgufBuilder file = gguf_model();
    return file.value("qwen3moe.rope.scaling.type", "yarn")
        .value("qwen3moe.rope.scaling.factor", 4.0f)
        .value("qwen3moe.rope.scaling.yarn_ext_factor", mix);
  };
  check_config(with(1), R"("rope_type": "yarn")");
  check_config(with(-1), R"("rope_type": "yarn")");
  check_refused(with(0), {"yarn_ext_factor", "expected 1", "found 0"});
}

TEST_CASE("gguf checkpoint: infinite numbers are refused by their keys") {
  GgufBuilder file = gguf_model();
  file.value("qwen3moe.rope.freq_base", std::numeric_limits<float>::infinity());
  check_refused(file, {"qwen3moe.rope.freq_base", "a finite number", "inf"});
}

TEST_CASE("gguf checkpoint: two tensors that map to the same name are refused") {
  GgufBuilder file = gguf_model();
  add_tensor(add_tensor(file, "output_norm.weight", {4}), "model.norm.weight", {4});
  check_refused(file, {"tensor \"model.norm.weight\"", "two"});
}

TEST_CASE("gguf checkpoint: a fused bias in blocks is refused") {
  GgufBuilder file;
  file.value("general.architecture", "qwen3moe").value("qwen3moe.embedding_length", 64u);
  file.value("qwen3moe.attention.head_count", 2u).value("qwen3moe.attention.head_count_kv", 1u);
  file.tensor("blk.0.attn_qkv.bias", {128}, 8, std::string(4 * 34, 'x'));
  check_refused(file, {"self_attn.qkv_proj.bias", "a type without blocks", "Q8_0"});
}

TEST_CASE("gguf checkpoint: many fused tensors and a long name of the architecture take linear time") {
  // Quadratic time would copy the name of 4 MB for each of 20,000 tensors.
  const Watchdog watchdog(std::chrono::seconds(60));
  const std::string architecture(4'000'000, 'a');
  GgufBuilder file;
  file.value("general.architecture", architecture).value(architecture + ".embedding_length", 4u);
  file.value(architecture + ".attention.head_count", 1u);
  for (int layer = 0; layer < 20'000; ++layer)
    file.info("blk." + std::to_string(layer) + ".attn_qkv.weight", {0, 12}, 0, 0);
  check_refused(file, {"key"});
}
