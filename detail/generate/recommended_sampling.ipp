#pragma once
#include "recommended_sampling.hpp"
#include "../spec/value_source.hpp"

namespace moe::inline MOE_ABI::detail {

MOE_INLINE Sampling read_sampling(const Checkpoint& checkpoint) {
  Sampling out;
  const Json found = checkpoint.generation_config();
  if (!found) return out;
  const detail::ValueSource reader(found);
  out.repetition_penalty = reader.number("repetition_penalty", 1, {1e-3, 1e3});
  if (!reader.flag("do_sample", false)) return out;
  out.temperature = reader.number("temperature", 1, {0, 1e3});
  out.top_k = reader.size("top_k", 50);
  out.top_p = reader.number("top_p", 1, {1e-6, 1});
  out.min_p = reader.number("min_p", 0, {0, 1});
  return out;
}

}  // namespace moe::inline MOE_ABI::detail
