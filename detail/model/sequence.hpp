#pragma once
#include "../core/config.hpp"
#include "../core/dtype.hpp"
#include "../core/function_ref.hpp"
#include "../experts/any_provider.hpp"
#include "compute.hpp"
#include "config.hpp"
#include "kv_cache.hpp"
#include "routes.hpp"
#include "scratch.hpp"

#include <algorithm>
#include <cstddef>
#include <span>
#include <vector>

namespace moe::inline MOE_ABI::detail {

struct LayerWeights;

}  // namespace moe::inline MOE_ABI::detail

namespace moe::inline MOE_ABI {

struct SequenceOptions {
  std::size_t context = 4096;  // the largest number of positions
  std::size_t chunk =
      512;  // tokens of a prompt that go through the layers together; at least 1, at most `context`
  DType kv_type = DType::f16;  // numbers in the KV cache: f16, or f32 for exact comparison
  // Announces to the provider the experts that the next layer will probably choose. Off by default: one guess in eight is
  // wrong, and the wrong ones cost more reads and cache space than the right ones save (docs/measurements.md).
  bool lookahead = false;
};

/// The effect of restricted routers on the tokens of a sequence; see AllowedExperts.
struct RestrictionStatistics {
  std::size_t choices = 0;  // of restricted routers: one for each token and layer
  double mass = 0;          // sum over the choices of the softmax mass of the allowed experts

  /// The mean mass of the allowed experts; 1 if no router was restricted.
  double mean_mass() const { return choices == 0 ? 1 : mass / static_cast<double>(choices); }

  void add(std::span<const float> masses);
};

class Transformer;

/// The state of one text in a model: its KV cache, and memory for intermediate results. Made by Transformer::sequence(),
/// for that transformer only, which must outlive it. Not thread-safe; any number of sequences can share a transformer.
class Sequence {
 public:
  /// The number of computed positions, which is the position of the next token.
  std::size_t position() const { return position_; }

  std::size_t context() const { return cache_.positions(); }

  /// Forgets all positions from `position` on.
  void truncate(std::size_t position) { position_ = std::min(position_, position); }

  /// From now on observer(routes) is called for every layer with experts, on the thread that calls forward(), before the
  /// experts are acquired. The observer must outlive the sequence or the next call of this function. The routes of a chunk
  /// that ends with an error or a stop are observed again when its tokens are computed again.
  template <class Observer>
  void observe_routes(Observer& observer) {
    on_routes_ = observer;
  }

  /// Statistics of all tokens that this sequence has computed, forgotten ones included.
  const RestrictionStatistics& restriction() const { return restriction_; }

  /// The bytes of the full KV cache, and of the intermediate results of a whole chunk.
  std::size_t kv_bytes() const { return cache_.bytes(); }
  std::size_t scratch_bytes() const { return scratch_.bytes(); }

 private:
  friend class Transformer;

  Sequence(const ModelConfig& config, const SequenceOptions& options, const detail::Compute& compute,
           const detail::LayerWeights* model);

  const detail::LayerWeights* model_;  // identifies the transformer, also after the transformer was moved
  bool lookahead_;
  std::size_t chunk_;
  std::size_t position_ = 0;
  FunctionRef<void(const Routes&)> on_routes_;
  RestrictionStatistics restriction_;
  detail::KvCache cache_;
  detail::Scratch scratch_;
  std::vector<AnyProvider::Lease> held_;  // empty outside of forward()
};

}  // namespace moe::inline MOE_ABI

namespace moe::inline MOE_ABI::detail {

/// The number of tokens that go through the layers together under these options.
std::size_t chunk_of(const SequenceOptions& options);

/// The options with a context of at most max_positions.
SequenceOptions fitted(SequenceOptions options, const ModelConfig& config);

}  // namespace moe::inline MOE_ABI::detail

#if MOE_DEFINITIONS
#include "sequence.ipp"
#endif
