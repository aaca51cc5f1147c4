#include "detail/text/chat_message.hpp"
#include "detail/text/chat_template.hpp"
#include "support/message_of.hpp"
#include "support/temporary_directory.hpp"

#include <doctest/doctest.h>

#include <string>
#include <vector>

using moe::ChatTemplate;

namespace {

constexpr std::string_view qwen3 = "... <|im_start|> ... enable_thinking ...";

std::string render(const ChatTemplate& chat) {
  return chat.render(std::vector<moe::Message>{{"user", "Hi"}});
}

const std::string hi = "<|im_start|>user\nHi<|im_end|>\n<|im_start|>assistant\n";

}  // namespace

TEST_CASE("chat template: the template of Qwen3 is recognised by its markers") {
  CHECK(render(ChatTemplate(qwen3, "file")) == hi);
}

TEST_CASE("chat template: an error about an unsupported template names its family") {
  const auto refused = [](const char* text, const char* name) {
    check_error([&] { ChatTemplate(text, "the file"); }, {"the file", "chat template", name});
  };
  refused("<|start|>assistant<|channel|>final", "harmony");
  refused("<|begin_of_text|><|start_header_id|>", "Llama 3");
  refused("[gMASK]<sop>", "GLM");
  refused("<s>[INST] {{ text }} [/INST]", "Mistral");
  refused("<｜User｜>x<｜Assistant｜>", "DeepSeek");
  refused("<|im_start|> <function= enable_thinking", "Qwen3-Coder");
  refused("<|im_start|> enable_thinking xml_tools", "SmolLM3");
  refused("{{ '<|im_start|>' + role }}", "ChatML without thinking");
  refused("{{ messages }}", "unknown");
  refused("", "unknown");
}

TEST_CASE("chat template: it is read from tokenizer_config.json, as a text or from a list") {
  const TemporaryDirectory directory;
  const std::string text = R"("<|im_start|> enable_thinking")";
  directory.write("tokenizer_config.json", R"({"chat_template": )" + text + "}");
  CHECK(render(ChatTemplate(directory.path())) == hi);
  CHECK(render(ChatTemplate(directory / "tokenizer.json")) == hi);
  directory.write("tokenizer_config.json", R"({"chat_template": [{"name": "rag", "template": "x"},
                                               {"name": "default", "template": )" +
                                               text + "}]}");
  CHECK(render(ChatTemplate(directory.path())) == hi);
}

TEST_CASE("chat template: a list without a default is an error") {
  const TemporaryDirectory directory;
  directory.write("tokenizer_config.json", R"({"chat_template": [{"name": "rag", "template": "x"}]})");
  check_error([&] { ChatTemplate(directory.path()); }, {"$.chat_template", "default"});
}

TEST_CASE("chat template: chat_template.jinja comes before the configuration") {
  const TemporaryDirectory directory;
  directory.write("tokenizer_config.json", R"({"chat_template": "[INST]"})");
  directory.write("chat_template.jinja", qwen3);
  CHECK(render(ChatTemplate(directory.path())) == hi);
}

TEST_CASE("chat template: an error about a missing template names the expected files") {
  const TemporaryDirectory directory;
  check_error([&] { ChatTemplate(directory.path()); },
              {directory.path(), "chat_template.jinja", "found none"});
  directory.write("tokenizer_config.json", R"({"chat_template": null})");
  check_error([&] { ChatTemplate(directory.path()); },
              {directory.path(), "chat_template.jinja", "found none"});
}
