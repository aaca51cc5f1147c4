#pragma once
#include "moe_layer.hpp"
#include "feed_forward.hpp"
#include "router.hpp"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <span>
#include <utility>
#include <vector>

namespace moe::inline MOE_ABI::detail {

MOE_INLINE Activations input_of(const Pass& pass, bool prepared) {
  Scratch& s = pass.scratch;
  const std::size_t hidden = pass.config.hidden_size;
  const bool quantised = hidden % 32 == 0;
  return prepared ? pass.compute.prepared(quantised, s.normed.data(), hidden, s.quantised_input)
                  : pass.compute.prepare(quantised, s.normed.data(), hidden, pass.tokens, s.quantised_input);
}

MOE_INLINE void multiply_router(const Pass& pass, const Matrix& router, const Activations& input) {
  pass.compute.multiply({.weights = router,
                         .input = input,
                         .tokens = pass.tokens,
                         .out = pass.scratch.router.data(),
                         .out_stride = pass.config.experts});
}

MOE_INLINE void route_all(const Pass& pass, const LayerWeights& w, std::span<const ExpertId> allowed) {
  const ModelConfig& c = pass.config;
  Scratch& s = pass.scratch;
  multiply_router(pass, w.router, input_of(pass, false));
  pass.compute.for_each(pass.tokens, [&](std::size_t t, std::size_t) noexcept {
    const std::size_t k = c.experts_per_token;
    const std::span<float> logits{&s.router[t * c.experts], c.experts}, weights{&s.weights[t * k], k};
    const std::span<std::uint32_t> chosen{&s.chosen[t * k], k};
    const simd::Kernels& kernels = pass.compute.kernels();
    if (allowed.empty()) {
      route(kernels, logits, c.normalise_expert_weights, chosen, weights);
    } else {
      s.allowed_mass[t] = route_among(allowed, kernels, logits, c.normalise_expert_weights, chosen, weights);
    }
  });
}

MOE_INLINE void tell_routes(const Pass& pass, std::size_t layer, std::size_t allowed,
                            FunctionRef<void(const Routes&)> on_routes) {
  const Scratch& s = pass.scratch;
  const std::size_t visits = pass.tokens * pass.config.experts_per_token;
  on_routes({.layer = layer,
             .first_position = pass.position,
             .experts_per_token = pass.config.experts_per_token,
             .experts = s.chosen.span().first(visits),
             .weights = s.weights.span().first(visits),
             .allowed_experts = allowed,
             .allowed_mass = s.allowed_mass.span().first(allowed == 0 ? 0 : pass.tokens)});
}

MOE_INLINE void group_by_expert(const Pass& pass) {
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

MOE_INLINE void add_weighted(const Pass& pass) {
  const ModelConfig& c = pass.config;
  Scratch& s = pass.scratch;
  pass.compute.for_each(pass.tokens, [&](std::size_t t, std::size_t) noexcept {
    for (std::size_t v = t * c.experts_per_token; v < (t + 1) * c.experts_per_token; ++v)
      pass.compute.kernels().add_scaled(&s.x[t * c.hidden_size], &s.down[s.slot_of[v] * c.hidden_size],
                                        s.weights[v], c.hidden_size);
  });
}

MOE_INLINE void announce(const Pass& pass, AnyProvider& provider, std::size_t first) {
  const std::span<const ExpertId> all = pass.scratch.missing_ids.span();
  if (first >= all.size()) return;
  const std::size_t count = std::min(announced_ahead, all.size() - first);
  if (pass.tokens > 1)
    return provider.hint({.ids = all.subspan(first, count), .kind = Announcement::Kind::prefill});
  provider.hint({.ids = all.subspan(first, count),
                 .weights = pass.scratch.missing_weights.span().subspan(first, count),
                 .kind = Announcement::Kind::chosen});
}

MOE_INLINE bool hold_if_present(const Pass& pass, std::uint32_t layer, AnyProvider& provider,
                                const ExpertGroup& group, std::vector<AnyProvider::Lease>& held) {
  auto lease = provider.try_acquire({layer, group.expert});
  if (!lease) return false;
  held.push_back(std::move(*lease));
  pass.scratch.jobs.push_back({nullptr, group.first, group.count});
  return true;
}

/// The router's weight of the one token of a group.
MOE_INLINE float router_weight(const Scratch& s, const ExpertGroup& group) {
  std::size_t visit = 0;
  while (s.slot_of[visit] != group.first) ++visit;
  return s.weights[visit];
}

MOE_INLINE void hold_present(const Pass& pass, std::uint32_t layer, AnyProvider& provider,
                             std::vector<AnyProvider::Lease>& held) {
  Scratch& s = pass.scratch;
  s.missing.clear();
  s.missing_ids.clear();
  s.missing_weights.clear();
  for (const ExpertGroup& group : s.groups) {
    if (hold_if_present(pass, layer, provider, group, held)) continue;
    s.missing.push_back(group);
    s.missing_ids.push_back({layer, group.expert});
    if (pass.tokens == 1) s.missing_weights.push_back(router_weight(s, group));
  }
}

MOE_INLINE void run_held(const Pass& pass, std::vector<AnyProvider::Lease>& held) {
  Scratch& s = pass.scratch;
  // Only now: leases may hold their weights in place, and have moved while the vector grew.
  for (std::size_t i = 0; i < held.size(); ++i)
    s.jobs[i].weights = &static_cast<const ExpertWeights&>(*held[i]);
  run_jobs(pass, s.jobs.span(), input_of(pass, true));
  held.clear();
  s.jobs.clear();
}

MOE_INLINE void run_missing(const Pass& pass, std::uint32_t layer, AnyProvider& provider,
                            std::vector<AnyProvider::Lease>& held) {
  Scratch& s = pass.scratch;
  const auto hold_arrived = [&] {
    for (std::size_t i = 0; i < s.missing.size();) {
      if (hold_if_present(pass, layer, provider, s.missing[i], held)) {
        s.missing.erase_at(i);
      } else {
        ++i;
      }
    }
  };
  while (!s.missing.empty()) {
    hold_arrived();
    if (held.empty()) {
      const ExpertGroup first = s.missing[0];
      held.push_back(provider.acquire({layer, first.expert}));
      s.jobs.push_back({nullptr, first.first, first.count});
      s.missing.erase_at(0);
      hold_arrived();
    }
    run_held(pass, held);
  }
}

MOE_INLINE void run_missing_of_prompt(const Pass& pass, std::uint32_t layer, AnyProvider& provider,
                                      std::vector<AnyProvider::Lease>& held) {
  Scratch& s = pass.scratch;
  for (std::size_t i = 0; i < s.missing.size(); ++i) {
    held.push_back(provider.acquire({layer, s.missing[i].expert}));
    s.jobs.push_back({nullptr, s.missing[i].first, s.missing[i].count});
    run_held(pass, held);
    announce(pass, provider, i + 1);
  }
}

MOE_INLINE void announce_hot(const Pass& pass, std::uint32_t layer, AnyProvider& provider) {
  Scratch& s = pass.scratch;
  s.missing_ids.clear();
  std::vector<ExpertGroup> by_count(s.groups.begin(), s.groups.end());
  std::ranges::stable_sort(by_count, std::greater{}, &ExpertGroup::count);
  for (const ExpertGroup& group : by_count) s.missing_ids.push_back({layer, group.expert});
  provider.hint({.ids = s.missing_ids.span(), .kind = Announcement::Kind::hot});
}

MOE_INLINE void run_groups(const Pass& pass, std::uint32_t layer, AnyProvider& provider,
                           std::vector<AnyProvider::Lease>& held, FunctionRef<void()> before_work) {
  held.clear();  // of an earlier call that threw
  pass.scratch.jobs.clear();
  hold_present(pass, layer, provider, held);
  announce(pass, provider, 0);
  before_work();
  run_held(pass, held);
  if (pass.tokens == 1) return run_missing(pass, layer, provider, held);
  run_missing_of_prompt(pass, layer, provider, held);
  announce_hot(pass, layer, provider);
}

MOE_INLINE void predict(const Pass& pass, std::uint32_t next_layer, const Matrix& next_router,
                        AnyProvider& provider) {
  const ModelConfig& c = pass.config;
  Scratch& s = pass.scratch;
  multiply_router(pass, next_router, input_of(pass, true));
  const std::span<float> scores{s.router.data(), c.experts};
  const std::span<std::uint32_t> predicted{s.predicted.data(), c.experts_per_token};
  if (const auto allowed = pass.allowed.of(next_layer); allowed.empty()) {
    top_k(scores, predicted);
  } else {
    top_k_among(allowed, scores, predicted);
  }
  s.predicted_ids.clear();
  for (const std::uint32_t expert : predicted) s.predicted_ids.push_back({next_layer, expert});
  provider.hint({.ids = s.predicted_ids.span(), .kind = Announcement::Kind::predicted});
}

}  // namespace moe::inline MOE_ABI::detail

namespace moe::inline MOE_ABI::detail {

MOE_INLINE void moe_layer(const Pass& pass, const LayerWeights& w, std::size_t layer, AnyProvider& provider,
                          std::vector<AnyProvider::Lease>& held, FunctionRef<void(const Routes&)> on_routes,
                          const NextRouter& next, FunctionRef<void()> before_sum) {
  Scratch& s = pass.scratch;
  pass.compute.rms_norm(s.x.data(), w.ffn_norm, pass.config.rms_norm_epsilon, s.normed.data(), pass.tokens);
  pass.compute.expect(nullptr);  // the router says what comes next
  const std::span<const ExpertId> allowed = pass.allowed.of(layer);
  detail::route_all(pass, w, allowed);
  if (on_routes) detail::tell_routes(pass, layer, allowed.size(), on_routes);
  detail::group_by_expert(pass);
  detail::run_groups(pass, static_cast<std::uint32_t>(layer), provider, held, [&] {
    if (next.router && pass.tokens == 1) detail::predict(pass, next.layer, *next.router, provider);
  });
  before_sum();
  detail::add_weighted(pass);
}

}  // namespace moe::inline MOE_ABI::detail
