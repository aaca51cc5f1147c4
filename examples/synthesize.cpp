// SPDX-License-Identifier: MIT
// A model of random weights with the shape of a released model:  synthesize /tmp/model --shape qwen3-30b-a3b --type q4_0
#include <moe.hpp>

#include "support/command_line.hpp"
#include "support/utf8_path.hpp"
#include "synthesize/synthesis.hpp"

#include <cstdint>
#include <cstdio>
#include <filesystem>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <system_error>

constexpr std::string_view help = R"(usage: synthesize OUT --shape NAME [options]
       synthesize --list
Writes a checkpoint of random weights, with the shape of a released model, into the directory OUT:
dense.gguf, experts.gguf, and a tokenizer whose tokens are the 256 bytes. Texts of this model have no
meaning, but the model needs the disk space, memory and time of the real model, so that these can be
measured before a download.

  --list              print all shapes with their sizes
  --shape NAME        qwen3-30b-a3b, qwen3-235b-a22b, qwen3-omni-thinker, qwen3.6-35b-a3b,
                      qwen3-coder-next, gemma-4-26b-a4b, gpt-oss-20b, gpt-oss-120b, glm-4.7-flash,
                      glm-4.5-air, nemotron-3-nano, lfm2-8b-a1b or tiny
  --type TYPE         type of the experts: f32, f16, bf16, or a type of GGUF files such as q4_k, iq4_xs
                      and mxfp4; default q4_0, of gpt-oss mxfp4. A matrix whose rows are not whole blocks
                      of this type gets the type that llama-quantize takes in this case, such as q5_0
  --dense-type TYPE   type of all other matrices; default q8_0 if the experts are quantised, otherwise
                      the type of the experts
  --layers N          only the first N layers
  --file              write one file OUT/model.gguf, with the experts of a layer in one tensor of each
                      part, which other engines read too
  --trace FILE        a routing trace (see replay): the tokens of OUT/ids.txt, fed one by one, are then
                      routed exactly as in the trace, with as many experts per token. Not for routers
                      with a sigmoid, nor for gemma
)";

namespace {

void print_shapes() {
  std::printf("%-20s %6s %14s %6s %9s\n", "shape", "layers", "experts", "type", "size");
  for (const Shape& shape : released_shapes) {
    const Synthesis synthesis(shape, SynthesisTypes(shape), nullptr, SynthesisForm::file);
    const std::string experts =
        std::to_string(shape.experts.per_token) + " of " + std::to_string(shape.experts.count);
    const std::string name(shape.name), type(moe::detail::name(shape.experts.type));
    std::printf("%-20s %6u %14s %6s %6.1f GB\n", name.c_str(), shape.layers, experts.c_str(), type.c_str(),
                static_cast<double>(synthesis.bytes()) / 1e9);
  }
}

/// Lists the tokens that are routed as in the trace.
void write_ids(const std::string& directory, const Synthesis& synthesis) {
  const std::uint32_t first = synthesis.first_token();
  std::string ids;
  for (std::uint32_t i = 0; i < synthesis.tokens(); ++i)
    ids += (i == 0 ? "" : ",") + std::to_string(first + i);
  moe::detail::write_text(directory + "/ids.txt", ids + '\n');
  std::printf("first token of the trace: %u\ntokens of the trace: %zu, listed in %s/ids.txt\n", first,
              synthesis.tokens(), directory.c_str());
}

void synthesize(const CommandLine& args) {
  const std::string directory = args.positional(1, 1)[0];
  const Shape shape = shape_of(args);
  const SynthesisTypes types(args, shape);
  const SynthesisForm form = args.has("--file") ? SynthesisForm::file : SynthesisForm::directory;
  std::optional<moe::Trace> trace;
  if (args.has("--trace")) trace = moe::Trace::read(args.text("--trace", ""));

  Synthesis synthesis(shape, types, trace ? &*trace : nullptr, form);
  std::error_code error;
  std::filesystem::create_directories(path_of(directory), error);
  if (error)
    throw std::runtime_error(directory + ": expected the path of a directory, found: " + error.message());
  synthesis.write(directory);
  std::printf("%s%s: %.1f MB, %u layers of %u experts\n", directory.c_str(),
              form == SynthesisForm::file ? "/model.gguf" : "", static_cast<double>(synthesis.bytes()) / 1e6,
              shape.layers, shape.experts.count);
  if (trace) write_ids(directory, synthesis);
}

}  // namespace

int main(int argc, char** argv) {
  return run_example(argc, argv, help, [](const CommandLine& args) {
    if (!args.has("--list")) return synthesize(args);
    args.positional(0, 0);
    print_shapes();
  });
}
