// SPDX-License-Identifier: MIT
#pragma once
#include "executor.hpp"
#include "../../core/error.hpp"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <numeric>
#include <optional>
#include <span>
#include <string_view>
#include <utility>
#include <vector>

namespace moe::inline MOE_ABI::detail {

MOE_INLINE ExecutorLists::ExecutorLists(std::size_t experts) {
  groups.reserve(experts);
  missing.reserve(experts);
  missing_ids.reserve(experts);
  missing_weights.reserve(experts);
  used_tokens.reserve(experts);
  next_slot.reserve(experts + 1);
  jobs.reserve(experts + 1);
  products.reserve(experts + 1);
  held.reserve(experts);
}

MOE_INLINE void group_by_expert(const Visits& visits, const VisitOrder& order, ExecutorLists& lists) {
  std::vector<std::size_t>& next_slot = lists.next_slot;
  // First next_slot[e + 1] counts the visits of expert e; after the prefix sums next_slot[e] is the first slot of e.
  next_slot.assign(visits.experts + 1, 0);
  for (const std::uint32_t expert : visits.chosen) ++next_slot[expert + 1];
  lists.groups.clear();
  for (std::uint32_t expert = 0; expert < visits.experts; ++expert) {
    const std::size_t count = next_slot[expert + 1];
    if (count > 0) lists.groups.push_back({expert, next_slot[expert], count});
    next_slot[expert + 1] += next_slot[expert];
  }
  for (std::size_t v = 0; v < visits.chosen.size(); ++v) {
    const std::size_t slot = next_slot[visits.chosen[v]]++;
    order.slot_of[v] = static_cast<std::uint32_t>(slot);
    order.token_of[slot] = static_cast<std::uint32_t>(v / visits.per_token);
    order.weight_of[slot] = visits.weights[v];
  }
}

/// Throws unless the matrix has a quantised type, which kernels multiply with int8 inputs. A matrix without rows may have any
/// type.
inline void require_quantised(std::string_view part, ExpertId id, const Matrix& matrix) {
  if (matrix.rows > 0 && !is_quantised(matrix.dtype))
    fail("batch of experts", describe(part, id), "quantised weights, since the inputs are int8",
         name(matrix.dtype));
}

/// For batches without float inputs: gate and up multiply the inputs.
inline void require_quantised(ExpertId id, const ExpertWeights& weights) {
  require_quantised("gate", id, weights.gate);
  require_quantised("up", id, weights.up);
}

/// Computes the groups of one batch. The destructor releases all leases, also after an exception.
class GroupRun {
 public:
  GroupRun(const Step& step, const LocalBatch& local, const NetworkBuffers& buffers, AnyProvider& provider,
           ExecutorLists& lists)
      : step_(step),
        local_(local),
        batch_(local.batch),
        buffers_(buffers),
        provider_(provider),
        lists_(lists) {}
  GroupRun(const GroupRun&) = delete;
  GroupRun& operator=(const GroupRun&) = delete;
  ~GroupRun() { release(); }

  /// Computes the present experts in one parallel region while the provider loads the missing ones, then the missing ones.
  void run() {
    hold_present();
    announce_missing(0);
    if (!batch_.predicted.empty())
      provider_.hint({.ids = batch_.predicted, .kind = Announcement::Kind::predicted});
    run_held();
    if (batch_.tokens == 1) return run_missing_of_token();
    run_missing_in_order();
    is_decode() ? announce_used() : announce_hot();
  }

 private:
  ExpertId id_of(const ExpertGroup& group) const { return {batch_.layer, group.expert}; }

  void hold(AnyProvider::Lease&& lease, const ExpertGroup& group) {
    require_shapes(id_of(group), *lease, local_.shape);
    if (!local_.input.x) require_quantised(id_of(group), *lease);
    lists_.held.push_back(std::move(lease));
    lists_.jobs.push_back({nullptr, group.first, group.count});
  }

  bool hold_if_present(const ExpertGroup& group) {
    std::optional<AnyProvider::Lease> lease = provider_.try_acquire(id_of(group));
    if (lease) hold(std::move(*lease), group);
    return lease.has_value();
  }

  bool is_decode() const { return batch_.decode || batch_.tokens == 1; }

  /// The sum of the router's weights over the slots of a group.
  float weight_of(const ExpertGroup& group) const {
    const std::span<const float> weights = batch_.weights.subspan(group.first, group.count);
    return std::accumulate(weights.begin(), weights.end(), 0.0f);
  }

  /// Announcement::total_weight: the sum of the router's weights of a single token; 0 (unknown) for several tokens, because each
  /// token has its own sum.
  float total_weight() const {
    return batch_.tokens == 1 ? std::accumulate(batch_.weights.begin(), batch_.weights.end(), 0.0f) : 0;
  }

  /// Takes leases of all present experts and lists the missing ones.
  void hold_present() {
    lists_.missing.clear();
    lists_.missing_ids.clear();
    lists_.missing_weights.clear();
    for (const ExpertGroup& group : batch_.groups) {
      if (hold_if_present(group)) continue;
      lists_.missing.push_back(group);
      lists_.missing_ids.push_back(id_of(group));
      if (is_decode()) lists_.missing_weights.push_back(weight_of(group));
    }
  }

  /// Computes all held experts in one parallel region and releases them.
  void run_held() {
    // A lease may contain its ExpertWeights, whose address changes when the list of leases grows. So addresses are taken here.
    for (std::size_t i = 0; i < lists_.held.size(); ++i) lists_.jobs[i].weights = &*lists_.held[i];
    run_jobs(step_, local_.network, lists_.jobs, local_.input, batch_.token_of, buffers_, lists_.products);
    release();
  }

  void release() {
    lists_.held.clear();
    lists_.jobs.clear();
  }

  /// Takes leases of all missing experts that are loaded by now, and removes them from the list of missing experts.
  void hold_arrived() {
    std::erase_if(lists_.missing, [&](const ExpertGroup& group) { return hold_if_present(group); });
  }

  /// Computes the missing experts of one token: all loaded experts together; if no expert is loaded yet, waits for the first one.
  void run_missing_of_token() {
    while (!lists_.missing.empty()) {
      hold_arrived();
      if (lists_.held.empty()) {
        const ExpertGroup first = lists_.missing[0];
        hold(provider_.acquire(id_of(first)), first);
        lists_.missing.erase(lists_.missing.begin());
        hold_arrived();
      }
      run_held();
    }
  }

  /// Computes the missing experts of several tokens one by one, in ascending order, and announces the next ones.
  void run_missing_in_order() {
    for (std::size_t i = 0; i < lists_.missing.size(); ++i) {
      hold(provider_.acquire(id_of(lists_.missing[i])), lists_.missing[i]);
      run_held();
      announce_missing(i + 1);
    }
  }

  /// Announces up to announced_ahead missing experts from index `first` on, also experts that were announced before: the cache
  /// may have had no room for such an expert then, and must load the expert before any later one.
  void announce_missing(std::size_t first) {
    const std::span<const ExpertId> all = lists_.missing_ids;
    if (first >= all.size()) return;
    const std::size_t count = std::min(announced_ahead, all.size() - first);
    if (!is_decode())
      return provider_.hint({.ids = all.subspan(first, count), .kind = Announcement::Kind::prefill});
    provider_.hint({.ids = all.subspan(first, count),
                    .weights = std::span<const float>(lists_.missing_weights).subspan(first, count),
                    .kind = Announcement::Kind::chosen,
                    .total_weight = total_weight()});
  }

  /// Announces the chosen experts of the layer, in descending order of their number of tokens.
  void announce_hot() {
    std::vector<ExpertGroup> by_count(batch_.groups.begin(), batch_.groups.end());
    std::stable_sort(by_count.begin(), by_count.end(),
                     [](const ExpertGroup& a, const ExpertGroup& b) { return a.count > b.count; });
    lists_.missing_ids.clear();
    for (const ExpertGroup& group : by_count) lists_.missing_ids.push_back(id_of(group));
    provider_.hint({.ids = lists_.missing_ids, .kind = Announcement::Kind::hot});
  }

  /// Announces how many tokens chose each expert of the layer.
  void announce_used() {
    lists_.missing_ids.clear();
    lists_.used_tokens.clear();
    for (const ExpertGroup& group : batch_.groups) {
      lists_.missing_ids.push_back(id_of(group));
      lists_.used_tokens.push_back(static_cast<std::uint32_t>(group.count));
    }
    provider_.hint(
        {.ids = lists_.missing_ids, .tokens = lists_.used_tokens, .kind = Announcement::Kind::used});
  }

  const Step& step_;
  const LocalBatch& local_;
  const ExpertBatch& batch_;
  const NetworkBuffers& buffers_;
  AnyProvider& provider_;
  ExecutorLists& lists_;
};

MOE_INLINE void run_groups(const Step& step, const LocalBatch& local, const NetworkBuffers& buffers,
                           AnyProvider& provider, ExecutorLists& lists) {
  GroupRun(step, local, buffers, provider, lists).run();
}

}  // namespace moe::inline MOE_ABI::detail
