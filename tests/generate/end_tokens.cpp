// SPDX-License-Identifier: MIT
#include "detail/generate/end_tokens.hpp"
#include "detail/io/file.hpp"
#include "detail/text/chat_template.hpp"
#include "support/chat_tokenizer.hpp"
#include "support/test_data.hpp"
#include "support/tiny_checkpoint.hpp"

#include <doctest/doctest.h>

#include <string>
#include <string_view>
#include <utility>
#include <vector>

using moe::ChatTemplate;
using moe::EndToken;
using moe::detail::find_end_tokens;
using moe::detail::turn_end_tokens;

namespace {

/// The ids and the sources of end tokens.
std::vector<std::pair<moe::TokenId, EndToken::Source>> sourced(const std::vector<EndToken>& ends) {
  std::vector<std::pair<moe::TokenId, EndToken::Source>> out;
  for (const EndToken& end : ends) out.emplace_back(end.id, end.source);
  return out;
}

/// The texts of the tokens that a template adds.
std::vector<std::string> template_ends(const ChatTemplate& chat, const moe::Tokenizer& tokenizer,
                                       const std::vector<EndToken>& others = {}) {
  std::vector<std::string> out;
  for (const EndToken& end : turn_end_tokens(others, chat.turn_format(), tokenizer))
    if (end.source == EndToken::Source::chat_template) out.emplace_back(tokenizer.bytes(end.id));
  return out;
}

using EndTexts = std::vector<std::string>;

ChatTemplate turn_template(std::string_view text) { return ChatTemplate(text, "file"); }

}  // namespace

TEST_CASE(
    "end tokens: generation_config.json, config.json and the tokenizer give end tokens with their source") {
  TinyCheckpoint tiny;
  tiny.edit("\"eos_token_id\": 319", "\"eos_token_id\": [1, 2]");
  tiny.directory().write("generation_config.json", R"({"eos_token_id": [3, 2]})");
  using Source = EndToken::Source;
  const std::vector<std::pair<moe::TokenId, Source>> configured = {
      {3, Source::generation_config}, {2, Source::generation_config}, {1, Source::config}};
  const auto found = [&](const moe::Tokenizer* tokenizer) {
    const moe::Checkpoint checkpoint = tiny.open();
    return sourced(find_end_tokens(checkpoint, moe::ModelSpec(checkpoint), tokenizer));
  };
  CHECK(found(nullptr) == configured);
  const moe::Tokenizer tokenizer = chat_tokenizer({"<|im_end|>"});
  tiny.directory().write("tokenizer.json", "{}");  // so that the tokenizer of this directory is read
  auto all = configured;
  all.emplace_back(256, Source::tokenizer);
  for (const char* const config :
       {R"({"eos_token": "<|im_end|>"})", R"({"eos_token": {"content": "<|im_end|>", "lstrip": false}})"}) {
    tiny.directory().write("tokenizer_config.json", config);
    CHECK(found(&tokenizer) == all);
  }
  tiny.directory().write("tokenizer_config.json", R"({"eos_token": null})");
  CHECK(found(&tokenizer) == configured);
  tiny.directory().write("special_tokens_map.json", R"({"eos_token": "<|im_end|>"})");
  CHECK(found(&tokenizer) == all);
  tiny.directory().write("special_tokens_map.json", R"({"eos_token": "no token"})");
  CHECK(found(&tokenizer) == configured);
}

TEST_CASE("end tokens: the token that ends a message of harmony does not end a text") {
  TinyCheckpoint tiny;
  tiny.edit("\"eos_token_id\": 319", "\"eos_token_id\": [256, 257]");
  const moe::Checkpoint checkpoint = tiny.open();
  const auto ends = [&](const std::vector<std::string>& special) {
    const moe::Tokenizer tokenizer = chat_tokenizer(special);
    return sourced(find_end_tokens(checkpoint, moe::ModelSpec(checkpoint), &tokenizer)).size();
  };
  CHECK(ends({"<|end|>", "<|return|>", "<|call|>"}) == 1);
  CHECK(ends({"<|end|>", "<|return|>"}) == 2);
}

TEST_CASE("end tokens: a template's token is the control token after a turn") {
  const moe::Tokenizer tokenizer = chat_tokenizer({"<|im_start|>", "<|im_end|>"});
  CHECK(template_ends(
            turn_template("{% for m in messages %}<|im_start|>{{ m.role }}\n{{ m.content }}<|im_end|>\n"
                          "{% endfor %}{% if add_generation_prompt %}<|im_start|>assistant\n{% endif %}"),
            tokenizer) == EndTexts{"<|im_end|>"});
}

TEST_CASE("end tokens: a token that a template always writes in front of an answer is no end token") {
  const moe::Tokenizer tokenizer = chat_tokenizer({"<|im_start|>", "<|im_end|>"});
  CHECK(template_ends(
            turn_template("{% for m in messages %}<|im_start|>{{ m.role }}\n{{ m.content }}<|im_end|>\n"
                          "{% endfor %}<|im_start|>assistant\n"),
            tokenizer) == EndTexts{"<|im_end|>"});
}

TEST_CASE("end tokens: of several control tokens after a turn, the last one ends the turn") {
  const moe::Tokenizer tokenizer = chat_tokenizer({"<|text_end|>", "<|turn_end|>", "<|turn|>"});
  CHECK(template_ends(
            turn_template("{% for m in messages %}<|turn|>{{ m.content }}<|text_end|><|turn_end|>{% endfor %}"
                          "{% if add_generation_prompt %}<|turn|>{% endif %}"),
            tokenizer) == EndTexts{"<|turn_end|>"});
}

TEST_CASE("end tokens: a turn without a token at its end ends with the first token of the next turn") {
  const moe::Tokenizer tokenizer = chat_tokenizer({"<|user|>", "<|assistant|>"});
  CHECK(template_ends(turn_template("{% for m in messages %}<|{{ m.role }}|>{{ m.content }}{% endfor %}"
                                    "{% if add_generation_prompt %}<|assistant|>{% endif %}"),
                      tokenizer) == EndTexts{"<|user|>"});
}

TEST_CASE("end tokens: a token that already has a source keeps this source") {
  const moe::Tokenizer tokenizer = chat_tokenizer({"<|im_end|>"});
  const ChatTemplate chat = turn_template("{% for m in messages %}{{ m.content }}<|im_end|>{% endfor %}");
  const auto ends = turn_end_tokens({{256, EndToken::Source::config}, {7, EndToken::Source::tokenizer}},
                                    chat.turn_format(), tokenizer);
  CHECK(sourced(ends) == std::vector<std::pair<moe::TokenId, EndToken::Source>>{
                             {256, EndToken::Source::config}, {7, EndToken::Source::tokenizer}});
}

TEST_CASE(
    "end tokens: a token between reasoning and answer of one turn is no end token, even if a file lists it") {
  const moe::Tokenizer tokenizer = chat_tokenizer({"<|start|>", "<|end|>", "<|return|>"});
  const ChatTemplate chat = turn_template(
      "{% for m in messages %}{% if m.reasoning_content %}<|start|>why {{ m.reasoning_content }}<|end|>{% "
      "endif %}"
      "<|start|>{{ m.role }} {{ m.content }}{{ '<|return|>' if loop.last else '<|end|>' }}{% endfor %}");
  CHECK(sourced(turn_end_tokens({{257, EndToken::Source::config}}, chat.turn_format(), tokenizer)) ==
        std::vector<std::pair<moe::TokenId, EndToken::Source>>{{258, EndToken::Source::chat_template}});
}

TEST_CASE(
    "end tokens: a template that refuses every conversation, or ends turns with plain text, adds none") {
  const moe::Tokenizer tokenizer = chat_tokenizer({"<|im_end|>"});
  CHECK(template_ends(turn_template("{{ raise_exception('no') }}"), tokenizer).empty());
  CHECK(template_ends(turn_template("{% for m in messages %}{{ m.role }}: {{ m.content }}\n{% endfor %}"),
                      tokenizer)
            .empty());
}

TEST_SUITE_BEGIN("real-data");

TEST_CASE("end tokens: the templates of 25 models give the end tokens of these models") {
  const auto templates = test_data("templates");
  if (!templates) return;
  struct Case {
    std::string name;
    EndTexts ends;
    std::vector<std::string> more_special = {};
  };
  const EndTexts chatml{"<|im_end|>"}, deepseek{"<｜end▁of▁sentence｜>"}, mistral{"</s>"};
  const std::vector<Case> cases = {
      {"Cohere2MoE", {"<|END_OF_TURN_TOKEN|>"}, {"<|END_TEXT|>", "<|END_ACTION|>"}},
      {"GLM-4.6", {"<|user|>", "<|observation|>"}, {"<|assistant|>"}},
      {"GLM-4.7-Flash", {"<|user|>", "<|observation|>"}, {"<|assistant|>", "<tool_call>", "</tool_call>"}},
      {"HuggingFaceTB-SmolLM3-3B", chatml},
      {"Kimi-K2-Instruct", chatml, {"<|im_user|>", "<|im_assistant|>", "<|im_middle|>"}},
      {"LFM2-8B-A1B", chatml},
      {"LFM2.5-Instruct", chatml},
      {"Mistral-Small-3.2-24B-Instruct-2506", mistral, {"[INST]", "[/INST]", "[TOOL_CALLS]", "[ARGS]"}},
      {"NVIDIA-Nemotron-3-Nano-30B-A3B-BF16", chatml},
      {"NousResearch-Hermes-3-Llama-3.1-8B-tool_use", chatml},
      {"Qwen-QwQ-32B", chatml},
      {"Qwen-Qwen2.5-7B-Instruct", chatml},
      {"Qwen-Qwen3-0.6B", chatml},
      {"Qwen3-Coder", chatml},
      {"Qwen3.5-4B", chatml},
      {"StepFun3.5-Flash", chatml},
      {"deepseek-ai-DeepSeek-R1-Distill-Qwen-32B", deepseek, {"<｜User｜>", "<｜Assistant｜>"}},
      {"deepseek-ai-DeepSeek-V3.1", deepseek, {"<｜User｜>", "<｜Assistant｜>", "<｜tool▁call▁end｜>"}},
      {"deepseek-ai-DeepSeek-V3.2", deepseek, {"<｜User｜>", "<｜Assistant｜>"}},
      {"google-gemma-4-31B-it",
       {"<turn|>", "<|tool_response>"},
       {"<|turn>", "<|channel>", "<channel|>", "<|tool_call>", "<tool_call|>", "<|\"|>"}},
      {"ibm-granite-granite-3.3-2B-Instruct", {"<|end_of_text|>"}, {"<|start_of_role|>", "<|end_of_role|>"}},
      {"meta-llama-Llama-3.1-8B-Instruct", {"<|eot_id|>"}, {"<|start_header_id|>", "<|end_header_id|>"}},
      {"microsoft-Phi-3.5-mini-instruct", {"<|end|>"}, {"<|user|>", "<|assistant|>"}},
      {"mistralai-Mistral-Nemo-Instruct-2407", mistral, {"[INST]", "[/INST]", "[TOOL_CALLS]"}},
      {"openai-gpt-oss-120b",
       {"<|return|>", "<|call|>"},
       {"<|start|>", "<|end|>", "<|channel|>", "<|message|>"}},
  };
  for (const Case& wanted : cases) {
    CAPTURE(wanted.name);
    const std::string eos = wanted.ends == deepseek ? deepseek[0] : "</s>";
    const ChatTemplate chat(moe::detail::read_text(*templates + "/" + wanted.name + ".jinja"), wanted.name,
                            {{"bos_token", "<s>"}, {"eos_token", eos}});
    std::vector<std::string> special = wanted.ends;
    special.insert(special.end(), wanted.more_special.begin(), wanted.more_special.end());
    for (const char* const common : {"<|im_start|>", "<|endoftext|>", "</s>"})
      if (eos != common || wanted.ends != mistral) special.emplace_back(common);
    CHECK(template_ends(chat, chat_tokenizer(special)) == wanted.ends);
  }
}

TEST_SUITE_END();
