// SPDX-License-Identifier: MIT
// The types of synthetic weights.
#pragma once
#include "../support/command_line.hpp"
#include "../support/weight_type.hpp"
#include "random_bytes.hpp"
#include "shape.hpp"

#include <cstdint>

/// The type of a matrix with `cols` columns: `type` if the rows are whole blocks of this type, otherwise the type that
/// llama-quantize takes in this case (tensor_type_fallback() in llama-quant.cpp).
inline moe::DType fitting(moe::DType type, std::uint64_t cols) {
  using enum moe::DType;
  if (cols % moe::detail::layout_of(type).elements == 0) return type;
  if (cols % 32 != 0) return f16;
  switch (type) {
    case q4_k: return q5_0;
    case q5_k: return q5_1;
    case q6_k: return q8_0;
    default: return iq4_nl;
  }
}

struct SynthesisTypes {
  /// The types of a shape without options.
  explicit SynthesisTypes(const Shape& shape) : SynthesisTypes(shape.experts.type) {}

  /// The types that --type and --dense-type name.
  SynthesisTypes(const CommandLine& args, const Shape& shape)
      : SynthesisTypes(args.has("--type") ? type_of(args, "--type", can_synthesize) : shape.experts.type) {
    if (args.has("--dense-type")) others = type_of(args, "--dense-type", moe::detail::can_quantise);
  }

  moe::DType experts, others;

 private:
  explicit SynthesisTypes(moe::DType type)
      : experts(type), others(moe::detail::layout_of(type).elements > 1 ? moe::DType::q8_0 : type) {}
};
