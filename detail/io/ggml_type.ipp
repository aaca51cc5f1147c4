// SPDX-License-Identifier: MIT
#pragma once
#include "ggml_type.hpp"
#include "../core/error.hpp"

#include <cstdint>
#include <string_view>

namespace moe::inline MOE_ABI::detail {

MOE_INLINE const GgmlType* ggml_type(std::uint32_t id) {
  using enum DType;
  static constexpr GgmlType types[] = {
      {0, "F32", 1, 4, f32},           {1, "F16", 1, 2, f16},
      {2, "Q4_0", 32, 18, q4_0},       {3, "Q4_1", 32, 20, q4_1},
      {6, "Q5_0", 32, 22, q5_0},       {7, "Q5_1", 32, 24, q5_1},
      {8, "Q8_0", 32, 34, q8_0},       {9, "Q8_1", 32, 36, other},
      {10, "Q2_K", 256, 84, q2_k},     {11, "Q3_K", 256, 110, q3_k},
      {12, "Q4_K", 256, 144, q4_k},    {13, "Q5_K", 256, 176, q5_k},
      {14, "Q6_K", 256, 210, q6_k},    {15, "Q8_K", 256, 292, other},
      {16, "IQ2_XXS", 256, 66, other}, {17, "IQ2_XS", 256, 74, other},
      {18, "IQ3_XXS", 256, 98, other}, {19, "IQ1_S", 256, 50, other},
      {20, "IQ4_NL", 32, 18, iq4_nl},  {21, "IQ3_S", 256, 110, other},
      {22, "IQ2_S", 256, 82, other},   {23, "IQ4_XS", 256, 136, iq4_xs},
      {24, "I8", 1, 1, other},         {25, "I16", 1, 2, other},
      {26, "I32", 1, 4, other},        {27, "I64", 1, 8, other},
      {28, "F64", 1, 8, other},        {29, "IQ1_M", 256, 56, other},
      {30, "BF16", 1, 2, bf16},        {34, "TQ1_0", 256, 54, other},
      {35, "TQ2_0", 256, 66, other},   {39, "MXFP4", 32, 17, mxfp4},
      {40, "NVFP4", 64, 36, other},    {41, "Q1_0", 128, 18, other},
      {42, "Q2_0", 64, 18, other},
  };
  for (const GgmlType& type : types)
    if (type.id == id) return &type;
  return nullptr;
}

template <class Condition>
const GgmlType* find_ggml_type(Condition condition) {
  constexpr std::uint32_t most_ids = 64;  // above all ids in the table
  for (std::uint32_t id = 0; id < most_ids; ++id)
    if (const GgmlType* type = ggml_type(id); type && condition(*type)) return type;
  return nullptr;
}

MOE_INLINE const GgmlType& ggml_type(DType dtype) {
  const GgmlType* type = find_ggml_type([&](const GgmlType& one) { return one.dtype == dtype; });
  if (!type || dtype == DType::other) fail("GGUF", "types", "a type that GGUF files can hold", name(dtype));
  return *type;
}

MOE_INLINE const GgmlType* ggml_type(std::string_view name) {
  return find_ggml_type([&](const GgmlType& one) { return one.name == name; });
}

}  // namespace moe::inline MOE_ABI::detail
