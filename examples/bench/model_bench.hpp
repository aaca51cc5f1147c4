// SPDX-License-Identifier: MIT
// The measurements of a model.
#pragma once
#include <moe.hpp>

#include "detail/core/stopwatch.hpp"
#include "detail/model/state.hpp"
#include "detail/simd/kernel_table.hpp"
#include "../support/command_line.hpp"
#include "engine.hpp"
#include "../support/ids_file.hpp"
#include "../support/model_options.hpp"
#include "measured_cases.hpp"
#include "measurement_report.hpp"
#include "process_memory.hpp"

#include <algorithm>
#include <cstdio>
#include <list>
#include <optional>
#include <string>
#include <utility>
#include <vector>

struct BenchOptions {
  explicit BenchOptions(const CommandLine& args)
      : prompt(args.count("-p", 512, 1)),
        written(args.count("-n", 128, 1)),
        context(args.count("--context", 0)),
        chunk(args.count("--chunk", 512, 1)),
        kv_type(kv_type_of(args)),
        threads(moe::ThreadPool::threads_for(args.number<std::size_t>("--threads", 0, 0, 4096))),
        rounds(args.number<std::size_t>("--rounds", 5, 1, 100'000)),
        budget_bytes(args.bytes("--budget", 0)),
        scaling(args.has("--scaling")),
        providers(args.has("--providers")),
        json(args.has("--json")),
        bf16_dot(args.has("--bf16-dot")),
        int8_mxfp4(args.has("--int8-mxfp4")) {}

  std::size_t prompt, written, context, chunk;
  moe::DType kv_type;
  std::size_t threads, rounds, budget_bytes;
  bool scaling, providers, json, bf16_dot, int8_mxfp4;

  const moe::detail::simd::Kernels& kernels() const {
    if (int8_mxfp4) return moe::detail::simd::int8_mxfp4_kernels(bf16_dot);
    return bf16_dot ? moe::detail::simd::bf16_dot_kernels() : moe::detail::simd::kernels();
  }
};

/// The time and the memory for loading the model.
struct Loading {
  double mapped_seconds = 0, seconds = 0;
  std::size_t mapped_bytes = 0;  // resident memory after opening it mapped
};

inline Loading open_mapped(const std::string& path) {
  const std::size_t before = resident_bytes();
  const moe::detail::Stopwatch stopwatch;
  const auto model = moe::open(path);
  const double seconds = stopwatch.seconds();
  return {seconds, 0, std::max(resident_bytes(), before) - before};
}

/// A cache of `budget_bytes` bytes; 0: with room for all experts, which are loaded at once.
inline moe::CachedProvider cached(const moe::Checkpoint& checkpoint, std::size_t budget_bytes,
                                  std::size_t per_token) {
  moe::ReadProvider reading(checkpoint);
  const moe::ExpertCatalog catalog = reading.catalog();
  moe::CacheOptions residency;
  residency.budget_bytes = budget_bytes > 0 ? budget_bytes : reading.largest_bytes() * catalog.size();
  residency.experts_per_token = per_token;
  moe::CachedProvider out(moe::CachingProvider(std::move(reading), residency));
  for (std::uint32_t layer = 0; budget_bytes == 0 && layer < catalog.layers(); ++layer)
    for (std::uint32_t expert = 0; expert < catalog.experts(layer); ++expert) out.acquire({layer, expert});
  return out;
}

/// The cases of one model, and the objects that they use.
class ModelBench {
 public:
  ModelBench(const std::string& path, const BenchOptions& options, const std::vector<moe::TokenId>& ids)
      : options_(options), loading_(open_mapped(path)), checkpoint_(path), catalog_(checkpoint_) {
    const moe::ModelSpec spec(checkpoint_);
    prompt_ = scattered_ids(options.prompt, spec.vocabulary_size);
    written_ = ids.empty() ? scattered_ids(options.written, spec.vocabulary_size) : ids;
    const std::size_t most =
        std::max(prompt_.size(), written_.size() + std::max<std::size_t>(options.context, 64));
    if (most > spec.max_positions)
      throw UsageError("-p, -n, --ids and --context need " + std::to_string(most) +
                       " positions, and the model has " + std::to_string(spec.max_positions));
    const moe::detail::Stopwatch stopwatch;
    Engine& engine =
        add_engine(options.budget_bytes > 0
                       ? moe::AnyProvider(cached(checkpoint_, options.budget_bytes, spec.experts_per_token()))
                       : moe::AnyProvider(moe::MemoryProvider(catalog_, moe::Matrix::Order::panels)),
                   options.threads);
    loading_.seconds = stopwatch.seconds();
    work_.emplace(engine.transformer(), catalog_);
    add_prompt(engine, "");
    add_decode(engine, "decode", 0, "");
    if (options.context > 0) add_contexts(engine);
    if (options.scaling) add_scaling();
    if (options.providers)
      add_decode(
          add_engine(moe::AnyProvider(cached(checkpoint_, 0, spec.experts_per_token())), options.threads),
          "decode, experts in a cache", 0, "decode");
  }

  void run() {
    const Measurement measurement = measure(cases_, options_.rounds);
    const std::size_t most = peak_resident_bytes(), peak = most - std::min(most, memory_.bytes());
    const Spread first = Spread(measurement.cases[0].seconds);
    if (options_.json) return print_json(about(peak, first), cases_, measurement);
    print(cases_, measurement);
    std::printf("time to the first token %.3f s; weights %.1f MB and %.2f GOP per token\n", first.median,
                work_->bytes / 1e6, work_->operations / 1e9);
    std::printf("loaded in %.2f s, mapped in %.3f s with %.1f MiB; peak memory %.0f MiB\n", loading_.seconds,
                loading_.mapped_seconds, mib(loading_.mapped_bytes), mib(peak));
  }

 private:
  static double mib(std::size_t bytes) { return static_cast<double>(bytes) / (1 << 20); }

  Engine& add_engine(moe::AnyProvider provider, std::size_t threads) {
    providers_.push_back(std::move(provider));
    return engines_.emplace_back(checkpoint_, providers_.back(), threads, options_.kernels(), memory_);
  }

  Case& add_case(const Engine& engine, const std::string& name) {
    Case& out = cases_.emplace_back();
    out.name = name;
    out.arithmetic = arithmetic_of(work_->type, options_.kernels());
    out.machine = &engine.limits();
    out.threads = engine.threads();
    return out;
  }

  /// A prompt, and the matrix products of a prompt.
  void add_prompt(const Engine& engine, const std::string& suffix) {
    Text& text = texts_.emplace_back(
        engine, moe::SequenceOptions{.context = options_.prompt, .chunk = options_.chunk});
    Case& prompt = add_case(engine, "prompt" + suffix);
    prompt.tokens = static_cast<double>(options_.prompt);
    prompt.operations = work_->prompt_operations(options_.prompt);
    prompt.run = [this, &text] {
      ProductClock::reset();
      return text.read(prompt_);
    };
    if (std::min(options_.prompt, options_.chunk) < 2)
      return;  // ProductClock times products with several tokens only
    Case& products = add_case(engine, "prompt" + suffix + ", in matrix products");
    products.operations = prompt.operations;
    products.run = [this, threads = static_cast<double>(engine.threads())] {
      // The time for all operations at the rate of the timed operations.
      return ProductClock::seconds() / threads * work_->prompt_operations(options_.prompt) /
             ProductClock::operations();
    };
  }

  void add_decode(const Engine& engine, const std::string& name, std::size_t context,
                  const std::string& against, moe::DType kv_type = moe::DType::f16) {
    Text& text = texts_.emplace_back(
        engine, moe::SequenceOptions{.context = context + written_.size(), .kv_type = kv_type});
    Case& decode = add_case(engine, name);
    decode.tokens = static_cast<double>(written_.size());
    decode.bytes = work_->bytes * decode.tokens;
    decode.operations = work_->operations * decode.tokens;
    decode.against = against;
    decode.run = [this, &text, context] { return text.decode(context, written_); };
  }

  void add_contexts(const Engine& engine) {
    const std::string name = "decode behind " + std::to_string(options_.context);
    add_decode(engine, "decode behind 64", 64, "");
    add_decode_with_state(engine, name, "decode behind 64", moe::DType::f16);
    if (options_.kv_type != moe::DType::f16)
      add_decode_with_state(engine, name + ", KV in " + std::string(moe::detail::name(options_.kv_type)),
                            name, options_.kv_type);
  }

  /// Decode behind options_.context tokens; each token reads the state too.
  void add_decode_with_state(const Engine& engine, const std::string& name, const std::string& against,
                             moe::DType kv_type) {
    add_decode(engine, name, options_.context, against, kv_type);
    const std::size_t state = moe::detail::SequenceState::bytes_for(
        engine.transformer().spec(), {.context = options_.context, .chunk = 1, .kv_type = kv_type});
    cases_.back().bytes += static_cast<double>(state) * cases_.back().tokens;
  }

  void add_scaling() {
    engines_.emplace_back(checkpoint_, providers_.front(), 1, options_.kernels(), memory_);
    add_prompt(engines_.back(), ", one thread");
    add_decode(engines_.back(), "decode, one thread", 0, "decode");
  }

  JsonObject about(std::size_t peak, const Spread& first) const {
    JsonObject model;
    model.set("family", engines_.front().transformer().spec().family);
    model.set("layers", static_cast<double>(engines_.front().transformer().spec().layers.size()));
    model.set("type", moe::detail::name(work_->type));
    model.set("weight_bytes_per_token", work_->bytes).set("operations_per_token", work_->operations);
    JsonObject out;
    out.raw("machine", about_machine().text()).raw("model", model.text());
    out.set("prompt_tokens", static_cast<double>(prompt_.size())).set("time_to_first_token", first);
    out.set("load_seconds", loading_.seconds).set("mapped_seconds", loading_.mapped_seconds);
    out.set("mapped_bytes", static_cast<double>(loading_.mapped_bytes));
    return out.set("peak_bytes", static_cast<double>(peak));
  }

  BenchOptions options_;
  Loading loading_;
  moe::Checkpoint checkpoint_;
  moe::ExpertCatalog catalog_;
  UncachedMemory memory_{std::size_t{512} << 20};
  std::vector<moe::TokenId> prompt_, written_;
  std::list<moe::AnyProvider> providers_;
  std::list<Engine> engines_;
  std::list<Text> texts_;
  std::optional<TokenWork> work_;
  std::vector<Case> cases_;
};
