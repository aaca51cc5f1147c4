// What generate and chat share: how much memory a model may take, and what was decided.
#pragma once
#include <moe.hpp>

#include "command_line.hpp"

#include <cstdio>

/// Reads --memory, --budget and --direct, --verify and --allow-partial.
inline moe::ModelOptions memory_options_of(const CommandLine& args) {
  for (const char* option : {"--memory", "--budget"})
    if (args.text(option, "") != "auto" && args.has(option) && args.bytes(option, 0) == 0)
      throw UsageError(std::string(option) + " begins at 1 byte");
  const bool automatic = args.text("--memory", "") == "auto";
  moe::ModelOptions options;
  options.memory.total_bytes = automatic ? moe::MemoryOptions::automatic : args.bytes("--memory", 0);
  options.memory.budget_bytes = args.bytes("--budget", 0);
  options.direct = args.has("--direct");
  options.verify = args.has("--verify");
  options.allow_partial = args.has("--allow-partial");
  return options;
}

/// Says on stderr where the memory goes, if it is limited.
inline void show_memory(const moe::Model& model) {
  const moe::MemoryPlan& plan = model.memory_plan();
  if (plan.budget_bytes == 0) return;
  const auto mib = [](std::size_t bytes) { return static_cast<double>(bytes) / (1 << 20); };
  std::fprintf(stderr,
               "memory in MiB: %.0f weights, %.0f KV cache, %.0f intermediate, %.0f others, %.0f experts\n",
               mib(plan.dense_bytes), mib(plan.kv_bytes), mib(plan.scratch_bytes), mib(plan.other_bytes),
               mib(plan.budget_bytes));
}

/// Says on stderr if the file system could not do what was asked of it.
inline void show_refusal(const moe::Model& model) {
  auto* cached = model.experts().get<moe::CachedProvider>();
  if (cached && cached->inner().inner().statistics().direct_refused)
    std::fprintf(stderr, "the file system refuses direct reads: experts were read through the page cache\n");
}
