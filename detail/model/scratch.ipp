#pragma once
#include "scratch.hpp"
#include "../io/system.hpp"
#include "../simd/kernel_table.hpp"

#include <algorithm>
#include <cstddef>

namespace moe::inline MOE_ABI::detail {

MOE_INLINE Scratch::Scratch(const ModelConfig& c, std::size_t chunk, std::size_t threads, bool bf16_dot)
    : x(chunk * c.hidden_size),
      normed(x.size()),
      projected(x.size()),
      queries(chunk * c.query_size()),
      attended(queries.size()),
      keys(chunk * c.kv_size()),
      values(keys.size()),
      cosines(chunk * (c.head_dim / 2)),
      sines(cosines.size()),
      attention(threads * simd::attention_scratch(c.head_dim)),
      router(chunk * c.experts),
      chosen(chunk * slots_per_token(c)),
      slot_of(chosen.size()),
      token_of(chosen.size()),
      weights(chosen.size()),
      allowed_mass(chunk),
      gate(chunk * std::max(c.experts_per_token * c.expert_intermediate_size, c.dense_intermediate_size)),
      up(gate.size()),
      down(chosen.size() * c.hidden_size),
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
  // What products write row by row for many tokens lies all over these.
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
