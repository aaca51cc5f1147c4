#include "detail/core/token.hpp"
#include "detail/model/rope_config.hpp"
#include "detail/model/config.hpp"
#include "support/message_of.hpp"
#include "support/tiny_checkpoint.hpp"

#include <doctest/doctest.h>

#include <string>
#include <vector>

using moe::ModelConfig;

namespace {

std::string refusal(std::string_view from, std::string_view to) {
  TinyCheckpoint tiny;
  tiny.edit(from, to);
  return message_of([&] { return ModelConfig(tiny.open()); });
}

/// A configuration with only these members, beside the tensors of a golden checkpoint.
ModelConfig config_of(const std::string& members) {
  TinyCheckpoint tiny;
  tiny.directory().write("config.json", "{" + members + "}");
  return ModelConfig(tiny.open());
}

}  // namespace

TEST_CASE("config: values are those of config.json") {
  const ModelConfig config{moe::Checkpoint(golden("plain-bf16"))};
  CHECK(config.architecture == "qwen3_moe");
  CHECK(config.vocabulary_size == 320);
  CHECK(config.hidden_size == 64);
  CHECK(config.layers.size() == 3);
  CHECK(config.heads == 4);
  CHECK(config.kv_heads == 2);
  CHECK(config.head_dim == 32);
  CHECK(config.experts == 16);
  CHECK(config.experts_per_token == 4);
  CHECK(config.expert_intermediate_size == 32);
  CHECK(config.normalise_expert_weights);
  CHECK(config.max_positions == 512);
  CHECK(config.rope.theta == 1e6);
  CHECK(config.end_tokens == std::vector<moe::TokenId>{319});
  for (const moe::LayerConfig& layer : config.layers) CHECK((layer.has_experts && layer.sliding_window == 0));
}

TEST_CASE("config: omitted keys have the defaults of transformers") {
  const ModelConfig config = config_of(R"("model_type": "qwen3_moe", "num_hidden_layers": 2)");
  CHECK(config.vocabulary_size == 151936);
  CHECK(config.hidden_size == 2048);
  CHECK(config.heads == 32);
  CHECK(config.kv_heads == 4);
  CHECK(config.head_dim == 64);
  CHECK(config.experts == 128);
  CHECK(config.experts_per_token == 8);
  CHECK(config.expert_intermediate_size == 768);
  CHECK_FALSE(config.normalise_expert_weights);
  CHECK_FALSE(config.attention_bias);
  CHECK_FALSE(config.tied_embeddings);
  CHECK(config.rms_norm_epsilon == 1e-6f);
  CHECK(config.rope.theta == 10000);
  CHECK(config.end_tokens.empty());
}

TEST_CASE("config: the thinker of Qwen3-Omni has its own defaults") {
  const ModelConfig config = config_of(
      R"("model_type": "qwen3_omni_moe", "thinker_config": {"text_config": {"model_type": "qwen3_omni_moe_text", "num_hidden_layers": 1}})");
  CHECK(config.architecture == "qwen3_omni_moe_text");
  CHECK(config.normalise_expert_weights);
  CHECK(config.rope.theta == 1e6);
}

TEST_CASE("config: the outermost model_type identifies Qwen3-Omni, whatever the inner one is") {
  for (const char* inner : {"", R"("model_type": "qwen3_moe", )"}) {
    const ModelConfig config = config_of(
        R"("model_type": "qwen3_omni_moe", "thinker_config": {"text_config": {)" + std::string(inner) +
        R"("num_hidden_layers": 1, "use_sliding_window": true, "sliding_window": 7}})");
    CHECK(config.architecture == "qwen3_omni_moe_text");
    CHECK(config.rope.theta == 1e6);
    CHECK(config.layers[0].sliding_window == 0);
  }
  CHECK(config_of(R"("model_type": "qwen3_moe", "num_hidden_layers": 1, "thinker_config": null)")
            .architecture == "qwen3_moe");
}

TEST_CASE("config: mlp_only_layers and decoder_sparse_step determine the dense layers") {
  const auto layers = [](const std::string& members) {
    std::string out;
    for (const moe::LayerConfig& layer :
         config_of(R"("model_type": "qwen3_moe", "num_hidden_layers": 6, )" + members).layers)
      out += layer.has_experts ? 'E' : '-';
    return out;
  };
  CHECK(layers(R"("mlp_only_layers": [0, 4, 99])") == "-EEE-E");
  CHECK(layers(R"("decoder_sparse_step": 2)") == "-E-E-E");
  CHECK(layers(R"("decoder_sparse_step": 3, "mlp_only_layers": [5])") == "--E---");
  CHECK(layers(R"("num_experts": 0)") == "------");
}

TEST_CASE("config: a number of experts that no layer has is 0, since no tensor confirms it") {
  for (const char* sparse : {R"("decoder_sparse_step": 1000)", R"("mlp_only_layers": [0, 1, 2])"}) {
    const ModelConfig config = config_of(
        R"("model_type": "qwen3_moe", "num_hidden_layers": 3, "num_experts": 2000000000, )" +
        std::string(R"("num_experts_per_tok": 1000000000, "moe_intermediate_size": 2000000000, )") + sparse);
    CHECK(config.experts == 0);
    CHECK(config.experts_per_token == 0);
    CHECK(config.expert_intermediate_size == 0);
    CHECK(config.dense_intermediate_size == 6144);
  }
}

TEST_CASE(
    "config: a sliding window is in all layers of a model with experts, in later layers of a dense one") {
  const auto windows = [](const std::string& members) {
    std::vector<std::size_t> out;
    for (const moe::LayerConfig& layer :
         config_of(R"("num_hidden_layers": 3, "sliding_window": 7, )" + members).layers)
      out.push_back(layer.sliding_window);
    return out;
  };
  using Windows = std::vector<std::size_t>;
  CHECK(windows(R"("model_type": "qwen3_moe")") == Windows{0, 0, 0});
  CHECK(windows(R"("model_type": "qwen3_moe", "use_sliding_window": true, "max_window_layers": 2)") ==
        Windows{7, 7, 7});
  CHECK(windows(R"("model_type": "qwen3", "use_sliding_window": true, "max_window_layers": 2)") ==
        Windows{0, 0, 7});
  CHECK(windows(R"("model_type": "qwen3", "use_sliding_window": true, "layer_types":
                   ["sliding_attention", "full_attention", "sliding_attention"])") == Windows{7, 0, 7});
  const ModelConfig without = config_of(
      R"("model_type": "qwen3_moe", "num_hidden_layers": 1, "use_sliding_window": true, "sliding_window": null)");
  CHECK(without.layers[0].sliding_window == 0);
}

TEST_CASE("config: end tokens are one or several, and generation_config.json takes precedence") {
  TinyCheckpoint tiny;
  tiny.edit("\"eos_token_id\": 319", "\"eos_token_id\": [1, 2]");
  CHECK(ModelConfig(tiny.open()).end_tokens == std::vector<moe::TokenId>{1, 2});
  tiny.directory().write("generation_config.json", R"({"eos_token_id": [3]})");
  CHECK(ModelConfig(tiny.open()).end_tokens == std::vector<moe::TokenId>{3});
  tiny.directory().write("generation_config.json", R"({"eos_token_id": null})");
  CHECK(ModelConfig(tiny.open()).end_tokens == std::vector<moe::TokenId>{1, 2});
}

TEST_CASE("config: rope scaling is read from rope_scaling and from rope_parameters") {
  const auto rope = [](const std::string& members) {
    return config_of(
               R"("model_type": "qwen3_moe", "num_hidden_layers": 1, "max_position_embeddings": 1000, )" +
               members)
        .rope;
  };
  using enum moe::RopeConfig::Scaling;
  CHECK(rope(R"("rope_scaling": null)").scaling == none);
  CHECK(rope(R"("rope_scaling": {"rope_type": "default"}, "rope_theta": 5)").theta == 5);
  CHECK(rope(R"("rope_scaling": {"type": "mrope", "mrope_section": [1, 2]})").scaling == none);
  CHECK(rope(R"("rope_scaling": {"type": "linear", "factor": 2.5})").factor == 2.5);
  CHECK(rope(R"("rope_parameters": {"rope_type": "linear", "factor": 2, "rope_theta": 7})").theta == 7);
  CHECK(rope(R"("rope_parameters": {"full_attention": {"rope_type": "yarn", "factor": 4}})").scaling == yarn);
  const auto by_kind = [](const std::string& sliding) {
    return R"("rope_parameters": {"full_attention": {"rope_theta": 9}, "sliding_attention": )" + sliding +
           "}";
  };
  CHECK(rope(by_kind(R"({"rope_theta": 9})")).theta == 9);
  check_error([&] { return rope(by_kind(R"({"rope_theta": 8})")); },
              {"$.rope_parameters.sliding_attention", "the values of full_attention"});
  const moe::RopeConfig yarn_config =
      rope(R"("rope_scaling": {"rope_type": "yarn", "factor": 4, "truncate": false})");
  CHECK(yarn_config.original_positions == 1000);
  CHECK(yarn_config.beta_fast == 32);
  CHECK(yarn_config.beta_slow == 1);
  CHECK_FALSE(yarn_config.truncate);
  CHECK(yarn_config.magnitude == doctest::Approx(1.13862943611));
  CHECK(rope(R"("rope_scaling": {"rope_type": "yarn", "factor": 4, "attention_factor": 1.5})").magnitude ==
        1.5);
  CHECK(rope(R"("rope_scaling": {"rope_type": "yarn", "factor": 40, "mscale": 0.7, "mscale_all_dim": 0.7})")
            .magnitude == 1);
  CHECK(rope(R"("rope_scaling": {"rope_type": "yarn", "original_max_position_embeddings": 250})").factor ==
        4);
  CHECK(rope(R"("rope_scaling": {"rope_type": "llama3", "factor": 8})").scaling == llama3);
}

TEST_CASE("config: a wrong value is an error with its place and its allowed range") {
  const std::string path = "config.json";
  struct WrongValue {
    const char *from, *to, *place, *expected;
  };
  for (const WrongValue& wrong : std::initializer_list<WrongValue>{
           {"\"qwen3_moe\"", "\"mixtral\"", "$.model_type", "qwen3_moe"},
           {"\"model_type\"", "\"model_typ\"", "$", "model_type"},
           {"\"num_hidden_layers\": 3", "\"num_hidden_layers\": 0", "$.num_hidden_layers",
            "a whole number from 1"},
           {"\"num_hidden_layers\": 3", "\"num_hidden_layers\": 4000000000", "$.num_hidden_layers",
            "a whole number"},
           {"\"num_hidden_layers\": 3", "\"num_hidden_layers\": \"3\"", "$.num_hidden_layers", "a number"},
           {"\"hidden_size\": 64", "\"hidden_size\": 64.5", "$.hidden_size", "a whole number"},
           {"\"hidden_size\": 64", "\"hidden_size\": -64", "$.hidden_size", "a whole number"},
           {"\"num_attention_heads\": 4", "\"num_attention_heads\": 0", "$.num_attention_heads",
            "a whole number from 1"},
           {"\"num_key_value_heads\": 2", "\"num_key_value_heads\": 3", "$.num_key_value_heads",
            "a divisor of 4"},
           {"\"num_key_value_heads\": 2", "\"num_key_value_heads\": 8", "$.num_key_value_heads",
            "from 1 to 4"},
           {"\"head_dim\": 32", "\"head_dim\": 31", "$.head_dim", "an even number"},
           {"\"head_dim\": 32", "\"head_dim\": 99999999999", "$.head_dim", "a whole number"},
           {"\"num_experts_per_tok\": 4", "\"num_experts_per_tok\": 17", "$.num_experts_per_tok",
            "from 1 to 16"},
           {"\"num_experts_per_tok\": 4", "\"num_experts_per_tok\": 0", "$.num_experts_per_tok",
            "a whole number from 1"},
           {"\"norm_topk_prob\": true", "\"norm_topk_prob\": 1", "$.norm_topk_prob", "a boolean"},
           {"\"rms_norm_eps\": 1e-06", "\"rms_norm_eps\": -1", "$.rms_norm_eps", "a number from 0"},
           {"\"hidden_act\": \"silu\"", "\"hidden_act\": \"gelu\"", "$.hidden_act", "silu"},
           {"\"rope_theta\": 1000000.0", "\"rope_theta\": 0", "$.rope_theta", "a number from"},
           {"\"rope_theta\": 1000000.0", "\"rope_theta\": 1e999", "$.rope_theta",
            "a number that an f64 can hold"},
           {"\"rope_scaling\": null", "\"rope_scaling\": {\"type\": \"dynamic\"}", "$.rope_scaling.type",
            "linear"},
           {"\"rope_scaling\": null", "\"rope_scaling\": {\"type\": \"linear\"}", "$.rope_scaling",
            "\"factor\" to be a number"},
           {"\"rope_scaling\": null", "\"rope_scaling\": {\"type\": \"linear\", \"factor\": 0}",
            "$.rope_scaling.factor", "a number"},
           {"\"rope_scaling\": null", "\"rope_scaling\": 3", "$.rope_scaling", "an object"},
           {"\"mlp_only_layers\": []", "\"mlp_only_layers\": [-1]", "$.mlp_only_layers[0]", "a whole number"},
           {"\"decoder_sparse_step\": 1", "\"decoder_sparse_step\": 0", "$.decoder_sparse_step",
            "a whole number from 1"},
           {"\"decoder_sparse_step\": 1", "\"layer_types\": [\"linear_attention\"]", "$.layer_types",
            "full_attention or sliding_attention"},
           {"\"eos_token_id\": 319", "\"eos_token_id\": [true]", "$.eos_token_id[0]", "a number"},
       }) {
    CAPTURE(wrong.to);
    const std::string message = refusal(wrong.from, wrong.to);
    CAPTURE(message);
    CHECK(message.find(path) != message.npos);
    CHECK(message.find(wrong.place) != message.npos);
    CHECK(message.find(wrong.expected) != message.npos);
    CHECK(message.find("found") != message.npos);
  }
}
