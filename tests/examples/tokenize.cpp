// SPDX-License-Identifier: MIT
#include "run_example.hpp"
#include "detail/io/json_writer.hpp"
#include "support/checkpoints.hpp"
#include "support/temporary_directory.hpp"

#include <doctest/doctest.h>

#include <string>
#include <vector>

TEST_CASE("tokenize: ids of a text and text of ids, line by line") {
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

TEST_CASE("tokenize: lines may end with CR LF") {
  const Result ids = run({"tokenize", bundled_model(), "--json"}, "\"Hello\"\r\n\"\"\r\n");
  CHECK(ids.out == run({"tokenize", bundled_model(), "--json"}, "\"Hello\"\n\"\"\n").out);
  CHECK(run({"tokenize", bundled_model(), "--decode"}, lines_of(ids.out)[0] + "\r\n\r\n").out ==
        "\"Hello\"\n\"\"\n");
}

TEST_CASE(
    "tokenize: --chat renders each conversation by the template, with tools, options, special tokens and "
    "time") {
  const TemporaryDirectory directory;
  directory.write(
      "chat_template.jinja",
      "{{ bos_token }}{{ messages[0].content }}|{{ tools | tojson }}|{{ mood }}|{{ strftime_now('%Y') }}|"
      "{{ add_generation_prompt }}");
  const std::string full =
      R"({"messages": [{"role": "user", "content": "Hi"}], "tools": [{"name":"f"}], "now": "2031-01-02T03:04:05", )"
      R"("special": {"bos_token": "<s>"}, "options": {"mood": 1.50, "add_generation_prompt": false}})";
  const std::vector<std::string> words{"tokenize", directory.path(), "--chat", "--json"};
  const Result result = run(words, full + "\n");
  CHECK(result.status == 0);
  CHECK(result.out == R"("<s>Hi|[{\"name\": \"f\"}]|1.5|2031|False")"
                      "\n");
  CHECK(run({"tokenize", directory.path(), "--chat"}, full + "\n").out == result.out);
  CHECK(run(words, R"({"messages": [{"content": "Hi"}], "now": "2031-01-02T03:04:05"})"
                   "\n")
            .out == "\"Hi|null||2031|True\"\n");
}

TEST_CASE("tokenize: a conversation that the template refuses is exit status 1 and the template's message") {
  const TemporaryDirectory directory;
  directory.write("chat_template.jinja", "{{ raise_exception('Roles must alternate!') }}");
  const Result result = run({"tokenize", directory.path(), "--chat", "--json"}, "{\"messages\": []}\n");
  CHECK(result.status == 1);
  CHECK(result.says("Roles must alternate!"));
}
