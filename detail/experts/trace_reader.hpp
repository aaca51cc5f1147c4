#pragma once
#include "../core/config.hpp"
#include "trace.hpp"

#include <string>

namespace moe::inline MOE_ABI::detail {

/// Reads a trace in the format of the project BigMoeOnEdge (`# route_trace v1`): CSV with a row for each chosen expert.
///   # model=... arch=... n_layer=L n_expert=E n_expert_used=K     comments; all of them are optional
///   # layer=N expert_bytes=B dense_bytes=D                        without it, B is the largest of the layer's rows
///   turn,phase,step,layer,slot,expert,weight,residency,expert_bytes
/// phase: 0 in a prompt, 1 after it. slot: the rank. residency is not kept. Columns may come in any order. Required are
/// step, layer and expert; other columns may be missing or empty, which means turn 0, phase 1, the next slot, weight 0.
/// Throws if anything in the file is wrong.
Trace read_trace(const std::string& path);

}  // namespace moe::inline MOE_ABI::detail

#if MOE_DEFINITIONS
#include "trace_reader.ipp"
#endif
