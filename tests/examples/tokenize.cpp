#include "run_example.hpp"
#include "detail/io/json_writer.hpp"
#include "support/checkpoints.hpp"

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
