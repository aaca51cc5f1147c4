#pragma once
#include "../core/bounded_list.hpp"
#include "../core/buffer.hpp"
#include "../core/config.hpp"
#include "../experts/expert.hpp"
#include "compute.hpp"
#include "config.hpp"

#include <cstddef>
#include <cstdint>

namespace moe::inline MOE_ABI::detail {

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
  Scratch(const ModelConfig& c, std::size_t chunk, std::size_t threads, bool bf16_dot);

  std::size_t bytes() const;

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
  BoundedList<float> missing_weights;  // the router's weights of missing_ids, of a single token
  Buffer<std::uint32_t> predicted;     // [K]: what the next layer may choose
  BoundedList<ExpertId> predicted_ids;
  BoundedList<ExpertJob> jobs;
  BoundedList<Product> products;

 private:
  static std::size_t slots_per_token(const ModelConfig& c);
};

}  // namespace moe::inline MOE_ABI::detail

#if MOE_DEFINITIONS
#include "scratch.ipp"
#endif
