// Runs the examples as a user does.
#include "detail/io/json.hpp"
#include "detail/experts/usage_profile.hpp"
#include "detail/io/file.hpp"
#include "detail/io/json_writer.hpp"
#include "support/checkpoints.hpp"
#include "support/temporary_directory.hpp"

#include <doctest/doctest.h>

#include <cctype>
#include <cstdlib>
#include <filesystem>
#include <map>
#include <string>
#include <vector>

#if !defined(_WIN32)
#include <sys/wait.h>
#endif

namespace {

struct Result {
  int status;
  std::string out, err;
};

std::string quoted(const std::string& word) {
  std::string out = "'";
  for (const char c : word) out += c == '\'' ? "'\\''" : std::string(1, c);
  return out += '\'';
}

Result run(const std::vector<std::string>& words, const std::string& input = "") {
  const TemporaryDirectory directory;
  std::string command = quoted(std::string(MOE_EXAMPLES_DIR "/") + words[0]);
  for (std::size_t i = 1; i < words.size(); ++i) command += ' ' + quoted(words[i]);
  command += " <" + directory.write("in", input) + " >" + (directory / "out") + " 2>" + (directory / "err");
  const int status = std::system(command.c_str());
  return {WEXITSTATUS(status), moe::detail::read_text(directory / "out"),
          moe::detail::read_text(directory / "err")};
}

std::vector<std::string> lines_of(const std::string& text) {
  std::vector<std::string> lines;
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t end = text.find('\n', at);
    lines.push_back(text.substr(at, end - at));
    at = end == text.npos ? text.size() : end + 1;
  }
  return lines;
}

const std::vector<std::string> all_examples{
    "generate", "chat",       "custom_provider", "tokenize",     "logits",  "inspect", "measure_cache",
    "replay",   "synthesize", "masked_experts",  "expert_usage", "extract", "bench"};

}  // namespace

TEST_CASE("examples: each explains itself") {
  for (const std::string& example : all_examples) {
    CAPTURE(example);
    const Result result = run({example, "--help"});
    CHECK(result.status == 0);
    CHECK(result.out.find("usage: " + example) == 0);
    CHECK(result.err.empty());
  }
}

TEST_CASE("examples: wrong usage ends with 2 and the help on stderr") {
  for (const std::string& example : all_examples)
    for (const auto& words : {std::vector<std::string>{example},
                              {example, "--no-such-option"},
                              {example, "a", "b", "c", "--max-tokens"}}) {
      CAPTURE(example);
      const Result result = run(words);
      CHECK(result.status == 2);
      CHECK(result.out.empty());
      CHECK(result.err.find("usage: " + example) != std::string::npos);
    }
  CHECK(run({"generate", bundled_model(), "x", "--max-tokens", "many"}).status == 2);
  CHECK(run({"logits", bundled_model()}).err.find("--ids is missing") == 0);
  CHECK(run({"logits", bundled_model(), "--ids", "1", "--kv", "f64"}).status == 2);
}

TEST_CASE("examples: what fails ends with 1 and one message on stderr") {
  const std::string nowhere = "/nowhere/at/all";
  for (const auto& words : {std::vector<std::string>{"generate", nowhere, "x"},
                            {"chat", nowhere},
                            {"custom_provider", nowhere, "x"},
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
                            {"bench", nowhere},
                            {"chat", bundled_model()},
                            {"logits", golden("plain-f32"), "--ids", "320"},
                            {"generate", golden("plain-f32"), "no tokenizer here"}}) {
    CAPTURE(words[0]);
    const Result result = run(words);
    CHECK(result.status == 1);
    CHECK(lines_of(result.err).size() == 1);
    CHECK(result.err.find("error: ") == 0);
    CHECK(result.err.find("expected") != std::string::npos);
  }
}

TEST_CASE("examples: logits prints logits, greedy tokens and routes, each in its form") {
  const Result result =
      run({"logits", golden("dense-between"), "--ids", "3,1,2", "--greedy", "4", "--routes"});
  CHECK(result.status == 0);
  const std::vector<std::string> lines = lines_of(result.out);
  REQUIRE(lines.size() == 96 + 1 + 2 * 3);  // the vocabulary; two of the layers have experts
  for (std::size_t i = 0; i < 96; ++i) CHECK_NOTHROW((void)std::stof(lines[i]));
  CHECK(lines[96].find("greedy: ") == 0);
  CHECK(lines[97].find("route 1 0: ") == 0);
  CHECK(lines[102].find("route 5 2: ") == 0);
}

TEST_CASE("examples: logits does not depend on threads, chunks and where the experts are") {
  const auto logits = [](std::vector<std::string> more) {
    std::vector<std::string> words{"logits", bundled_model(), "--ids", "4093,10,20,30,40,50"};
    words.insert(words.end(), more.begin(), more.end());
    return run(words).out;
  };
  const std::string expected = logits({});
  CHECK(expected.size() > 4096 * 3);
  CHECK(logits({"--threads", "3", "--chunk", "2"}) == expected);
  CHECK(logits({"--in-memory", "--chunk", "1"}) == expected);
  CHECK(logits({"--kv", "f16"}) != expected);
}

TEST_CASE("examples: tokenize goes there and back, line by line") {
  const std::string text = moe::detail::to_json("Hello,\nworld \xe4\xbd\xa0\xe5\xa5\xbd <|im_end|>");
  const Result ids = run({"tokenize", bundled_model(), "--json"}, text + "\n\"\"\n" + text + "\n");
  CHECK(ids.status == 0);
  const std::vector<std::string> lines = lines_of(ids.out);
  REQUIRE(lines.size() == 3);
  CHECK(lines[0] == lines[2]);
  CHECK(lines[1].empty());
  CHECK(lines[0].find(" 4095") != std::string::npos);
  CHECK(lines_of(run({"tokenize", bundled_model(), "--decode"}, ids.out).out)[0] == text);
  CHECK(run({"tokenize", bundled_model(), "--decode", "--skip-special"}, "4095 4093\n").out == "\"\"\n");
  CHECK(run({"tokenize", bundled_model(), "Hello"}).out.find("\t\"") != std::string::npos);
  CHECK(run({"tokenize", bundled_model(), "--json"}, "no JSON\n").status == 1);
}

TEST_CASE("examples: generate continues the prompt on stdout and counts on stderr") {
  const Result result = run({"generate", bundled_model(), "<|endoftext|>In the beginning", "--max-tokens",
                             "12", "--temperature", "0"});
  CHECK(result.status == 0);
  CHECK(result.out.find("<|endoftext|>In the beginning") == 0);
  CHECK(result.err.find("generated: 12 tokens") != std::string::npos);
  CHECK(result.err.find("tokens/s") != std::string::npos);
}

TEST_CASE("examples: a provider of one's own brings the same text") {
  const std::string prompt = "<|endoftext|>In the beginning";
  const Result own = run({"custom_provider", bundled_model(), prompt, "--max-tokens", "12"});
  const Result built_in = run({"generate", bundled_model(), prompt, "--max-tokens", "12"});
  CHECK(own.status == 0);
  CHECK(prompt + lines_of(own.out)[0] == lines_of(built_in.out)[0]);
  CHECK(own.out.find("experts read") != std::string::npos);
}

TEST_CASE("examples: inspect shows the shape and what fits in how much memory") {
  const Result result = run({"inspect", bundled_model(), "--tensors"});
  CHECK(result.status == 0);
  for (const char* part :
       {"qwen3_moe", "128 of width 32 per layer, 8 per token", "24.00 KiB", "192 of 768 (25 %)",
        "model.layers.5.mlp.experts.127.up_proj.weight: [32, 128] BF16"})
    CHECK(result.out.find(part) != std::string::npos);
}

TEST_CASE("examples: synthesize writes a model of the shape and types asked for") {
  for (const std::string type : {"q4_0", "q8_0", "f16", "bf16", "f32"}) {
    CAPTURE(type);
    const TemporaryDirectory directory;
    CHECK(run({"synthesize", directory.path(), "--shape", "tiny", "--type", type}).status == 0);
    const Result shown = run({"inspect", directory.path(), "--tensors"});
    CHECK(shown.status == 0);
    CHECK(shown.out.find("16 of width 32 per layer, 4 per token") != std::string::npos);
    std::string upper = type;
    for (char& c : upper) c = static_cast<char>(std::toupper(c));
    CHECK(shown.out.find("experts.15.down_proj.weight: [64, 32] " + upper) != std::string::npos);
    CHECK(lines_of(run({"logits", directory.path(), "--ids", "1,2,3"}).out).size() == 512);
  }
}

TEST_CASE("examples: synthesize routes the tokens that it lists as the trace says") {
  const TemporaryDirectory directory;
  std::string trace = "# n_layer=2 n_expert=16 n_expert_used=3\nturn,phase,step,layer,slot,expert\n";
  std::vector<std::string> expected;  // by layer, then token
  for (int layer = 0; layer < 2; ++layer)
    for (int step = 0; step < 60; ++step) {
      std::string experts;
      for (int slot = 0; slot < 3; ++slot) {
        const int expert = (step * 7 + slot * 5 + layer) % 16;
        trace += "0,0," + std::to_string(step) + ',' + std::to_string(layer) + ',' + std::to_string(slot) +
                 ',' + std::to_string(expert) + '\n';
        experts += ' ' + std::to_string(expert);
      }
      expected.push_back("route " + std::to_string(layer) + ' ' + std::to_string(step) + ':' + experts);
    }
  const Result result =
      run({"synthesize", directory.path(), "--shape", "tiny", "--trace", directory.write("x.csv", trace)});
  CHECK(result.status == 0);
  CHECK(result.out.find("first token of the trace: 256") != std::string::npos);
  const std::string ids = lines_of(moe::detail::read_text(directory / "ids.txt"))[0];
  CHECK(ids.find("256,257,258,") == 0);
  const std::vector<std::string> lines =
      lines_of(run({"logits", directory.path(), "--ids", ids, "--routes"}).out);
  REQUIRE(lines.size() == 512 + 120);
  for (std::size_t i = 0; i < 120; ++i) CHECK(lines[512 + i] == expected[i]);
}

TEST_CASE("examples: synthesize refuses what no model can be made of") {
  const TemporaryDirectory directory;
  const auto synthesize = [&](const std::string& trace) {
    return run(
        {"synthesize", directory.path(), "--shape", "tiny", "--trace", directory.write("x.csv", trace)});
  };
  CHECK(synthesize("step,layer,expert\n0,0,99\n0,1,1\n").err.find("2 layers of at most 16 experts") !=
        std::string::npos);
  CHECK(synthesize("step,layer,expert\n0,0,9\n").err.find("found 1 of 10") != std::string::npos);
  CHECK(synthesize("step,layer,expert\n0,0,9\n0,0,8\n0,1,1\n").err.find("experts of a token") !=
        std::string::npos);
  std::string many = "step,layer,expert\n";
  for (int step = 0; step < 65; ++step) many += std::to_string(step) + ",1,1\n";
  CHECK(synthesize(many).err.find("at most 64") != std::string::npos);
  CHECK_FALSE(std::filesystem::exists(directory / "dense.gguf"));
  CHECK_FALSE(std::filesystem::exists(directory / "dense.gguf.part"));
  CHECK(run({"synthesize", directory.path(), "--shape", "huge"}).status == 2);
  CHECK(run({"synthesize", directory.path()}).status == 2);
  CHECK(run({"synthesize", directory.path(), "--shape", "tiny", "--type", "q3_k"}).status == 2);
  CHECK(
      run({"synthesize", directory.path(), "--shape", "tiny", "--type", "q4_k"}).err.find("blocks of 256") !=
      std::string::npos);
  CHECK(run({"synthesize", directory.path(), "--shape", "tiny", "--layers", "3"}).status == 2);
}

TEST_CASE("examples: extract stores a model, and what was extracted writes the same text") {
  const TemporaryDirectory directory;
  const std::string out = directory / "babel";
  const Result extracted = run({"extract", bundled_model(), out});
  CHECK(extracted.status == 0);
  CHECK(extracted.out.find(out + ": 21.0 MB, 768 experts\n") == 0);
  CHECK(run({"extract", "--verify", out}).out.find("all 2360 tensors") != std::string::npos);
  const auto generated = [](const std::string& model, const std::vector<std::string>& options) {
    std::vector<std::string> words{"generate", model, "<|endoftext|>And God said", "--max-tokens", "12"};
    words.insert(words.end(), options.begin(), options.end());
    return run(words);
  };
  CHECK(generated(out, {"--budget", "1MiB", "--verify"}).out == generated(bundled_model(), {}).out);

  moe::UsageProfile profile(6, 128);
  for (std::uint32_t layer = 0; layer < 6; ++layer)
    for (std::uint32_t expert = 0; expert < 20; ++expert) profile.add({layer, expert}, 20 - expert, 0);
  moe::detail::write_usage_profile(profile, directory / "use.json");
  const std::string part = directory / "part";
  const Result covering = run({"extract", bundled_model(), part, "--usage", directory / "use.json",
                               "--coverage", "0.95", "--type", "q8_0"});
  CHECK(covering.out.find("left out: 672 experts, which saves 8.8 MB") != std::string::npos);
  const Result refused = generated(part, {});
  CHECK(refused.status == 1);
  CHECK(refused.err.find("672 of 768 missing: 112 of 128 in layer 0 to 5") != std::string::npos);
  CHECK(generated(part, {"--allow-partial"}).status == 0);
}

TEST_CASE("examples: extract refuses what it cannot do") {
  const TemporaryDirectory directory;
  const std::string out = directory / "out";
  const std::vector<std::vector<std::string>> wrong{{"--type", "q3_k"},    {"--layers", "5-4"},
                                                    {"--layers", "a"},     {"--top", "3"},
                                                    {"--usage", "x.json"}, {"--experts", "1-"}};
  for (const std::vector<std::string>& options : wrong) {
    CAPTURE(options[0]);
    std::vector<std::string> words{"extract", bundled_model(), out};
    words.insert(words.end(), options.begin(), options.end());
    CHECK(run(words).status == 2);
  }
  CHECK(run({"extract", bundled_model(), out, "--layers", "0-6"}).status == 1);
  CHECK(run({"extract", directory / "nothing", out}).status == 1);
  CHECK(run({"extract", "--verify", bundled_model()}).status == 1);
  CHECK_FALSE(std::filesystem::exists(out));
}

TEST_CASE("examples: chat writes a text in turns with a model that knows no conversations") {
  const Result result =
      run({"chat", bundled_model(), "--plain", "--max-tokens", "5"}, "<|endoftext|>And God\n said\n\n");
  CHECK(result.status == 0);
  CHECK(lines_of(result.out).size() == 3);
  CHECK(result.out.find("> ") == 0);
}

TEST_CASE("examples: generate brings the same text under a memory budget, and says what was decided") {
  const std::vector<std::string> plain{"generate", bundled_model(), "<|endoftext|>And God said",
                                       "--max-tokens", "12"};
  const Result expected = run(plain);
  const std::vector<std::vector<std::string>> budgets{
      {"--budget", "24KiB"},
      {"--budget", "1MiB", "--direct", "--io-threads", "2", "--lookahead"},
      {"--memory", "auto"},
      {"--memory", "100MiB"},
      {"--max-loaded-experts", "8"}};
  for (const std::vector<std::string>& options : budgets) {
    std::vector<std::string> words = plain;
    words.insert(words.end(), options.begin(), options.end());
    const Result result = run(words);
    CHECK(result.status == 0);
    CHECK(result.out == expected.out);
    CHECK(result.err.find("memory in MiB: ") == 0);
  }
}

TEST_CASE("examples: generate refuses memory that is not enough, with the number") {
  const Result result = run({"generate", bundled_model(), "<|endoftext|>", "--budget", "20KiB"});
  CHECK(result.status == 1);
  CHECK(result.err.find("at least 24576 bytes") != std::string::npos);
  const Result total = run({"generate", bundled_model(), "<|endoftext|>", "--memory", "1MiB"});
  CHECK(total.status == 1);
  CHECK(total.err.find("of KV cache") != std::string::npos);
  CHECK(run({"generate", bundled_model(), "<|endoftext|>", "--budget", "1MB"}).status == 2);
}

TEST_CASE("examples: measure_cache records a trace, and replay plays it to all policies") {
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
  // Everything fits: only the first use of each expert is a miss, whatever the policy. The engine hit as the replay does.
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

namespace {

const std::string valid = bundled_model() + "/valid/";

/// The cells of a row of a table in Markdown, without the spaces around them.
std::vector<std::string> cells_of(const std::string& row) {
  std::vector<std::string> cells;
  for (std::size_t at = 1; at < row.size();) {
    const std::size_t end = row.find(" |", at);
    if (end == row.npos) break;
    cells.push_back(row.substr(at + 1, end - at - 1));
    at = end + 2;
  }
  return cells;
}

}  // namespace

TEST_CASE("examples: masked_experts shows that perplexity falls as routers may choose from more") {
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

TEST_CASE("examples: masked_experts of one text has no other to compare with") {
  const Result result =
      run({"masked_experts", bundled_model(), valid + "chinese.txt", "--tokens", "40", "--window", "16"});
  CHECK(result.status == 0);
  CHECK(lines_of(result.out).size() == 2 + 3 + 4);
  CHECK(result.out.find("elsewhere") == std::string::npos);
  CHECK(run({"masked_experts", bundled_model(), valid + "chinese.txt", "--window", "1"}).status == 2);
}

TEST_CASE("examples: expert_usage prints how layers specialise, draws it, and writes profiles") {
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

  moe::UsageProfile sum = moe::detail::read_usage_profile(directory / "usage.kjv.json");
  sum += moe::detail::read_usage_profile(directory / "usage.python.json");
  const moe::UsageProfile both = moe::detail::read_usage_profile(profile);
  for (std::size_t layer = 0; layer < 6; ++layer) {
    CHECK(both.count(layer) == 2 * 256 * 8);
    CHECK(both.mass(layer) == doctest::Approx(2 * 256));
    CHECK(sum.count(layer) == both.count(layer));
  }
}

TEST_CASE("examples: expert_usage wants texts with names") {
  CHECK(run({"expert_usage", bundled_model()}).err.find("--text is missing") == 0);
  CHECK(run({"expert_usage", bundled_model(), "--text", valid + "python.txt"}).status == 2);
  CHECK(run({"expert_usage", bundled_model(), "--text", "=x"}).status == 2);
  CHECK(run({"expert_usage", bundled_model(), "--text"}).status == 2);
}

TEST_CASE("examples: bench says how fast a model is, and what share of the machine's limits that is") {
  const Result result = run({"bench", "--shape", "tiny", "-p", "16", "-n", "4", "--rounds", "1", "--context",
                             "70", "--scaling", "--providers", "--threads", "2", "--json"});
  CHECK(result.status == 0);
  const moe::JsonDocument parsed(result.out, "bench");
  const moe::Json json = parsed.root();
  CHECK(json.at("prompt_tokens").as_u64(100) == 16);
  CHECK(json.at("model").at("weight_bytes_per_token").as_u64(1'000'000) > 0);
  std::vector<std::string> names;
  for (const moe::Json one : json.at("results")) {
    names.emplace_back(one.at("name").as_string());
    CHECK(one.at("seconds").at("median").as_double() > 0);
    CHECK(one.at("share_of_peak").at("median").as_double() > 0);
  }
  CHECK(names == std::vector<std::string>{"prompt", "prompt, in matrix products", "decode",
                                          "decode behind 64", "decode behind 70", "prompt, one thread",
                                          "prompt, one thread, in matrix products", "decode, one thread",
                                          "decode, experts in a cache"});
  for (const moe::Json limits : json.at("limits"))
    CHECK(limits.at("read_bytes_per_second").at("median").as_double() > 0);
}

TEST_CASE("examples: bench compares bf16 dot products with their own peak, or says that there are none") {
  const Result result = run({"bench", "--shape", "tiny", "--type", "bf16", "-p", "16", "-n", "4", "--rounds",
                             "1", "--bf16-dot", "--json"});
  if (result.status != 0) {
    CHECK(result.err.find("AVX512_BF16") != std::string::npos);
    return;
  }
  const moe::JsonDocument parsed(result.out, "bench");
  for (const moe::Json one : parsed.root().at("results")) {
    CHECK(one.at("arithmetic").as_string() == "bf16 dot");
    CHECK(one.at("share_of_peak").at("median").as_double() > 0);
  }
}

TEST_CASE("examples: bench writes the tokens that it is given, and prints a table") {
  const TemporaryDirectory directory;
  const Result result = run(
      {"bench", bundled_model(), "-p", "16", "--rounds", "1", "--ids", directory.write("ids", "1, 2 3\n")});
  CHECK(result.status == 0);
  CHECK(result.out.find("decode ") != std::string::npos);
  CHECK(result.out.find("time to the first token") != std::string::npos);
  CHECK(run({"bench", bundled_model(), "-p", "0"}).status == 2);
  CHECK(run({"bench", bundled_model(), "-p", "100000"}).status == 2);
  CHECK(run({"bench", bundled_model(), "--ids", directory.write("none", "")}).status == 2);
  CHECK(run({"bench", "--kernels", "--type", "q3"}).status == 2);
}
