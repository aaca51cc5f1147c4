#pragma once
#include "trace_writer.hpp"
#include "../core/concat.hpp"
#include "../core/decimal.hpp"
#include "../io/output_file.hpp"
#include "trace_reader.hpp"

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>
#include <utility>

namespace moe::inline MOE_ABI::detail {

MOE_INLINE std::string trace_text(const Trace& trace) {
  const TraceModel& model = trace.model();
  std::string out = "# route_trace v1\n#";
  const auto word = [&](std::string_view key, std::string_view value) {
    if (!value.empty()) out += concat(' ', key, '=');
    for (const char c : value) out += static_cast<unsigned char>(c) < 0x20 || c == '=' ? '_' : c;
  };
  word("model", model.name);
  word("arch", model.architecture);
  const auto number = [&](std::string_view key, std::uint32_t value) {
    if (value > 0) out += concat(' ', key, '=', value);
  };
  number("n_layer", model.layers);
  number("n_expert", model.experts);
  number("n_expert_used", model.experts_per_token);
  out += '\n';
  for (std::size_t layer = 0; layer < trace.layers(); ++layer)
    out += concat("# layer=", layer, " expert_bytes=", trace.expert_bytes(layer),
                  " dense_bytes=", trace.dense_bytes(layer), '\n');
  for (const std::string_view column : trace_columns)
    out += concat(column, column == trace_columns.back() ? '\n' : ',');
  std::string used(trace.layers() * trace.experts(), '\0');  // whether each expert was used before
  for (std::size_t i = 0; i < trace.size(); ++i) {
    const TraceVisit visit = trace[i];
    const std::string begin =
        concat(visit.turn, visit.prompt ? ",0," : ",1,", visit.step, ',', visit.layer, ',');
    for (std::size_t slot = 0; slot < visit.experts.size(); ++slot) {
      const bool resident =
          std::exchange(used[visit.layer * trace.experts() + visit.experts[slot]], '\1') != '\0';
      out += concat(begin, slot, ',', visit.experts[slot], ',', to_decimal(visit.weights[slot]),
                    resident ? ",1," : ",0,", resident ? 0 : trace.expert_bytes(visit.layer), '\n');
    }
  }
  return out;
}

}  // namespace moe::inline MOE_ABI::detail

namespace moe::inline MOE_ABI::detail {

MOE_INLINE void write_trace(const Trace& trace, const std::string& path) {
  write_text(path, detail::trace_text(trace));
}

}  // namespace moe::inline MOE_ABI::detail
