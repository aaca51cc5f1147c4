#pragma once
#include "../core/config.hpp"
#include "trace.hpp"

#include <string>

namespace moe::inline MOE_ABI::detail {

/// A trace in the format of read_trace(). Traces do not know what a cache had: an expert is written as resident (residency 1,
/// expert_bytes 0) from its second use on.
std::string trace_text(const Trace& trace);

void write_trace(const Trace& trace, const std::string& path);

}  // namespace moe::inline MOE_ABI::detail

#if MOE_DEFINITIONS
#include "trace_writer.ipp"
#endif
