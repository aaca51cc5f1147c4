// A model of random weights with the shape of a released model:  synthesize /tmp/model --shape qwen3-30b-a3b --type q4_0
#include <moe.hpp>

#include "support/command_line.hpp"
#include "synthesize/synthesis.hpp"

#include <filesystem>
#include <optional>
#include <string>

constexpr std::string_view help = R"(usage: synthesize OUT --shape NAME [options]
Writes a checkpoint of random weights, with the shape of a released model, into the directory OUT:
dense.gguf and experts.gguf. Its texts have no meaning, but it needs the disk space, memory and time of
the real model, so that these can be measured before a download.

  --shape NAME        qwen3-30b-a3b, qwen3-235b-a22b, qwen3-omni-thinker or tiny
  --type TYPE         type of the experts: q4_0 (the default), q4_k, q6_k, q8_0, f16, bf16 or f32
  --dense-type TYPE   type of all other matrices; default q8_0 if the experts are quantised, otherwise
                      the type of the experts
  --layers N          only the first N layers
  --trace FILE        a routing trace (see replay): the tokens of OUT/ids.txt, fed one by one, are then
                      routed exactly as in the trace, with as many experts per token
)";

int main(int argc, char** argv) {
  return run_example(argc, argv, help, [](const CommandLine& args) {
    const std::string directory = args.positional(1, 1)[0];
    const Shape shape = shape_of(args);
    const SynthesisTypes types(args);
    std::optional<moe::Trace> trace;
    if (args.has("--trace")) trace = moe::Trace::read(args.text("--trace", ""));

    std::filesystem::create_directories(directory);
    Synthesis synthesis(directory, shape, types.experts, types.others, trace);
    synthesis.write();
    write_tokenizer(directory);
    std::printf("%s: %.1f MB, %u layers of %u experts\n", directory.c_str(),
                static_cast<double>(synthesis.bytes()) / 1e6, shape.layers, shape.experts);
    if (!trace) return;
    const std::uint32_t first = synthesis.first_token();
    std::string ids;
    for (std::uint32_t i = 0; i < synthesis.tokens(); ++i)
      ids += (i == 0 ? "" : ",") + std::to_string(first + i);
    moe::detail::write_text(directory + "/ids.txt", ids + '\n');
    std::printf("first token of the trace: %u\ntokens of the trace: %zu, listed in %s/ids.txt\n", first,
                synthesis.tokens(), directory.c_str());
  });
}
