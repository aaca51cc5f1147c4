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

// A visit is one token at one of its experts; visit t · K + r is token t at its expert of rank r. A slot is the place of a
// visit in the order of the experts: the slots of one expert are consecutive.

/// The visits at one expert: slots [first, first + count).
struct ExpertGroup {
  std::uint32_t expert;
  std::size_t first;
  std::size_t count;
};

/// A feed-forward network and the slots that it computes.
struct ExpertJob {
  const ExpertWeights* weights;
  std::size_t first;
  std::size_t count;
};

/// The intermediate results of one sequence, for up to `chunk` tokens at once.
/// E = experts, K = experts per token (1 in a dense model), F = the width of the networks.
struct Scratch {
  /// bf16_dot: whether products take their inputs as bf16. Throws if an array is larger than an object can be.
  Scratch(const ModelConfig& c, std::size_t chunk, std::size_t threads, bool bf16_dot);

  /// The bytes of all arrays whose size depends on the model or the chunk.
  std::size_t bytes() const;

  // The largest arrays come first, so that an excessive size fails before any memory is taken.
  Buffer<float> gate, up;  // [chunk · K, F]: by slot
  Buffer<float> down;      // [chunk · K, hidden]: by slot

  Buffer<float> x, normed, projected;  // [chunk, hidden]; x: the residual stream
  Buffer<float> queries, attended;     // [chunk, heads, head_dim]
  Buffer<float> keys, values;          // [chunk, kv_heads, head_dim]
  Buffer<float> cosines, sines;        // [chunk, head_dim / 2]
  Buffer<float> attention;             // [threads, attention_scratch]

  Buffer<float> router;            // [chunk, E]: logits
  Buffer<std::uint32_t> chosen;    // [chunk, K]: by visit, the expert
  Buffer<std::uint32_t> slot_of;   // [chunk, K]: by visit, the slot
  Buffer<std::uint32_t> token_of;  // [chunk · K]: by slot, the token
  Buffer<float> weights;           // [chunk, K]: by visit, the weight of the expert
  Buffer<float> allowed_mass;      // [chunk]: in a layer with a restricted router; see Routes

  QuantisedActivations quantised_input, quantised_gate;
  Buffer<float> logits;  // [vocabulary]

  Buffer<std::size_t> next_slot;     // [E + 1]
  BoundedList<ExpertGroup> groups;   // the chosen experts of a layer
  BoundedList<ExpertGroup> missing;  // the chosen experts of a layer that are not present
  BoundedList<ExpertId> missing_ids;
  BoundedList<float> missing_weights;  // the router's weights of missing_ids; only for a single token
  Buffer<std::uint32_t> predicted;     // [K]: the predicted experts of a later layer
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
