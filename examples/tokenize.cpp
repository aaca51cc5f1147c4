// SPDX-License-Identifier: MIT
// The tokens of a text; or conversions between texts, ids and conversations, line by line:
//   tokenize examples/data/babel-10m "Hello, world!"
#include <moe.hpp>

#include "detail/text/chat_message.hpp"
#include "support/command_line.hpp"
#include "support/text_file.hpp"
#include "support/tokenizer_warnings.hpp"

constexpr std::string_view help = R"(usage: tokenize PATH TEXT...
       tokenize PATH --json|--decode|--chat
Shows the tokens of each TEXT, or converts each line of standard input. PATH is a directory with a
checkpoint, a GGUF file or a tokenizer.json.

  --json           each line is a JSON string: print its ids
  --decode         each line has ids: print their text as a JSON string
  --skip-special   with --decode: leave special tokens out
  --chat           each line is a conversation: print the text for the model as a JSON string, written by
                   the chat template of PATH. A conversation is a JSON object with these members:
                     "messages"  [{"role": "user", "content": "Hi"}, ...]
                     "tools"     a list of functions that the model may call
                     "options"   variables of the template, such as {"enable_thinking": false}, and
                                 "add_generation_prompt", which is true by default
                     "special"   texts of special tokens, in place of those of PATH: {"bos_token": "<s>"}
                     "now"       the local time for the template: "2026-01-02T03:04:05"
                   All but "messages" may be missing. --json may be added; it changes nothing
)";

namespace {

std::string encode(const moe::Tokenizer& tokenizer, const moe::Json& text) {
  std::string ids;
  for (const moe::TokenId id : tokenizer.encode(text.as_string()))
    ids += (ids.empty() ? "" : " ") + std::to_string(id);
  return ids;
}

std::vector<moe::TokenId> read_ids(const std::string& line, std::string_view name) {
  std::vector<moe::TokenId> ids;
  const char* const end = line.data() + line.size();
  for (const char* at = line.data(); at != end;) {
    const auto [after, error] = std::from_chars(at, end, ids.emplace_back());
    if (error != std::errc() || (after != end && *after != ' '))
      moe::detail::fail(name, "ids", "numbers with a space between them", line);
    at = after == end ? end : after + 1;
  }
  return ids;
}

std::string render(const moe::ChatTemplate& chat, const moe::Json& conversation) {
  moe::ChatOptions options;
  if (const moe::Json given = conversation.find("options")) options = moe::detail::read_chat_options(given);
  if (const moe::Json tools = conversation.find("tools"); tools && !tools.is_null()) {
    for (const moe::Json tool : tools.as_array()) options.tools.push_back(moe::detail::to_json(tool));
    if (options.tools.empty()) options.variables.emplace_back("tools", "[]");
  }
  if (const moe::Json special = conversation.find("special"))
    for (const moe::Json token : special.as_object())
      options.variables.insert(options.variables.begin(),
                               {std::string(token.key()), moe::detail::to_json(token)});
  if (const moe::Json now = conversation.find("now")) options.now = now.as_string();
  return moe::detail::to_json(chat.render(conversation.at("messages"), options));
}

/// Prints f(line, name of the line) for each line. A line ends with LF or CR LF: texts may have other line breaks.
template <class F>
void answer_lines(F f) {
  std::string line;
  for (int number = 1; read_line(std::cin, line); ++number)
    std::cout << f(line, "line " + std::to_string(number)) << '\n';
}

void show(const moe::Tokenizer& tokenizer, std::string_view text) {
  for (const moe::TokenId id : tokenizer.encode(text))
    std::cout << id << '\t' << moe::detail::to_json(tokenizer.decode({&id, 1})) << '\n';
}

}  // namespace

int main(int argc, char** argv) {
  return run_example(argc, argv, help, [](const CommandLine& args) {
    const bool lines = args.has("--json") || args.has("--decode") || args.has("--chat");
    const std::vector<std::string>& words = args.positional(lines ? 1 : 2, lines ? 1 : 1000);
    if (args.has("--chat")) {
      const moe::ChatTemplate chat(words[0]);
      return answer_lines([&](const std::string& line, const std::string& name) {
        return render(chat, moe::JsonDocument(line, name).root());
      });
    }
    const moe::Tokenizer tokenizer(words[0]);
    show_warnings(tokenizer);
    if (args.has("--decode"))
      return answer_lines([&](const std::string& line, const std::string& name) {
        return moe::detail::to_json(tokenizer.decode(read_ids(line, name), args.has("--skip-special")));
      });
    if (args.has("--json"))
      return answer_lines([&](const std::string& line, const std::string& name) {
        return encode(tokenizer, moe::JsonDocument(line, name).root());
      });
    for (std::size_t i = 1; i < words.size(); ++i) show(tokenizer, words[i]);
  });
}
