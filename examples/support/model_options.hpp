// SPDX-License-Identifier: MIT
// The options that say how a model is opened, and lines on stderr about its memory.
#pragma once
#include <moe.hpp>

#include "command_line.hpp"
#include "progress.hpp"

#include <cstdint>
#include <cstdio>
#include <string>
#include <string_view>

constexpr std::string_view model_options_help =
    R"(  --threads N         default: one per core
  --kv TYPE           numbers in the KV cache: f16 (the default), q8_0 (half the memory) or f32 (exact)
  --memory SIZE       limit of all memory: a size such as 8GiB; or auto, nine tenths of the free memory
                      of the machine or of its cgroup
  --budget SIZE       limit of the memory for experts only
  --direct            read experts past the page cache
  --verify            compare experts with the checksums that extract writes
  --allow-partial     open a model from which extract left out experts: its routers choose from the
                      others
)";

/// The type of the KV cache that --kv names.
inline moe::DType kv_type_of(const CommandLine& args, const char* otherwise = "f16") {
  const std::string name = args.text("--kv", otherwise);
  for (const moe::DType type : {moe::DType::f16, moe::DType::q8_0, moe::DType::f32})
    if (moe::detail::name(type) == name) return type;
  throw UsageError("--kv is f16, q8_0 or f32, not '" + name + "'");
}

/// Reads the options above.
inline moe::ModelOptions model_options_of(const CommandLine& args) {
  moe::ModelOptions options;
  options.sequence.kv_type = kv_type_of(args);
  options.threads = args.number<std::size_t>("--threads", 0, 0, 4096);
  const bool automatic = args.text("--memory", "") == "auto";
  options.memory.total_bytes = automatic ? moe::MemoryOptions::automatic : args.bytes("--memory", 0);
  options.memory.budget_bytes = args.bytes("--budget", 0);
  options.direct = args.has("--direct");
  options.verify = args.has("--verify");
  options.allow_partial = args.has("--allow-partial");
  options.load_progress = shown_progress<std::uint64_t>();
  return options;
}

/// Prints the division of the memory to stderr, if the memory is limited.
inline void show_memory(const moe::Model& model) {
  const moe::MemoryPlan& plan = model.memory_plan();
  if (plan.budget_bytes == 0) return;
  const auto mib = [](std::size_t bytes) { return static_cast<double>(bytes) / (1 << 20); };
  std::fprintf(stderr,
               "memory in MiB: %.0f weights, %.0f state, %.0f intermediate, %.0f others, %.0f experts\n",
               mib(plan.dense_bytes), mib(plan.state_bytes), mib(plan.scratch_bytes), mib(plan.other_bytes),
               mib(plan.budget_bytes));
}

/// Prints to stderr if the file system refused direct reads.
inline void show_refused_direct_reads(const moe::Model& model) {
  auto* cached = model.experts().get<moe::CachedProvider>();
  if (cached && cached->inner().inner().statistics().direct_refused)
    std::fprintf(stderr, "the file system refuses direct reads: experts were read through the page cache\n");
}
