#pragma once
#include "scratch.hpp"
#include "../core/checked.hpp"
#include "../io/system.hpp"
#include "../simd/kernel_table.hpp"

#include <algorithm>
#include <cstddef>

namespace moe::inline MOE_ABI::detail {

/// rows · cols, the size of an array. Throws if the array is larger than an object can be, with elements of up to 8 bytes.
inline std::size_t array_size(std::size_t rows, std::size_t cols) {
  constexpr std::size_t largest_element = 8;
  return checked_size("sequence", "intermediate results", {rows, cols, largest_element}) / largest_element;
}

MOE_INLINE Scratch::Scratch(const ModelConfig& c, std::size_t chunk, std::size_t threads, bool bf16_dot)
    : gate(array_size(chunk,
                      std::max(c.experts_per_token * c.expert_intermediate_size, c.dense_intermediate_size))),
      up(gate.size()),
      down(array_size(array_size(chunk, slots_per_token(c)), c.hidden_size)),
      x(array_size(chunk, c.hidden_size)),
      normed(x.size()),
      projected(x.size()),
      queries(array_size(chunk, c.query_size())),
      attended(queries.size()),
      keys(array_size(chunk, c.kv_size())),
      values(keys.size()),
      cosines(array_size(chunk, c.head_dim / 2)),
      sines(cosines.size()),
      attention(array_size(threads, simd::attention_scratch(c.head_dim))),
      router(array_size(chunk, c.experts)),
      chosen(array_size(chunk, slots_per_token(c))),
      slot_of(chosen.size()),
      token_of(chosen.size()),
      weights(chosen.size()),
      allowed_mass(chunk),
      quantised_input(std::max(x.size(), queries.size()), bf16_dot),
      quantised_gate(gate.size(), bf16_dot),
      logits(c.vocabulary_size),
      next_slot(c.experts + 1),
      groups(c.experts),
      missing(c.experts),
      missing_ids(c.experts),
      missing_weights(c.experts),
      predicted(slots_per_token(c)),
      predicted_ids(predicted.size()),
      jobs(c.experts + 1),
      products(c.experts + 1) {
  // Products for many tokens write single rows all over these arrays, so small pages would miss the TLB often.
  for (Buffer<float>* buffer : {&gate, &up, &down})
    detail::prefer_huge_pages(buffer->data(), buffer->bytes());
}

MOE_INLINE std::size_t Scratch::bytes() const {
  std::size_t sum = quantised_input.bytes() + quantised_gate.bytes();
  for (const Buffer<float>* buffer :
       {&x, &normed, &projected, &queries, &attended, &keys, &values, &cosines, &sines, &attention, &router,
        &weights, &allowed_mass, &gate, &up, &down, &logits})
    sum += buffer->bytes();
  return sum + chosen.bytes() + slot_of.bytes() + token_of.bytes();
}

MOE_INLINE std::size_t Scratch::slots_per_token(const ModelConfig& c) {
  return std::max(c.experts_per_token, std::size_t{1});
}

}  // namespace moe::inline MOE_ABI::detail
