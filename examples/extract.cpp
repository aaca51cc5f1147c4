// Stores a model, or some of its experts, so that experts are read fast:  extract examples/data/babel-10m /tmp/babel --type q8_0
#include "detail/extract/expert_selection.hpp"
#include "detail/extract/extraction.hpp"
#include "detail/extract/verification.hpp"

#include "command_line.hpp"
#include "progress.hpp"

#include <optional>

constexpr std::string_view help = R"(usage: extract SOURCE OUT [options]
       extract --verify OUT
Stores the model SOURCE (a directory with a Hugging Face checkpoint, or a GGUF file) in the directory OUT: dense.gguf, and
experts.gguf, in which the matrices of an expert lie side by side, on whole pages. Every tensor gets a checksum. If it is
interrupted, the same command goes on where it was; OUT appears when it is complete.

  --component NAME    thinker, of a Qwen3-Omni: its text model, which is also the default
  --layers A-B        only these layers; what has not all layers can be stored and verified, but not run
  --experts A-B       of each layer only these experts; what has not all experts is run with allow_partial only
  --usage PROFILE     of each layer only the experts that were most used (see expert_usage), with one of:
  --top N             ... the N most used, of those that were used at all
  --coverage SHARE    ... the fewest that got this share of the router's choices, as 0.95, but at least as many as a token
                      takes
  --type TYPE         of experts: keep (the default), f32, f16, bf16, q8_0, q6_k, q4_k or q4_0
  --dense-type TYPE   of all other matrices but the routers: keep (the default), or one of these
  --verify OUT        compare every byte of an extraction with its checksums
)";

namespace {

std::optional<moe::DType> type_of(const CommandLine& args, const std::string& option) {
  using enum moe::DType;
  const std::string name = args.text(option, "keep");
  if (name == "keep") return {};
  for (const moe::DType type : {f32, f16, bf16, q8_0, q6_k, q4_k, q4_0})
    if (moe::detail::name(type) == name) return type;
  throw UsageError("no type is called " + name);
}

/// `3-5`, or `3`.
moe::IndexRange range_of(const CommandLine& args, const std::string& option) {
  const std::string text = args.text(option, "");
  moe::IndexRange range;
  if (text.empty()) return range;
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
  if (rules != (file.empty() ? 0 : 1)) throw UsageError("--usage goes with --top or --coverage");
  if (file.empty()) return moe::ExpertSelection::range(range_of(args, "--experts"));
  if (args.has("--experts")) throw UsageError("either --experts or --usage");
  moe::UsageProfile profile = moe::detail::read_usage_profile(file);
  if (args.has("--coverage"))
    return moe::ExpertSelection::covering(std::move(profile), args.number("--coverage", 1.0), file);
  const auto top = args.number<std::size_t>("--top", 0);
  if (top == 0) throw UsageError("--top begins at 1");
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
                              .type = type_of(args, "--type"),
                              .dense_type = type_of(args, "--dense-type")});
  if (const std::vector<std::string>& kept = extraction.not_converted(); !kept.empty())
    std::fprintf(stderr, "%zu tensors keep their type, since their rows do not fit the other: %s%s\n",
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
  std::printf("%s: all %zu tensors are as they were written\n", path.c_str(), verification.tensors());
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
