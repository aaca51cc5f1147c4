// SPDX-License-Identifier: MIT
// Messages of the examples to a user without a model, or with an incomplete one, and the next command that they show.
#include "run_example.hpp"
#include "detail/io/file.hpp"
#include "support/checkpoints.hpp"
#include "support/temporary_directory.hpp"

#include <doctest/doctest.h>

#include <filesystem>
#include <string>
#include <vector>

namespace {

/// A folder with the files of the bundled model that are named.
struct Part : TemporaryDirectory {
  explicit Part(const std::vector<std::string>& names) {
    for (const std::string& name : names) std::filesystem::copy(bundled_model() + "/" + name, *this / name);
  }
};

/// The examples that a user tries first, with the arguments that follow the model.
const std::vector<std::vector<std::string>> first_examples{
    {"generate", "x"}, {"chat"}, {"measure_cache", "--budgets", "1MiB"}, {"inspect"}, {"bench"}};

std::vector<std::string> on_model(std::vector<std::string> words, const std::string& model) {
  words.insert(words.begin() + 1, model);
  return words;
}

}  // namespace

TEST_CASE("first contact: a model that does not exist leads to the bundled model and to synthesize") {
  for (const std::vector<std::string>& words : first_examples) {
    CAPTURE(words[0]);
    const Result result = run(on_model(words, "/nowhere/at/all"));
    CHECK(result.status == 1);
    CHECK(result.says("/" + words[0] + " examples/data/babel-10m"));
    CHECK(result.says("/synthesize /tmp/moe-model --shape qwen3-30b-a3b\n"));
    CHECK(result.says("/" + words[0] + " /tmp/moe-model"));
  }
}

TEST_CASE("first contact: an example without the others beside it leads to building them") {
  const TemporaryDirectory directory;
  std::filesystem::copy(std::string(MOE_EXAMPLES_DIR) + "/generate", directory.path());
  const std::string alone =
      std::filesystem::relative(directory / "generate", MOE_EXAMPLES_DIR).generic_string();
  const Result result = run({alone, "/nowhere/at/all", "x"});
  CHECK(result.status == 1);
  CHECK(result.says("    cmake --preset examples && cmake --build build/examples\n"));
  CHECK(result.says("    build/examples/examples/synthesize /tmp/moe-model --shape qwen3-30b-a3b\n"));
}

TEST_CASE("first contact: a name on Hugging Face leads to its download, then to its folder") {
  for (const std::vector<std::string>& words : first_examples) {
    CAPTURE(words[0]);
    const Result result = run(on_model(words, "Qwen/Qwen3-30B-A3B"));
    CHECK(result.status == 1);
    CHECK(result.says("    hf download Qwen/Qwen3-30B-A3B --local-dir Qwen3-30B-A3B\n"));
    CHECK(result.says("/" + words[0] + " Qwen3-30B-A3B"));
    CHECK(result.says("/synthesize "));
  }
}

TEST_CASE("first contact: a path with a typing error leads to the similar path") {
  const TemporaryDirectory directory;
  std::filesystem::create_directory(directory / "Qwen3-30B-A3B");
  const Result result = run({"generate", directory / "Qwen3-30B-A3b", "some words"});
  CHECK(result.says("/generate " + (directory / "Qwen3-30B-A3B") + " 'some words'\n"));
}

TEST_CASE("first contact: a path with a backslash is quoted for the shell") {
  const TemporaryDirectory directory;
  std::filesystem::create_directory(directory / "back\\slash-30B");
  const Result result = run({"generate", directory / "back\\slash-30b", "x"});
  CHECK(result.says("/generate '" + (directory / "back\\slash-30B") + "' x\n"));
}

TEST_CASE("first contact: an empty folder and a folder with config.json alone lead to a download into them") {
  const Part empty({}), config({"config.json"});
  for (const std::vector<std::string>& words : first_examples) {
    CAPTURE(words[0]);
    const Result nothing = run(on_model(words, empty.path()));
    CHECK(nothing.status == 1);
    CHECK(nothing.says("The folder has no model."));
    CHECK(nothing.says("    hf download Qwen/Qwen3-30B-A3B --local-dir " + empty.path() + "\n"));
    const Result half = run(on_model(words, config.path()));
    CHECK(half.status == 1);
    CHECK(half.says("The folder has config.json, but no weights."));
    CHECK(half.says("    hf download OWNER/NAME --local-dir " + config.path() + "\n"));
  }
}

TEST_CASE("first contact: a folder above a model leads to the model") {
  const TemporaryDirectory directory;
  std::filesystem::create_directories(directory / "snapshots/1");
  std::filesystem::copy(bundled_model() + "/model.safetensors", directory / "snapshots/1");
  const Result result = run({"generate", directory.path(), "x"});
  CHECK(result.says("/generate " + (directory / "snapshots/1") + " x\n"));
}

TEST_CASE("first contact: half a GGUF file leads to the rest of the download, wherever the file is cut") {
  const TemporaryDirectory directory;
  REQUIRE(run({"synthesize", directory.path(), "--shape", "tiny", "--file"}).status == 0);
  const std::string whole = moe::detail::read_text(directory / "model.gguf");
  for (const std::size_t bytes : {whole.size() / 2, std::size_t{3000}, std::size_t{100}}) {
    CAPTURE(bytes);
    const std::string file = directory.write("half.gguf", whole.substr(0, bytes));
    const Result result = run({"generate", file, "x"});
    CHECK(result.status == 1);
    CHECK(result.says("    hf download OWNER/NAME half.gguf --local-dir " + directory.path() + "\n"));
  }
}

TEST_CASE("first contact: a cut file of an extraction leads to a new extraction, wherever the file is cut") {
  const TemporaryDirectory directory;
  REQUIRE(run({"extract", bundled_model(), directory / "out"}).status == 0);
  for (const std::string name : {"dense.gguf", "experts.gguf"}) {
    const std::string path = directory / ("out/" + name), whole = moe::detail::read_text(path);
    for (const std::size_t bytes : {whole.size() / 2, std::size_t{3000}, std::size_t{100}}) {
      CAPTURE(name);
      CAPTURE(bytes);
      directory.write("out/" + name, whole.substr(0, bytes));
      const Result result = run({"generate", directory / "out", "x"});
      CHECK(result.status == 1);
      CHECK(result.says("    rm -r " + (directory / "out") + "\n"));
      CHECK_FALSE(result.says("download"));
    }
    directory.write("out/" + name, whole);
  }
}

TEST_CASE("first contact: a safetensors file that ends within its header leads to the rest of the download") {
  const Part part({"config.json", "tokenizer.json"});
  const std::string whole = moe::detail::read_text(bundled_model() + "/model.safetensors");
  for (const std::size_t bytes : {0, 3, 1000}) {
    CAPTURE(bytes);
    part.write("model.safetensors", whole.substr(0, bytes));
    const Result result = run({"generate", part.path(), "x"});
    CHECK(result.status == 1);
    CHECK(result.says("    hf download OWNER/NAME --local-dir " + part.path() + "\n"));
  }
}

TEST_CASE("first contact: an index with missing shards leads to the rest of the download") {
  const Part part({"config.json", "tokenizer.json"});
  part.write("model.safetensors.index.json",
             R"({"weight_map": {"lm_head.weight": "model-00001-of-00002.safetensors"}})");
  const Result result = run({"generate", part.path(), "x"});
  CHECK(result.status == 1);
  CHECK(result.says("model-00001-of-00002.safetensors"));
  CHECK(result.says("    hf download OWNER/NAME --local-dir " + part.path() + "\n"));
}

TEST_CASE("first contact: too small a budget leads to the same command with the least budget") {
  const Result generate = run({"generate", bundled_model(), "x", "--budget", "1KiB"});
  CHECK(generate.says("/generate " + bundled_model() + " x --budget 24KiB\n"));
  const Result measure = run({"measure_cache", bundled_model(), "--budgets", "1KiB"});
  CHECK(measure.says("/measure_cache " + bundled_model() + " --budgets 24KiB\n"));
  const Result total = run({"generate", bundled_model(), "x", "--memory", "1MiB"});
  REQUIRE(total.says(" --memory "));
  const std::string command = lines_of(total.err).back(), size = command.substr(command.rfind(' ') + 1);
  CHECK(run({"generate", bundled_model(), "x", "--max-tokens", "1", "--memory", size}).status == 0);
}

TEST_CASE("first contact: a model without a chat template leads to a text without one") {
  const Result chat = run({"chat", bundled_model()});
  CHECK(chat.status == 1);
  CHECK(chat.says("/chat " + bundled_model() + " --plain\n"));
  const Result generate = run({"generate", bundled_model(), "x", "--chat", "--max-tokens", "2"});
  CHECK(generate.status == 1);
  CHECK(generate.says("/generate " + bundled_model() + " x --max-tokens 2\n"));
  const Result tokenize = run({"tokenize", bundled_model(), "--chat"});
  CHECK(tokenize.status == 1);
  CHECK(tokenize.says("/tokenize " + bundled_model() + " Hello\n"));
}

TEST_CASE("first contact: --verify with a model without checksums leads to extract") {
  const Result result = run({"generate", bundled_model(), "x", "--verify"});
  CHECK(result.status == 1);
  CHECK(result.says("/extract " + bundled_model() + " OUT\n"));
}

TEST_CASE(
    "first contact: a missing text does not lead to a download of the model, even if their names begin "
    "alike") {
  const Result result = run({"masked_experts", bundled_model(), bundled_model() + ".txt"});
  CHECK(result.status == 1);
  CHECK(result.err.find("error: " + bundled_model() + ".txt: ") == 0);
  CHECK_FALSE(result.says("hf download"));
  CHECK(result.says("/masked_experts --help\n"));
}

TEST_CASE("first contact: a misspelt option leads to the option with the most similar name") {
  const auto meant = [](const std::string& typed, const std::string& option) {
    const Result result = run({"generate", bundled_model(), "x", typed});
    CAPTURE(result.err);
    CHECK(result.status == 2);
    CHECK(lines_of(result.err)[0] == "unknown option " + typed + "; did you mean " + option + "?");
  };
  meant("--max-token", "--max-tokens");
  meant("--temprature", "--temperature");
  meant("--max-tokens=5", "--max-tokens 5");
  meant("--bugdet", "--budget");
  meant("--hlep", "--help");
  const Result none = run({"generate", bundled_model(), "x", "--zzzzzz"});
  CHECK(lines_of(none.err)[0] == "unknown option --zzzzzz");
}

TEST_CASE("first contact: a missing or wrong value of an option shows the help on this option") {
  const std::string help = "  --max-tokens N           limit of the new text; default 100\n";
  CHECK(run({"generate", bundled_model(), "x", "--max-tokens"}).says(help));
  CHECK(run({"generate", bundled_model(), "x", "--max-tokens", "many"}).says(help));
  const Result share = run({"generate", bundled_model(), "x", "--top-p", "2"});
  CHECK(share.status == 2);
  CHECK(share.out.empty());
  CHECK(lines_of(share.err)[0] == "--top-p needs a number above 0, at most 1, not '2'");
  CHECK(share.says("  --top-p P "));
  const Result budgets = run({"measure_cache", bundled_model()});
  CHECK(budgets.says("  --budgets LIST "));
  CHECK(budgets.says("/measure_cache --help\n"));
}
