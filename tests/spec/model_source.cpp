// SPDX-License-Identifier: MIT
#include "detail/spec/model_source.hpp"
#include "support/message_of.hpp"
#include "support/spec_checkpoint.hpp"

#include <doctest/doctest.h>

#include <initializer_list>
#include <string>
#include <string_view>
#include <tuple>
#include <utility>

using moe::detail::ModelSource;

namespace {

ModelSource source_of(const std::string& members) {
  return ModelSource(SpecCheckpoint().hugging_face("{" + members + "}"));
}

ModelSource source_of(const GgufBuilder& file) { return ModelSource(SpecCheckpoint().gguf(file)); }

std::string family_of(const std::string& model_type) {
  return std::string(
      source_of("\"model_type\": \"" + model_type + "\", \"hidden_size\": 8").family().model_type);
}

}  // namespace

TEST_CASE(
    "model source: model_type identifies the family, also for a text model in a checkpoint of its own") {
  for (const auto& [type, family] :
       std::initializer_list<std::pair<const char*, const char*>>{{"qwen3_moe", "qwen3_moe"},
                                                                  {"qwen3_omni_moe_text", "qwen3_omni_moe"},
                                                                  {"qwen3_vl_moe_text", "qwen3_vl_moe"},
                                                                  {"mistral", "mistral"},
                                                                  {"granitemoeshared", "granitemoe"},
                                                                  {"qwen3_5_moe_text", "qwen3_5_moe"},
                                                                  {"qwen3_5_text", "qwen3_5"},
                                                                  {"gemma4_text", "gemma4"},
                                                                  {"gemma4", "gemma4"}})
    CHECK(family_of(type) == family);
}

TEST_CASE("model source: general.architecture identifies the family, with the number of experts") {
  for (const auto& [architecture, family] :
       std::initializer_list<std::pair<const char*, const char*>>{{"qwen3moe", "qwen3_moe"},
                                                                  {"qwen3vlmoe", "qwen3_omni_moe"},
                                                                  {"llama", "llama"},
                                                                  {"deepseek2", "deepseek_v3"},
                                                                  {"nemotron_h", "nemotron_h"},
                                                                  {"nemotron_h_moe", "nemotron_h"}})
    CHECK(source_of(gguf_model(architecture)).family().model_type == family);
  CHECK(source_of(gguf_model("llama").value("llama.expert_count", 8u)).family().model_type == "mixtral");
}

TEST_CASE("model source: values come from the object of the text model") {
  CHECK(source_of(R"("model_type": "qwen3_omni_moe", "hidden_size": 1,
                     "thinker_config": {"text_config": {"hidden_size": 7}})")
            .values()
            .size("hidden_size", 0) == 7);
  CHECK(source_of(R"("thinker_config": {"text_config": {"model_type": "qwen3_moe"}})").family().model_type ==
        "qwen3_omni_moe");
  CHECK(source_of(R"("model_type": "gemma4", "text_config": {"model_type": "gemma4_text", "hidden_size": 7})")
            .values()
            .size("hidden_size", 0) == 7);
  CHECK(source_of(R"("model_type": "qwen3_moe", "text_config": {"hidden_size": 7}, "hidden_size": 9)")
            .values()
            .size("hidden_size", 0) == 9);
  CHECK(source_of(R"("model_type": "qwen3_moe", "thinker_config": null)").family().model_type == "qwen3_moe");
  check_error([] { return source_of(R"("model_type": "qwen3_omni_moe", "thinker_config": {})"); },
              {"$.thinker_config", "\"text_config\"", "none"});
  check_error([] { return source_of(R"("model_type": "gemma4")"); }, {"config.json: $", "\"text_config\""});
}

TEST_CASE(
    "model source: an unknown family is refused, and the error about a known one without support names what "
    "is missing") {
  check_error([] { return source_of(R"("model_type": "falcon")"); },
              {"config.json: $.model_type", "qwen3_moe", "nemotron_h", "found \"falcon\""});
  check_error([] { return source_of(R"("hidden_size": 8)"); },
              {"config.json: $", "\"model_type\"", "found none"});
  check_error([] { return source_of(R"("model_type": 3)"); },
              {"$.model_type", "qwen3_moe", "found a value that is no text"});
  for (const auto& row : std::initializer_list<std::pair<const char*, const char*>>{
           {"deepseek_v4", "compressed attention"},
           {"deepseek_v32", "sparse attention with an indexer"},
           {"qwen4_exp", "n-gram embeddings"}}) {
    const auto& type = std::get<0>(row);
    const auto& missing = std::get<1>(row);
    check_error([&] { return source_of("\"model_type\": \"" + std::string(type) + "\""); },
                {"$.model_type", type, missing, "not supported"});
  }
  check_error([] { return source_of(gguf_model("falcon")); },
              {"x.gguf: key \"general.architecture\"", "qwen3moe", "found \"falcon\""});
  check_error([] { return source_of(gguf_model("deepseek4")); },
              {"\"general.architecture\"", "\"deepseek4\" (not supported: compressed attention"});
  check_error([] { return source_of(GgufBuilder()); }, {"key \"general.architecture\"", "to be there"});
  check_error([] { return source_of(GgufBuilder().value("general.architecture", 1u)); },
              {"general.architecture", "a string"});
}

TEST_CASE("model source: an error about an unknown family lists each supported name once") {
  const auto count = [](const std::string& message, const std::string& name) {
    std::size_t found = 0;
    for (std::size_t at = 0; (at = message.find(name, at)) != message.npos; at += name.size()) ++found;
    return found;
  };
  const std::string gguf = message_of([] { return source_of(gguf_model("falcon")); }),
                    config = message_of([] { return source_of(R"("model_type": "falcon")"); });
  CAPTURE(gguf);
  CHECK(count(gguf, " llama,") == 1);
  CHECK(count(gguf, " nemotron_h,") == 1);
  CHECK(count(gguf, " nemotron_h_moe,") == 1);
  CHECK(count(config, " llama,") == 1);
  for (const std::string& message : {gguf, config}) CHECK(count(message, "... (") == 0);  // not shortened
}

TEST_CASE("model source: weights quantised in an unknown way are refused before an unknown family") {
  check_error(
      [] { return source_of(R"("model_type": "falcon", "quantization_config": {"quant_method": "gptq"})"); },
      {"$.quantization_config.quant_method", "\"gptq\""});
  const char* const mxfp4 = R"(", "quantization_config": {"quant_method": "mxfp4"})";
  CHECK(source_of("\"model_type\": \"gpt_oss" + std::string(mxfp4)).quantisation().mxfp4);
  check_error([&] { return source_of("\"model_type\": \"qwen3_moe" + std::string(mxfp4)); }, {"\"mxfp4\""});
  CHECK(source_of(R"("model_type": "qwen3_moe",
                     "quantization_config": {"quant_method": "fp8", "weight_block_size": [128, 128]})")
            .quantisation()
            .fp8());
}

TEST_CASE("model source: layers that draft tokens do not count") {
  CHECK(source_of(R"("model_type": "glm4_moe", "num_hidden_layers": 5, "num_nextn_predict_layers": 1)")
            .layers() == 5);
  SpecCheckpoint stored;
  stored.tensor("blk.0.attn_norm.weight", {4});
  CHECK(ModelSource(stored.gguf(gguf_model().value("qwen3moe.nextn_predict_layers", 1u))).layers() == 1);
  check_error([] { return source_of(gguf_model().value("qwen3moe.nextn_predict_layers", 2u)); },
              {"qwen3moe.nextn_predict_layers", "from 0 to 1", "found 2"});
  check_error([] { return source_of(gguf_model().value("qwen3moe.nextn_predict_layers", 1u)); },
              {"layers", "only layers that draft tokens"});
}

TEST_CASE("model source: an error names an extraction of an older version, which has other names") {
  check_error([] { return source_of(gguf_model().value("moe.config", R"({"model_type": "qwen3_moe"})")); },
              {"moe.config", "the names of the source", "an older version"});
}

TEST_CASE("model source: a pattern of blocks states the number of layers") {
  CHECK(source_of(R"("model_type": "nemotron_h", "num_hidden_layers": 52, "hybrid_override_pattern": "M*E-")")
            .layers() == 4);
  CHECK(source_of(R"("model_type": "nemotron_h", "layers_block_type": ["mamba", "moe", "mlp"])").layers() ==
        3);
  CHECK(source_of(R"("model_type": "nemotron_h", "num_hidden_layers": 1, "layer_types": ["mamba", "moe"])")
            .layers() == 2);
  check_error(
      [] {
        return source_of("\"model_type\": \"nemotron_h\", \"hybrid_override_pattern\": \"" +
                         std::string(101, 'M') + "\"");
      },
      {"$.hybrid_override_pattern", "at most 100 blocks", "found 101"});
}

TEST_CASE("model source: more layers than tensors are refused") {
  for (const char* layers : {"0", "101", "4000000000"})
    check_error(
        [&] {
          return source_of(R"("model_type": "qwen3_moe", "num_hidden_layers": )" + std::string(layers));
        },
        {"$.num_hidden_layers", "a whole number from 1 to 100", layers});
  GgufBuilder file;
  file.value("general.architecture", "qwen3moe");
  check_error([&] { return source_of(file); }, {"qwen3moe.block_count", "to be there"});
  check_error([&] { return source_of(file.value("qwen3moe.block_count", 1000u)); },
              {"qwen3moe.block_count", "a whole number from 1 to 101", "1000"});
}

TEST_CASE("model source: a number may have any integer type, or be an array of equal numbers") {
  const auto layers = [](std::uint32_t type, std::string_view bytes) {
    GgufBuilder file;
    file.value("general.architecture", "qwen3").value("qwen3.block_count", type, bytes);
    return source_of(file).layers();
  };
  CHECK(layers(0, "\x02") == 2);
  CHECK(layers(2, GgufBuilder::bytes_of(std::uint16_t{2})) == 2);
  CHECK(layers(5, GgufBuilder::bytes_of(2)) == 2);
  CHECK(layers(10, GgufBuilder::bytes_of(std::uint64_t{2})) == 2);
  CHECK(layers(11, GgufBuilder::bytes_of(std::int64_t{2})) == 2);
  check_error([&] { return layers(5, GgufBuilder::bytes_of(-2)); }, {"block_count", "not negative"});
}
