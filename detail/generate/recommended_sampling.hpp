#pragma once
#include "../core/config.hpp"
#include "../io/checkpoint.hpp"
#include "sampler.hpp"

namespace moe::inline MOE_ABI::detail {

/// The options in generation_config.json, with the defaults of Hugging Face for omitted keys. Greedy decoding without that
/// file or with do_sample false.
Sampling read_sampling(const Checkpoint& checkpoint);

}  // namespace moe::inline MOE_ABI::detail

#if MOE_DEFINITIONS
#include "recommended_sampling.ipp"
#endif
