// SPDX-License-Identifier: MIT
// The examples measure_cache and replay.
#include "run_example.hpp"
#include "detail/io/file.hpp"
#include "support/checkpoints.hpp"
#include "support/temporary_directory.hpp"

#include <doctest/doctest.h>

#include <string>
#include <vector>

TEST_CASE("measure_cache: the recorded trace gives the same hit rate in replay") {
  const TemporaryDirectory directory;
  const std::string trace = directory / "trace.csv";
  const Result measured = run({"measure_cache", bundled_model(), "--budgets", "1MiB", "--warm", "4",
                               "--tokens", "20", "--record", trace});
  CHECK(measured.status == 0);
  const std::vector<std::string> table = lines_of(measured.out);
  REQUIRE(table.size() == 2);
  CHECK(table[0].find("budget MiB  hit %  MiB/token  tokens/s  waited s  peak MiB  bound % disk MB/s  dense "
                      "ms expert ms") == 0);
  CHECK(table[1].find("       1.0 ") == 0);

  const Result csv = run({"replay", trace, "--budgets-mib", "1,18", "--csv"});
  CHECK(csv.status == 0);
  const std::vector<std::string> rows = lines_of(csv.out);
  REQUIRE(rows.size() == 3);
  CHECK(rows[0] == "budget_mib,belady,lru,lru_floor,decayed,lfu,layer_lfu,random");
  CHECK(rows[1].find("1,") == 0);
  // With room for all experts every policy misses only the first use of each. The engine's hit rate equals that of `decayed`.
  const std::string all = rows[2].substr(3, rows[2].find(',', 3) - 3);
  CHECK(rows[2] == "18," + all + ',' + all + ',' + all + ',' + all + ',' + all + ',' + all + ',' + all);
  std::string decayed = rows[1];
  for (int column = 0; column < 4; ++column) decayed = decayed.substr(decayed.find(',') + 1);
  decayed = decayed.substr(0, decayed.find(','));
  CHECK(table[1].find(' ' + decayed + ' ') != std::string::npos);

  CHECK(lines_of(run({"replay", trace, "--budgets-mib", "1", "--order", "rank"}).out).size() == 2);
  CHECK(run({"replay", trace, "--budgets-mib", "1", "--order", "none"}).status == 2);
  CHECK(run({"replay", trace}).status == 2);
  CHECK(run({"replay", directory / "nothing.csv", "--budgets-mib", "1"}).status == 1);
}

TEST_CASE("measure_cache: ids may be separated by commas, spaces and line ends of every system") {
  const TemporaryDirectory directory;
  const auto hits = [&](const std::string& ids) {
    const Result result = run({"measure_cache", bundled_model(), "--budgets", "1MiB", "--warm", "2", "--ids",
                               directory.write("ids.txt", ids)});
    CHECK(result.status == 0);
    return lines_of(result.out)[1].substr(0, 17);
  };
  CHECK(hits("10,20,30,40") == hits("10\r\n20\r\n30\r\n40\r\n"));
  CHECK(hits("10,20,30,40") == hits("10 20\t30,\n40\n"));
  const Result wrong = run({"measure_cache", bundled_model(), "--budgets", "1MiB", "--ids",
                            directory.write("ids.txt", "10,20 x30")});
  CHECK(wrong.status == 1);
  CHECK(wrong.says("ids.txt: byte 6: expected the id of a token, found x30"));
}

TEST_CASE("measure_cache: fewer tokens than --warm takes are refused with both numbers") {
  const TemporaryDirectory directory;
  const Result result = run(
      {"measure_cache", bundled_model(), "--budgets", "1MiB", "--ids", directory.write("ids.txt", "1,2,3")});
  CHECK(result.status == 2);
  CHECK(result.err.find("--warm takes 28 tokens, and --ids has only 3") == 0);
}

TEST_CASE("measure_cache: an unknown provider is refused before the table") {
  const Result result = run({"measure_cache", bundled_model(), "--budgets", "1MiB", "--provider", "disk"});
  CHECK(result.status == 2);
  CHECK(result.out.empty());
  CHECK(result.err.find("--provider is cached, mapped or faulting, not 'disk'") == 0);
}

TEST_CASE("replay: a file that is no trace leads to the command that records a trace") {
  const TemporaryDirectory directory;
  for (const std::string& path : {directory / "missing.csv", directory.write("text.csv", "a text\n")}) {
    const Result result = run({"replay", path, "--budgets-mib", "1"});
    CHECK(result.status == 1);
    CHECK(result.says("/measure_cache examples/data/babel-10m --budgets 4MiB --record trace.csv\n"));
  }
}

TEST_CASE("replay: --svg draws a line per policy") {
  const TemporaryDirectory directory;
  std::string trace = "# route_trace v1\n# layer=0 expert_bytes=1048576\nstep,layer,expert\n";
  for (int step = 0; step < 40; ++step)
    trace += std::to_string(step) + ",0," + std::to_string(step * 7 % 10) + '\n';
  const std::string svg = directory / "hits.svg";
  const Result result =
      run({"replay", directory.write("trace.csv", trace), "--budgets-mib", "2,5,10", "--svg", svg});
  CHECK(result.status == 0);
  const std::string picture = moe::detail::read_text(svg);
  CHECK(picture.find("<svg ") == 0);
  CHECK(picture.rfind("</svg>\n") == picture.size() - 7);
  for (const char* part : {">belady<", ">lru<", ">decayed<", ">layer_lfu<", ">budget, MiB<", ">hits, %<",
                           "prefers-color-scheme:dark", "class=\"line l6\""})
    CHECK(picture.find(part) != std::string::npos);
}

TEST_CASE(
    "measure_cache: all numbers of a row are finite, even if a single token counts and no token warms the "
    "cache") {
  const std::vector<std::string> words{
      "measure_cache", bundled_model(), "--budgets", "1MiB", "--warm", "0", "--tokens", "1"};
  for (const Result& result : {run(words), run(with(words, {"--prompt"}))}) {
    CHECK(result.status == 0);
    REQUIRE(lines_of(result.out).size() == 2);
    CHECK(result.out.find("nan") == std::string::npos);
    CHECK(result.out.find("inf") == std::string::npos);
  }
}

TEST_CASE("measure_cache: more texts than tokens that count are refused with both numbers") {
  const Result result =
      run({"measure_cache", bundled_model(), "--budgets", "1MiB", "--tokens", "20", "--parallel", "21"});
  CHECK(result.status == 2);
  CHECK(result.out.empty());
  CHECK(result.err.find("--parallel needs at most one text for each of the 20 tokens that count, not '21'") ==
        0);
}

TEST_CASE("measure_cache: --record with --parallel is refused, because a trace has one text") {
  const TemporaryDirectory directory;
  const Result result = run({"measure_cache", bundled_model(), "--budgets", "1MiB", "--parallel", "2",
                             "--record", directory / "trace.csv"});
  CHECK(result.status == 2);
  CHECK(result.err.find("--record and --parallel exclude each other") == 0);
}

TEST_CASE("replay: --svg draws more than 100 MiB per token within the axes") {
  const TemporaryDirectory directory;
  std::string trace = "# route_trace v1\n# layer=0 expert_bytes=1073741824\nstep,layer,expert\n";
  for (int step = 0; step < 40; ++step)
    trace += std::to_string(step) + ",0," + std::to_string(step * 7 % 10) + '\n';
  const std::string svg = directory / "bytes.svg";
  const Result result = run(
      {"replay", directory.write("trace.csv", trace), "--budgets-mib", "2048,5120", "--bytes", "--svg", svg});
  REQUIRE(result.status == 0);
  const std::string picture = moe::detail::read_text(svg);
  std::size_t points = 0;
  for (std::size_t at = picture.find(" cy=\""); at != picture.npos; at = picture.find(" cy=\"", at + 1)) {
    const double y = std::stod(picture.substr(at + 5));
    CHECK(y >= 84);          // the top of the axes
    CHECK(y <= 84 + 360.0);  // their bottom
    ++points;
  }
  CHECK(points == 14);
}

TEST_CASE("measure_cache: several texts in one pass are a row without a bound") {
  const Result result = run({"measure_cache", bundled_model(), "--budgets", "1MiB", "--warm", "4", "--tokens",
                             "20", "--parallel", "4"});
  CHECK(result.status == 0);
  REQUIRE(lines_of(result.out).size() == 2);
  CHECK(lines_of(result.out)[1].find(" 0.0         0      0.00     0.000") != std::string::npos);
}
