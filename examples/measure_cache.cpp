// SPDX-License-Identifier: MIT
// The speed of a model whose experts do not fit in memory, under several budgets:
//   measure_cache examples/data/babel-10m --budgets 1MiB,4MiB,16MiB
#include <moe.hpp>

#include "detail/core/stopwatch.hpp"
#include "detail/experts/expert.hpp"
#include "detail/model/sequence.hpp"
#include "detail/model/weights.hpp"
#include "measure_cache/bound.hpp"
#include "support/command_line.hpp"
#include "support/ids_file.hpp"
#include "support/output_path.hpp"
#include "support/progress.hpp"

#include <algorithm>
#include <cstdio>
#include <optional>
#include <random>
#include <span>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace {

constexpr std::string_view help = R"(usage: measure_cache MODEL --budgets LIST [options]
Feeds a text to MODEL, token by token, under each budget for experts. Shows how many experts were
resident when they were needed, how much was read, the speed, and the speed as a share of a bound: the
time that computing and reading would take if neither had to wait for the other. The speeds of computing
and reading are measured again every ten tokens, since they change.

  --budgets LIST    budgets for experts, such as 512MiB,2GiB
  --ids FILE        the tokens: ids separated by commas or white space; default: ids spread over the
                    vocabulary
  --warm N          the first N tokens warm the cache and do not count; default 28
  --tokens N        tokens that count; default 100
  --parallel N      divide the tokens that count into N texts, and feed one token of each text in each
                    pass. The bound is not measured then
  --prompt          read the tokens of --warm as a prompt instead of one by one
  --provider NAME   cached (the default); mapped: memory-mapped files with hints to the system, whatever
                    the budget is; faulting: the same without hints
  --direct          read past the page cache
  --io-threads N    threads that read ahead; default 4
  --lookahead       also read ahead the experts that the next layer may choose
  --spoil PERCENT   with --lookahead: replace this share of the predictions by random ones
  --lru             evict the least recently used expert
  --no-floor        let a layer lose all its experts to other layers
  --no-cold         insert the experts of a prompt like all other experts
  --no-hits-first   request the experts of a layer in rank order
  --preallocate     allocate the memory of the whole budget at the start
  --threads N       default: one per core
  --record FILE     write the choices of the routers as a trace for replay; not with --parallel
)";

/// An adapter that leaves out or spoils some of the calls to `Inner`, as the options say.
template <class Inner>
class Tampered {
 public:
  Tampered(Inner inner, const CommandLine& args, std::size_t experts)
      : inner_(std::move(inner)),
        hits_first_(!args.has("--no-hits-first")),
        hints_(args.text("--provider", "cached") != "faulting"),
        spoilt_(args.number("--spoil", 0.0, 0.0, 100.0) / 100),
        experts_(experts) {}

  moe::LeaseOf<Inner> acquire(moe::ExpertId id) { return inner_.acquire(id); }
  std::optional<moe::LeaseOf<Inner>> try_acquire(moe::ExpertId id) {
    if (!hits_first_) return {};
    return moe::detail::try_acquire(inner_, id);
  }
  void hint(const moe::Announcement& announcement) noexcept {
    if (!hints_) return;
    if (announcement.kind != moe::Announcement::Kind::predicted || spoilt_ == 0)
      return moe::detail::hint(inner_, announcement);
    std::vector<moe::ExpertId> guesses(announcement.ids.begin(), announcement.ids.end());
    for (moe::ExpertId& id : guesses)
      if (std::uniform_real_distribution()(random_) < spoilt_)
        id.expert = static_cast<std::uint32_t>(random_() % experts_);
    moe::detail::hint(inner_, {.ids = guesses, .kind = announcement.kind});
  }
  Inner& inner() { return inner_; }

 private:
  Inner inner_;
  bool hits_first_, hints_;
  double spoilt_;
  std::size_t experts_;
  std::mt19937 random_{1};
};

/// A row of the table.
struct Row {
  double hit_percent = 0, bytes_per_token = 0, tokens_per_second = 0, waited = 0, share_of_bound = 0;
  std::size_t peak_bytes = 0;
  Limits limits;  // mean values
};

struct Setup {
  const CommandLine& args;
  moe::Checkpoint checkpoint;
  moe::ModelSpec spec;
  moe::ModelOptions options;
  std::vector<moe::TokenId> ids;
  std::size_t warm = 0;
};

using Steps = std::vector<moe::ExpertStatistics>;  // by layer

/// The least time for one token, given the statistics of all layers before and after it.
double bound_seconds(const Steps& before, const Steps& after, const Limits& limits) {
  double seconds = limits.dense_seconds;
  for (std::size_t layer = 0; layer < after.size(); ++layer) {
    const moe::ExpertStatistics& a = after[layer];
    const moe::ExpertStatistics b = layer < before.size() ? before[layer] : moe::ExpertStatistics{};
    const auto hits = static_cast<double>(a.resident - b.resident);
    const auto misses = static_cast<double>(a.acquired() - b.acquired()) - hits;
    const double reading = static_cast<double>(a.bytes - b.bytes) / limits.bytes_per_second;
    seconds += std::max(reading, hits * limits.expert_seconds) + misses * limits.expert_seconds;
  }
  return seconds;
}

/// Whether a bound is measured. Mapped files compete with everything else for memory, so nothing else runs beside them.
/// Several texts in one pass have another bound.
bool is_bounded(const Setup& setup) {
  return setup.args.text("--provider", "cached") == "cached" && !setup.args.has("--parallel");
}

struct Timing {
  std::size_t tokens = 0;
  double seconds = 0;
  double bound_seconds = 0;
  std::vector<Limits> limits;
};

/// Feeds the first tokens, which warm the cache and do not count.
void warm_up(const Setup& setup, const moe::Model& model, moe::Sequence& sequence, Progress& progress) {
  const std::span<const moe::TokenId> ids(setup.ids);
  if (setup.args.has("--prompt") && setup.warm > 0)
    model.transformer().forward(sequence, ids.first(setup.warm));
  progress.add(sequence.position());
  for (std::size_t i = sequence.position(); i < setup.warm; ++i, progress.add(1))
    model.transformer().forward(sequence, ids.subspan(i, 1));
}

/// Feeds the other tokens one by one. Measures the limits of the machine before and after every ten tokens.
template <class Measured>
Timing time_text(const Setup& setup, const moe::Model& model, moe::Sequence& sequence,
                 const Measured& measured, Progress& progress) {
  constexpr std::size_t tokens_between = 10;
  const std::span<const moe::TokenId> ids(setup.ids);
  const auto limits_now = [&] {
    if (!is_bounded(setup)) return Limits();
    return measure_limits(model, ids, setup.options);
  };
  Timing timing;
  timing.limits.push_back(limits_now());
  for (std::size_t first = setup.warm; first < ids.size(); first += tokens_between) {
    std::vector<Steps> steps{measured.layers()};
    for (std::size_t i = first; i < std::min(first + tokens_between, ids.size()); ++i, progress.add(1)) {
      const moe::detail::Stopwatch stopwatch;
      model.transformer().forward(sequence, ids.subspan(i, 1));
      timing.seconds += stopwatch.seconds();
      ++timing.tokens;
      steps.push_back(measured.layers());
    }
    timing.limits.push_back(limits_now());
    if (!is_bounded(setup)) continue;
    const Limits between = mean(std::span(timing.limits).last(2));
    for (std::size_t i = 1; i < steps.size(); ++i)
      timing.bound_seconds += bound_seconds(steps[i - 1], steps[i], between);
  }
  return timing;
}

/// Divides the tokens after the warm ones into --parallel texts of equal length. Each pass feeds one token of each text.
Timing time_texts(const Setup& setup, const moe::Model& model, Progress& progress) {
  const std::size_t texts = setup.args.count("--parallel", 1, 1), tokens = setup.ids.size() - setup.warm;
  std::vector<moe::Sequence> sequences;
  for (std::size_t i = 0; i < texts; ++i)
    sequences.push_back(model.transformer().sequence(setup.options.sequence));
  moe::Batch batch = model.transformer().batch({.sequences = texts, .tokens = texts});
  Timing timing;
  for (std::size_t t = 0; t < tokens / texts; ++t, progress.add(texts)) {
    const moe::detail::Stopwatch stopwatch;
    batch.clear();
    for (std::size_t i = 0; i < texts; ++i)
      batch.add(sequences[i], {&setup.ids[setup.warm + i * (tokens / texts) + t], 1});
    model.transformer().forward(batch);
    timing.seconds += stopwatch.seconds();
    timing.tokens += texts;
  }
  return timing;
}

/// Feeds the text to a model with the given provider.
template <class Inner>
Row run(const Setup& setup, Inner inner, moe::Trace* trace) {
  using Measured = moe::MeasuringProvider<Tampered<Inner>>;
  const moe::Model model(
      setup.checkpoint,
      SwitchedProvider(
          moe::AnyProvider(Measured(Tampered<Inner>(std::move(inner), setup.args, setup.spec.experts()))),
          moe::AnyProvider(
              SampleProvider(setup.checkpoint, is_bounded(setup) ? 2 * setup.spec.experts_per_token() : 0))),
      {.threads = setup.options.threads, .transformer = {.weights = moe::WeightStorage::owned}});
  Measured& measured = *model.experts().get<SwitchedProvider>()->real().template get<Measured>();
  auto sequence = model.transformer().sequence(setup.options.sequence);
  moe::Trace unused;
  moe::RouteRecorder recorder(trace ? *trace : unused);
  if (trace) sequence.observe_routes(recorder);

  Progress progress(setup.ids.size(), "tokens");
  recorder.as_prompt(true);
  warm_up(setup, model, sequence, progress);
  recorder.as_prompt(false);
  const moe::ExpertStatistics warm = measured.total();
  const Timing timing = setup.args.has("--parallel") ? time_texts(setup, model, progress)
                                                     : time_text(setup, model, sequence, measured, progress);

  const moe::ExpertStatistics all = measured.total();
  const auto tokens = static_cast<double>(timing.tokens);
  Row row;
  row.hit_percent = 100 * static_cast<double>(all.resident - warm.resident) /
                    static_cast<double>(all.acquired() - warm.acquired());
  row.bytes_per_token = static_cast<double>(all.bytes - warm.bytes) / tokens;
  row.tokens_per_second = tokens / timing.seconds;
  row.waited = all.waited_seconds - warm.waited_seconds;
  row.share_of_bound = timing.bound_seconds / timing.seconds;
  if (is_bounded(setup)) row.limits = mean(timing.limits);
  if constexpr (requires { measured.inner().inner().inner().statistics().peak_bytes; })
    row.peak_bytes = measured.inner().inner().inner().statistics().peak_bytes;
  return row;
}

template <class Eviction>
Row run_cached(const Setup& setup, std::size_t budget_bytes, moe::Trace* trace) {
  moe::CacheOptions residency;
  residency.budget_bytes = budget_bytes;
  residency.experts_per_token = setup.spec.experts_per_token();
  residency.floor = !setup.args.has("--no-floor");
  residency.cold_prompts = !setup.args.has("--no-cold");
  moe::ReadProvider reading(setup.checkpoint, {.direct = setup.options.direct});
  if (setup.args.has("--preallocate")) reading.reserve(budget_bytes);
  moe::CachingProvider<moe::ReadProvider, Eviction> cache(std::move(reading), residency);
  return run(setup, moe::PrefetchingProvider(std::move(cache), setup.options.io_threads), trace);
}

Row run_budget(const Setup& setup, std::size_t budget_bytes, moe::Trace* trace) {
  const std::string provider = setup.args.text("--provider", "cached");
  if (provider == "mapped" || provider == "faulting")
    return run(setup, moe::MmapProvider(setup.checkpoint), trace);
  return setup.args.has("--lru") ? run_cached<moe::Lru>(setup, budget_bytes, trace)
                                 : run_cached<moe::DecayedFrequency>(setup, budget_bytes, trace);
}

moe::ModelOptions options_of(const CommandLine& args) {
  constexpr std::size_t io_threads = moe::PrefetchingProvider<moe::MmapProvider>::default_io_threads;
  return {.threads = args.number<std::size_t>("--threads", 0, 0, 4096),
          .direct = args.has("--direct"),
          .io_threads = args.number<std::size_t>("--io-threads", io_threads, 1, 1024)};
}

Setup setup_of(const CommandLine& args) {
  if (const std::string provider = args.text("--provider", "cached");
      provider != "cached" && provider != "mapped" && provider != "faulting")
    throw UsageError("--provider is cached, mapped or faulting, not '" + provider + "'");
  if (args.has("--record") && args.has("--parallel"))
    throw UsageError("--record and --parallel exclude each other: a trace has one text");
  const moe::Checkpoint checkpoint(args.positional(1, 1)[0]);
  Setup setup{args, checkpoint, moe::ModelSpec(checkpoint), options_of(args), {}, args.count("--warm", 28)};
  if (setup.spec.experts() == 0)
    throw std::runtime_error(checkpoint.path() + ": expected a model with experts, found a dense model");
  std::size_t tokens = setup.warm + args.count("--tokens", 100, 1);
  if (args.has("--ids")) {
    setup.ids = read_ids(args.text("--ids", ""));
    tokens = std::min(tokens, setup.ids.size());
  } else {
    setup.ids = scattered_ids(tokens, setup.spec.vocabulary_size);
  }
  if (tokens <= setup.warm)
    throw UsageError("--warm takes " + std::to_string(setup.warm) + " tokens, and --ids has only " +
                     std::to_string(setup.ids.size()));
  if (const std::size_t texts = args.count("--parallel", 1, 1); texts > tokens - setup.warm)
    throw UsageError("--parallel needs at most one text for each of the " +
                     std::to_string(tokens - setup.warm) + " tokens that count, not '" +
                     std::to_string(texts) + "'");
  setup.ids.resize(tokens);
  setup.options.sequence.context = tokens;
  setup.options.sequence.lookahead = args.has("--lookahead");
  return setup;
}

double mib(double bytes) { return bytes / (1 << 20); }

void print_head() {
  std::printf("%10s %6s %10s %9s %9s %9s %8s %9s %9s %9s\n", "budget MiB", "hit %", "MiB/token", "tokens/s",
              "waited s", "peak MiB", "bound %", "disk MB/s", "dense ms", "expert ms");
}

void print_row(std::size_t budget_bytes, const Row& row) {
  std::printf("%10.1f %6.1f %10.1f %9.2f %9.2f %9.1f %8.1f %9.0f %9.2f %9.3f\n",
              mib(static_cast<double>(budget_bytes)), row.hit_percent, mib(row.bytes_per_token),
              row.tokens_per_second, row.waited, mib(static_cast<double>(row.peak_bytes)),
              100 * row.share_of_bound, row.limits.bytes_per_second / 1e6, 1e3 * row.limits.dense_seconds,
              1e3 * row.limits.expert_seconds);
  std::fflush(stdout);
}

}  // namespace

int main(int argc, char** argv) {
  return run_example(argc, argv, help, [](const CommandLine& args) {
    const std::vector<std::size_t> budgets = args.sizes("--budgets");
    if (budgets.empty()) throw UsageError("--budgets is missing");
    const std::string record = output_path_of(args, "--record");
    const Setup setup = setup_of(args);
    print_head();
    for (const std::size_t budget : budgets) {
      moe::Trace trace = moe::trace_of(setup.spec, moe::ExpertCatalog(setup.checkpoint));
      print_row(budget, run_budget(setup, budget, record.empty() ? nullptr : &trace));
      if (!record.empty()) trace.write(record);
    }
  });
}
