// SPDX-License-Identifier: MIT
#pragma once

// moe: runs Mixture-of-Experts language models on a CPU, also when their experts do not fit in memory.
// C++20, header-only, no dependencies. The whole library is in these headers; README.md tells the rest.
//
//   #include <moe.hpp>
//
//   const auto model = moe::open("Qwen3-30B-A3B");            // a checkpoint as it was downloaded
//   moe::Session session(model);                                    // remembers what it has read
//   for (const moe::Piece& piece : session.stream("The sea", {.max_tokens = 100}))
//     std::cout << piece.text << std::flush;
//
// One storey lower, with every part in your hands:
//
//   const moe::Checkpoint checkpoint("Qwen3-30B-A3B");
//   const moe::Tokenizer tokenizer(checkpoint.path());
//   moe::MmapProvider experts(checkpoint);                          // or any moe::ExpertProvider, such as yours
//   moe::ThreadPool pool;
//   const moe::Transformer transformer(checkpoint, experts, pool);
//
//   auto sequence = transformer.sequence({.context = 4096});
//   std::span<const float> logits = transformer.forward(sequence, tokenizer.encode("The sea"));
//   moe::Sampler sampler({.temperature = 0.7, .top_p = 0.9, .seed = 42});
//
// Everything that fails throws moe::Error. The library never prints, never exits, and reads one environment variable:
// MOE_ISA. Public are the names in namespace moe; moe::detail and moe::simd may change.

// Storey 0: nothing but the standard library
#include "detail/core/config.hpp"
#include "detail/core/error.hpp"
#include "detail/core/dtype.hpp"
#include "detail/core/tensor.hpp"
#include "detail/core/dequantise.hpp"
#include "detail/core/buffer.hpp"
#include "detail/core/function_ref.hpp"
#include "detail/core/float_environment.hpp"
#include "detail/core/thread_pool.hpp"
#include "detail/core/token.hpp"

// Storey 1: instruction sets, and files
#include "detail/simd/isa.hpp"
#include "detail/simd/kernels.hpp"
#include "detail/io/file.hpp"
#include "detail/io/json.hpp"
#include "detail/io/json_writer.hpp"
#include "detail/io/checkpoint.hpp"

// Storey 2: text, and experts
#include "detail/text/tokenizer.hpp"
#include "detail/text/streaming_decoder.hpp"
#include "detail/text/chat_template.hpp"
#include "detail/experts/provider.hpp"
#include "detail/experts/optional_members.hpp"
#include "detail/experts/check_provider.hpp"
#include "detail/experts/allowed_experts.hpp"
#include "detail/experts/catalog.hpp"
#include "detail/experts/present_experts.hpp"
#include "detail/experts/memory_provider.hpp"
#include "detail/experts/mmap_provider.hpp"
#include "detail/experts/read_provider.hpp"
#include "detail/experts/residency.hpp"
#include "detail/experts/lru.hpp"
#include "detail/experts/decayed_frequency.hpp"
#include "detail/experts/caching_provider.hpp"
#include "detail/experts/lru_provider.hpp"
#include "detail/experts/prefetching_provider.hpp"
#include "detail/experts/replay.hpp"
#include "detail/experts/measuring_provider.hpp"
#include "detail/experts/verifying_provider.hpp"
#include "detail/experts/any_provider.hpp"
#include "detail/experts/trace.hpp"
#include "detail/experts/usage_profile.hpp"

// Storey 3: the model
#include "detail/model/config.hpp"
#include "detail/model/transformer.hpp"
#include "detail/model/route_recorder.hpp"

// Storey 4: from a prompt to text
#include "detail/generate/sampler.hpp"
#include "detail/generate/memory_plan.hpp"
#include "detail/generate/model.hpp"
#include "detail/generate/session.hpp"
