// SPDX-License-Identifier: MIT
#include "detail/io/checkpoint.hpp"
#include "detail/io/quantisation.hpp"
#include "support/message_of.hpp"
#include "support/safetensors_writer.hpp"
#include "support/temporary_directory.hpp"

#include <doctest/doctest.h>

#include <initializer_list>
#include <string>
#include <string_view>
#include <tuple>
#include <utility>

using moe::detail::Quantisation;

namespace {

/// The Quantisation that the library reads from a checkpoint with this config.json and one tensor.
Quantisation quantisation(std::string_view config, bool allow_mxfp4 = false,
                          const std::string& tensor = "a") {
  const TemporaryDirectory directory;
  directory.write("model.safetensors", SafetensorsWriter().add(tensor, "U8", {4}, "data").text());
  directory.write("config.json", config);
  return moe::detail::quantisation_of(moe::Checkpoint(directory.path()), allow_mxfp4);
}

void check_quantisation_refused(std::string_view config, std::initializer_list<std::string_view> parts) {
  CAPTURE(config);
  check_error([&] { return quantisation(config); }, parts);
}

}  // namespace

TEST_CASE("quantisation: an error about a method that the library does not read quotes quant_method") {
  for (const std::string method : {"gptq", "awq", "bitsandbytes", "mxfp4", "modelopt", "hqq", "a new one"})
    check_quantisation_refused(
        "{\"quantization_config\": {\"bits\": 4, \"quant_method\": \"" + method + "\"}}",
        {"config.json: $.quantization_config.quant_method", "f32, f16 or bf16", '"' + method + '"'});
  check_quantisation_refused(
      R"({"quantization_config": {"quant_method": "compressed-tensors", "format": "nvfp4-pack-quantized"}})",
      {"quantization_config.quant_method", "\"compressed-tensors\" (format \"nvfp4-pack-quantized\")"});
  check_quantisation_refused(R"({"compression_config": {"quant_method": "sparseml"}})",
                             {"$.compression_config.quant_method", "\"sparseml\""});
  check_quantisation_refused(R"({"text_config": {"quantization_config": {"quant_method": "awq"}}})",
                             {"$.text_config.quantization_config.quant_method", "\"awq\""});
  check_quantisation_refused(
      R"({"thinker_config": {"text_config": {"quantization_config": {"quant_method": "gptq"}}}})",
      {"$.thinker_config.text_config.quantization_config.quant_method", "\"gptq\""});
  check_quantisation_refused(R"({"quantization_config": {"load_in_4bit": true}})",
                             {"$.quantization_config", "no text quant_method, but \"load_in_4bit\""});
  check_quantisation_refused(R"({"quantization": {"group_size": 64, "bits": 4}})",
                             {"$.quantization", "group_size"});
  check_quantisation_refused(R"({"quantization_config": "gptq"})", {"$.quantization_config", "gptq"});
}

TEST_CASE("quantisation: an empty description means weights without quantisation") {
  for (const char* config : {R"({"quantization_config": null})", R"({"quantization_config": {}})", "{}"}) {
    const Quantisation none = quantisation(config);
    CHECK_FALSE(none.mxfp4);
    CHECK_FALSE(none.fp8());
  }
}

TEST_CASE("quantisation: mxfp4 is read for families that have it") {
  CHECK(quantisation(R"({"quantization_config": {"quant_method": "mxfp4"}})", true).mxfp4);
}

TEST_CASE("quantisation: fp8 is read if it has one scale for each block of a matrix") {
  const auto fp8 = [](const std::string& members) {
    return R"({"quantization_config": {"quant_method": "fp8")" + members + "}}";
  };
  for (const char* more : {"", R"(, "fmt": "e4m3", "activation_scheme": "dynamic")",
                           R"(, "fmt": "float8_e4m3fn", "modules_to_not_convert": ["lm_head"])"}) {
    const Quantisation read = quantisation(fp8(R"(, "weight_block_size": [128, 64])" + std::string(more)));
    CHECK(read.block_rows == 128);
    CHECK(read.block_cols == 64);
  }
  CHECK(quantisation(fp8(R"(, "weight_block_size": [8, 8])"), false, "q_proj.weight_scale_inv").fp8());
  const auto refused = [&](const std::string& members, std::initializer_list<std::string_view> parts) {
    check_quantisation_refused(fp8(members), parts);
  };
  refused("", {"$.quantization_config.quant_method", "\"fp8\" with weight_block_size, or weights in f32",
               "found \"fp8\" without weight_block_size"});
  refused(R"(, "weight_block_size": null)", {"without weight_block_size"});
  refused(R"(, "weight_block_size": [128])", {"$.quantization_config.weight_block_size", "two sizes"});
  refused(R"(, "weight_block_size": [0, 128])", {"weight_block_size[0]", "a whole number from 1"});
  refused(R"(, "weight_block_size": [128, 99999999])", {"weight_block_size[1]", "a whole number"});
  refused(R"(, "weight_block_size": [8, 8], "fmt": "e5m2")", {"$.quantization_config.fmt", "e4m3", "e5m2"});
  refused(R"(, "weight_block_size": [8, 8], "activation_scheme": "static")",
          {"activation_scheme", "dynamic", "static"});
}

TEST_CASE("quantisation: different blocks in parts of one model are refused") {
  check_quantisation_refused(
      R"({"quantization_config": {"quant_method": "fp8", "weight_block_size": [128, 128]},
          "text_config": {"quantization_config": {"quant_method": "fp8", "weight_block_size": [64, 128]}}})",
      {"$.text_config.quantization_config.weight_block_size",
       "the same blocks for the whole model, of 128 rows", "found 64 rows"});
}

TEST_CASE("quantisation: tensors of a quantised format are refused if config.json does not mention it") {
  for (const auto& row : std::initializer_list<std::pair<const char*, const char*>>{
           {"q_proj.qweight", "GPTQ or AWQ"},
           {"q_proj.weight_packed", "compressed-tensors"},
           {"q_proj.weight_scale_inv", "FP8"},
           {"q_proj.weight.quant_state.bitsandbytes__nf4", "bitsandbytes"}}) {
    const auto& name = std::get<0>(row);
    const auto& format = std::get<1>(row);
    check_error([&] { return quantisation("{}", false, name); },
                {"model.safetensors", name, format, "no quantization_config in config.json"});
  }
}

TEST_CASE("quantisation: an error about tensors of another format states what config.json states") {
  const std::string name = "q_proj.qweight";
  const std::string fp8 = R"({"quantization_config": {"quant_method": "fp8", "weight_block_size": [8, 8]}})";
  check_error([&] { return quantisation(fp8, false, name); }, {name, "GPTQ or AWQ, and fp8 in config.json"});
  check_error(
      [&] { return quantisation(R"({"quantization_config": {"quant_method": "mxfp4"}})", true, name); },
      {name, "GPTQ or AWQ, and mxfp4 in config.json"});
  const TemporaryDirectory directory;
  directory.write("model.safetensors", SafetensorsWriter().add(name, "U8", {4}, "data").text());
  check_error([&] { return moe::detail::quantisation_of(moe::Checkpoint(directory.path()), false); },
              {name, "GPTQ or AWQ, and no config.json"});
}
