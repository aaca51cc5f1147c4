// SPDX-License-Identifier: MIT
#include "detail/io/file.hpp"
#include "detail/text/chat_template.hpp"
#include "support/test_data.hpp"

#include <doctest/doctest.h>

#include <filesystem>
#include <map>
#include <string>
#include <vector>

using moe::ChatTemplate;
using moe::detail::TurnFormat;

namespace {

TurnFormat turn_format_of(const std::string& text) { return ChatTemplate(text, "file").turn_format(); }

const std::string turns_of_chatml =
    "{% for m in messages %}<|im_start|>{{ m.role }}\n"
    "{% if m.reasoning_content %}<think>\n{{ m.reasoning_content }}\n</think>\n\n{% endif %}"
    "{{ m.content }}<|im_end|>\n{% endfor %}"
    "{% if add_generation_prompt %}<|im_start|>assistant\n{% endif %}";

}  // namespace

TEST_CASE("turn format: the text after a turn is known at the end of a conversation and before a message") {
  const TurnFormat format = turn_format_of(turns_of_chatml);
  CHECK(format.opening == "<|im_start|>assistant\n");
  REQUIRE_FALSE(format.closings.empty());
  CHECK(format.closings[0].at_end == "<|im_end|>\n");
  CHECK(format.closings[0].before_next == "<|im_end|>\n<|im_start|>user\n");
}

TEST_CASE("turn format: markers of reasoning are the texts that the template adds around reasoning") {
  const TurnFormat format = turn_format_of(turns_of_chatml);
  CHECK(format.reasoning_member == "reasoning_content");
  CHECK(format.reasoning_begin == "<think>");
  CHECK(format.reasoning_end == "</think>");
  CHECK(format.answer_marks.empty());
}

TEST_CASE("turn format: markers that no published template has are found by comparing") {
  const TurnFormat format = turn_format_of(
      "{% for m in messages %}[{{ m.role }}]{% if m.reasoning %}<|why|>{{ m.reasoning }}<|because|>"
      "<|so|>{% endif %}{{ m.content }}[/]{% endfor %}{% if add_generation_prompt %}[assistant]{% endif %}");
  CHECK(format.reasoning_member == "reasoning");
  CHECK(format.reasoning_begin == "<|why|>");
  CHECK(format.reasoning_end == "<|because|>");
  CHECK(format.answer_marks == std::vector<std::string>{"<|so|>"});
}

TEST_CASE("turn format: a generation prompt that begins reasoning shows the markers of reasoning") {
  const TurnFormat format = turn_format_of(
      "{% for m in messages %}<{{ m.role }}>{{ m.content.split('</think>')[-1] }}{% endfor %}"
      "{% if add_generation_prompt %}<assistant><think>\n{% endif %}");
  CHECK(format.reasoning_member.empty());
  CHECK(format.reasoning_begin == "<think>");
  CHECK(format.reasoning_end == "</think>");
}

TEST_CASE(
    "turn format: a template that drops the reasoning of earlier turns shows the markers of reasoning") {
  const TurnFormat format = turn_format_of(
      "{% for m in messages %}<{{ m.role }}>{{ m.content.split('[/THINK]')[-1] }}{% endfor %}");
  CHECK(format.reasoning_begin == "[THINK]");
  CHECK(format.reasoning_end == "[/THINK]");
}

TEST_CASE("turn format: a template that writes messages as they are shows no markers") {
  for (const std::string text : {"{{ messages }}", "{% for m in messages %}{{ m | tojson }}{% endfor %}",
                                 "{% for m in messages %}<{{ m.role }}>{{ m.content }}{% endfor %}"}) {
    CAPTURE(text);
    const TurnFormat format = turn_format_of(text);
    CHECK(format.reasoning_begin.empty());
    CHECK(format.reasoning_member.empty());
    CHECK(format.inner.empty());
  }
}

TEST_CASE("turn format: a template that refuses every conversation shows nothing, and is no error") {
  const TurnFormat format = turn_format_of("{{ raise_exception('no') }}");
  CHECK(format.closings.empty());
  CHECK(format.opening.empty());
  CHECK(turn_format_of("{% if messages | length > 1 %}{{ raise_exception('no') }}{% endif %}"
                       "{{ messages[0].content }}")
            .closings[0]
            .at_end.empty());
}

TEST_CASE(
    "turn format: a template that needs much work for each conversation shows nothing, and takes little "
    "time") {
  const std::string loops =
      "{% for i in range(3000) %}{% for j in range(300) %}{{ '' }}{% endfor %}{% endfor %}"
      "{% for m in messages %}{{ m.content }}<|end|>{% endfor %}";
  CHECK(turn_format_of(loops).closings.empty());
}

TEST_CASE("turn format: a template that needs tools is rendered with a tool") {
  const TurnFormat format = turn_format_of(
      "{% for t in tools %}{{ t.function.name }}{% endfor %}"
      "{% for m in messages %}{{ m.content }}<|end|>{% endfor %}{% if tools is none %}{{ tools[0].x }}{% "
      "endif %}");
  REQUIRE_FALSE(format.closings.empty());
  CHECK(format.closings[0].at_end == "<|end|>");
}

TEST_CASE("chat template: the message of an answer has its reasoning where the template reads it") {
  const moe::Message separate = ChatTemplate(turns_of_chatml, "file").answer("Hi", "Why");
  CHECK(separate.content == "Hi");
  CHECK(separate.reasoning_content == "Why");
  const moe::Message together =
      ChatTemplate("{% for m in messages %}<{{ m.role }}>{{ m.content.split('</think>')[-1] }}{% endfor %}",
                   "file")
          .answer("Hi", "Why");
  CHECK(together.content == "<think>\nWhy\n</think>\n\nHi");
  CHECK_FALSE(together.reasoning_content);
  CHECK_FALSE(ChatTemplate(turns_of_chatml, "file").answer("Hi").reasoning_content);
}

TEST_CASE("chat template: reasoning has the name of the member that the template reads") {
  const ChatTemplate chat(
      "{% for m in messages %}<{{ m.role }}>{% if m.thinking %}<think>{{ m.thinking }}</think>{% endif %}"
      "{{ m.content }}{% endfor %}",
      "file");
  CHECK(chat.render(std::vector<moe::Message>{chat.answer("Hi", "Why")}) ==
        "<assistant><think>Why</think>Hi");
}

TEST_SUITE_BEGIN("real-data");

TEST_CASE("turn format: the markers of reasoning of 27 templates") {
  struct Markers {
    std::string member, begin, end;
  };
  const Markers think{"reasoning_content", "<think>", "</think>"}, in_content{"", "<think>", "</think>"},
      none{};
  const std::map<std::string, Markers> expected = {
      {"Cohere2MoE", {"reasoning_content", "<|START_THINKING|>", "<|END_THINKING|>"}},
      {"CohereForAI-c4ai-command-r7b-12-2024-tool_use",
       {"reasoning_content", "<|START_THINKING|>", "<|END_THINKING|>"}},
      {"GLM-4.6", think},
      {"GLM-4.7-Flash", think},
      {"HuggingFaceTB-SmolLM3-3B", in_content},
      {"Kimi-K2-Instruct", none},
      {"LFM2-8B-A1B", none},
      {"LFM2.5-Instruct", in_content},
      {"MiroThinker", in_content},
      {"Mistral-Small-3.2-24B-Instruct-2506", none},
      {"NVIDIA-Nemotron-3-Nano-30B-A3B-BF16", think},
      {"NousResearch-Hermes-3-Llama-3.1-8B-tool_use", none},
      {"Qwen-QwQ-32B", in_content},
      {"Qwen-Qwen2.5-7B-Instruct", none},
      {"Qwen-Qwen3-0.6B", think},
      {"Qwen3-Coder", none},
      {"Qwen3.5-4B", think},
      {"StepFun3.5-Flash", think},
      {"deepseek-ai-DeepSeek-R1-Distill-Qwen-32B", in_content},
      {"deepseek-ai-DeepSeek-V3.1", in_content},
      {"google-gemma-4-31B-it", {"reasoning_content", "<|channel>thought", "<channel|>"}},
      {"ibm-granite-granite-3.3-2B-Instruct", none},
      {"meta-llama-Llama-3.1-8B-Instruct", none},
      {"microsoft-Phi-3.5-mini-instruct", none},
      {"mistralai-Mistral-Nemo-Instruct-2407", none},
      {"openai-gpt-oss-120b", {"thinking", "<|channel|>analysis<|message|>", "<|end|>"}},
  };
  const auto templates = test_data("templates");
  if (!templates) return;
  for (const auto& known : expected) {
    const std::string& name = known.first;
    const Markers& markers = known.second;
    CAPTURE(name);
    const TurnFormat format = turn_format_of(moe::detail::read_text(*templates + "/" + name + ".jinja"));
    CHECK(format.reasoning_member == markers.member);
    CHECK(format.reasoning_begin == markers.begin);
    CHECK(format.reasoning_end == markers.end);
  }
}

TEST_SUITE_END();
