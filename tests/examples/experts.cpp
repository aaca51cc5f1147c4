// SPDX-License-Identifier: MIT
// The examples masked_experts, lossy and expert_usage.
#include "run_example.hpp"
#include "detail/experts/usage_profile.hpp"
#include "detail/io/file.hpp"
#include "support/checkpoints.hpp"
#include "support/temporary_directory.hpp"

#include <doctest/doctest.h>

#include <map>
#include <string>
#include <utility>
#include <vector>

namespace {

const std::string valid = bundled_model() + "/valid/";

}  // namespace

TEST_CASE("masked_experts: perplexity falls when the routers may choose from more experts") {
  const std::vector<std::string> words{"masked_experts",
                                       bundled_model(),
                                       valid + "scripture.txt",
                                       valid + "python.txt",
                                       "--begin",
                                       "<|endoftext|>",
                                       "--tokens",
                                       "128",
                                       "--continue",
                                       "4"};
  const Result result = run(words);
  CHECK(result.status == 0);
  const std::vector<std::string> lines = lines_of(result.out);
  REQUIRE(lines.size() == 2 + 3 + 2 * 4);
  std::map<std::string, std::vector<std::string>> rows;
  for (std::size_t i = 2; i < lines.size(); ++i) rows[cells_of(lines[i])[0]] = cells_of(lines[i]);
  for (const std::size_t text : {1u, 3u}) {
    const auto perplexity = [&](const std::string& row) { return std::stod(rows.at(row).at(text)); };
    const auto mass = [&](const std::string& row) { return std::stod(rows.at(row).at(text + 1)); };
    CHECK(mass("all") == 100);
    CHECK(perplexity("all") < perplexity("64 used here"));
    CHECK(perplexity("64 used here") < perplexity("32 used here"));
    CHECK(perplexity("32 used here") < perplexity("0 to 7"));
    CHECK(perplexity("32 used here") < perplexity("32 used elsewhere"));
    CHECK(mass("0 to 7") < mass("8 used here"));
    CHECK(mass("8 used here") < mass("64 used here"));
  }
  CHECK(run(words).out == result.out);
}

TEST_CASE("masked_experts: with a single text there are no rows for the experts of another text") {
  const Result result =
      run({"masked_experts", bundled_model(), valid + "chinese.txt", "--tokens", "40", "--window", "16"});
  CHECK(result.status == 0);
  CHECK(lines_of(result.out).size() == 2 + 3 + 4);
  CHECK(result.out.find("elsewhere") == std::string::npos);
  CHECK(run({"masked_experts", bundled_model(), valid + "chinese.txt", "--window", "1"}).status == 2);
}

TEST_CASE("expert_usage: table, picture and profiles agree with each other") {
  const TemporaryDirectory directory;
  const std::string svg = directory / "usage.svg", profile = directory / "usage.json";
  const Result result = run({"expert_usage", bundled_model(), "--text", "kjv=" + valid + "scripture.txt",
                             "--text", "python=" + valid + "python.txt", "--begin", "<|endoftext|>",
                             "--tokens", "255", "--svg", svg, "--json", profile});
  CHECK(result.status == 0);
  const std::vector<std::string> lines = lines_of(result.out);
  REQUIRE(lines.size() == 2 + 6);
  CHECK(cells_of(lines[0]) == std::vector<std::string>{"layer", "kjv: bits", "top 8", "python: bits", "top 8",
                                                       "top 8 of kjv and python"});
  for (std::size_t layer = 0; layer < 6; ++layer) {
    const std::vector<std::string> cells = cells_of(lines[2 + layer]);
    CHECK(cells[0] == std::to_string(layer));
    for (const std::size_t text : {1u, 3u}) {
      CHECK((std::stod(cells[text]) > 3 && std::stod(cells[text]) < 7));
      CHECK((std::stod(cells[text + 1]) > 100. / 16 && std::stod(cells[text + 1]) < 100));
    }
    CHECK(std::stoi(cells[5]) <= 8);
  }

  const std::string picture = moe::detail::read_text(svg);
  CHECK(picture.find("<svg ") == 0);
  CHECK(picture.rfind("</svg>\n") == picture.size() - 7);
  for (const char* part : {"prefers-color-scheme:dark", ">kjv, 256 tokens<", ">python, 256 tokens<",
                           ">difference: kjv against python<", ">layer<", ">expert<", ">50 % or more<"})
    CHECK(picture.find(part) != std::string::npos);

  moe::UsageProfile sum = moe::UsageProfile::read(directory / "usage.kjv.json");
  sum += moe::UsageProfile::read(directory / "usage.python.json");
  const moe::UsageProfile both = moe::UsageProfile::read(profile);
  for (std::size_t layer = 0; layer < 6; ++layer) {
    CHECK(both.count(layer) == 2 * 256 * 8);
    CHECK(both.mass(layer) == doctest::Approx(2 * 256));
    CHECK(sum.count(layer) == both.count(layer));
  }
}

TEST_CASE("expert_usage: texts need different names without /") {
  CHECK(run({"expert_usage", bundled_model()}).err.find("--text is missing") == 0);
  CHECK(run({"expert_usage", bundled_model(), "--text", valid + "python.txt"}).status == 2);
  CHECK(run({"expert_usage", bundled_model(), "--text", "=x"}).status == 2);
  CHECK(run({"expert_usage", bundled_model(), "--text"}).status == 2);
  const std::string text = valid + "python.txt";
  CHECK(run({"expert_usage", bundled_model(), "--text", "a/b=" + text})
            .err.find("--text needs a NAME without /") == 0);
  CHECK(run({"expert_usage", bundled_model(), "--text", "a=" + text, "--text", "a=" + text})
            .err.find("--text needs different names") == 0);
}

TEST_CASE("expert_usage: a text with \\r\\n at line ends gives the same counts as one with \\n") {
  const TemporaryDirectory directory;
  const std::string unix_text = "def f(x):\n  return x\n\nprint(f(1))\n";
  std::string windows_text;
  for (const char c : unix_text) windows_text += c == '\n' ? "\r\n" : std::string(1, c);
  const Result a =
      run({"expert_usage", bundled_model(), "--text", "t=" + directory.write("a.txt", unix_text)});
  const Result b =
      run({"expert_usage", bundled_model(), "--text", "t=" + directory.write("b.txt", windows_text)});
  CHECK(a.status == 0);
  CHECK(a.out == b.out);
}

TEST_CASE("expert_usage: an empty text and a window without room are refused") {
  const TemporaryDirectory directory;
  const Result empty =
      run({"expert_usage", bundled_model(), "--text", "t=" + directory.write("empty.txt", "")});
  CHECK(empty.status == 1);
  CHECK(empty.says("empty.txt: expected a text, found an empty file"));
  const std::vector<std::string> words{"expert_usage", bundled_model(), "--text",
                                       "t=" + valid + "python.txt"};
  CHECK(run(with(words, {"--window", "2", "--begin", "<|endoftext|>"})).err.find("--window has no room") ==
        0);
  CHECK(run(with(words, {"--window", "257"})).err.find("--window is at most 256") == 0);
}

TEST_CASE("lossy: a text without a token to predict is refused, and missing small copies lead to extract") {
  const TemporaryDirectory directory;
  REQUIRE(run({"extract", bundled_model(), directory / "babel", "--also", "q4_0"}).status == 0);
  const std::string empty = directory.write("empty.txt", "");
  const Result nothing = run({"lossy", directory / "babel", empty, "--small", "q4_0", "--budget", "1MiB"});
  CHECK(nothing.status == 1);
  CHECK(nothing.out.empty());
  CHECK(nothing.says("empty.txt: expected a text of at least 2 tokens, found 0\n"));
  for (const std::string& model : {bundled_model(), directory / "babel"}) {
    const Result missing = run({"lossy", model, empty, "--small", "q2_k", "--budget", "1MiB"});
    CHECK(missing.status == 1);
    CHECK(missing.says("/extract " + model + " OUT --also q2_k\n"));
  }
}

TEST_CASE(
    "lossy and extract: a type that an extraction cannot write is refused with the types that it can write") {
  for (const auto& [words, option] : std::vector<std::pair<std::vector<std::string>, std::string>>{
           {{"lossy", bundled_model(), "x", "--small", "q5_0", "--budget", "1MiB"}, "--small"},
           {{"extract", bundled_model(), "x", "--also", "q5_0"}, "--also"},
           {{"extract", bundled_model(), "x", "--type", "q9"}, "--type"}}) {
    const Result result = run(words);
    CHECK(result.status == 2);
    CHECK(result.err.starts_with(option + " is one of f32, f16, bf16, q8_0, q4_0, q6_k, q4_k, q2_k, not 'q"));
  }
}

TEST_CASE("lossy: exact rows share a perplexity, and a row is lossy only if its weight is not 0") {
  const TemporaryDirectory directory;
  REQUIRE(run({"extract", bundled_model(), directory / "babel", "--also", "q4_0"}).status == 0);
  const Result result = run({"lossy", directory / "babel", valid + "scripture.txt", "--small", "q4_0",
                             "--budget", "1MiB", "--begin", "<|endoftext|>", "--tokens", "48", "--thresholds",
                             "0.000001,1.01", "--margins", "0,1", "--svg", directory / "lossy.svg"});
  CHECK(result.status == 0);
  const std::vector<std::string> lines = lines_of(result.out);
  REQUIRE(lines.size() == 2 + 2 + 2 * 2 + 2);
  const auto cell = [&](std::size_t line, std::size_t column) { return cells_of(lines[line]).at(column); };
  for (const std::size_t exact : {3u, 4u, 6u, 8u}) {
    CAPTURE(lines[exact]);
    CHECK(cell(exact, 3) == cell(2, 3));
    CHECK(cell(exact, 5) == "0.00 %");
  }
  for (const std::size_t lossy : {5u, 7u, 9u}) {
    CAPTURE(lines[lossy]);
    CHECK(cell(lossy, 3) != cell(2, 3));
    CHECK(cell(lossy, 5) != "0.00 %");
  }
  CHECK(moe::detail::read_text(directory / "lossy.svg").starts_with("<svg"));
}
