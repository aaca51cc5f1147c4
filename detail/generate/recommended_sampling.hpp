#pragma once
#include "../core/config.hpp"
#include "../io/checkpoint.hpp"
#include "sampler.hpp"

namespace moe::inline MOE_ABI::detail {

/// What a checkpoint's generation_config.json recommends, with the defaults of Hugging Face for what it leaves out; without
/// that file, or with do_sample false, the most likely token.
Sampling read_sampling(const Checkpoint& checkpoint);

}  // namespace moe::inline MOE_ABI::detail

#if MOE_DEFINITIONS
#include "recommended_sampling.ipp"
#endif
