#pragma once
#include "../core/config.hpp"
#include "../core/dtype.hpp"
#include "../core/function_ref.hpp"
#include "../experts/any_provider.hpp"
#include "config.hpp"
#include "kv_cache.hpp"
#include "routes.hpp"
#include "scratch.hpp"

#include <algorithm>
#include <cstddef>
#include <span>
#include <vector>

namespace moe::inline MOE_ABI {

struct SequenceOptions {
  std::size_t context = 4096;  // how many positions there can be
  std::size_t chunk = 512;     // how many tokens of a prompt go through the layers together
  DType kv_type = DType::f16;  // of the KV cache; f32 for exact comparison
  // Tell the provider which experts the next layer may choose. Off, since with one guess in eight wrong it cost more reads
  // and room than it saved: docs/memory.md.
  bool lookahead = false;
};

/// What a restriction of the routers took away; see AllowedExperts.
struct RestrictionStatistics {
  std::size_t choices = 0;  // of restricted routers: one for each token and layer
  double mass = 0;          // the sum of the shares of router mass that the allowed experts had

  /// The mean of these shares; 1 if nothing was restricted.
  double mean_mass() const { return choices == 0 ? 1 : mass / static_cast<double>(choices); }

  void add(std::span<const float> shares);
};

class Transformer;

/// One text on its way through a model: its KV cache, and memory for intermediate results. Made by
/// Transformer::sequence(). For one thread at a time; any number of sequences can share a model.
class Sequence {
 public:
  /// The number of positions that have been computed: where the next token stands.
  std::size_t position() const { return position_; }

  std::size_t context() const { return cache_.positions(); }

  /// Forgets all positions from `position` on.
  void truncate(std::size_t position) { position_ = std::min(position_, position); }

  /// From now on observer(routes) is called for every layer with experts, by the thread that computes, before the experts
  /// are acquired. The observer must outlive the sequence, or the next call of this function.
  template <class Observer>
  void observe_routes(Observer& observer) {
    on_routes_ = observer;
  }

  /// Of all tokens that this sequence has computed.
  const RestrictionStatistics& restriction() const { return restriction_; }

  /// What the KV cache and the intermediate results take when they are full.
  std::size_t kv_bytes() const { return cache_.bytes(); }
  std::size_t scratch_bytes() const { return scratch_.bytes(); }

 private:
  friend class Transformer;

  Sequence(const ModelConfig& config, const SequenceOptions& options, std::size_t threads, bool bf16_dot);

  bool lookahead_;
  std::size_t chunk_;
  std::size_t position_ = 0;
  FunctionRef<void(const Routes&)> on_routes_;
  RestrictionStatistics restriction_;
  detail::KvCache cache_;
  detail::Scratch scratch_;
  std::vector<AnyProvider::Lease> held_;  // empty between layers
};

}  // namespace moe::inline MOE_ABI

#if MOE_DEFINITIONS
#include "sequence.ipp"
#endif
