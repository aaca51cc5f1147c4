// SPDX-License-Identifier: MIT
// The speed of a model, and the limits of the machine at the same moment, so that each speed is also a share of a limit:
//   bench examples/data/babel-10m        bench --shape qwen3-30b-a3b --layers 12 --type q4_0
#include <moe.hpp>

#include "detail/simd/kernel_table.hpp"
#include "support/command_line.hpp"
#include "bench/kernel_cases.hpp"
#include "bench/measurement_report.hpp"
#include "bench/model_bench.hpp"
#include "synthesize/synthesis.hpp"
#include "support/temporary_directory.hpp"

#include <list>
#include <string>
#include <vector>

constexpr std::string_view help = R"(usage: bench MODEL [options]
       bench --shape NAME [options]
       bench --kernels [options]
Measures how fast MODEL processes a prompt (prefill) and generates tokens (decode). Before and after
each measurement it measures how fast the same threads read memory and multiply in registers. Several
rounds measure everything in turn; medians are shown.

  --shape NAME      a temporary model of random weights, with a shape that `synthesize --list` shows
  --type TYPE       type of its experts, such as q4_k; default q4_0, of gpt-oss mxfp4; with --kernels:
                    only this type
  --dense-type TYPE type of its other matrices; default q8_0 if the experts are quantised, otherwise the
                    type of the experts
  --layers N        only its first N layers
  -p N              tokens of the prompt; default 512
  -n N              tokens of decode; default 128
  --ids FILE        decode these tokens in place of -n: ids separated by commas or white space
  --context N       also measure decode after N other tokens, such as 4096, relative to decode after 64
  --kv TYPE         with --context: also measure with a KV cache of this type, q8_0 or f32, relative to f16
  --threads N       default: one per core
  --scaling         also measure one thread
  --chunk N         tokens of the prompt that go through the layers together; default 512
  --budget SIZE     read experts from disk into a cache of this size; otherwise all experts are in
                    memory
  --bf16-dot        multiply bf16 weights with the dot products of AVX512_BF16
  --int8-mxfp4      multiply mxfp4 weights with inputs rounded to int8
  --providers       also measure decode with all experts in a cache, relative to all experts in memory
  --kernels         measure single matrix products, for each type and instruction set
  --rounds N        default 5
  --json            print JSON instead of a table
)";

namespace {

void bench_kernels(const CommandLine& args, const BenchOptions& options) {
  const UncachedMemory memory(std::size_t{512} << 20);
  KernelData data(std::size_t{256} << 20);
  moe::ThreadPool pool(options.threads);
  std::list<MachineLimits> limits;
  std::list<moe::detail::simd::Kernels> tables;
  std::vector<Case> cases;
  for (const moe::detail::simd::Isa isa : available_isas()) {
    const moe::detail::simd::Kernels* bf16_dot =
        options.bf16_dot ? moe::detail::simd::bf16_dot_kernels_for(isa) : nullptr;
    moe::detail::simd::Kernels& kernels =
        tables.emplace_back(bf16_dot ? *bf16_dot : moe::detail::simd::kernels_for(isa));
    if (options.int8_mxfp4) kernels = moe::detail::simd::with_int8_mxfp4(kernels);
    limits.emplace_back(pool, memory, isa);
    for (std::size_t i = 0; i < moe::detail::usable_dtypes; ++i) {
      const auto type = static_cast<moe::DType>(i);
      if (args.has("--type") && args.text("--type", "") != moe::detail::name(type)) continue;
      for (const ProductShape& shape : product_shapes) {
        if (!is_possible(shape, type)) continue;
        cases.push_back(product_case(data, pool, isa, kernels, type, shape));
        cases.back().machine = &limits.back();
      }
    }
  }
  if (cases.empty())
    throw UsageError("--type needs a type of weights such as q4_k, not '" + args.text("--type", "") + "'");
  const Measurement measurement = measure(cases, options.rounds);
  if (!options.json) return print(cases, measurement);
  JsonObject about;
  print_json(about.raw("machine", about_machine().text()), cases, measurement);
}

void bench_model(const CommandLine& args, const BenchOptions& options) {
  const bool synthetic = args.has("--shape");
  const auto& models = args.positional(synthetic ? 0 : 1, synthetic ? 0 : 1);
  std::vector<moe::TokenId> ids;
  if (args.has("--ids")) ids = read_ids(args.text("--ids", ""));
  if (args.has("--ids") && ids.empty()) throw UsageError("--ids has no tokens");
  if (!synthetic) return ModelBench(models[0], options, ids).run();
  const Shape shape = shape_of(args);
  const TemporaryDirectory directory;
  Synthesis(shape, SynthesisTypes(args, shape)).write(directory.path());
  ModelBench(directory.path(), options, ids).run();
}

}  // namespace

int main(int argc, char** argv) {
  return run_example(argc, argv, help, [](const CommandLine& args) {
    const BenchOptions options(args);
    if (args.has("--kernels")) {
      args.positional(0, 0);
      bench_kernels(args, options);
    } else {
      bench_model(args, options);
    }
  });
}
