// SPDX-License-Identifier: MIT
#pragma once

// moe: runs Mixture-of-Experts language models on a CPU, also when their experts do not fit in memory.
// C++20, header-only, no dependencies. README.md is the introduction.
//
//   #include <moe.hpp>
//
//   const auto model = moe::open("Qwen3-30B-A3B");                  // a checkpoint as it was downloaded
//   moe::Session session(model);                                    // keeps the text so far in its KV cache
//   for (const moe::Piece& piece : session.stream("The sea", {.max_tokens = 100}))
//     std::cout << piece.text << std::flush;
//
// The same program from parts, one layer lower:
//
//   const moe::Checkpoint checkpoint("Qwen3-30B-A3B");
//   const moe::Tokenizer tokenizer(checkpoint.path());
//   moe::MmapProvider experts(checkpoint);                          // or another moe::ExpertProvider, also one of your own
//   moe::ThreadPool pool;
//   const moe::Transformer transformer(checkpoint, experts, pool);
//
//   auto sequence = transformer.sequence({.context = 4096});
//   std::span<const float> logits = transformer.forward(sequence, tokenizer.encode("The sea"));
//   moe::Sampler sampler({.temperature = 0.7, .top_p = 0.9, .seed = 42});
//
// Every failure throws moe::Error, except std::bad_alloc. The library never prints, never exits, and reads one environment
// variable: MOE_ISA. The list below contains all public names; names in moe::detail may change. No public name is a function
// that argument-dependent lookup could find: open, plan_memory, replay and trace_of are function objects. The suffixes
// _KiB, _MiB and _GiB of sizes are in moe::literals. This header includes neither extract/, which writes GGUF files, nor ranks/,
// which divides experts among machines.
//
// generate/, from a prompt to text
//   open                   opens a checkpoint as it was downloaded: open(path, options) returns a Model
//   Model                  a transformer with its experts, tokenizer and threads; any number of sessions share it
//   ModelOptions           options of open: threads, memory, where experts are kept
//   ProviderModelOptions   options of a Model around a provider of your own
//   open_session           reads a session that Session::save() wrote
//   Session                one conversation: continues prompts, and keeps what was computed
//   SessionBatch           continues the texts of several sessions together
//   GenerateOptions        how many tokens, how they are drawn, when to stop
//   Piece                  one token and the text that it completes
//   TokenProbability       a token and the logarithm of its probability
//   Finish                 the reason why a text ended
//   EndToken               a token that ends texts, and the file that names this token
//   SessionStatistics      tokens and seconds of the last text
//   Sampler                draws tokens from logits
//   Sampling               temperature, top_k, top_p, penalties, bans and other options of a Sampler
//   LogitBias              a number that is added to the logit of a token
//   SamplerContext         the tokens before the token that is drawn
//   CustomSampler          any callable in place of a Sampler
//   check_sampler          refuses a callable with a wrong signature at compile time
//   Random                 a random number generator with the same numbers on every machine
//   MemoryOptions          a limit for the memory of experts, or of everything
//   MemoryPlan             where the memory of a model goes
//   plan_memory            computes the MemoryPlan of a checkpoint
//   CachedProvider         the provider of a Model whose memory is limited
//
// model/, tokens to logits
//   Transformer            token ids in, logits out
//   TransformerOptions     where weights are kept, which experts are allowed, which kernels compute
//   WeightStorage          mapped from the file, or owned
//   ExpertExecutor         computes experts elsewhere: an interface (docs/write-an-executor.md)
//   ExpertBatch            the experts of one layer for the tokens of a step
//   ExpertGroup            one expert of a batch with its tokens
//   LocalExecutor          computes experts of a provider on this machine
//   PreferResident         lossy: an adjustment of the routers' choices in favour of resident experts
//   PreferenceStatistics   how many chosen experts a PreferResident replaced, and their share of the weight
//   Sequence               the state of one text in a transformer: its KV cache and intermediate results
//   SequenceOptions        context, chunk of a prompt, type of the KV cache
//   Batch                  the next tokens of several sequences, for one pass through a transformer
//   BatchOptions           the largest number of sequences and tokens in a pass
//   RestrictionStatistics  the share of router mass that a restriction of experts left
//   ModelSpec              a model as data: its layers, their parts, and all numbers
//   LayerSpec              a layer: a mixer and a feed-forward part
//   MixerSpec              one of the six mixers that follow
//   AttentionSpec          heads, windows, norms, gates, sinks of grouped-query attention
//   LatentAttentionSpec    multi-head latent attention
//   DeltaNetSpec           gated delta net
//   Mamba2Spec             Mamba-2
//   ShortConvolutionSpec   gated short convolution
//   NoMixer                no mixer: the layer has a feed-forward part only
//   FeedForwardSpec        a network for every token, or a router with experts
//   NetworkSpec            the width and the activation of a network
//   Activation             silu, gelu, ...
//   RouterSpec             how experts are chosen and weighted
//   AlwaysOnSpec           a network beside the experts
//   RopeSpec               the rotary position embedding
//   Routes                 what the router of one layer chose
//   RouteRecorder          records Routes as a Trace or a UsageProfile
//   trace_of               an empty Trace of a model
//
// experts/, where experts are kept, and when they are read
//   ExpertProvider         concept: delivers experts; write your own (docs/write-a-provider.md)
//   ExpertLease            concept: a claim on readable weights
//   LeaseOf                the type of the leases of a provider
//   Announcement           which experts will be needed
//   check_provider         refuses a provider with a misspelt or wrongly typed member at compile time
//   ExpertId               layer and number of an expert
//   ExpertWeights          the matrices gate, up and down of an expert, as views
//   ExpertCatalog          where each expert of a checkpoint lies
//   CatalogOptions         whether experts may be missing
//   ExpertLocation         where one expert lies
//   MatrixLocation         where one matrix lies
//   AllowedExperts         a restriction of what routers may choose
//   MmapProvider           views of the mapped checkpoint
//   MemoryProvider         copies of all experts in memory
//   ReadProvider           reads an expert each time it is acquired
//   ReadOptions            direct reads, checksums
//   ReadStatistics         what a ReadProvider has read
//   CachingProvider        adapter: keeps experts within a budget in bytes
//   LruProvider            adapter: a CachingProvider that evicts the expert that was used least recently
//   CacheOptions           the budget of a cache, and the sizes of its model
//   CacheStatistics        what a cache has loaded and evicted
//   PrefetchingProvider    adapter: loads announced experts in the background
//   MeasuringProvider      adapter: counts hits and misses, and measures waiting
//   ExpertStatistics       what a MeasuringProvider has counted
//   VerifyingProvider      adapter: compares weights with checksums
//   ExpertChecksums        the checksums of all experts of a checkpoint
//   FallbackProvider       adapter, lossy: small copies in place of missing experts with little weight
//   FallbackOptions        the share of the weight below which small copies are used; 0, the default: never
//   FallbackStatistics     how many small copies were used, and their share of the weight
//   ZeroProvider           lossy: experts of zeros; as small copies of a FallbackProvider, they drop experts with little weight
//   AnyProvider            any provider behind one type
//   EvictionPolicy         concept: which expert a cache evicts (docs/write-an-eviction-policy.md)
//   check_eviction_policy  refuses a wrong eviction policy at compile time
//   Lru                    policy: least recently used
//   DecayedFrequency       policy: combines how often and how recently an expert was used; the default
//   CandidateHeap          a heap of candidates for policies of your own
//   Trace                  what routers chose, in the order of computation; a CSV file
//   TraceModel             the model of a trace
//   TraceVisit             what one router chose for one token
//   UsageProfile           how often each expert was chosen; a JSON file
//   replay                 the hits that a cache would have on a trace
//   ReplayPolicy           policies for replay, by name
//   ReplayOrder            the order of the requests of a replay
//   ReplayCounts           the hits of a replay
//
// text/, text to tokens and back
//   Tokenizer              text to token ids and back, as Hugging Face tokenizers does it
//   EncodeOptions          whether special tokens are added
//   StreamingDecoder       token ids to text, piece by piece, in whole characters
//   ChatTemplate           a conversation to the text that a model expects
//   Message                one message of a conversation
//   ToolCall               a call of a function in a message
//   ChatOptions            tools, thinking, and other variables of a chat template
//
// io/, files
//   Checkpoint             a model on disk: its files, tensors and configuration
//   Naming                 whose names the tensors have: Hugging Face or GGUF
//   TensorInfo             what a checkpoint says about one tensor
//   File                   an open file
//   JsonDocument           a parsed JSON text
//   Json                   a value of a JsonDocument
//
// core/, what everything uses
//   Error                  every failure of the library: file, place, expected, found
//   TokenId                the number of a token
//   Matrix                 a view of a row-major matrix of any DType
//   Vector                 a view of numbers of any DType
//   DType                  how numbers are stored: f32, bf16, q8_0, q4_k, ...
//   ThreadPool             the threads that compute
//   FunctionRef            a reference to a function object

// Macros of the program, such as those of windows.h, are set aside and restored at the end.
#pragma push_macro("min")
#pragma push_macro("max")
#undef min
#undef max

// Layer 0
#include "detail/core/config.hpp"
#include "detail/core/byte_units.hpp"
#include "detail/core/error.hpp"
#include "detail/core/dtype.hpp"
#include "detail/core/tensor.hpp"
#include "detail/core/dequantise.hpp"
#include "detail/core/buffer.hpp"
#include "detail/core/function_ref.hpp"
#include "detail/core/float_environment.hpp"
#include "detail/core/thread_pool.hpp"
#include "detail/core/token.hpp"

// Layer 1
#include "detail/simd/isa.hpp"
#include "detail/simd/kernels.hpp"
#include "detail/io/file.hpp"
#include "detail/io/json.hpp"
#include "detail/io/json_writer.hpp"
#include "detail/io/checkpoint.hpp"

// Layer 2
#include "detail/spec/model_spec.hpp"

// Layer 3
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
#include "detail/experts/fallback_provider.hpp"
#include "detail/experts/zero_provider.hpp"
#include "detail/experts/any_provider.hpp"
#include "detail/experts/trace.hpp"
#include "detail/experts/usage_profile.hpp"

// Layer 4
#include "detail/model/transformer.hpp"
#include "detail/model/batch.hpp"
#include "detail/model/local_executor.hpp"
#include "detail/model/feed_forward/prefer_resident.hpp"
#include "detail/model/route_recorder.hpp"

// Layer 5
#include "detail/generate/sampler.hpp"
#include "detail/generate/memory_plan.hpp"
#include "detail/generate/model.hpp"
#include "detail/generate/session.hpp"
#include "detail/generate/session_batch.hpp"

#pragma pop_macro("max")
#pragma pop_macro("min")
