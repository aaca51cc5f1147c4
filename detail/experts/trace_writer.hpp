#pragma once
#include "../core/config.hpp"
#include "trace.hpp"

#include <cstring>
#include <string>

namespace moe::inline MOE_ABI::detail {

std::string trace_text(const Trace& trace);

/// Writes a trace in the form that read_trace() reads. What was resident in a cache is not part of a trace: an expert
/// counts as resident once it was used.
void write_trace(const Trace& trace, const std::string& path);

}  // namespace moe::inline MOE_ABI::detail

#if MOE_DEFINITIONS
#include "trace_writer.ipp"
#endif
