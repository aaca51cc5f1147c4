// SPDX-License-Identifier: MIT
#include "detail/core/decimal.hpp"
#include "detail/io/file.hpp"
#include "detail/experts/trace.hpp"
#include "support/message_of.hpp"
#include "support/temporary_directory.hpp"

#include <doctest/doctest.h>

#include <string>
#include <vector>

namespace {

const std::string columns = "turn,phase,step,layer,slot,expert,weight,residency,expert_bytes\n";
const std::string model =
    "# route_trace v1\n# model=a b.gguf arch=qwen3moe n_layer=3 n_expert=8 n_expert_used=2\n";

moe::Trace read_trace(const std::string& text) {
  const TemporaryDirectory directory;
  return moe::Trace::read(directory.write("x.csv", text));
}

std::vector<std::uint32_t> experts_of(const moe::TraceVisit& visit) {
  return {visit.experts.begin(), visit.experts.end()};
}

void check_refused(const std::string& text, std::initializer_list<std::string_view> parts) {
  CAPTURE(text);
  check_error([&] { return read_trace(text); }, parts);
}

}  // namespace

TEST_CASE("trace: the rows of one token in one layer make one visit, in the order of the file") {
  const moe::Trace trace = read_trace(model + columns +
                                      "0,0,0,0,0,5,0.75,0,100\n0,0,0,0,1,2,0.25,0,100\n"
                                      "0,0,1,0,0,2,0.5,0,0\n0,0,1,0,1,7,0.5,0,100\n"
                                      "1,1,2,2,0,0,0.9,1,0\n");
  REQUIRE(trace.size() == 3);
  CHECK(trace.choices() == 5);
  CHECK(trace[0].prompt);
  CHECK(experts_of(trace[0]) == std::vector<std::uint32_t>{5, 2});
  CHECK(trace[0].weights[0] == 0.75f);
  CHECK(trace[1].step == 1);
  CHECK(experts_of(trace[1]) == std::vector<std::uint32_t>{2, 7});
  CHECK((trace[2].turn == 1 && !trace[2].prompt && trace[2].step == 2 && trace[2].layer == 2));
  CHECK(experts_of(trace[2]) == std::vector<std::uint32_t>{0});  // a router may choose fewer
}

TEST_CASE("trace: comments describe the model, and all of them are optional") {
  const moe::Trace known = read_trace(model + columns + "0,0,0,0,0,5,1,0,0\n");
  CHECK(known.model().name == "a b.gguf");
  CHECK(known.model().architecture == "qwen3moe");
  CHECK((known.layers() == 3 && known.experts() == 8 && known.experts_per_token() == 2));
  const moe::Trace unknown =
      read_trace("#\n# anything at all = 1\n" + columns + "0,0,0,4,0,5,1,0,0\n0,0,0,4,1,9,1,0,0\n");
  CHECK((unknown.layers() == 5 && unknown.experts() == 10 && unknown.experts_per_token() == 2));
}

TEST_CASE(
    "trace: the size of an expert comes from the comment of its layer, or else from the largest row of the "
    "layer") {
  const moe::Trace trace =
      read_trace("# layer=0 expert_bytes=300 dense_bytes=7\n" + model + columns +
                 "0,0,0,0,0,5,1,0,100\n0,0,0,1,0,5,1,0,0\n0,0,1,1,0,5,1,0,200\n0,0,1,1,1,4,1,0,0\n");
  CHECK(trace.expert_bytes(0) == 300);
  CHECK(trace.dense_bytes(0) == 7);
  CHECK(trace.expert_bytes(1) == 200);
  CHECK(trace.expert_bytes(2) == 0);
  CHECK(trace.expert_bytes(99) == 0);
}

TEST_CASE("trace: columns may be missing, empty, unknown or in another order") {
  const moe::Trace trace = read_trace("expert,colour,layer,step\r\n5,red,0,3\r\n2,red,0,3\r\n\r\n2,,1,3\r\n");
  REQUIRE(trace.size() == 2);
  CHECK(experts_of(trace[0]) == std::vector<std::uint32_t>{5, 2});
  CHECK((trace[0].turn == 0 && !trace[0].prompt && trace[0].step == 3));
  CHECK(trace[0].weights[1] == 0);
  CHECK(trace[1].layer == 1);
  CHECK(read_trace(columns + ",,0,0,,5,,,\n").size() == 1);
  CHECK(read_trace(columns + "0,0,0,0,0,5\n").size() == 1);
}

TEST_CASE("trace: a layer of the prompt may have fewer steps, and a file may end without a newline") {
  const moe::Trace trace =
      read_trace(model + columns + "0,0,0,0,0,5,1,0,0\n0,0,1,0,0,5,1,0,0\n0,0,1,1,0,5,1,0,0");
  CHECK(trace.size() == 3);
}

TEST_CASE("trace: a mistake in a file is an error that names file, line and column") {
  const std::string good = model + columns;
  check_refused("", {"x.csv: line 0", "names of the columns", "found none"});
  check_refused("# route_trace v2\n" + columns, {"line 1, route_trace", "v1", "v2"});
  check_refused("# n_layer=many\n" + columns, {"line 1, n_layer", "'many'"});
  check_refused("# n_layer=0\n" + columns, {"n_layer", "above 0"});
  check_refused("# n_expert=4294967296\n" + columns, {"n_expert", "from 0 to 65536"});
  check_refused(model + "# layer=3 expert_bytes=1\n" + columns, {"line 3, layer", "from 0 to 2"});
  check_refused(model + "# layer=0 expert_bytes=-1\n" + columns, {"line 3, expert_bytes", "'-1'"});
  check_refused("turn,step,layer\n", {"line 1, columns", "expert", "none"});
  check_refused("step,step,layer,expert\n", {"line 1, step", "two"});
  check_refused(columns + "# n_layer=3\n", {"line 2, n_layer", "above the column names"});
  check_refused(good + "0,0,0,0,0,5,1,0,0,1\n", {"line 4", "9 columns", "more"});
  check_refused(good + "0,0,0,0,0\n", {"line 4, expert", "''"});
  check_refused(good + "0,2,0,0,0,5,1,0,0\n", {"line 4, phase", "from 0 to 1"});
  check_refused(good + "0,0,x,0,0,5,1,0,0\n", {"line 4, step", "'x'"});
  check_refused(good + "0,0,0.5,0,0,5,1,0,0\n", {"line 4, step", "'0.5'"});
  check_refused(good + "0,0,0,3,0,5,1,0,0\n", {"line 4, layer", "from 0 to 2", "'3'"});
  check_refused(good + "0,0,0,0,0,8,1,0,0\n", {"line 4, expert", "from 0 to 7", "'8'"});
  check_refused(good + "0,0,0,0,0,99999999999999999999,1,0,0\n", {"line 4, expert", "from 0 to 7"});
  check_refused(good + "0,0,0,0,1,5,1,0,0\n", {"line 4, slot", "expected 0", "found 1"});
  check_refused(good + "0,0,0,0,0,5,1,0,0\n0,0,0,0,0,6,1,0,0\n", {"line 5, slot", "expected 1", "found 0"});
  check_refused(good + "0,0,0,0,0,5,1,0,0\n0,0,0,0,1,5,1,0,0\n",
                {"line 5, expert", "no other slot", "found 5"});
  check_refused(good + "0,0,0,0,0,5,1,0,0\n0,0,0,0,1,6,1,0,0\n0,0,0,0,2,7,1,0,0\n",
                {"line 6, slot", "n_expert_used"});
  for (const char* weight : {"nan", "inf", "-inf", "--1", "-", "1e999", "-1e39", "0.5x", "0x10", "1e", "."})
    check_refused(good + "0,0,0,0,0,5," + weight + ",0,0\n", {"line 4, weight", weight});
  check_refused(good + "0,0,0,0,0,5,1,no,0\n", {"line 4, residency", "'no'"});
  check_refused(good + "0,0,0,0,0,5,1,0,1e9\n", {"line 4, expert_bytes", "'1e9'"});
  check_error([] { return moe::Trace::read("/nowhere/x.csv"); }, {"/nowhere/x.csv"});
}

TEST_CASE("trace: a written trace is read back unchanged") {
  moe::Trace trace({"some model.gguf", "qwen3moe", 2, 4, 2});
  trace.set_expert_bytes(0, 1000);
  trace.set_expert_bytes(1, 2000);
  trace.set_dense_bytes(1, 30);
  trace.add({0, true, 0, 0, std::vector<std::uint32_t>{3, 1}, std::vector<float>{0.1f, 1.0f / 3}});
  trace.add({1, false, 1, 1, std::vector<std::uint32_t>{1}, std::vector<float>{-1e-7f}});
  trace.add({1, false, 2, 1, std::vector<std::uint32_t>{1}, {}});
  const TemporaryDirectory directory;
  trace.write(directory / "x.csv");
  const moe::Trace again = moe::Trace::read(directory / "x.csv");
  CHECK((again.layers() == 2 && again.experts() == 4 && again.experts_per_token() == 2));
  CHECK((again.expert_bytes(0) == 1000 && again.expert_bytes(1) == 2000 && again.dense_bytes(1) == 30));
  REQUIRE(again.size() == trace.size());
  for (std::size_t i = 0; i < trace.size(); ++i) {
    const moe::TraceVisit a = trace[i], b = again[i];
    CHECK((a.turn == b.turn && a.prompt == b.prompt && a.step == b.step && a.layer == b.layer));
    CHECK(experts_of(a) == experts_of(b));
    CHECK(std::vector<float>(a.weights.begin(), a.weights.end()) ==
          std::vector<float>(b.weights.begin(), b.weights.end()));
  }
  const std::string line = "0,0,0,0,0,3," + moe::detail::to_decimal(0.1f) + ",0,1000\n";
  CHECK(moe::detail::read_text(directory / "x.csv").find(line) != std::string::npos);
}

TEST_CASE("trace: an empty trace can be written and read") {
  const TemporaryDirectory directory;
  moe::Trace().write(directory / "x.csv");
  const moe::Trace trace = moe::Trace::read(directory / "x.csv");
  CHECK((trace.size() == 0 && trace.layers() == 0));
}

TEST_CASE("trace: a visit that the model cannot have is an error and changes nothing") {
  moe::Trace trace({"", "", 2, 4, 2});
  const std::vector<std::uint32_t> experts{3, 1}, same{1, 1}, large{4}, many{0, 1, 2};
  CHECK_NOTHROW(trace.add({.experts = experts}));
  check_error([&] { trace.add({.layer = 2, .experts = experts}); }, {"trace: layer", "at most 1", "found 2"});
  check_error([&] { trace.add({.experts = same}); }, {"distinct"});
  check_error([&] { trace.add({.experts = large}); }, {"at most 3", "found 4"});
  check_error([&] { trace.add({.experts = many}); }, {"at most 2"});
  check_error([&] { trace.add({.experts = experts, .weights = std::vector<float>{1}}); }, {"weights"});
  CHECK(trace.size() == 1);
}

TEST_CASE("trace: a trace is read back whatever characters the name and the architecture of the model have") {
  const TemporaryDirectory directory;
  for (const char* name :
       {"two\nlines", "x route_trace v9", "x layer=99999", "layer=0 expert_bytes=q", "a b"}) {
    CAPTURE(name);
    moe::Trace trace({name, name, 1, 4, 1});
    const std::uint32_t expert[] = {3};
    const float weight[] = {1};
    trace.set_expert_bytes(0, 10);
    trace.add({.experts = expert, .weights = weight});
    trace.write(directory / "x.csv");
    const moe::Trace back = moe::Trace::read(directory / "x.csv");
    CHECK(back.size() == 1);
    CHECK(back.expert_bytes(0) == 10);
    CHECK(back.model().name.size() == std::string(name).size());
    CHECK(back.model().architecture.size() == std::string(name).size());
  }
}

TEST_CASE("trace: a token cannot have more experts than any router chooses") {
  std::string text = columns;
  for (int expert = 0; expert < 2000; ++expert)
    text += "0,0,0,0," + std::to_string(expert) + ',' + std::to_string(expert) + ",0,0,0\n";
  check_refused(text, {"line 1026, slot", "at most 1024 experts"});
  check_refused("# n_expert_used=1025\n" + columns, {"n_expert_used", "1024"});
}

TEST_CASE("trace: writing a trace takes time and space for its visits, not for the numbers in them") {
  moe::Trace trace;
  const std::uint32_t last[] = {moe::Trace::most_experts - 1};
  trace.add({.layer = moe::Trace::most_layers - 1, .experts = last});
  CHECK(moe::detail::trace_text(trace).size() < 300);
}

TEST_CASE("trace: numbers larger than in any model are refused") {
  moe::Trace trace;
  const std::uint32_t expert[] = {65536}, good[] = {0};
  check_error([&] { trace.add({.experts = expert}); }, {"expert of a visit", "at most 65535"});
  check_error([&] { trace.add({.layer = 4096, .experts = good}); }, {"layer of a visit", "at most 4095"});
  check_error([&] { trace.set_expert_bytes(4096, 1); }, {"layer", "at most 4095"});
  check_error([] { return moe::Trace({"", "", 4097, 4, 2}); }, {"layers of the model", "at most 4096"});
}

TEST_CASE("trace: a conversation as several texts has one token of each text in a pass") {
  moe::Trace trace({"", "", 2, 32, 1});
  trace.set_expert_bytes(1, 7);
  const auto add = [&](std::uint32_t turn, bool prompt, std::uint32_t step) {
    for (std::uint32_t layer = 0; layer < 2; ++layer)
      trace.add({turn, prompt, step, layer, std::vector<std::uint32_t>{step + 10 * layer}, {}});
  };
  for (std::uint32_t step = 0; step < 4; ++step) add(0, false, step);
  add(1, true, 4);
  for (std::uint32_t step = 5; step < 8; ++step) add(1, false, step);
  const moe::Trace texts = trace.in_texts(3);  // of tokens 0 1 | 2 3 | 5 6, without 7
  CHECK(texts.expert_bytes(1) == 7);
  const std::vector<std::uint32_t> expected{4, 14, 0, 2, 5, 10, 12, 15, 1, 3, 6, 11, 13, 16};
  REQUIRE(texts.size() == expected.size());
  for (std::size_t i = 0; i < expected.size(); ++i) {
    CHECK(texts[i].experts[0] == expected[i]);
    CHECK(texts[i].prompt == (i < 2));
    if (i >= 2) CHECK(texts[i].step == (i < 8 ? 0 : 1));
    CHECK(texts[i].layer == expected[i] / 10);
  }
  check_error([&] { return trace.in_texts(0); }, {"texts", "1 to 7"});
  check_error([&] { return trace.in_texts(8); }, {"texts", "1 to 7", "8"});
}

TEST_CASE("trace: a file keeps the visits of several texts in one pass apart") {
  moe::Trace trace({"", "", 1, 8, 2});
  const std::uint32_t first[] = {1, 2}, second[] = {2, 3};
  trace.add({.step = 4, .experts = first});
  trace.add({.step = 4, .experts = second});
  const TemporaryDirectory directory;
  trace.write(directory.path() + "/trace.csv");
  const moe::Trace read = moe::Trace::read(directory.path() + "/trace.csv");
  REQUIRE(read.size() == 2);
  CHECK(read[1].experts[1] == 3);
}

TEST_CASE(
    "trace: a file keeps visits of several texts apart if their router chose fewer experts than others") {
  moe::Trace trace({"", "", 2, 8, 2});
  const std::uint32_t two[] = {1, 2}, one[] = {5};
  trace.add({.step = 4, .experts = two});
  for (int text = 0; text < 3; ++text) trace.add({.step = 4, .layer = 1, .experts = one});
  const TemporaryDirectory directory;
  trace.write(directory / "x.csv");
  CHECK(moe::Trace::read(directory / "x.csv").size() == 4);
}
