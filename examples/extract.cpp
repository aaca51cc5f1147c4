// SPDX-License-Identifier: MIT
// A copy of a model, or of some of its experts, in a layout that is fast to read:
//   extract examples/data/babel-10m /tmp/babel --type q8_0
#include "detail/extract/expert_selection.hpp"
#include "detail/extract/extraction.hpp"
#include "detail/extract/quantise.hpp"
#include "detail/extract/verification.hpp"

#include "support/command_line.hpp"
#include "support/progress.hpp"
#include "support/weight_type.hpp"

#include <optional>

constexpr std::string_view help = R"(usage: extract SOURCE OUT [options]
       extract --verify OUT
Stores the model SOURCE, a Hugging Face checkpoint or a GGUF file, in the directory OUT: dense.gguf, and
experts.gguf, in which the matrices of an expert are neighbours and fill whole pages of 4096 bytes.
Every tensor gets a checksum. OUT appears when it is complete. If the program is interrupted, the same
command resumes the work.

  --component NAME    require this component: thinker, the text model of a Qwen3-Omni
  --layers A-B        only these layers; a result without all layers can be stored and verified, but not
                      run
  --experts A-B       only these experts of each layer; a result without all experts runs only with
                      --allow-partial
  --usage PROFILE     only the most used experts of each layer, from a profile of expert_usage; with
                      --top or --coverage
  --top N             with --usage: the N most used experts, without unused ones
  --coverage SHARE    with --usage: the fewest experts that got this share of the choices, such as 0.95,
                      and at least as many as a token takes
  --type TYPE         type of the experts: keep (the default), f32, f16, bf16, q8_0, q6_k, q4_k, q4_0 or
                      q2_k
  --also TYPE         also store the same experts in a smaller type, as experts.TYPE.gguf: a small copy for
                      the example lossy, which no program takes for the exact experts
  --dense-type TYPE   type of all other matrices but the routers: keep (the default), or one of the
                      types above
  --verify OUT        compare every byte of an extraction with its checksums
)";

namespace {

std::optional<moe::DType> wanted_type(const CommandLine& args, const std::string& option) {
  if (args.text(option, "keep") == "keep") return {};
  return type_of(args, option, moe::detail::can_quantise);
}

/// The range that an option gives as `3-5` or `3`; everything without the option.
moe::IndexRange range_of(const CommandLine& args, const std::string& option) {
  const std::string text = args.text(option, "");
  moe::IndexRange range;
  if (!args.has(option)) return range;
  const auto read = [&](const char* from, std::uint32_t& number) {
    const auto [end, error] = std::from_chars(from, text.data() + text.size(), number);
    if (error != std::errc()) throw UsageError(option + " needs a range, such as 0-47, not '" + text + "'");
    return end;
  };
  const char* const dash = read(text.data(), range.first);
  range.last = range.first;
  const char* const end = *dash == '-' ? read(dash + 1, range.last) : dash;
  if (end != text.data() + text.size() || range.last < range.first)
    throw UsageError(option + " needs a range, such as 0-47, not '" + text + "'");
  return range;
}

moe::ExpertSelection selection_of(const CommandLine& args) {
  const std::string file = args.text("--usage", "");
  const int rules = args.has("--top") + args.has("--coverage");
  if (rules != (args.has("--usage") ? 1 : 0))
    throw UsageError("--usage needs either --top or --coverage, and they need --usage");
  if (!args.has("--usage")) return moe::ExpertSelection::range(range_of(args, "--experts"));
  if (args.has("--experts")) throw UsageError("--experts and --usage exclude each other");
  moe::UsageProfile profile = moe::UsageProfile::read(file);
  if (args.has("--coverage"))
    return moe::ExpertSelection::covering(std::move(profile), args.number("--coverage", 1.0), file);
  const auto top = args.number<std::size_t>("--top", 1, 1);
  return moe::ExpertSelection::most_used(std::move(profile), top, file);
}

double mb(std::uint64_t bytes) { return static_cast<double>(bytes) / 1e6; }

void extract(const CommandLine& args) {
  const std::vector<std::string>& paths = args.positional(2, 2);
  const moe::Checkpoint source(paths[0]);
  moe::Extraction extraction(source, paths[1],
                             {.component = args.text("--component", ""),
                              .layers = range_of(args, "--layers"),
                              .experts = selection_of(args),
                              .type = wanted_type(args, "--type"),
                              .also = wanted_type(args, "--also"),
                              .dense_type = wanted_type(args, "--dense-type")});
  if (const std::vector<std::string>& kept = extraction.not_converted(); !kept.empty())
    std::fprintf(
        stderr,
        "%zu tensors keep their type, since their rows are not whole blocks of the other type: %s%s\n",
        kept.size(), kept[0].c_str(), kept.size() > 1 ? ", ..." : "");
  const std::uint64_t left = extraction.bytes_left();
  if (left > 0 && left < extraction.data_bytes())
    std::fprintf(stderr, "resuming: %.1f of %.1f MB were written before, and are checked first\n",
                 mb(extraction.data_bytes() - left), mb(extraction.data_bytes()));
  Progress progress(extraction.data_bytes());
  extraction.run([&](std::uint64_t bytes) { progress.add(bytes); });

  std::printf("%s: %.1f MB, %zu experts\n", paths[1].c_str(), mb(extraction.bytes()), extraction.experts());
  if (extraction.experts_left_out() > 0)
    std::printf("left out: %zu experts, which saves %.1f MB\n", extraction.experts_left_out(),
                mb(extraction.bytes_left_out()));
}

void verify(const std::string& path) {
  const moe::Verification verification(path);
  Progress progress(verification.bytes());
  verification.run([&](std::uint64_t bytes) { progress.add(bytes); });
  std::printf("%s: all %zu tensors have the right checksums\n", path.c_str(), verification.tensors());
}

}  // namespace

int main(int argc, char** argv) {
  return run_example(argc, argv, help, [](const CommandLine& args) {
    if (args.has("--verify")) {
      args.positional(0, 0);
      verify(args.text("--verify", ""));
    } else {
      extract(args);
    }
  });
}
