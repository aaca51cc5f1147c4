// SPDX-License-Identifier: MIT
#include "run_example.hpp"
#include "support/checkpoints.hpp"
#include "support/no_such_file.hpp"
#include "support/temporary_directory.hpp"

#include <doctest/doctest.h>

#include <cstddef>
#include <string>
#include <utility>
#include <vector>

namespace {

const std::string many_lines =
    "<|endoftext|>And God said\n"
    "<|endoftext|>def test_\n"
    "\n"
    "<|endoftext|>名称\n"
    "<|endoftext|>And it came to pass, that when the\n";

}  // namespace

TEST_CASE("many: prints a text for each line in order, whatever the number of texts in a pass") {
  const TemporaryDirectory directory;
  const std::string file = directory.write("lines.txt", many_lines);
  const std::vector<std::string> words{"many", bundled_model(), file, "--max-tokens",
                                       "20",   "--temperature", "0"};
  const Result expected = run(with(words, {"--parallel", "1"}));
  CHECK(expected.status == 0);
  CHECK(expected.says("generated: 80 tokens"));
  const std::vector<std::string> lines = lines_of(expected.out);
  REQUIRE(lines.size() == 4);
  const std::size_t numbers[] = {1, 2, 4, 5};  // line 3 is empty
  for (std::size_t i = 0; i < 4; ++i) {
    CHECK(lines[i].find("{\"line\": " + std::to_string(numbers[i]) + ", \"text\": \"") == 0);
    CHECK(lines[i].find("\"finish\": \"max_tokens\"}") != lines[i].npos);
  }
  for (const char* parallel : {"2", "3", "8"})
    CHECK(run(with(words, {"--parallel", parallel, "--pass-tokens", "5"})).out == expected.out);
  CHECK(run(with(words, {"--budget", "4MiB"})).out == expected.out);
}

TEST_CASE("many: reads standard input, and a text is that of the example generate") {
  const Result result =
      run({"many", bundled_model(), "-", "--max-tokens", "20", "--temperature", "0"}, many_lines);
  CHECK(result.status == 0);
  const Result alone = run(
      {"generate", bundled_model(), "<|endoftext|>And God said", "--max-tokens", "20", "--temperature", "0"});
  std::string text = alone.out.substr(alone.out.find("And God said") + 12);
  while (text.ends_with('\n')) text.pop_back();
  for (std::size_t at = 0; (at = text.find('\n', at)) != text.npos; at += 2) text.replace(at, 1, "\\n");
  CHECK(lines_of(result.out).at(0).find("\"text\": \"" + text) != std::string::npos);
}

TEST_CASE("many: continuations of a line are the texts of successive seeds") {
  const TemporaryDirectory directory;
  const std::string file = directory.write("lines.txt", many_lines);
  const std::vector<std::string> words{"many", bundled_model(), file, "--max-tokens",
                                       "12",   "--temperature", "1"};
  std::vector<std::vector<std::string>> expected;
  for (const char* seed : {"5", "6", "7"})
    expected.push_back(lines_of(run(with(words, {"--seed", seed})).out));
  for (const char* parallel : {"1", "2", "8"}) {
    const Result result = run(with(words, {"--seed", "5", "--continuations", "3", "--parallel", parallel}));
    CHECK(result.says("generated: 144 tokens"));
    const std::vector<std::string> lines = lines_of(result.out);
    REQUIRE(lines.size() == 12);
    for (std::size_t i = 0; i < 12; ++i) {
      std::string line = lines[i];
      const std::string number = ", \"continuation\": " + std::to_string(i % 3 + 1);
      REQUIRE(line.find(number) != line.npos);
      CHECK(line.erase(line.find(number), number.size()) == expected[i % 3].at(i / 3));
    }
  }
}

TEST_CASE("many: the memory plan counts the states of all texts") {
  const std::vector<std::string> words{"many",     bundled_model(), "-",         "--max-tokens", "1",
                                       "--memory", "100MiB",        "--context", "4096"};
  const auto state = [&](const char* parallel) {
    const std::string text = run(with(words, {"--parallel", parallel}), many_lines).err;
    const std::size_t end = text.find(" state");
    return std::stoi(text.substr(text.rfind(' ', end - 1), end));
  };
  CHECK(state("7") > 3 * state("1"));
}

TEST_CASE("many: a file that cannot be read, a directory, and a file without a text are errors") {
  const TemporaryDirectory directory;
  const std::string empty = directory.write("empty.txt", "\n\n");
  for (const auto& [file, message] : std::vector<std::pair<std::string, std::string>>{
           {"/nowhere/at/all", "opening: expected a readable file, found " + no_such_directory()},
           {directory.path(), "expected a file, found a directory"},
           {empty, "expected a line with a text, found none"}}) {
    const Result result = run({"many", bundled_model(), file});
    CHECK(result.status == 1);
    CHECK(result.err.find("error: " + file + ": " + message + '\n') == 0);
  }
}
