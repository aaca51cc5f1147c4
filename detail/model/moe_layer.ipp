#pragma once
#include "moe_layer.hpp"
#include "feed_forward.hpp"
#include "router.hpp"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <utility>
#include <vector>

namespace moe::inline MOE_ABI::detail {

/// The normed input. Router and experts may be quantised or not, so the quantised form is made whenever the width allows it.
/// prepared: it is there already.
inline Activations input_of(const Pass& pass, bool prepared) {
  Scratch& s = pass.scratch;
  const std::size_t hidden = pass.config.hidden_size;
  const bool quantised = hidden % 32 == 0;
  return prepared ? pass.compute.prepared(quantised, s.normed.data(), hidden, s.quantised_input)
                  : pass.compute.prepare(quantised, s.normed.data(), hidden, pass.tokens, s.quantised_input);
}

/// Scratch::router = the logits of a router for all tokens.
inline void multiply_router(const Pass& pass, const Matrix& router, const Activations& input) {
  pass.compute.multiply({.weights = router,
                         .input = input,
                         .tokens = pass.tokens,
                         .out = pass.scratch.router.data(),
                         .out_stride = pass.config.experts});
}

/// Scratch::chosen and weights = the choice of the router for each token; allowed_mass too, if the router is restricted.
inline void route_all(const Pass& pass, const LayerWeights& w, std::span<const ExpertId> allowed) {
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

inline void report_routes(const Pass& pass, const MoeLayer& layer, std::size_t allowed) {
  const Scratch& s = pass.scratch;
  const std::size_t visits = pass.tokens * pass.config.experts_per_token;
  layer.on_routes({.layer = layer.index,
                   .first_position = pass.position,
                   .experts_per_token = pass.config.experts_per_token,
                   .experts = s.chosen.span().first(visits),
                   .weights = s.weights.span().first(visits),
                   .allowed_experts = allowed,
                   .allowed_mass = s.allowed_mass.span().first(allowed == 0 ? 0 : pass.tokens)});
}

/// Sorts the visits by expert (a counting sort): Scratch::groups in ascending order of the experts, with consecutive slots.
inline void group_by_expert(const Pass& pass) {
  Scratch& s = pass.scratch;
  const std::size_t visits = pass.tokens * pass.config.experts_per_token;
  // First next_slot[e + 1] counts the visits of expert e; after the prefix sums next_slot[e] is the first slot of e.
  std::fill_n(s.next_slot.data(), s.next_slot.size(), std::size_t{0});
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

/// x[t] += Σ over ranks of weight · result of the expert, always in rank order.
inline void add_weighted(const Pass& pass) {
  const ModelConfig& c = pass.config;
  Scratch& s = pass.scratch;
  pass.compute.for_each(pass.tokens, [&](std::size_t t, std::size_t) noexcept {
    for (std::size_t v = t * c.experts_per_token; v < (t + 1) * c.experts_per_token; ++v)
      pass.compute.kernels().add_scaled(&s.x[t * c.hidden_size], &s.down[s.slot_of[v] * c.hidden_size],
                                        s.weights[v], c.hidden_size);
  });
}

/// Computes the groups of one layer. Releases all leases when it is destroyed, so also after an exception.
class GroupRun {
 public:
  GroupRun(const Pass& pass, const MoeLayer& layer) : pass_(pass), s_(pass.scratch), layer_(layer) {}
  GroupRun(const GroupRun&) = delete;
  GroupRun& operator=(const GroupRun&) = delete;
  ~GroupRun() { release(); }

  /// Computes the present experts in one parallel region while the provider loads the missing ones, then the missing ones.
  void run() {
    hold_present();
    announce_missing(0);
    if (layer_.next.router && pass_.tokens == 1) announce_predicted();
    run_held();
    if (pass_.tokens == 1) return run_missing_of_token();
    run_missing_of_prompt();
    announce_hot();
  }

 private:
  ExpertId id_of(const ExpertGroup& group) const { return {layer_.index, group.expert}; }

  void hold(AnyProvider::Lease&& lease, const ExpertGroup& group) {
    require_shapes(id_of(group), *lease, pass_.config.hidden_size, pass_.config.expert_intermediate_size);
    layer_.held.push_back(std::move(lease));
    s_.jobs.push_back({nullptr, group.first, group.count});
  }

  bool hold_if_present(const ExpertGroup& group) {
    std::optional<AnyProvider::Lease> lease = layer_.provider.try_acquire(id_of(group));
    if (lease) hold(std::move(*lease), group);
    return lease.has_value();
  }

  /// The router's weight of a group that has one token.
  float weight_of(const ExpertGroup& group) const {
    std::size_t visit = 0;
    while (s_.slot_of[visit] != group.first) ++visit;
    return s_.weights[visit];
  }

  /// Takes leases of all present experts and lists the missing ones.
  void hold_present() {
    s_.missing.clear();
    s_.missing_ids.clear();
    s_.missing_weights.clear();
    for (const ExpertGroup& group : s_.groups) {
      if (hold_if_present(group)) continue;
      s_.missing.push_back(group);
      s_.missing_ids.push_back(id_of(group));
      if (pass_.tokens == 1) s_.missing_weights.push_back(weight_of(group));
    }
  }

  /// Computes all held experts in one parallel region and releases them.
  void run_held() {
    // Leases may hold their weights in place, so the addresses are final only when the list is complete.
    for (std::size_t i = 0; i < layer_.held.size(); ++i)
      s_.jobs[i].weights = &static_cast<const ExpertWeights&>(*layer_.held[i]);
    run_jobs(pass_, s_.jobs.span(), input_of(pass_, true));
    release();
  }

  void release() {
    layer_.held.clear();
    s_.jobs.clear();
  }

  /// Moves all experts that have arrived from the list of missing ones to the held ones.
  void hold_arrived() {
    for (std::size_t i = 0; i < s_.missing.size();) {
      if (hold_if_present(s_.missing[i])) {
        s_.missing.erase_at(i);
      } else {
        ++i;
      }
    }
  }

  /// Computes the missing experts of one token: all that have arrived together; if none has, waits for the first one.
  void run_missing_of_token() {
    while (!s_.missing.empty()) {
      hold_arrived();
      if (layer_.held.empty()) {
        const ExpertGroup first = s_.missing[0];
        hold(layer_.provider.acquire(id_of(first)), first);
        s_.missing.erase_at(0);
        hold_arrived();
      }
      run_held();
    }
  }

  /// Computes the missing experts of a prompt one by one, in ascending order, and announces the next ones.
  void run_missing_of_prompt() {
    for (std::size_t i = 0; i < s_.missing.size(); ++i) {
      hold(layer_.provider.acquire(id_of(s_.missing[i])), s_.missing[i]);
      run_held();
      announce_missing(i + 1);
    }
  }

  /// Announces missing experts from the given place on. Announces again what was announced before: the cache may have had
  /// no room for it then, and must load it before any later one.
  void announce_missing(std::size_t first) {
    const std::span<const ExpertId> all = s_.missing_ids.span();
    if (first >= all.size()) return;
    const std::size_t count = std::min(announced_ahead, all.size() - first);
    if (pass_.tokens > 1)
      return layer_.provider.hint({.ids = all.subspan(first, count), .kind = Announcement::Kind::prefill});
    layer_.provider.hint({.ids = all.subspan(first, count),
                          .weights = s_.missing_weights.span().subspan(first, count),
                          .kind = Announcement::Kind::chosen});
  }

  /// Announces the experts of the layer, the ones with the most tokens first.
  void announce_hot() {
    std::vector<ExpertGroup> by_count(s_.groups.begin(), s_.groups.end());
    std::stable_sort(by_count.begin(), by_count.end(),
                     [](const ExpertGroup& a, const ExpertGroup& b) { return a.count > b.count; });
    s_.missing_ids.clear();
    for (const ExpertGroup& group : by_count) s_.missing_ids.push_back(id_of(group));
    layer_.provider.hint({.ids = s_.missing_ids.span(), .kind = Announcement::Kind::hot});
  }

  /// Applies the router of a later layer to the input of this layer: a guess at the experts of the later layer.
  void announce_predicted() {
    multiply_router(pass_, *layer_.next.router, input_of(pass_, true));
    const std::span<float> scores{s_.router.data(), pass_.config.experts};
    const std::span<std::uint32_t> predicted{s_.predicted.data(), pass_.config.experts_per_token};
    if (const auto allowed = pass_.allowed.of(layer_.next.layer); allowed.empty()) {
      top_k(scores, predicted);
    } else {
      top_k_among(allowed, scores, predicted);
    }
    s_.predicted_ids.clear();
    for (const std::uint32_t expert : predicted) s_.predicted_ids.push_back({layer_.next.layer, expert});
    layer_.provider.hint({.ids = s_.predicted_ids.span(), .kind = Announcement::Kind::predicted});
  }

  const Pass& pass_;
  Scratch& s_;
  const MoeLayer& layer_;
};

MOE_INLINE void moe_layer(const Pass& pass, const MoeLayer& layer) {
  Scratch& s = pass.scratch;
  const LayerWeights& w = layer.weights;
  pass.compute.rms_norm(s.x.data(), w.ffn_norm, pass.config.rms_norm_epsilon, s.normed.data(), pass.tokens);
  pass.compute.expect(nullptr);  // the next reads depend on the choice of the router
  const std::span<const ExpertId> allowed = pass.allowed.of(layer.index);
  route_all(pass, w, allowed);
  if (layer.on_routes) report_routes(pass, layer, allowed.size());
  group_by_expert(pass);
  GroupRun(pass, layer).run();
  layer.before_sum();
  add_weighted(pass);
}

}  // namespace moe::inline MOE_ABI::detail
