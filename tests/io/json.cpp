// SPDX-License-Identifier: MIT
#include "detail/io/json.hpp"
#include "support/message_of.hpp"
#include "support/watchdog.hpp"

#include <doctest/doctest.h>

#include <chrono>
#include <limits>
#include <string>
#include <vector>

using moe::Json;
using moe::JsonDocument;

namespace {

std::string parse_error(std::string text) {
  return message_of([&] { return JsonDocument(std::move(text), "x.json"); });
}

}  // namespace

TEST_CASE("json: members and elements have the order of the text") {
  const JsonDocument document(R"( {"b": [1, 2, 3], "a": {"c": true}, "d": null} )");
  std::string keys;
  for (const Json member : document.root()) keys += member.key();
  CHECK(keys == "bad");
  std::vector<std::uint64_t> numbers;
  for (const Json element : document.root().at("b")) numbers.push_back(element.as_u64());
  CHECK(numbers == std::vector<std::uint64_t>{1, 2, 3});
  CHECK(document.root().at("a").at("c").as_bool());
  CHECK(document.root().at("d").is_null());
  CHECK_FALSE(document.root().find("e"));
}

TEST_CASE("json: empty containers have no elements") {
  const JsonDocument document(R"({"a": [], "b": {}})");
  CHECK(document.root().at("a").size() == 0);
  CHECK(document.root().at("a").begin() == document.root().at("a").end());
  CHECK(document.root().at("b").size() == 0);
}

TEST_CASE("json: escapes in strings become UTF-8") {
  const JsonDocument document(
      R"(["a\"\\\/\b\f\n\r\t", "\u00e9\u4e2d", "\ud83d\ude00", "plain é", "\u0000"])");
  std::vector<std::string> strings;
  for (const Json element : document.root()) strings.emplace_back(element.as_string());
  CHECK(strings[0] == "a\"\\/\b\f\n\r\t");
  CHECK(strings[1] == "\xc3\xa9\xe4\xb8\xad");
  CHECK(strings[2] == "\xf0\x9f\x98\x80");
  CHECK(strings[3] == "plain \xc3\xa9");
  CHECK(strings[4] == std::string(1, '\0'));
}

TEST_CASE("json: numbers are read exactly") {
  const JsonDocument document("[0, 18446744073709551615, -1.5e3, 1e-400, 0.1]");
  std::vector<Json> values;
  for (const Json element : document.root()) values.push_back(element);
  CHECK(values[0].as_u64() == 0);
  CHECK(values[1].as_u64() == 18446744073709551615u);
  CHECK(values[2].as_double() == -1500);
  CHECK(values[3].as_double() == 0);
  CHECK(values[4].as_double() == 0.1);
}

TEST_CASE("json: the zeros of a long number are not taken for its size") {
  const std::string zeros(400, '0');
  const JsonDocument document("[0." + zeros + "1, 1" + zeros + "e-5]");
  CHECK((*document.root().begin()).as_double() == 0);
  check_error([&] { return (*++document.root().begin()).as_double(); },
              {"$[1]", "a number that an f64 can hold", "1" + zeros + "e-5"});
}

TEST_CASE("json: the words Infinity and -Infinity, which Python writes, are numbers") {
  const JsonDocument document("[Infinity, -Infinity ,0]");
  std::vector<Json> values;
  for (const Json element : document.root()) values.push_back(element);
  REQUIRE(values.size() == 3);
  CHECK(values[0].as_double(true) == std::numeric_limits<double>::infinity());
  CHECK(values[1].as_double(true) == -std::numeric_limits<double>::infinity());
  CHECK(values[0].slice() == "Infinity");
  check_error([&] { return values[1].as_double(); }, {"$[1]", "a number that an f64 can hold", "-Infinity"});
  check_error([&] { return values[0].as_u64(); }, {"$[0]", "a whole number", "Infinity"});
}

TEST_CASE("json: a number out of range is an error with its path") {
  const JsonDocument document(R"({"a": [18446744073709551616, -1, 1.0, 1e999, 300]})", "x.json");
  std::vector<Json> values;
  for (const Json element : document.root().at("a")) values.push_back(element);
  check_error([&] { return values[0].as_u64(); },
              {"x.json", "$.a[0]", "a whole number", "18446744073709551616"});
  check_error([&] { return values[1].as_u64(); }, {"$.a[1]", "-1"});
  check_error([&] { return values[2].as_u64(); }, {"$.a[2]", "1.0"});
  check_error([&] { return values[3].as_double(); }, {"$.a[3]", "1e999"});
  check_error([&] { return values[4].as_u64(255); }, {"from 0 to 255", "300"});
}

TEST_CASE("json: a value of the wrong kind is an error that names both kinds") {
  const JsonDocument document(R"({"a": {"b": "text"}})", "x.json");
  const Json b = document.root().at("a").at("b");
  check_error([&] { return b.as_u64(); }, {"$.a.b", "expected a number", "found a string"});
  check_error([&] { return b.as_array(); }, {"expected an array"});
  check_error([&] { return b.find("c"); }, {"expected an object"});
  check_error([&] { return document.root().as_string(); }, {"$", "expected a string", "found an object"});
  check_error([&] { return document.root().at("c"); }, {"\"c\"", "found none"});
}

TEST_CASE("json: a duplicate name is an error when it is looked up") {
  const JsonDocument document(R"({"a": 1, "b": 2, "a": 3})", "x.json");
  CHECK(document.root().find("b").as_u64() == 2);
  check_error([&] { return document.root().find("a"); }, {"$.a", "one member of this name", "two"});
}

TEST_CASE("json: a text that is not JSON is refused with the offset of the error") {
  for (const std::string text : {"",
                                 " ",
                                 "{",
                                 "[1,",
                                 "[1 2]",
                                 "[1,]",
                                 "{\"a\"}",
                                 "{\"a\":}",
                                 "{a:1}",
                                 "{\"a\":1,}",
                                 "nul",
                                 "truex",
                                 "01",
                                 "+1",
                                 "1.",
                                 ".5",
                                 "1e",
                                 "1e+",
                                 "-",
                                 "NaN",
                                 "Infinit",
                                 "+Infinity",
                                 "infinity",
                                 "--Infinity",
                                 "Infinity1",
                                 "'a'",
                                 "\"a",
                                 "\"\\x\"",
                                 "\"\\u12\"",
                                 "\"\\u12g4\"",
                                 "\"\\ud800\"",
                                 "\"\\udc00\"",
                                 "\"\\ud800\\u0041\"",
                                 "\"a\nb\"",
                                 "[] []",
                                 "{} x",
                                 "\"\\",
                                 "\"\\ud800\\",
                                 "[\"\t\"]"}) {
    CAPTURE(text);
    const std::string message = parse_error(text);
    CHECK(message.find("x.json: byte ") == 0);
  }
}

TEST_CASE("json: an error about a number or an escape names the byte that is wrong") {
  CHECK(parse_error("[1.x]") == "x.json: byte 3: expected a digit, found 'x'");
  CHECK(parse_error("1e+") == "x.json: byte 3: expected a digit, found the end of the text");
  CHECK(parse_error("[x]") == "x.json: byte 1: expected a JSON value, found 'x'");
  CHECK(parse_error("\"\\u12g4\"") == "x.json: byte 5: expected four hexadecimal digits, found 'g'");
  CHECK(parse_error("\"\\ud800\\u0041\"") ==
        "x.json: byte 1: expected a pair of surrogates, found a lone surrogate");
}

TEST_CASE("json: invalid UTF-8 is refused") {
  for (const std::string text : {"\"\xff\"", "\"\xc3\"", "\"\xe0\x80\x80\"", "\"\xed\xa0\x80\"",
                                 "\"\xf4\x90\x80\x80\"", "\"\xc0\xaf\""})
    CHECK(parse_error(text).find("expected UTF-8") != std::string::npos);
}

TEST_CASE("json: 128 levels are accepted, more are refused without a deep recursion") {
  const auto nested = [](std::size_t depth) { return std::string(depth, '[') + std::string(depth, ']'); };
  CHECK(parse_error(nested(128)).empty());
  CHECK(parse_error(nested(129)).find("at most 128 levels") != std::string::npos);
  CHECK(parse_error(nested(10000)).find("at most 128 levels") != std::string::npos);
  CHECK(parse_error(std::string(10000, '[')).find("at most 128 levels") != std::string::npos);
}

TEST_CASE("json: a text that is truncated at any byte is refused") {
  const std::string whole = R"({"a": [1.5e3, "x\u00e9\n", true, null], "b": {"c": -0}})";
  for (std::size_t size = 0; size < whole.size(); ++size) {
    CAPTURE(size);
    CHECK_FALSE(parse_error(whole.substr(0, size)).empty());
  }
  CHECK(parse_error(whole).empty());
}

TEST_CASE("json: values stay valid when the document moves") {
  JsonDocument document(R"({"a": "short"})");
  const Json a = document.root().at("a");
  const JsonDocument moved = std::move(document);
  CHECK(a.as_string() == "short");
}

TEST_CASE("json: a Git LFS pointer or an HTML page in place of JSON is named") {
  CHECK(parse_error("version https://git-lfs.github.com/spec/v1\noid sha256:00\nsize 5\n")
            .find("byte 0: expected JSON, found a Git LFS pointer") != std::string::npos);
  CHECK(parse_error("\n<!DOCTYPE html><html>").find("found an HTML page") != std::string::npos);
  CHECK(parse_error("<?xml version='1.0'?><Error/>").find("found an XML text") != std::string::npos);
}

TEST_CASE("json: a large text is parsed in linear time") {
  // A parser with quadratic time takes minutes for 200,000 members with escapes and as many elements.
  const Watchdog watchdog(std::chrono::seconds(60));
  std::string text = "{\"list\": [0";
  for (int i = 0; i < 200'000; ++i) text += ",[]";
  text += "]";
  for (int i = 0; i < 200'000; ++i) text += ",\"\\u00e9" + std::to_string(i) + "\":0";
  const JsonDocument document(text + "}");
  std::size_t members = 0;
  for (const Json member : document.root()) members += member.key().empty() ? 0 : 1;
  CHECK(members == 200'001);
}
