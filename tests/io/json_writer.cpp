// SPDX-License-Identifier: MIT
#include "detail/io/json.hpp"
#include "detail/io/json_writer.hpp"

#include <doctest/doctest.h>

#include <string>

using moe::detail::to_json;

TEST_CASE("json writer: a string is parsed back to itself") {
  std::string text = "\"quoted\" \\ / é 中 😀 \u2028 \x7f";
  for (char c = 0; c < 0x20; ++c) text += c;
  CHECK(moe::JsonDocument(to_json(std::string_view(text))).root().as_string() == text);
}

TEST_CASE("json writer: escapes the same characters as Python does") {
  CHECK(to_json("é/\x7f") == "\"é/\x7f\"");
  CHECK(to_json(std::string_view("\b\f\n\r\t\0\x1f\"\\", 9)) == R"("\b\f\n\r\t\u0000\u001f\"\\")");
}

TEST_CASE("json writer: a value is written in one line, with a space after each comma and colon") {
  const auto rewritten = [](const char* text) { return to_json(moe::JsonDocument(text).root()); };
  CHECK(rewritten(" { \"a\" : [ 1 , -2.50e+3,\n{} ] , \"b\" : null,\"\\u00e9\":[],\"c\":{\"d\":true}} ") ==
        R"({"a": [1, -2.50e+3, {}], "b": null, "é": [], "c": {"d": true}})");
  CHECK(rewritten("\"x\\ny\"") == R"("x\ny")");
  CHECK(rewritten("false") == "false");
}
