#pragma once
#include "../core/bounded_list.hpp"
#include "../core/buffer.hpp"
#include "../experts/expert.hpp"
#include "../io/system.hpp"
#include "../simd/kernel_table.hpp"
#include "compute.hpp"
#include "config.hpp"

#include <algorithm>
#include <cstddef>
#include <cstdint>

namespace moe {

/// The tokens of one expert: slots [first, first + count) of Scratch. A slot is one token's visit to one expert.
struct ExpertGroup {
  std::uint32_t expert;
  std::size_t first;
  std::size_t count;
};

/// One network and the slots that it computes.
struct ExpertJob {
  const ExpertWeights* weights;
  std::size_t first;
  std::size_t count;
};

/// The intermediate results of one sequence, for up to `chunk` tokens at once.
/// E = experts, K = experts per token (at least 1: a dense network counts as one), F = the width of the network.
/// bf16_dot: whether products take activations in bf16.
struct Scratch {
  Scratch(const ModelConfig& c, std::size_t chunk, std::size_t threads, bool bf16_dot)
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
        predicted(slots_per_token(c)),
        predicted_ids(predicted.size()),
        jobs(c.experts + 1),
        products(c.experts + 1) {
    // What products write row by row for many tokens lies all over these.
    for (Buffer<float>* buffer : {&gate, &up, &down})
      detail::prefer_huge_pages(buffer->data(), buffer->bytes());
  }

  std::size_t bytes() const {
    std::size_t sum = quantised_input.bytes() + quantised_gate.bytes();
    for (const Buffer<float>* buffer :
         {&x, &normed, &projected, &queries, &attended, &keys, &values, &cosines, &sines, &attention, &router,
          &weights, &allowed_mass, &gate, &up, &down, &logits})
      sum += buffer->bytes();
    return sum + chosen.bytes() + slot_of.bytes() + token_of.bytes();
  }

  Buffer<float> x, normed, projected;  // [chunk, hidden]
  Buffer<float> queries, attended;     // [chunk, heads, head_dim]
  Buffer<float> keys, values;          // [chunk, kv_heads, head_dim]
  Buffer<float> cosines, sines;        // [chunk, head_dim / 2]
  Buffer<float> attention;             // [threads, attention_scratch]

  Buffer<float> router;                             // [chunk, E]
  Buffer<std::uint32_t> chosen, slot_of, token_of;  // [chunk, K], [chunk, K], [chunk · K]: see moe_layer.hpp
  Buffer<float> weights;                            // [chunk, K]
  Buffer<float> allowed_mass;                       // [chunk]: of a layer whose router is restricted
  Buffer<float> gate, up;                           // [chunk · K, F]: by slot
  Buffer<float> down;                               // [chunk · K, hidden]: by slot

  QuantisedActivations quantised_input, quantised_gate;
  Buffer<float> logits;  // [vocabulary]

  Buffer<std::size_t> next_slot;     // [E + 1]
  BoundedList<ExpertGroup> groups;   // of all experts that a layer's tokens have chosen
  BoundedList<ExpertGroup> missing;  // those that were not there at once
  BoundedList<ExpertId> missing_ids;
  Buffer<std::uint32_t> predicted;  // [K]: what the next layer may choose
  BoundedList<ExpertId> predicted_ids;
  BoundedList<ExpertJob> jobs;
  BoundedList<Product> products;

 private:
  static std::size_t slots_per_token(const ModelConfig& c) {
    return std::max(c.experts_per_token, std::size_t{1});
  }
};

}  // namespace moe
