#pragma once
#include "../core/config.hpp"
#include "../experts/catalog.hpp"
#include "../experts/trace.hpp"
#include "config.hpp"
#include "routes.hpp"

#include <cstddef>
#include <cstdint>
#include <optional>

namespace moe::inline MOE_ABI::detail {

/// The type of moe::trace_of.
struct TraceOf {
  Trace operator()(const ModelConfig& config, const ExpertCatalog& catalog) const;
};

}  // namespace moe::inline MOE_ABI::detail

namespace moe::inline MOE_ABI {

/// trace_of(config, catalog): an empty trace of a model, with the sizes of its experts.
inline constexpr detail::TraceOf trace_of;

/// Records the routes of one sequence as a trace or a usage profile: an observer for observe_routes(), for as long as the
/// sequence lives. `Record` is a Trace, a UsageProfile or anything else with add(TraceVisit).
///
///   moe::Trace trace = moe::trace_of(model.config(), catalog);
///   moe::RouteRecorder recorder(trace);
///   session.observe_routes(recorder);
///
/// Tokens that come several at once are taken for a prompt, one alone for what follows; see as_prompt().
template <class Record>
class RouteRecorder {
 public:
  explicit RouteRecorder(Record& record) : record_(&record) {}

  /// The turn of the conversation that what comes next belongs to.
  void set_turn(std::uint32_t turn) { turn_ = turn; }

  /// Whether what comes next is part of a prompt, however many tokens come at once. Nothing: tell by their number.
  void as_prompt(std::optional<bool> prompt) { prompt_ = prompt; }

  void operator()(const Routes& routes) {
    const std::size_t k = routes.experts_per_token, tokens = routes.experts.size() / k;
    for (std::size_t t = 0; t < tokens; ++t)
      record_->add(TraceVisit{turn_, prompt_.value_or(tokens > 1),
                              static_cast<std::uint32_t>(routes.first_position + t),
                              static_cast<std::uint32_t>(routes.layer), routes.experts.subspan(t * k, k),
                              routes.weights.subspan(t * k, k)});
  }

 private:
  Record* record_;
  std::uint32_t turn_ = 0;
  std::optional<bool> prompt_;
};

}  // namespace moe::inline MOE_ABI

#if MOE_DEFINITIONS
#include "route_recorder.ipp"
#endif
