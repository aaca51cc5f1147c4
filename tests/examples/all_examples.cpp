// SPDX-License-Identifier: MIT
// Properties of all examples: help, exit status, errors, sizes, special files.
#include "run_example.hpp"
#include "detail/io/file.hpp"
#include "support/checkpoints.hpp"
#include "support/temporary_directory.hpp"

#include <doctest/doctest.h>

#include <cstdlib>
#include <string>
#include <utility>
#include <vector>

#if !defined(_WIN32)
#include <sys/stat.h>
#include <sys/wait.h>
#endif

namespace {

const std::vector<std::string> all_examples {
  "generate", "chat", "many", "custom_provider", "tokenize", "logits", "inspect", "measure_cache", "replay",
      "synthesize", "masked_experts", "lossy", "expert_usage", "extract", "bench",
#if !defined(_WIN32)
      "socket_provider", "process_executor",
#endif
      "compressed_provider"
};

}  // namespace

TEST_CASE("examples: --help prints the usage to stdout") {
  for (const std::string& example : all_examples) {
    CAPTURE(example);
    const Result result = run({example, "--help"});
    CHECK(result.status == 0);
    CHECK(result.out.find("usage: " + example) == 0);
    CHECK(result.err.empty());
  }
}

TEST_CASE("examples: wrong usage ends with status 2, and with the usage and the command for help on stderr") {
  for (const std::string& example : all_examples)
    for (const auto& words : {std::vector<std::string>{example},
                              {example, "--no-such-option"},
                              {example, "a", "b", "c", "--max-tokens"}}) {
      CAPTURE(example);
      const Result result = run(words);
      CHECK(result.status == 2);
      CHECK(result.out.empty());
      CHECK(result.says("usage: " + example));
      CHECK(result.says("/" + example + " --help\n"));
    }
}

TEST_CASE("examples: the message about a missing argument has its name") {
  for (const auto& [words, message] : std::vector<std::pair<std::vector<std::string>, std::string>>{
           {{"generate"}, "MODEL is missing"},
           {{"generate", bundled_model()}, "PROMPT is missing"},
           {{"many", bundled_model()}, "FILE is missing"},
           {{"masked_experts", bundled_model()}, "TEXT is missing"},
           {{"lossy", bundled_model()}, "TEXT is missing"},
           {{"lossy", bundled_model(), "x", "--small", "q4_0"}, "--budget is missing"},
           {{"extract", bundled_model()}, "OUT is missing"},
           {{"tokenize", "--chat"}, "PATH is missing"},
           {{"synthesize"}, "OUT is missing"},
           {{"generate", bundled_model(), "x", "y"}, "unexpected argument: y"}}) {
    const Result result = run(words);
    CHECK(result.status == 2);
    CHECK(lines_of(result.err)[0] == message);
  }
}

TEST_CASE("examples: a failure ends with status 1, one message, and a command to type next") {
  const std::string nowhere = "/nowhere/at/all";
  for (const auto& words : {std::vector<std::string>{"generate", nowhere, "x"},
                            {"chat", nowhere},
                            {"custom_provider", nowhere, "x"},
                            {"compressed_provider", nowhere, "x"},
                            {"tokenize", nowhere, "x"},
                            {"logits", nowhere, "--ids", "1"},
                            {"inspect", nowhere},
                            {"synthesize", nowhere, "--shape", "tiny", "--trace", nowhere},
                            {"masked_experts", nowhere, nowhere},
                            {"masked_experts", bundled_model(), nowhere},
                            {"masked_experts", golden("dense-qwen3"), nowhere},
                            {"expert_usage", nowhere, "--text", "a=" + nowhere},
                            {"expert_usage", bundled_model(), "--text", "a=" + nowhere},
                            {"expert_usage", golden("dense-qwen3"), "--text", "a=" + nowhere},
                            {"lossy", nowhere, nowhere, "--small", "q4_0", "--budget", "1MiB"},
                            {"lossy", bundled_model(), nowhere, "--small", "q4_0", "--budget", "1MiB"},
                            {"bench", nowhere},
                            {"bench", bundled_model(), "--ids", nowhere},
                            {"measure_cache", nowhere, "--budgets", "1MiB"},
                            {"measure_cache", bundled_model(), "--budgets", "1MiB", "--ids", nowhere},
                            {"replay", nowhere, "--budgets-mib", "1"},
                            {"extract", nowhere, nowhere + "/out"},
                            {"chat", bundled_model()},
                            {"logits", golden("plain-f32"), "--ids", "320"},
                            {"generate", golden("plain-f32"), "a prompt without a tokenizer"}}) {
    CAPTURE(words[0]);
    const Result result = run(words);
    CHECK(result.status == 1);
    CHECK(result.out.empty());
    CHECK(result.err.find("error: ") == 0);
    CHECK(result.err.find("error: ", 1) == std::string::npos);
    CHECK(lines_of(result.err)[0].find("expected") != std::string::npos);
    CHECK(result.says("\n    "));
  }
}

TEST_CASE("examples: a file that is no model is called what it is") {
  const TemporaryDirectory directory;
  for (const auto& [contents, format] : std::vector<std::pair<std::string, std::string>>{
           {"version https://git-lfs.github.com/spec/v1\noid sha256:00\nsize 5\n", "a Git LFS pointer"},
           {"<!DOCTYPE html><html></html>", "an HTML page"},
           {std::string(1000, '\0'), "zeros"},
           {"", "an empty file"}}) {
    const std::string file = directory.write("x.gguf", contents);
    for (const auto& words : {std::vector<std::string>{"generate", file, "x"},
                              {"chat", file},
                              {"custom_provider", file, "x"},
                              {"tokenize", file, "x"},
                              {"tokenize", file, "--chat"},
                              {"logits", file, "--ids", "1"},
                              {"inspect", file},
                              {"masked_experts", file, file},
                              {"expert_usage", file, "--text", "a=" + file},
                              {"bench", file},
                              {"measure_cache", file, "--budgets", "1MiB"},
                              {"extract", file, directory / "out"},
                              {"extract", "--verify", file}}) {
      CAPTURE(words[0]);
      const Result result = run(words);
      CHECK(result.status == 1);
      CHECK(result.err.find("error: " + file + ": byte 0: expected GGUF, found " + format) == 0);
    }
  }
}

TEST_CASE("examples: an example for experts names a dense model as such") {
  const std::string dense = golden("dense-qwen3"), text = bundled_model() + "/valid/python.txt";
  for (const auto& words : {std::vector<std::string>{"measure_cache", dense, "--budgets", "1MiB"},
                            {"masked_experts", dense, text},
                            {"expert_usage", dense, "--text", "a=" + text}}) {
    CAPTURE(words[0]);
    const Result result = run(words);
    CHECK(result.status == 1);
    CHECK(result.says("expected a model with experts, found a dense model"));
  }
}

TEST_CASE("examples: numbers out of range are refused with the range") {
  const auto refused = [](const std::vector<std::string>& words, const std::string& message) {
    CAPTURE(message);
    const Result result = run(words);
    CHECK(result.status == 2);
    CHECK(result.err.find(message) == 0);
  };
  const std::vector<std::string> generate{"generate", bundled_model(), "x"}, bench{"bench", bundled_model()};
  refused(with(generate, {"--max-tokens", "many"}),
          "--max-tokens needs a whole number from 0 to 1073741824, not 'many'");
  refused(with(generate, {"--max-tokens", "-1"}), "--max-tokens needs a whole number");
  refused(with(generate, {"--context", "0"}), "--context needs a whole number from 1 to");
  refused(with(generate, {"--context", "18446744073709551616"}), "--context needs a whole number");
  refused(with(generate, {"--threads", "5000"}), "--threads needs a whole number from 0 to 4096");
  refused(with(generate, {"--temperature", "nan"}), "--temperature needs a number, not 'nan'");
  refused(with(generate, {"--temperature", "inf"}), "--temperature needs a number, not 'inf'");
  refused(with(bench, {"-p", "0"}), "-p needs a whole number from 1");
  refused(with(bench, {"--rounds", "0"}), "--rounds needs a whole number from 1");
  refused({"logits", bundled_model(), "--ids", "1,4294967296"}, "--ids needs a whole number");
  refused({"logits", bundled_model(), "--ids", "1,,2"}, "--ids needs a whole number");
  refused({"logits", bundled_model(), "--ids", "1,2,"}, "--ids needs a whole number");
  refused({"replay", "trace.csv", "--budgets-mib", "18446744073709551615"},
          "--budgets-mib needs a whole number");
  refused({"measure_cache", bundled_model(), "--budgets", "1MiB", "--spoil", "101"},
          "--spoil needs a number from 0 to 100");
}

TEST_CASE("examples: sizes are exact and are refused when they overflow") {
  const auto budget = [](const std::string& size) {
    return run({"generate", bundled_model(), "<|endoftext|>", "--max-tokens", "1", "--budget", size});
  };
  for (const std::string size : {"99999999999GiB", "16777216TiB", "18446744073709551616"}) {
    CAPTURE(size);
    CHECK(budget(size).status == 2);
    CHECK(budget(size).err.find("--budget needs a size of at most 18446744073709551615 bytes, not " + size) ==
          0);
  }
  for (const std::string size :
       {"", "GiB", ".", "1.", "1.GiB", "1.5", "1e3", "-1", "+1", "1 MiB", "1MB", "1,5MiB"}) {
    CAPTURE(size);
    CHECK(budget(size).status == 2);
    CHECK(budget(size).err.find("--budget needs a size such as 512MiB") == 0);
  }
  for (const std::string size : {"0", "0MiB", "0.00001KiB"}) {
    CAPTURE(size);
    CHECK(budget(size).err.find("--budget needs a size of at least 1 byte") == 0);
  }
  // The library refuses a budget below one expert, and names both numbers.
  CHECK(budget("23.9990234375KiB").says("at least 24576 bytes"));
  CHECK(budget("23.9990234375KiB").says("found 24575 bytes"));
  CHECK(budget("23.99999KiB").says("found 24575 bytes"));
  CHECK(budget("24575").says("found 24575 bytes"));
  for (const std::string size : {"24KiB", "24576", ".0234375MiB", "18446744073709551615", "16777215.9TiB"}) {
    CAPTURE(size);
    CHECK(budget(size).status == 0);
  }
}

#if !defined(_WIN32)

namespace {

/// A directory with special files.
struct SpecialFiles : TemporaryDirectory {
  SpecialFiles() { REQUIRE(::mkfifo((*this / "fifo").c_str(), 0600) == 0); }
};

}  // namespace

TEST_CASE("examples: a FIFO or a device as input is refused at once") {
  const SpecialFiles files;
  for (const std::string& input : {files / "fifo", std::string("/dev/zero")})
    for (const auto& words : {std::vector<std::string>{"generate", input, "x"},
                              {"inspect", input},
                              {"tokenize", input, "x"},
                              {"replay", input, "--budgets-mib", "1"},
                              {"bench", bundled_model(), "--ids", input},
                              {"measure_cache", bundled_model(), "--budgets", "1MiB", "--ids", input},
                              {"masked_experts", bundled_model(), input},
                              {"expert_usage", bundled_model(), "--text", "a=" + input},
                              {"extract", input, files / "out"},
                              {"extract", "--verify", input},
                              {"extract", bundled_model(), files / "out", "--top", "1", "--usage", input},
                              {"synthesize", files / "model", "--shape", "tiny", "--trace", input}}) {
      CAPTURE(words[0]);
      CAPTURE(input);
      const Result result = run(words);
      CHECK(result.status == 1);
      CHECK(result.err.find("error: " + input) == 0);
    }
}

TEST_CASE("examples: an output that cannot be a file is refused before any work") {
  const SpecialFiles files;
  const std::string text = "a=" + bundled_model() + "/valid/python.txt";
  for (const auto& [output, found] :
       std::vector<std::pair<std::string, std::string>>{{files / "fifo", "found a FIFO"},
                                                        {files.path(), "found a directory"},
                                                        {files / "nowhere/x.csv", "found no directory"},
                                                        {"", "found an empty path"}})
    for (const auto& words :
         {std::vector<std::string>{"measure_cache", bundled_model(), "--budgets", "1MiB", "--record", output},
          {"expert_usage", bundled_model(), "--text", text, "--svg", output},
          {"expert_usage", bundled_model(), "--text", text, "--json", output},
          {"chat", bundled_model(), "--plain", "--log", output},
          {"replay", "trace.csv", "--budgets-mib", "1", "--svg", output}}) {
      CAPTURE(words[0]);
      const Result result = run(words);
      CHECK(result.status == 1);
      CHECK(result.out.empty());
      CHECK(result.says(output + ": expected the path of a new file, " + found));
    }
}

#if defined(__linux__)

TEST_CASE("examples: help that cannot be written is a failure, whatever the other arguments are") {
  const TemporaryDirectory directory;
  const std::string command =
      "'" MOE_EXAMPLES_DIR "/generate' --no-such-option --help >/dev/full 2>" + (directory / "err");
  const int status = std::system(command.c_str());
  CHECK(WEXITSTATUS(status) == 1);
  CHECK(moe::detail::read_text(directory / "err").find("error: standard output: expected to write") == 0);
}

TEST_CASE("examples: a log of chat that cannot be written is a failure that names the file") {
  const Result result =
      run({"chat", bundled_model(), "--plain", "--max-tokens", "1", "--log", "/dev/full"}, "Hello\n\n");
  CHECK(result.status == 1);
  CHECK(result.says("error: /dev/full: end of the file: expected a successful write, found "));
}

#endif

TEST_CASE("examples: /dev/stdout is an output") {
  const Result result = run({"measure_cache", bundled_model(), "--budgets", "1MiB", "--warm", "2", "--tokens",
                             "3", "--record", "/dev/stdout"});
  CHECK(result.status == 0);
  CHECK(result.out.find("# route_trace v1") != std::string::npos);
}

#endif
