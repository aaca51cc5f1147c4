#pragma once
#include "quantisation.hpp"
#include "../core/concat.hpp"
#include "../core/error.hpp"

#include <string>
#include <string_view>

namespace moe::inline MOE_ABI::detail {

inline constexpr std::string_view unquantised = "weights in f32, f16 or bf16, or a GGUF file";

/// `"compressed-tensors" (format "nvfp4-pack-quantized")`
MOE_INLINE std::string describe_method(const Json& config, const Json& method) {
  std::string out = concat('"', method.slice(), '"');
  for (const std::string_view detail : {"format", "quant_algo"})
    if (const Json value = config.find(detail); value && value.is_string())
      out += concat(" (", detail, " \"", value.slice(), "\")");
  return out;
}

MOE_INLINE void refuse_quantisation_config(const Json& config) {
  if (!config.is_object()) {
    const std::string_view value = config.is_array() ? "an array" : config.slice();
    if (value != "null" && value != "false") config.fail_here(unquantised, value);
    return;
  }
  if (config.size() == 0) return;
  for (const std::string_view key : {"quant_method", "quant_algo"})
    if (const Json method = config.find(key); method && method.is_string())
      method.fail_here(unquantised, describe_method(config, method));
  config.fail_here(unquantised, concat("no quant_method, but \"", (*config.begin()).key(), '"'));
}

/// Nested configurations are members whose names end in `_config`, such as text_config.
MOE_INLINE void refuse_quantisation_in(const Json& config) {
  for (const Json member : config.as_object()) {
    const std::string_view key = member.key();
    // MLX calls the member `quantization`.
    if (key == "quantization_config" || key == "compression_config" || key == "quantization") {
      refuse_quantisation_config(member);
    } else if (key.ends_with("_config") && member.is_object()) {
      refuse_quantisation_in(member);
    }
  }
}

/// The format whose tensors have a name with this ending; empty for other names.
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

MOE_INLINE void refuse_quantisation(const CheckpointContents& contents) {
  if (contents.config) refuse_quantisation_in(contents.config->root());
  for (const TensorInfo& tensor : contents.tensors)
    if (const std::string_view format = format_of_quantised_tensor(tensor.name); !format.empty())
      fail(contents.files[tensor.file].path(), concat("tensor \"", tensor.name, '"'), unquantised,
           concat("weights quantised with ", format, ", and no quantization_config in config.json"));
}

}  // namespace moe::inline MOE_ABI::detail
