// Measures the speed of a model, and of the machine in the same moment, so that each figure is also a share of a limit:
//   bench examples/data/babel-10m        bench --shape qwen3-30b-a3b --layers 12 --type q4_0
#include <moe.hpp>

#include "command_line.hpp"
#include "engine.hpp"
#include "ids_file.hpp"
#include "kernel_cases.hpp"
#include "measured_cases.hpp"
#include "measurement_report.hpp"
#include "process_memory.hpp"
#include "synthesis.hpp"

#include <filesystem>
#include <fstream>
#include <list>
#include <random>
#include <thread>

constexpr std::string_view help = R"(usage: bench MODEL [options]
       bench --shape NAME [options]
       bench --kernels [options]
Measures how fast MODEL reads a prompt and writes tokens, and, before and after each measurement, how fast the same threads
read memory and multiply in registers. All is measured in turn, in several rounds; shown are medians.

  --shape NAME      a model of random weights, made for this run: qwen3-30b-a3b, qwen3-235b-a22b, qwen3-omni-thinker, tiny
  --type TYPE       of its experts: q4_0 (the default), q4_k, q6_k, q8_0, f16, bf16 or f32; with --kernels: only this one
  --dense-type TYPE  of all its other matrices: default q8_0 for quantised experts, else as the experts
  --layers N        only its first N layers
  -p N              tokens of the prompt; default 512
  -n N              tokens that are written; default 128
  --ids FILE        write these tokens instead: numbers with commas or spaces between them
  --context N       also write them behind N others, such as 4096, compared with behind 64
  --threads N       default: one per core
  --scaling         also measure one thread
  --budget SIZE     read experts from disk and keep them within a budget; otherwise all are in memory
  --providers       also write with the experts in a cache that has room for all, compared with in memory
  --kernels         measure matrix products by themselves, for each type and instruction set
  --rounds N        default 5
  --json            print JSON instead of a table
)";

namespace {

/// A directory that is removed in the end.
class TemporaryDirectory {
 public:
  TemporaryDirectory()
      : path_(std::filesystem::temp_directory_path() / ("moe-bench-" + std::to_string(number()))) {
    std::filesystem::create_directories(path_);
  }
  ~TemporaryDirectory() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  TemporaryDirectory(const TemporaryDirectory&) = delete;
  TemporaryDirectory& operator=(const TemporaryDirectory&) = delete;

  std::string path() const { return path_.string(); }

 private:
  static std::uint32_t number() { return std::random_device()(); }

  std::filesystem::path path_;
};

struct Options {
  explicit Options(const CommandLine& args)
      : prompt(args.number<std::size_t>("-p", 512)),
        written(args.number<std::size_t>("-n", 128)),
        context(args.number<std::size_t>("--context", 0)),
        threads(moe::ThreadPool::threads_for(args.number<std::size_t>("--threads", 0))),
        rounds(args.number<std::size_t>("--rounds", 5)),
        budget_bytes(args.bytes("--budget", 0)),
        scaling(args.has("--scaling")),
        providers(args.has("--providers")),
        json(args.has("--json")) {
    if (prompt == 0 || written == 0 || rounds == 0) throw UsageError("-p, -n and --rounds begin at 1");
  }

  std::size_t prompt, written, context, threads, rounds, budget_bytes;
  bool scaling, providers, json;
};

std::string processor() {
  std::ifstream file("/proc/cpuinfo");
  for (std::string line; std::getline(file, line);)
    if (line.starts_with("model name")) return line.substr(line.find(':') + 2);
  return "unknown";
}

JsonObject about_machine() {
  JsonObject out;
  out.set("processor", processor()).set("cores", std::thread::hardware_concurrency());
  out.set("isa", moe::simd::name(moe::simd::active_isa()));
#if defined(__VERSION__)
  out.set("compiler", __VERSION__);
#endif
  return out;
}

/// How the model was loaded, and what it takes.
struct Loading {
  double mapped_seconds = 0, seconds = 0;
  std::size_t mapped_bytes = 0;  // that opening it mapped took of memory
};

Loading open_mapped(const std::string& path) {
  const std::size_t before = resident_bytes();
  const moe::Stopwatch stopwatch;
  const auto model = moe::open(path);
  return {stopwatch.seconds(), 0, resident_bytes() - before};
}

/// All experts in a cache that has room for `budget_bytes`; 0: for all of them, which are then there.
moe::CachedProvider cached(const moe::Checkpoint& checkpoint, std::size_t budget_bytes,
                           std::size_t per_token) {
  moe::ReadProvider reading(checkpoint);
  const moe::ExpertCatalog catalog = reading.catalog();
  moe::ResidencyOptions residency;
  residency.budget_bytes = budget_bytes > 0 ? budget_bytes : reading.largest_bytes() * catalog.size();
  residency.experts_per_token = per_token;
  moe::CachedProvider out(moe::LruProvider(std::move(reading), residency));
  for (std::uint32_t layer = 0; budget_bytes == 0 && layer < catalog.layers(); ++layer)
    for (std::uint32_t expert = 0; expert < catalog.experts(layer); ++expert) out.acquire({layer, expert});
  return out;
}

/// What is measured of one model, and all that this needs.
class ModelBench {
 public:
  ModelBench(const std::string& path, const Options& options, const std::vector<moe::TokenId>& ids)
      : options_(options), loading_(open_mapped(path)), checkpoint_(path), catalog_(checkpoint_) {
    const moe::ModelConfig config(checkpoint_);
    prompt_ = scattered_ids(options.prompt, config.vocabulary_size);
    written_ = ids.empty() ? scattered_ids(options.written, config.vocabulary_size) : ids;
    const std::size_t most =
        std::max(prompt_.size(), written_.size() + std::max<std::size_t>(options.context, 64));
    if (most > config.max_positions)
      throw UsageError("the model has only " + std::to_string(config.max_positions) + " positions");
    const moe::Stopwatch stopwatch;
    Engine& engine =
        add_engine(options.budget_bytes > 0
                       ? moe::AnyProvider(cached(checkpoint_, options.budget_bytes, config.experts_per_token))
                       : moe::AnyProvider(moe::MemoryProvider(catalog_)),
                   options.threads);
    loading_.seconds = stopwatch.seconds();
    work_.emplace(engine.transformer(), catalog_);
    add_prompt(engine, "");
    add_decode(engine, "decode", 0, "");
    if (options.context > 0) add_contexts(engine);
    if (options.scaling) add_scaling();
    if (options.providers)
      add_decode(
          add_engine(moe::AnyProvider(cached(checkpoint_, 0, config.experts_per_token)), options.threads),
          "decode, experts in a cache", 0, "decode");
  }

  void run() {
    const Measurement measurement = measure(cases_, options_.rounds);
    const std::size_t peak = peak_resident_bytes() - memory_.bytes();
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
    return engines_.emplace_back(checkpoint_, providers_.back(), threads, memory_);
  }

  Case& add_case(const Engine& engine, const std::string& name) {
    Case& out = cases_.emplace_back();
    out.name = name;
    out.arithmetic = arithmetic_of(work_->type);
    out.machine = &engine.limits();
    out.threads = engine.threads();
    return out;
  }

  /// A prompt, and the matrix products within it.
  void add_prompt(const Engine& engine, const std::string& suffix) {
    Text& text = texts_.emplace_back(engine, options_.prompt);
    Case& prompt = add_case(engine, "prompt" + suffix);
    prompt.tokens = static_cast<double>(options_.prompt);
    prompt.operations = work_->prompt_operations(options_.prompt);
    prompt.run = [this, &text] {
      ProductClock::reset();
      return text.read(prompt_);
    };
    Case& products = add_case(engine, "prompt" + suffix + ", in matrix products");
    products.operations = prompt.operations;
    products.run = [this, threads = static_cast<double>(engine.threads())] {
      // As if all operations had been done at the rate of those that were timed.
      return ProductClock::seconds() / threads * work_->prompt_operations(options_.prompt) /
             ProductClock::operations();
    };
  }

  void add_decode(const Engine& engine, const std::string& name, std::size_t context,
                  const std::string& against) {
    Text& text = texts_.emplace_back(engine, context + written_.size());
    Case& decode = add_case(engine, name);
    decode.tokens = static_cast<double>(written_.size());
    decode.bytes = work_->bytes * decode.tokens;
    decode.operations = work_->operations * decode.tokens;
    decode.against = against;
    decode.run = [this, &text, context] { return text.decode(context, written_); };
  }

  void add_contexts(const Engine& engine) {
    add_decode(engine, "decode behind 64", 64, "");
    add_decode(engine, "decode behind " + std::to_string(options_.context), options_.context,
               "decode behind 64");
    const moe::ModelConfig& config = engine.transformer().config();
    const std::size_t kv = moe::KvCache::bytes_for(config.layers.size(), config.kv_heads, config.head_dim,
                                                   options_.context, moe::DType::f16);
    cases_.back().bytes += static_cast<double>(kv) * cases_.back().tokens;
  }

  void add_scaling() {
    engines_.emplace_back(checkpoint_, providers_.front(), 1, memory_);
    add_prompt(engines_.back(), ", one thread");
    add_decode(engines_.back(), "decode, one thread", 0, "decode");
  }

  JsonObject about(std::size_t peak, const Spread& first) const {
    JsonObject model;
    model.set("architecture", checkpoint_.config().find("model_type").as_string());
    model.set("layers", static_cast<double>(engines_.front().transformer().config().layers.size()));
    model.set("type", moe::name(work_->type));
    model.set("weight_bytes_per_token", work_->bytes).set("operations_per_token", work_->operations);
    JsonObject out;
    out.raw("machine", about_machine().text()).raw("model", model.text());
    out.set("prompt_tokens", static_cast<double>(prompt_.size())).set("time_to_first_token", first);
    out.set("load_seconds", loading_.seconds).set("mapped_seconds", loading_.mapped_seconds);
    out.set("mapped_bytes", static_cast<double>(loading_.mapped_bytes));
    return out.set("peak_bytes", static_cast<double>(peak));
  }

  Options options_;
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

void bench_kernels(const CommandLine& args, const Options& options) {
  const UncachedMemory memory(std::size_t{512} << 20);
  KernelData data(std::size_t{256} << 20);
  moe::ThreadPool pool(options.threads);
  std::list<MachineLimits> limits;
  std::vector<Case> cases;
  for (const moe::simd::Isa isa : available_isas()) {
    limits.emplace_back(pool, memory, isa);
    for (std::size_t i = 0; i < moe::usable_dtypes; ++i) {
      const auto type = static_cast<moe::DType>(i);
      if (args.has("--type") && args.text("--type", "") != moe::name(type)) continue;
      for (const ProductShape& shape : product_shapes) {
        cases.push_back(product_case(data, pool, isa, type, shape));
        cases.back().machine = &limits.back();
      }
    }
  }
  if (cases.empty()) throw UsageError("no type is called " + args.text("--type", ""));
  const Measurement measurement = measure(cases, options.rounds);
  if (!options.json) return print(cases, measurement);
  JsonObject about;
  print_json(about.raw("machine", about_machine().text()), cases, measurement);
}

void bench_model(const CommandLine& args, const Options& options) {
  const bool synthetic = args.has("--shape");
  const auto& models = args.positional(synthetic ? 0 : 1, synthetic ? 0 : 1);
  std::vector<moe::TokenId> ids;
  if (args.has("--ids")) ids = read_ids(args.text("--ids", ""));
  if (args.has("--ids") && ids.empty()) throw UsageError("--ids has no tokens");
  if (!synthetic) return ModelBench(models[0], options, ids).run();
  const Shape shape = shape_of(args);
  const SynthesisTypes types(args);
  const TemporaryDirectory directory;
  const std::optional<moe::Trace> no_trace;
  Synthesis(directory.path(), shape, types.experts, types.others, no_trace).write();
  ModelBench(directory.path(), options, ids).run();
}

}  // namespace

int main(int argc, char** argv) {
  return run_example(argc, argv, help, [](const CommandLine& args) {
    const Options options(args);
    if (args.has("--kernels")) {
      args.positional(0, 0);
      bench_kernels(args, options);
    } else {
      bench_model(args, options);
    }
  });
}
