#pragma once
#include "../core/config.hpp"
#include "../core/function_ref.hpp"
#include "../experts/any_provider.hpp"
#include "pass.hpp"
#include "routes.hpp"
#include "weights.hpp"

#include <cstddef>
#include <cstdint>
#include <vector>

namespace moe::inline MOE_ABI::detail {

/// The router of a later layer, for the lookahead.
struct NextRouter {
  std::uint32_t layer = 0;
  const Matrix* router = nullptr;  // null: no lookahead
};

/// One layer with experts, and the environment of its computation.
struct MoeLayer {
  std::uint32_t index;
  const LayerWeights& weights;
  AnyProvider& provider;
  std::vector<AnyProvider::Lease>& held;       // memory for leases; empty before and after the call
  FunctionRef<void(const Routes&)> on_routes;  // called before the first acquire; may be empty
  NextRouter next;                             // its experts are announced as predicted
  FunctionRef<void()> before_sum;              // called when all experts have been computed
};

/// x += Σ weight · expert(norm(x)) over the experts that the router chose for each token. Each expert is acquired once,
/// whatever the number of its tokens, and no lease is held while another one is waited for. No lease is held after an
/// exception. Throws if a lease has other shapes than the configuration.
void moe_layer(const Pass& pass, const MoeLayer& layer);

}  // namespace moe::inline MOE_ABI::detail

#if MOE_DEFINITIONS
#include "moe_layer.ipp"
#endif
