// SPDX-License-Identifier: MIT
#pragma once
#include "router_reader.hpp"
#include "../core/concat.hpp"

#include <algorithm>
#include <cstddef>
#include <string>
#include <string_view>

namespace moe::inline MOE_ABI::detail {

using RouterScore = RouterSpec::Score;

/// The router's score from its number in a GGUF file: 1 is softmax, 2 is sigmoid, 3 is softmax_of_chosen. 0, or no number,
/// stands for the default of the family.
MOE_INLINE RouterScore read_score_of_gguf(const SpecReader& reader) {
  const Family& family = reader.family();
  constexpr RouterScore stated[] = {RouterScore::softmax, RouterScore::softmax, RouterScore::sigmoid,
                                    RouterScore::softmax_of_chosen};
  const std::size_t number = reader.size(keys::score, 0);
  if (family.other_scores_in_gguf) {
    if (number > 2) reader.fail_at(keys::score, "1 or 2", concat(number));
    if (number > 0) return stated[number];
    const bool forgotten =
        reader.layers() == family.sigmoid_layers && reader.vocabulary() == family.sigmoid_vocabulary;
    return forgotten ? RouterScore::sigmoid : RouterScore::softmax;
  }
  std::size_t usual = 1;
  while (usual < 3 && stated[usual] != family.score) ++usual;
  // Files may state 1 instead of 3, since softmax_of_chosen equals a softmax with normalised weights. Files may also state 1
  // for sparsemixer, for which llama.cpp has no number.
  const bool same = number == 1 && (usual == 3 || family.score == RouterScore::sparsemixer);
  if (number != 0 && number != usual && !same) reader.fail_at(keys::score, concat(usual), concat(number));
  return family.score;
}

MOE_INLINE RouterScore read_score(const SpecReader& reader) {
  if (reader.is_gguf()) return read_score_of_gguf(reader);
  const RouterScore score = reader.family().score;
  if (score == RouterScore::sigmoid) (void)reader.one_of(keys::score, {"sigmoid"});
  if (score == RouterScore::softmax) (void)reader.one_of(keys::score, {"softmax"});
  return score;
}

/// Reads the groups of experts. Only experts of the best groups can be chosen.
MOE_INLINE void read_groups(const SpecReader& reader, RouterSpec& out) {
  const Family& family = reader.family();
  if (family.choice.empty()) return;
  if (!reader.is_gguf()) {
    const bool sums = out.score == RouterScore::sigmoid;
    const std::string choice = reader.text(keys::choice, family.choice);
    if (sums ? choice != "noaux_tc" : choice != "greedy" && choice != "group_limited_greedy")
      reader.fail_at(keys::choice, sums ? "noaux_tc" : "greedy or group_limited_greedy", choice);
    // This call marks the key as looked up, so it comes before the return for a greedy choice: an unread key would be refused.
    const bool has_groups = reader.has(keys::groups);
    if (choice == "greedy" || !(has_groups || family.groups > 1)) return;
  }
  const bool usual = !reader.is_gguf();
  const std::size_t groups = reader.size(keys::groups, usual ? family.groups : 1,
                                         {.most = std::min(out.experts, RouterSpec::most_groups)});
  if (groups <= 1) return;
  out.groups = groups;
  out.groups_kept =
      reader.size(keys::groups_kept, usual ? family.groups_kept : groups, {.least = 1, .most = groups});
  // The score of a group under a softmax is its largest score, as in the original model; llama.cpp sums the two largest.
  out.group_score_is_sum = out.score == RouterScore::sigmoid;
  const std::size_t least = out.group_score_is_sum ? 2 : 1;
  if (out.experts % groups != 0 || out.experts / groups < least)
    reader.fail_at(keys::groups,
                   concat("a divisor of ", out.experts, " with at least ", least, " experts in a group"),
                   concat(groups));
  if (out.experts / groups * out.groups_kept < out.per_token)
    reader.fail_at(keys::groups_kept,
                   concat("a number of groups that together have at least ", out.per_token, " experts"),
                   concat(out.groups_kept));
}

MOE_INLINE bool read_normalise(const SpecReader& reader, RouterScore score) {
  const Family& family = reader.family();
  if (family.normalise == Family::Normalise::never) return false;
  // If models with softmax and models with sigmoid share an architecture of GGUF, the default for softmax is not to normalise.
  const bool usual =
      reader.is_gguf() ? family.normalised_in_gguf && !(family.other_scores_in_gguf && score != family.score)
                       : family.normalised;
  const bool stated = reader.flag(keys::normalise, usual);
  return family.normalise == Family::Normalise::always || stated;
}

MOE_INLINE RouterSpec read_router(const SpecReader& reader, std::size_t experts) {
  const Family& family = reader.family();
  RouterSpec out;
  out.experts = experts;
  if (!reader.is_list(keys::experts_per_token))
    out.per_token = reader.required_size(keys::experts_per_token, reader.defaults().per_token,
                                         {.least = 1, .most = experts});
  out.score = read_score(reader);
  if (out.score == RouterScore::sparsemixer) {
    if (out.per_token != 2) reader.fail_at(keys::experts_per_token, "2", concat(out.per_token));
    out.jitter = static_cast<float>(reader.number(keys::jitter, 0.01, {0, 1}));
  }
  out.bias = family.router_bias;
  out.selection_bias = !reader.is_gguf() && reader.flag(keys::selection_bias, family.selection_bias);
  if (out.selection_bias && !family.selection_bias) reader.fail_at(keys::selection_bias, "false", "true");
  read_groups(reader, out);
  out.normalise = read_normalise(reader, out.score);
  if (out.normalise) out.normalise_epsilon = family.normalise_epsilon;
  if (family.scaled_weights) {
    const double scale =
        reader.number(keys::expert_weight_scale, reader.is_gguf() ? 0 : family.weight_scale, {0, 1e6});
    out.scale = scale == 0 && reader.is_gguf() ? 1 : static_cast<float>(scale);
  }
  out.own_norm = family.own_router_norm;
  out.per_expert_scale = family.own_router_norm;
  return out;
}

MOE_INLINE void read_router_tensors(const SpecReader& reader, std::size_t layer, RouterSpec& out) {
  const auto has = [&](Role role) { return reader.names().find(role, layer) != nullptr; };
  out.selection_bias = reader.family().selection_bias && has(Role::selection_bias);
  out.per_expert_scale = out.own_norm && has(Role::expert_scale);
}

}  // namespace moe::inline MOE_ABI::detail
