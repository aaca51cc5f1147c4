// SPDX-License-Identifier: MIT
#pragma once
#include "quantisation.hpp"
#include "../core/concat.hpp"
#include "../core/error.hpp"

#include <cstddef>
#include <string>
#include <string_view>

namespace moe::inline MOE_ABI::detail {

inline constexpr std::string_view unquantised = "weights in f32, f16 or bf16, or a GGUF file";

/// Collects the descriptions of quantised weights from all levels of config.json.
class QuantisationReader {
 public:
  explicit QuantisationReader(bool allow_mxfp4) : allow_mxfp4_(allow_mxfp4) {}

  /// Reads `config` and its nested configurations: the members whose names end in `_config`, such as text_config.
  void read_all(const Json& config);

  Quantisation result;

 private:
  void read(const Json& config);

  void read_fp8(const Json& config);

  bool allow_mxfp4_;
};

/// The method for an error message, for example `"compressed-tensors" (format "nvfp4-pack-quantized")`.
MOE_INLINE std::string describe_method(const Json& config, const Json& method) {
  std::string out = concat('"', method.slice(), '"');
  for (const std::string_view detail : {"format", "quant_algo"})
    if (const Json value = config.find(detail); value && value.is_string())
      out += concat(" (", detail, " \"", value.slice(), "\")");
  return out;
}

MOE_INLINE void QuantisationReader::read_all(const Json& config) {
  for (const Json member : config.as_object()) {
    const std::string_view key = member.key();
    // MLX calls the member `quantization`.
    if (key == "quantization_config" || key == "compression_config" || key == "quantization") {
      read(member);
    } else if (key.ends_with("_config") && member.is_object()) {
      read_all(member);
    }
  }
}

MOE_INLINE void QuantisationReader::read(const Json& config) {
  if (!config.is_object()) {
    const std::string_view value = config.is_array() ? "an array" : config.slice();
    if (value != "null" && value != "false") config.fail_here(unquantised, value);
    return;
  }
  if (config.size() == 0) return;
  for (const std::string_view key : {"quant_method", "quant_algo"}) {
    const Json method = config.find(key);
    if (!method || !method.is_string()) continue;
    if (key == "quant_method" && method.as_string() == "fp8") return read_fp8(config);
    if (!allow_mxfp4_ || method.as_string() != "mxfp4")
      method.fail_here(unquantised, describe_method(config, method));
    result.mxfp4 = true;
    return;
  }
  config.fail_here(unquantised, concat("no text quant_method, but \"", (*config.begin()).key(), '"'));
}

MOE_INLINE void QuantisationReader::read_fp8(const Json& config) {
  constexpr std::size_t most = std::size_t{1} << 20;
  const Json format = config.find("fmt"), scheme = config.find("activation_scheme"),
             block = config.find("weight_block_size");
  if (format && !format.is_null() && format.as_string() != "e4m3" && format.as_string() != "float8_e4m3fn")
    format.fail_here("e4m3", format.slice());
  if (scheme && !scheme.is_null() && scheme.as_string() != "dynamic")
    scheme.fail_here("dynamic", scheme.slice());
  if (!block || block.is_null())
    config.at("quant_method")
        .fail_here(concat("\"fp8\" with weight_block_size, or ", unquantised),
                   "\"fp8\" without weight_block_size");
  if (block.as_array().size() != 2) block.fail_here("two sizes", concat(block.size()));
  const auto size = [&](Json::Iterator at) { return static_cast<std::size_t>((*at).as_u64(most, 1)); };
  const std::size_t rows = size(block.begin()), cols = size(++block.begin());
  if (result.fp8() && (rows != result.block_rows || cols != result.block_cols))
    block.fail_here(concat("the same blocks for the whole model, of ", result.block_rows, " rows and ",
                           result.block_cols, " columns"),
                    concat(rows, " rows and ", cols, " columns"));
  result.block_rows = rows;
  result.block_cols = cols;
}

/// The quantisation format that the ending of a tensor name shows; empty for other names.
MOE_INLINE std::string_view format_of_quantised_tensor(std::string_view name) {
  struct Ending {
    std::string_view ending, format;
  };
  constexpr Ending endings[] = {{".qweight", "GPTQ or AWQ"},
                                {".weight_packed", "compressed-tensors"},
                                {".weight_scale", "FP8 or NVFP4"},
                                {".weight_scale_inv", "FP8"},
                                {".SCB", "bitsandbytes"},
                                {".quant_state.bitsandbytes__nf4", "bitsandbytes"},
                                {".quant_state.bitsandbytes__fp4", "bitsandbytes"}};
  for (const auto& [ending, format] : endings)
    if (name.ends_with(ending)) return format;
  return {};
}

/// The quantisation that config.json states, for an error message.
MOE_INLINE std::string_view stated_quantisation(const Checkpoint& checkpoint, const Quantisation& stated) {
  if (!checkpoint.has_config()) return "no config.json";
  if (stated.fp8()) return "fp8 in config.json";
  return stated.mxfp4 ? "mxfp4 in config.json" : "no quantization_config in config.json";
}

MOE_INLINE Quantisation quantisation_of(const Checkpoint& checkpoint, bool allow_mxfp4) {
  QuantisationReader reader(allow_mxfp4);
  if (checkpoint.has_config()) reader.read_all(checkpoint.config());
  for (const TensorInfo& tensor : checkpoint.tensors()) {
    const std::string_view format = format_of_quantised_tensor(tensor.name);
    if (format.empty() || (reader.result.fp8() && tensor.name.ends_with(".weight_scale_inv"))) continue;
    fail(checkpoint.file_of(tensor), concat("tensor \"", tensor.name, '"'), unquantised,
         concat("weights quantised with ", format, ", and ", stated_quantisation(checkpoint, reader.result)));
  }
  return reader.result;
}

}  // namespace moe::inline MOE_ABI::detail
