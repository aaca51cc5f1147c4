// SPDX-License-Identifier: MIT
#include "detail/spec/model_spec.hpp"
#include "detail/core/token.hpp"
#include "detail/io/checkpoint.hpp"
#include "support/checkpoints.hpp"
#include "support/message_of.hpp"
#include "support/spec_checkpoint.hpp"
#include "support/tiny_checkpoint.hpp"
#include "support/watchdog.hpp"

#include <doctest/doctest.h>

#include <chrono>
#include <cstdint>
#include <initializer_list>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

using moe::ModelSpec;
using Tokens = std::vector<moe::TokenId>;

namespace {

std::string refusal_of_edit(std::string_view from, std::string_view to) {
  TinyCheckpoint tiny;
  tiny.edit(from, to);
  return message_of([&] { return ModelSpec(tiny.open()); });
}

}  // namespace

TEST_CASE("model spec: values come from config.json") {
  const ModelSpec spec{moe::Checkpoint(golden("plain-bf16"))};
  CHECK(spec.family == "qwen3_moe");
  CHECK(spec.vocabulary_size == 320);
  CHECK(spec.hidden_size == 64);
  CHECK(spec.max_positions == 512);
  CHECK(spec.norm == ModelSpec::Norm::rms);
  CHECK(spec.norm_epsilon == 1e-6f);
  CHECK(spec.norm_offset == 0);
  CHECK_FALSE(spec.tied_embeddings);
  CHECK(spec.experts() == 16);
  CHECK(spec.experts_per_token() == 4);
  CHECK(spec.end_tokens == Tokens{319});
  REQUIRE(spec.layers.size() == 3);
  for (std::size_t i = 0; i < 3; ++i) {
    CHECK(attention_of(spec, i).heads == 4);
    CHECK(attention_of(spec, i).kv_heads == 2);
    CHECK(attention_of(spec, i).head_dim == 32);
    CHECK(attention_of(spec, i).window == 0);
    REQUIRE(spec.layers[i].router());
    CHECK(spec.layers[i].router()->normalise);
    CHECK(spec.layers[i].feed_forward->network.width == 32);
    CHECK(spec.layers[i].residual_multiplier == 1);
    CHECK_FALSE(spec.layers[i].post_norms);
  }
}

TEST_CASE("model spec: a model has the same description in GGUF and in Hugging Face form") {
  const ModelSpec gguf{moe::Checkpoint(golden("plain-f32.gguf"))},
      hugging_face{moe::Checkpoint(golden("plain-f32"))};
  CHECK(gguf.layers == hugging_face.layers);
  CHECK(gguf.family == hugging_face.family);
  CHECK(gguf.vocabulary_size == hugging_face.vocabulary_size);
  CHECK(gguf.norm_epsilon == hugging_face.norm_epsilon);
  CHECK(gguf.end_tokens == hugging_face.end_tokens);
}

TEST_CASE("model spec: omitted keys have the defaults of transformers") {
  struct Defaults {
    const char* model_type;
    std::size_t vocabulary, hidden, positions, experts, per_token;
    float epsilon;
  };
  for (const Defaults& family :
       std::initializer_list<Defaults>{{"qwen3_moe", 151936, 2048, 32768, 128, 8, 1e-6f},
                                       {"qwen3_omni_moe_text", 3584, 2048, 32768, 128, 8, 1e-6f},
                                       {"qwen3", 151936, 4096, 32768, 0, 0, 1e-6f},
                                       {"llama", 32000, 4096, 2048, 0, 0, 1e-6f},
                                       {"mistral", 32000, 4096, 131072, 0, 0, 1e-6f},
                                       {"mixtral", 32000, 4096, 131072, 8, 2, 1e-5f},
                                       {"qwen2_moe", 151936, 2048, 32768, 60, 4, 1e-6f},
                                       {"olmoe", 50304, 2048, 4096, 64, 8, 1e-5f},
                                       {"gpt_oss", 201088, 2880, 131072, 128, 4, 1e-5f},
                                       {"glm4_moe", 151552, 4096, 131072, 128, 8, 1e-5f},
                                       {"minimax_m2", 200064, 3072, 196608, 256, 8, 1e-6f},
                                       {"granitemoe", 32000, 4096, 2048, 8, 2, 1e-6f},
                                       {"granite", 32000, 4096, 2048, 0, 0, 1e-6f},
                                       {"phimoe", 32064, 4096, 131072, 16, 2, 1e-5f},
                                       {"qwen3_next", 151936, 2048, 32768, 512, 10, 1e-6f},
                                       {"qwen3_5_moe_text", 248320, 2048, 32768, 256, 8, 1e-6f},
                                       {"qwen3_5_text", 248320, 4096, 32768, 0, 0, 1e-6f},
                                       {"gemma4_text", 262144, 2304, 131072, 0, 0, 1e-6f},
                                       {"deepseek_v3", 129280, 7168, 4096, 256, 8, 1e-6f},
                                       {"glm4_moe_lite", 154880, 2048, 202752, 64, 4, 1e-5f},
                                       {"granitemoehybrid", 32000, 4096, 2048, 8, 2, 1e-6f}}) {
    CAPTURE(family.model_type);
    const ModelSpec spec =
        spec_of(R"("head_dim": 128, "model_type": ")" + std::string(family.model_type) + "\"");
    CHECK(spec.vocabulary_size == family.vocabulary);
    CHECK(spec.hidden_size == family.hidden);
    CHECK(spec.max_positions == family.positions);
    CHECK(spec.experts() == family.experts);
    CHECK(spec.experts_per_token() == family.per_token);
    CHECK(spec.norm_epsilon == family.epsilon);
    CHECK(spec.end_tokens.empty());
  }
}

TEST_CASE("model spec: the number of layers has the default of the family") {
  for (const auto& [type, layers] : std::initializer_list<std::pair<const char*, std::size_t>>{
           {"qwen3_moe", 24}, {"gpt_oss", 36}, {"glm4_moe", 46}, {"minimax_m2", 62}, {"deepseek_v3", 61}})
    CHECK(spec_of(R"("head_dim": 128, "model_type": ")" + std::string(type) + "\"").layers.size() == layers);
}

TEST_CASE("model spec: the epsilon of norms has several names") {
  CHECK(spec_of(R"("model_type": "nemotron_h", "hybrid_override_pattern": "*", "layer_norm_epsilon": 0.5)")
            .norm_epsilon == 0.5f);
  CHECK(spec_of(R"("model_type": "lfm2_moe", "num_hidden_layers": 1, "full_attn_idxs": [], "norm_eps": 0.5)")
            .norm_epsilon == 0.5f);
  CHECK(spec_of(R"("model_type": "nemotron_h", "hybrid_override_pattern": "*", "layer_norm_epsilon": 0.5,
                   "norm_eps": 0.25, "rms_norm_eps": 0.125)")
            .norm_epsilon == 0.5f);
  CHECK(spec_of(R"("model_type": "lfm2_moe", "num_hidden_layers": 1, "full_attn_idxs": [], "norm_eps": 0.5,
                   "rms_norm_eps": 0.25)")
            .norm_epsilon == 0.5f);
  GgufBuilder file;
  file.value("general.architecture", "nemotron_h").value("nemotron_h.block_count", 1u);
  file.value("nemotron_h.context_length", 512u).value("nemotron_h.embedding_length", 4u);
  file.value("nemotron_h.attention.head_count", 2u).value("nemotron_h.attention.layer_norm_epsilon", 0.25f);
  CHECK(spec_of(file).norm_epsilon == 0.25f);
}

TEST_CASE("model spec: Qwen3-Next adds 1 to the weights of norms, unless a converter did") {
  CHECK(spec_of(R"("model_type": "qwen3_next", "num_hidden_layers": 1)").norm_offset == 1);
  GgufBuilder file = gguf_model("qwen3next");
  file.value("qwen3next.expert_count", 0u)
      .array("qwen3next.attention.recurrent_layers", 7, std::vector<std::uint8_t>{0, 0});
  CHECK(spec_of(file).norm_offset == 0);
}

TEST_CASE("model spec: PhiMoE has norms with a mean, and may have a bias of the head") {
  const ModelSpec spec = spec_of(R"("model_type": "phimoe", "num_hidden_layers": 1, "lm_head_bias": true)");
  CHECK(spec.norm == ModelSpec::Norm::layer);
  CHECK(spec.head_bias);
  CHECK_FALSE(spec_of(R"("model_type": "phimoe", "num_hidden_layers": 1)").head_bias);
}

TEST_CASE("model spec: Granite has multipliers, and divides the logits") {
  for (const char* type : {"granite", "granitemoe", "granitemoehybrid"}) {
    const ModelSpec spec = spec_of("\"model_type\": \"" + std::string(type) + R"(", "num_hidden_layers": 1,
        "embedding_multiplier": 12, "residual_multiplier": 0.25, "logits_scaling": 8)");
    CHECK(spec.embedding_multiplier == 12);
    CHECK(spec.layers[0].residual_multiplier == 0.25f);
    CHECK(spec.logit_multiplier == 0.125f);
  }
  const ModelSpec gguf = spec_of(gguf_model("granitemoe")
                                     .value("granitemoe.embedding_scale", 12.0f)
                                     .value("granitemoe.residual_scale", 0.25f)
                                     .value("granitemoe.logit_scale", 0.0f));
  CHECK(gguf.embedding_multiplier == 12);
  CHECK(gguf.layers[1].residual_multiplier == 0.25f);
  CHECK(gguf.logit_multiplier == 1);
  for (const char* small : {"0", "1e-50"})
    check_error(
        [&] {
          return spec_of(R"("model_type": "granite", "num_hidden_layers": 1, "logits_scaling": )" +
                         std::string(small));
        },
        {"$.logits_scaling", "a number from 1e-06 to 1e+06", "found " + std::string(small)});
}

TEST_CASE("model spec: Gemma multiplies the embedding by the root of its size, and limits the logits") {
  const std::string gemma = R"("model_type": "gemma4_text", "num_hidden_layers": 1, "hidden_size": 72)";
  const ModelSpec spec = spec_of(gemma);
  CHECK(spec.embedding_multiplier == doctest::Approx(8.48528137));
  CHECK(spec.logit_soft_cap == 0);
  CHECK(spec.tied_embeddings);
  CHECK(spec.layers[0].post_norms);
  CHECK(spec.layers[0].scaled);
  CHECK(spec_of(gemma + R"(, "final_logit_softcapping": 30.0)").logit_soft_cap == 30);
  CHECK(spec_of(gemma + R"(, "final_logit_softcapping": null)").logit_soft_cap == 0);
}

TEST_CASE(
    "model spec: the text model, or else an object around it, states whether the embedding is the head") {
  CHECK(spec_of(R"("model_type": "qwen3", "num_hidden_layers": 1, "tie_word_embeddings": true)")
            .tied_embeddings);
  const std::string inner = R"("text_config": {"num_hidden_layers": 1)";
  const std::string outer = R"("model_type": "qwen3_5", "tie_word_embeddings": true, )";
  CHECK(spec_of(outer + inner + "}").tied_embeddings);
  CHECK_FALSE(spec_of(outer + inner + R"(, "tie_word_embeddings": false})").tied_embeddings);
  const std::string text = R"("text_config": {"num_hidden_layers": 1, "head_dim": 8}})";
  CHECK(spec_of(R"("model_type": "qwen3_omni_moe", "thinker_config": {"tie_word_embeddings": true, )" + text)
            .tied_embeddings);
  CHECK_FALSE(spec_of(R"("model_type": "qwen3_omni_moe", "tie_word_embeddings": true,
                         "thinker_config": {"tie_word_embeddings": false, )" +
                      text)
                  .tied_embeddings);
  const std::string lfm2 = R"("model_type": "lfm2_moe", "num_hidden_layers": 1, "full_attn_idxs": [])";
  CHECK(spec_of(lfm2).tied_embeddings);
  CHECK_FALSE(spec_of(lfm2 + R"(, "tie_embedding": false, "tie_word_embeddings": true)").tied_embeddings);
  CHECK(spec_of(gguf_model()).tied_embeddings);
  CHECK_FALSE(
      ModelSpec(SpecCheckpoint().tensor("output.weight", {16, 4}).gguf(gguf_model())).tied_embeddings);
}

TEST_CASE("model spec: end tokens are one or several, of generation_config.json and config.json together") {
  TinyCheckpoint tiny;
  tiny.edit("\"eos_token_id\": 319", "\"eos_token_id\": [1, 2]");
  CHECK(ModelSpec(tiny.open()).end_tokens == Tokens{1, 2});
  tiny.directory().write("generation_config.json", R"({"eos_token_id": [3]})");
  CHECK(ModelSpec(tiny.open()).end_tokens == Tokens{3, 1, 2});
  tiny.directory().write("generation_config.json", R"({"eos_token_id": null})");
  CHECK(ModelSpec(tiny.open()).end_tokens == Tokens{1, 2});
  CHECK(spec_of(R"("model_type": "gemma4", "eos_token_id": [1, 106],
                   "text_config": {"num_hidden_layers": 1, "eos_token_id": 1})")
            .end_tokens == Tokens{1, 106});
}

TEST_CASE("model spec: in GGUF files the tokens that end a text, a turn or a message all end a text") {
  const auto tokens = [](std::initializer_list<std::pair<const char*, std::uint32_t>> ids) {
    GgufBuilder file = gguf_model();
    for (const auto& [name, id] : ids) file.value("tokenizer.ggml." + std::string(name) + "_token_id", id);
    return spec_of(file).end_tokens;
  };
  CHECK(tokens({{"eos", 7}, {"eot", 9}, {"eom", 8}}) == Tokens{7, 9, 8});
  CHECK(tokens({{"eos", 7}, {"eot", 7}}) == Tokens{7});
  CHECK(tokens({}) == Tokens{});
  CHECK(spec_of(gguf_model().value("tokenizer.ggml.model", "llama")).end_tokens == Tokens{2});
  check_error([&] { return tokens({{"eos", 4000000000u}}); }, {"tokenizer.ggml.eos_token_id", "at most"});
}

TEST_CASE("model spec: the vocabulary size of a GGUF file comes from the embedding") {
  CHECK(spec_of(gguf_model().value("qwen3moe.vocab_size", 100u)).vocabulary_size == 16);
  GgufBuilder file = gguf_model();
  add_tensor(file, "output_norm.weight", {4});
  const TemporaryDirectory directory;
  const auto open = [&] {
    for (int i = 0; i < 40; ++i) add_tensor(file, "x." + std::to_string(i), {1});
    return ModelSpec(moe::Checkpoint(directory.write("x.gguf", file.file())));
  };
  check_error(open, {"tensor \"token_embd.weight\"", "to be there"});
}

TEST_CASE("model spec: a wrong value is an error with its place and its allowed range") {
  struct WrongValue {
    const char *from, *to, *place, *expected;
  };
  for (const WrongValue& wrong : std::initializer_list<WrongValue>{
           {"\"qwen3_moe\"", "\"falcon\"", "$.model_type", "qwen3_moe"},
           {"\"model_type\"", "\"model_typ\"", "$", "model_type"},
           {"\"num_hidden_layers\": 3", "\"num_hidden_layers\": 0", "$.num_hidden_layers",
            "a whole number from 1"},
           {"\"num_hidden_layers\": 3", "\"num_hidden_layers\": \"3\"", "$.num_hidden_layers", "a number"},
           {"\"hidden_size\": 64", "\"hidden_size\": 64.5", "$.hidden_size", "a whole number"},
           {"\"hidden_size\": 64", "\"hidden_size\": -64", "$.hidden_size", "a whole number"},
           {"\"head_dim\": 32", "\"head_dim\": 99999999999", "$.head_dim", "a whole number"},
           {"\"num_experts_per_tok\": 4", "\"num_experts_per_tok\": 17", "$.num_experts_per_tok",
            "from 1 to 16"},
           {"\"norm_topk_prob\": true", "\"norm_topk_prob\": 1", "$.norm_topk_prob", "a boolean"},
           {"\"rms_norm_eps\": 1e-06", "\"rms_norm_eps\": -1", "$.rms_norm_eps", "a number from 0"},
           {"\"hidden_act\": \"silu\"", "\"hidden_act\": \"gelu\"", "$.hidden_act", "silu"},
           {"\"rope_theta\": 1000000.0", "\"rope_theta\": 1e999", "$.rope_theta",
            "a number that an f64 can hold"},
           {"\"mlp_only_layers\": []", "\"mlp_only_layers\": [-1]", "$.mlp_only_layers[0]", "a whole number"},
           {"\"decoder_sparse_step\": 1", "\"decoder_sparse_step\": 0", "$.decoder_sparse_step",
            "a whole number from 1"},
           {"\"eos_token_id\": 319", "\"eos_token_id\": [true]", "$.eos_token_id[0]", "a number"}}) {
    CAPTURE(wrong.to);
    const std::string message = refusal_of_edit(wrong.from, wrong.to);
    CAPTURE(message);
    CHECK(message.find("config.json") != message.npos);
    CHECK(message.find(wrong.place) != message.npos);
    CHECK(message.find(wrong.expected) != message.npos);
    CHECK(message.find("found") != message.npos);
  }
}

TEST_CASE("model spec: an error about missing metadata of a GGUF file names the key") {
  for (const char* key : {"context_length", "embedding_length", "attention.head_count"}) {
    GgufBuilder file;
    file.value("general.architecture", "qwen3").value("qwen3.block_count", 2u);
    for (const char* other :
         {"context_length", "embedding_length", "attention.head_count", "feed_forward_length"})
      if (other != std::string_view(key)) file.value("qwen3." + std::string(other), 4u);
    check_error([&] { return spec_of(file); }, {"key \"qwen3." + std::string(key) + "\"", "to be there"});
  }
  GgufBuilder dense;
  dense.value("general.architecture", "qwen3").value("qwen3.block_count", 2u);
  dense.value("qwen3.context_length", 4u)
      .value("qwen3.embedding_length", 4u)
      .value("qwen3.attention.head_count", 2u);
  check_error([&] { return spec_of(dense); }, {"qwen3.feed_forward_length", "a whole number from 1"});
  GgufBuilder experts;
  experts.value("general.architecture", "qwen3moe").value("qwen3moe.block_count", 2u);
  experts.value("qwen3moe.context_length", 4u).value("qwen3moe.embedding_length", 4u);
  check_error([&] { return spec_of(experts.value("qwen3moe.attention.head_count", 2u)); },
              {"qwen3moe.expert_count", "to be there"});
}

TEST_CASE("model spec: a configuration of any size is read in linear time") {
  // A reader with quadratic time in layers or members takes hours.
  const Watchdog watchdog(std::chrono::seconds(60));
  std::string config = R"({"model_type": "qwen3_next", "num_hidden_layers": 100)";
  for (int i = 0; i < 200'000; ++i) config += ",\"a" + std::to_string(i) + "\": 0";
  CHECK(ModelSpec(SpecCheckpoint().hugging_face(config + "}")).layers.size() == 100);
}

TEST_CASE("model spec: a base model without the prefix model. has the same description") {
  SpecCheckpoint bare, whole;
  bare.tensor("embed_tokens.weight")
      .tensor("layers.0.mlp.gate.weight")
      .tensor("norm.weight")
      .tensor("lm_head.weight");
  const std::string config = R"({"model_type": "qwen3_moe", "num_hidden_layers": 1})";
  CHECK(ModelSpec(bare.hugging_face(config)).layers == ModelSpec(whole.hugging_face(config)).layers);
}
