// SPDX-License-Identifier: MIT
#pragma once
#include "trace.hpp"
#include "../core/concat.hpp"
#include "../core/decimal.hpp"
#include "../io/output_file.hpp"
#include "trace_columns.hpp"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace moe::inline MOE_ABI::detail {

/// ` key=value` for a comment line, with control characters and `=` of the value replaced; empty if the value is empty. Only
/// the value of the key `model` may contain spaces: in other values, spaces are replaced too.
MOE_INLINE std::string comment_word(std::string_view key, std::string_view value) {
  std::string out;
  if (!value.empty()) out = concat(' ', key, '=');
  for (const char c : value) {
    const bool kept = static_cast<unsigned char>(c) >= 0x20 && c != '=' && (c != ' ' || key == "model");
    out += kept ? c : '_';
  }
  return out;
}

MOE_INLINE std::string comment_number(std::string_view key, std::uint64_t value) {
  return value == 0 ? std::string() : concat(' ', key, '=', value);
}

MOE_INLINE std::string trace_comments(const Trace& trace) {
  const TraceModel& model = trace.model();
  std::string out = concat("# route_trace v1\n#", comment_word("model", model.name),
                           comment_word("arch", model.architecture), comment_number("n_layer", model.layers),
                           comment_number("n_expert", model.experts),
                           comment_number("n_expert_used", model.experts_per_token), '\n');
  for (std::size_t layer = 0; layer < trace.layers(); ++layer) {
    const std::string bytes = concat(comment_number("expert_bytes", trace.expert_bytes(layer)),
                                     comment_number("dense_bytes", trace.dense_bytes(layer)));
    if (!bytes.empty()) out += concat("# layer=", layer, bytes, '\n');
  }
  return out;
}

/// For each choice of a trace, whether the same expert was chosen before. The function sorts the choices, because a table of
/// all experts of all layers could be much larger than the trace.
MOE_INLINE std::vector<bool> chosen_before(const Trace& trace) {
  std::vector<std::pair<std::uint64_t, std::size_t>> choices;  // layer and expert, choice
  for (std::size_t i = 0; i < trace.size(); ++i) {
    const TraceVisit visit = trace[i];
    for (std::size_t slot = 0; slot < visit.experts.size(); ++slot)
      choices.emplace_back(std::uint64_t{visit.layer} << 32 | visit.experts[slot], trace.choice(visit, slot));
  }
  std::sort(choices.begin(), choices.end());
  std::vector<bool> out(trace.choices());
  for (std::size_t i = 1; i < choices.size(); ++i)
    out[choices[i].second] = choices[i].first == choices[i - 1].first;
  return out;
}

MOE_INLINE std::string trace_text(const Trace& trace) {
  std::string out = trace_comments(trace);
  for (const std::string_view column : trace_columns)
    out += concat(column, column == trace_columns.back() ? '\n' : ',');
  const std::vector<bool> resident = chosen_before(trace);
  for (std::size_t i = 0; i < trace.size(); ++i) {
    const TraceVisit visit = trace[i];
    const std::string begin =
        concat(visit.turn, visit.prompt ? ",0," : ",1,", visit.step, ',', visit.layer, ',');
    for (std::size_t slot = 0; slot < visit.experts.size(); ++slot) {
      const bool is_resident = resident[trace.choice(visit, slot)];
      out += concat(begin, slot, ',', visit.experts[slot], ',', to_decimal(visit.weights[slot]),
                    is_resident ? ",1," : ",0,", is_resident ? 0 : trace.expert_bytes(visit.layer), '\n');
    }
  }
  return out;
}

}  // namespace moe::inline MOE_ABI::detail

namespace moe::inline MOE_ABI {

MOE_INLINE void Trace::write(const std::string& path) const {
  detail::write_text(path, detail::trace_text(*this));
}

}  // namespace moe::inline MOE_ABI
