#pragma once
#include "../core/function_ref.hpp"
#include "../experts/provider.hpp"
#include "feed_forward.hpp"
#include "pass.hpp"
#include "router.hpp"
#include "routes.hpp"
#include "weights.hpp"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <vector>

namespace moe {
namespace detail {

/// chosen, weights = what the router says of each token.
inline void route_all(const Pass& pass, const LayerWeights& w) {
  const ModelConfig& c = pass.config;
  Scratch& s = pass.scratch;
  const Activations input = pass.compute.prepare(is_quantised(w.router.dtype), s.normed.data(), c.hidden_size,
                                                 pass.tokens, s.quantised_input);
  pass.compute.multiply({.weights = w.router,
                         .input = input,
                         .tokens = pass.tokens,
                         .out = s.router.data(),
                         .out_stride = c.experts});
  pass.compute.for_each(pass.tokens, [&](std::size_t t, std::size_t) noexcept {
    const std::size_t k = c.experts_per_token;
    route(pass.compute.kernels(), {&s.router[t * c.experts], c.experts}, c.normalise_expert_weights,
          {&s.chosen[t * k], k}, {&s.weights[t * k], k});
  });
}

/// Gathers the tokens of each expert: groups in the order of the experts' numbers, with consecutive slots.
inline void group_by_expert(const Pass& pass) {
  Scratch& s = pass.scratch;
  const std::size_t visits = pass.tokens * pass.config.experts_per_token;
  // Counts first: next_slot[e + 1] = how many tokens chose e. Then sums: next_slot[e] = the first slot of e.
  for (std::size_t& slot : s.next_slot.span()) slot = 0;
  for (std::size_t v = 0; v < visits; ++v) ++s.next_slot[s.chosen[v] + 1];
  s.groups.clear();
  for (std::uint32_t expert = 0; expert < pass.config.experts; ++expert) {
    const std::size_t count = s.next_slot[expert + 1];
    if (count > 0) s.groups.push_back({expert, s.next_slot[expert], count});
    s.next_slot[expert + 1] += s.next_slot[expert];
  }
  for (std::size_t v = 0; v < visits; ++v) {
    const std::size_t slot = s.next_slot[s.chosen[v]]++;
    s.slot_of[v] = static_cast<std::uint32_t>(slot);
    s.token_of[slot] = static_cast<std::uint32_t>(v / pass.config.experts_per_token);
  }
}

/// x[t] += Σ over ranks of weight · result of that expert, always in rank order.
inline void add_weighted(const Pass& pass) {
  const ModelConfig& c = pass.config;
  Scratch& s = pass.scratch;
  pass.compute.for_each(pass.tokens, [&](std::size_t t, std::size_t) noexcept {
    for (std::size_t v = t * c.experts_per_token; v < (t + 1) * c.experts_per_token; ++v)
      pass.compute.kernels().add_scaled(&s.x[t * c.hidden_size], &s.down[s.slot_of[v] * c.hidden_size],
                                        s.weights[v], c.hidden_size);
  });
}

/// Computes all groups of a layer: first, in one go, the experts that are there, while the provider fetches the others;
/// then those one by one as they arrive. Holds no lease while it waits. `held` is memory for leases, empty.
template <ExpertProvider P>
void run_groups(const Pass& pass, std::uint32_t layer, P& provider, std::vector<LeaseOf<P>>& held) {
  Scratch& s = pass.scratch;
  const auto release = [&] { held.clear(), s.jobs.clear(); };
  release();  // of an earlier call that threw
  s.missing.clear();
  s.missing_ids.clear();
  for (const ExpertGroup& group : s.groups) {
    if (auto lease = moe::try_acquire(provider, {layer, group.expert})) {
      held.push_back(std::move(*lease));
      s.jobs.push_back({nullptr, group.first, group.count});
    } else {
      s.missing.push_back(group);
      s.missing_ids.push_back({layer, group.expert});
    }
  }
  if (!s.missing.empty()) moe::hint(provider, s.missing_ids.span(), Hint::chosen);
  // Only now: leases may hold their weights in place, and have moved while the vector grew.
  for (std::size_t i = 0; i < held.size(); ++i)
    s.jobs[i].weights = &static_cast<const ExpertWeights&>(*held[i]);
  run_jobs(pass, s.jobs.span());
  release();

  const auto run_one = [&](const LeaseOf<P>& lease, const ExpertGroup& group) {
    const ExpertJob job{&static_cast<const ExpertWeights&>(*lease), group.first, group.count};
    run_jobs(pass, {&job, 1});
  };
  while (!s.missing.empty()) {
    // Whatever has arrived goes first; if nothing has, wait for the one that was asked for first.
    std::size_t next = 0;
    for (; next < s.missing.size(); ++next)
      if (const auto lease = moe::try_acquire(provider, {layer, s.missing[next].expert})) {
        run_one(*lease, s.missing[next]);
        break;
      }
    if (next == s.missing.size()) {
      next = 0;
      run_one(provider.acquire({layer, s.missing[next].expert}), s.missing[next]);
    }
    s.missing.erase_at(next);
  }
}

}  // namespace detail

/// x += Σ weight · expert(norm(x)) over the experts that the router chose for each token. Each expert is taken once,
/// whatever the number of its tokens.
template <ExpertProvider P>
void moe_layer(const Pass& pass, const LayerWeights& w, std::size_t layer, P& provider,
               std::vector<LeaseOf<P>>& held, FunctionRef<void(const Routes&)> on_routes) {
  Scratch& s = pass.scratch;
  pass.compute.rms_norm(s.x.data(), w.ffn_norm, pass.config.rms_norm_epsilon, s.normed.data(), pass.tokens);
  detail::route_all(pass, w);
  if (on_routes) {
    const std::size_t visits = pass.tokens * pass.config.experts_per_token;
    on_routes({layer, pass.position, pass.config.experts_per_token, s.chosen.span().first(visits),
               s.weights.span().first(visits)});
  }
  detail::group_by_expert(pass);
  detail::run_groups(pass, static_cast<std::uint32_t>(layer), provider, held);
  detail::add_weighted(pass);
}

}  // namespace moe
