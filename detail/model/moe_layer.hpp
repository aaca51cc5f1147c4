#pragma once
#include "../core/config.hpp"
#include "../core/function_ref.hpp"
#include "../experts/any_provider.hpp"
#include "pass.hpp"
#include "routes.hpp"
#include "weights.hpp"

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace moe::inline MOE_ABI::detail {

/// normed, as an input of quantised weights too if the width allows them: several products take it.
Activations input_of(const Pass& pass, bool prepared);

/// The logits of a router, of all tokens.
void multiply_router(const Pass& pass, const Matrix& router, const Activations& input);

/// chosen, weights = what the router says of each token; allowed_mass, if it is restricted.
void route_all(const Pass& pass, const LayerWeights& w, std::span<const ExpertId> allowed);

/// Tells the observer what route_all() found.
void tell_routes(const Pass& pass, std::size_t layer, std::size_t allowed,
                 FunctionRef<void(const Routes&)> on_routes);

/// Gathers the tokens of each expert: groups in the order of the experts' numbers, with consecutive slots.
void group_by_expert(const Pass& pass);

/// x[t] += Σ over ranks of weight · result of that expert, always in rank order.
void add_weighted(const Pass& pass);

/// Announces those of `missing` from `first` on, as many as are announced ahead. Those that were announced before are
/// announced again: there may be room for them only now, and none is to come before one that is needed sooner.
void announce(const Pass& pass, AnyProvider& provider, std::size_t first);

/// Takes a lease of a group's expert if it is there.
bool hold_if_present(const Pass& pass, std::uint32_t layer, AnyProvider& provider, const ExpertGroup& group,
                     std::vector<AnyProvider::Lease>& held);

/// Takes a lease of every expert that is there, and makes jobs of them; lists the others. `held`: empty.
void hold_present(const Pass& pass, std::uint32_t layer, AnyProvider& provider,
                  std::vector<AnyProvider::Lease>& held);

/// Computes all that is held, in one go, and lets it go.
void run_held(const Pass& pass, std::vector<AnyProvider::Lease>& held);

/// Computes the missing experts of one token: whatever has arrived, together; if nothing has, waits for the one that was
/// announced first.
void run_missing(const Pass& pass, std::uint32_t layer, AnyProvider& provider,
                 std::vector<AnyProvider::Lease>& held);

/// Computes the missing experts of many tokens, in the order in which they lie in the file, announcing as it goes.
void run_missing_of_prompt(const Pass& pass, std::uint32_t layer, AnyProvider& provider,
                           std::vector<AnyProvider::Lease>& held);

/// Tells the provider which experts of the layer were used by how many tokens.
void announce_hot(const Pass& pass, std::uint32_t layer, AnyProvider& provider);

/// Computes all groups of a layer: first, in one go, the experts that are there, while the provider fetches the others;
/// then those one by one. Holds no lease while it waits. `held` is memory for leases. Calls before_work() when all that
/// is missing has been announced.
void run_groups(const Pass& pass, std::uint32_t layer, AnyProvider& provider,
                std::vector<AnyProvider::Lease>& held, FunctionRef<void()> before_work);

/// Guesses the next layer's experts, whose router is given, from what this layer's router has seen.
void predict(const Pass& pass, std::uint32_t next_layer, const Matrix& next_router, AnyProvider& provider);

/// The router of the layer that comes after, for looking ahead.
struct NextRouter {
  std::uint32_t layer = 0;
  const Matrix* router = nullptr;  // null: do not look ahead
};

/// x += Σ weight · expert(norm(x)) over the experts that the router chose for each token. Each expert is taken once,
/// whatever the number of its tokens. Calls before_sum() when all of them have been computed.
void moe_layer(const Pass& pass, const LayerWeights& w, std::size_t layer, AnyProvider& provider,
               std::vector<AnyProvider::Lease>& held, FunctionRef<void(const Routes&)> on_routes,
               const NextRouter& next, FunctionRef<void()> before_sum);

}  // namespace moe::inline MOE_ABI::detail

#if MOE_DEFINITIONS
#include "moe_layer.ipp"
#endif
