// SPDX-License-Identifier: MIT
#pragma once
#include "../core/config.hpp"
#include "../experts/catalog.hpp"
#include "../experts/trace.hpp"
#include "../spec/model_spec.hpp"
#include "routes.hpp"

#include <cstddef>
#include <cstdint>
#include <optional>

namespace moe::inline MOE_ABI::detail {

/// The type of moe::trace_of.
struct TraceOf {
  Trace operator()(const ModelSpec& spec, const ExpertCatalog& catalog) const;
};

}  // namespace moe::inline MOE_ABI::detail

namespace moe::inline MOE_ABI {

/// trace_of(spec, catalog): an empty trace with the properties of a model and the sizes of its experts.
inline constexpr detail::TraceOf trace_of;

/// An observer for observe_routes() that records the routes of one sequence. `Record` is a Trace, a UsageProfile or any type
/// with add(TraceVisit). The record must outlive the recorder, and the recorder must outlive the sequence.
///
///   moe::Trace trace = moe::trace_of(model.spec(), catalog);
///   moe::RouteRecorder recorder(trace);
///   session.observe_routes(recorder);
///
/// Routes of several tokens at once count as prompt, and routes of a single token as generated text; see as_prompt().
template <class Record>
class RouteRecorder {
 public:
  /// Records into `record`, which must outlive the recorder.
  explicit RouteRecorder(Record& record) : record_(&record) {}

  /// The turn of the conversation for all routes from now on.
  void set_turn(std::uint32_t turn) { turn_ = turn; }

  /// Whether all routes from now on belong to a prompt. Empty: their number of tokens decides.
  void as_prompt(std::optional<bool> prompt) { prompt_ = prompt; }

  /// Adds a visit for each token. Throws what Record::add() throws.
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
