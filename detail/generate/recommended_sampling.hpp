// SPDX-License-Identifier: MIT
#pragma once
#include "../core/config.hpp"
#include "../io/checkpoint.hpp"
#include "sampler.hpp"

namespace moe::inline MOE_ABI::detail {

/// The options in generation_config.json, with the defaults of Hugging Face for omitted keys, as transformers' generate() uses
/// them. Greedy decoding without that file or with do_sample false. Throws if the file asks for a step that Sampling lacks,
/// such as epsilon_cutoff or several beams.
Sampling read_sampling(const Checkpoint& checkpoint);

}  // namespace moe::inline MOE_ABI::detail

#if MOE_DEFINITIONS
#include "recommended_sampling.ipp"
#endif
