// SPDX-License-Identifier: MIT
// The types of synthetic weights.
#pragma once
#include "../support/command_line.hpp"
#include "random_bytes.hpp"
#include "shape.hpp"

#include <cstddef>
#include <string>

inline moe::DType type_of(const std::string& name) {
  for (std::size_t i = 0; i < moe::detail::usable_dtypes; ++i)
    if (const auto type = static_cast<moe::DType>(i); can_synthesize(type) && moe::detail::name(type) == name)
      return type;
  throw UsageError("no type has the name '" + name + "'");
}

struct SynthesisTypes {
  /// The types of a shape without options.
  explicit SynthesisTypes(const Shape& shape) : SynthesisTypes(shape.experts.type) {}

  /// The types that --type and --dense-type name.
  SynthesisTypes(const CommandLine& args, const Shape& shape)
      : SynthesisTypes(args.has("--type") ? type_of(args.text("--type", "")) : shape.experts.type) {
    if (args.has("--dense-type")) others = type_of(args.text("--dense-type", ""));
  }

  moe::DType experts, others;

 private:
  explicit SynthesisTypes(moe::DType type)
      : experts(type), others(moe::detail::layout_of(type).elements > 1 ? moe::DType::q8_0 : type) {}
};
