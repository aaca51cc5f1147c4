// SPDX-License-Identifier: MIT
#pragma once
#include "../core/config.hpp"
#include "../io/checkpoint.hpp"
#include "sampler.hpp"

namespace moe::inline MOE_ABI::detail {

/// The options in generation_config.json, with the defaults of Hugging Face for omitted keys, as transformers' generate() uses
/// them. Greedy decoding without that file or with do_sample false. Throws if the file asks for a step that Sampling lacks,
/// such as epsilon_cutoff or several beams. Keys that change no draw, such as use_cache or length_penalty, which is for beams,
/// are not read; for min_length, min_new_tokens and stop_strings see text_limits.hpp.
///
/// A GGUF file states the same options in keys that begin with general.sampling, and tokenizer.ggml.suppress_tokens. Greedy
/// decoding if the file states none of temp, top_k, top_p and min_p; otherwise omitted keys have the defaults of Hugging Face,
/// too. general.sampling.sequence is not read: the steps have the order of Sampling. A repetition penalty counts the whole
/// text, whatever penalty_last_n is.
Sampling read_sampling(const Checkpoint& checkpoint);

}  // namespace moe::inline MOE_ABI::detail

#if MOE_DEFINITIONS
#include "recommended_sampling.ipp"
#endif
