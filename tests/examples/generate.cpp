// SPDX-License-Identifier: MIT
#include "run_example.hpp"
#include "detail/io/json.hpp"
#include "support/checkpoints.hpp"
#include "support/successor_model.hpp"
#include "support/temporary_directory.hpp"

#include <doctest/doctest.h>

#include <string>
#include <vector>

namespace {

const std::string prompt = "<|endoftext|>And God said";

}  // namespace

TEST_CASE("generate: the prompt and its continuation are on stdout, the speed is on stderr") {
  const Result result =
      run({"generate", bundled_model(), prompt, "--max-tokens", "12", "--temperature", "0"});
  CHECK(result.status == 0);
  CHECK(result.out.find(prompt) == 0);
  CHECK(result.out.size() > prompt.size() + 12);
  CHECK(result.says("generated: 12 tokens"));
  CHECK(result.says("tokens/s"));
  CHECK(lines_of(result.err).size() == 1);
}

TEST_CASE("generate: a memory budget changes nothing but a line on stderr") {
  const std::vector<std::string> words{"generate", bundled_model(), prompt, "--max-tokens", "12"};
  const Result expected = run(words);
  for (const auto& options : {std::vector<std::string>{"--budget", "24KiB"},
                              {"--budget", "1MiB", "--direct", "--io-threads", "2", "--lookahead"},
                              {"--memory", "auto"},
                              {"--memory", "100MiB"},
                              {"--max-loaded-experts", "8"}}) {
    CAPTURE(options[1]);
    const Result result = run(with(words, options));
    CHECK(result.status == 0);
    CHECK(result.out == expected.out);
    CHECK(result.err.find("memory in MiB: ") == 0);
  }
}

TEST_CASE("generate: too little memory is an error with the number of bytes that are needed") {
  const Result budget = run({"generate", bundled_model(), prompt, "--budget", "20KiB"});
  CHECK(budget.status == 1);
  CHECK(budget.says("at least 24576 bytes"));
  const Result total = run({"generate", bundled_model(), prompt, "--memory", "1MiB"});
  CHECK(total.status == 1);
  CHECK(total.says("of state"));
}

TEST_CASE("generate: a full context is one line on stderr, with a hint to --context") {
  const Result result = run({"generate", bundled_model(), prompt, "--context", "16", "--max-tokens", "200"});
  CHECK(result.status == 0);
  CHECK(result.says("context full: the text ends after 17 tokens; a larger --context makes room\n"));
  CHECK(lines_of(result.err).size() == 2);
}

TEST_CASE("generate: a context that the model cuts is one line on stderr") {
  const std::vector<std::string> words{"generate", bundled_model(), prompt, "--max-tokens", "1"};
  const Result cut = run(with(words, {"--context", "300"}));
  CHECK(cut.says(
      "context: 256 positions in place of 300, since the model has only 256 (max_position_embeddings)\n"));
  CHECK(lines_of(cut.err).size() == 2);
  CHECK_FALSE(run(with(words, {"--context", "256"})).says("context"));
  CHECK_FALSE(run(words).says("context"));
}

TEST_CASE("generate: a context that is full because of the model's limit says so") {
  const Result result = run({"generate", bundled_model(), prompt, "--max-tokens", "400"});
  CHECK(result.status == 0);
  CHECK(result.says("context full: the text ends after 257 tokens; the model has no more positions"));
}

TEST_CASE("generate: a prompt that exceeds the context is an error with both numbers") {
  const Result result = run({"generate", bundled_model(), prompt, "--context", "3"});
  CHECK(result.status == 1);
  CHECK(result.out.empty());
  CHECK(result.says("prompt: expected at most 3 tokens, found 4; a larger --context makes room"));
}

TEST_CASE(
    "generate: --logprobs prints a line of JSON for each token, and --score for each token of the prompt") {
  const std::vector<std::string> words{"generate", bundled_model(), prompt};
  const Result generated = run(with(words, {"--max-tokens", "3", "--temperature", "0", "--logprobs", "2"}));
  CHECK(generated.status == 0);
  const std::vector<std::string> lines = lines_of(generated.out);
  REQUIRE(lines.size() == 3);
  for (const std::string& line : lines) {
    const moe::JsonDocument document(line);
    const moe::Json root = document.root(), first = *root.at("top").begin();
    CHECK(root.at("logprob").as_double() < 0);
    CHECK(root.at("top").size() == 2);
    CHECK(first.at("id").as_u64() == root.at("id").as_u64());
    CHECK(first.at("text").as_string() == root.at("text").as_string());
  }
  const Result scored = run(with(words, {"--score"}));
  CHECK(scored.status == 0);
  CHECK(lines_of(scored.out).size() == 4);
  CHECK(lines_of(scored.out)[0].find("\"<|endoftext|>\", \"logprob\": null}") != std::string::npos);
  CHECK(scored.says("3 tokens scored: log-probability -"));
  CHECK(scored.says("perplexity "));
}

TEST_CASE("generate: bans, biases and penalties change the text; a token is an id or the text of one token") {
  const auto text = [](std::vector<std::string> options) {
    const Result result = run(with({"generate", bundled_model(), prompt, "--max-tokens", "12"}, options));
    CAPTURE(result.err);
    CHECK(result.status == 0);
    return result.out;
  };
  const std::string plain = text({});
  CHECK(plain.find(" unto") != plain.npos);
  CHECK(text({"--ban", " unto"}).find(" unto") == std::string::npos);
  CHECK(text({"--logit-bias", " unto=-100"}).find(" unto") == std::string::npos);
  CHECK(text({"--logit-bias", "5=1000", "--max-tokens", "2"}) != plain);
  for (const std::string option : {"--presence-penalty", "--frequency-penalty"})
    CHECK(text({option, "50"}) != text({option, "0"}));
  CHECK(text({"--no-repeat-ngram-size", "1"}) != plain);
  CHECK(text({"--temperature", "1", "--typical-p", "0.1"}) != text({"--temperature", "1"}));
}

TEST_CASE("generate: wrong tokens, biases and penalties are refused") {
  const auto refused = [](std::vector<std::string> options) {
    return run(with({"generate", bundled_model(), prompt, "--max-tokens", "1"}, options));
  };
  CHECK(refused({"--ban", "several tokens of text"}).says("--ban needs an id or the text of one token"));
  CHECK(refused({"--ban", ""}).says("'' has 0 tokens"));
  CHECK(refused({"--ban", "4096"}).says("token ids below 4096"));
  CHECK(refused({"--logit-bias", "5"}).says("--logit-bias needs TOKEN=VALUE"));
  CHECK(refused({"--logit-bias", "5=x"}).says("--logit-bias needs a number"));
  CHECK(refused({"--typical-p", "0"}).says("--typical-p"));
}

TEST_CASE("generate: --stop ends the text before one of several texts, and --min-tokens delays it") {
  const std::vector<std::string> words{"generate", bundled_model(), prompt, "--temperature", "0"};
  const std::string whole = run(words).out;
  const Result stopped = run(with(words, {"--stop", "nowhere", "--stop", " him"}));
  CHECK(stopped.status == 0);
  CHECK(stopped.out == whole.substr(0, whole.find(" him")) + "\n");
  const Result delayed = run(with(words, {"--stop", " him", "--min-tokens", "50"}));
  CHECK(delayed.out.size() > stopped.out.size());
  const Result empty = run(with(words, {"--stop", ""}));
  CHECK(empty.status == 2);
  CHECK(empty.says("--stop needs a text"));
}

TEST_CASE("generate and chat: what is wrong with a tokenizer stands on stderr") {
  const TemporaryDirectory directory;
  SuccessorModel model;
  model.control_type = 1;
  const std::string path = directory.write("model.gguf", model.say('\n', "Hi", 256).file());
  for (const Result& result : {run({"generate", path, "\n", "--max-tokens", "2"}),
                               run({"chat", path, "--plain", "--max-tokens", "2"}, "x\n\n")}) {
    CHECK(result.status == 0);
    CHECK(result.says("token 257 <|im_start|> has the type 1"));
  }
}
