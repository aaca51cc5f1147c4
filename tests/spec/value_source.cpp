// SPDX-License-Identifier: MIT
#include "detail/spec/value_source.hpp"
#include "detail/io/checkpoint.hpp"
#include "detail/io/json.hpp"
#include "support/gguf_builder.hpp"
#include "support/gguf_model.hpp"
#include "support/message_of.hpp"
#include "support/temporary_directory.hpp"

#include <doctest/doctest.h>

#include <cstdint>
#include <initializer_list>
#include <limits>
#include <string>
#include <string_view>
#include <vector>

using moe::JsonDocument;
using moe::detail::ValueSource;

namespace {

const char* const some_values = R"({
  "size": 7, "number": 0.5, "flag": true, "text": "word", "nothing": null,
  "sizes": [1, 2, 3], "flags": [true, false], "texts": ["a", "b"], "inner": {"size": 9},
  "limits": [0, Infinity, -Infinity, {"__float__": "Infinity"}], "parts": {"00": {"a": 1}, "05": {}}
})";

/// Metadata under the prefix `x.`.
moe::Checkpoint some_metadata() {
  static const TemporaryDirectory directory;
  GgufBuilder file;
  file.value("x.size", 7u).value("x.number", 0.5f).value("x.flag", true).value("x.text", "word");
  file.array("x.sizes", 5, std::vector<std::int32_t>{1, 2, 3})
      .array("x.same", 4, std::vector<std::uint32_t>{4, 4})
      .array("x.flags", 7, std::vector<std::uint8_t>{1, 0})
      .array("x.negative", 5, std::vector<std::int32_t>{1, -2})
      .value("x.infinite", std::numeric_limits<float>::infinity())
      .value("x.above", 12, GgufBuilder::bytes_of(1.0000000001))
      .value("x.minus", 5, GgufBuilder::bytes_of(-3))
      .value("other", 1u);
  return moe::Checkpoint(directory.write("x.gguf", add_tensor(file, "a", {1}).file()));
}

}  // namespace

TEST_CASE("value source: values are members of an object, or metadata under a prefix") {
  const JsonDocument document(some_values, "config.json");
  const moe::Checkpoint checkpoint = some_metadata();
  const ValueSource json(document.root()), gguf(checkpoint.metadata(), "x.");
  CHECK_FALSE(json.is_gguf());
  CHECK(gguf.is_gguf());
  for (const ValueSource& values : {json, gguf}) {
    CHECK(values.has("size"));
    CHECK_FALSE(values.has("none"));
    CHECK_FALSE(values.has(""));
    CHECK(values.size("size", 1) == 7);
    CHECK(values.number("number", 0, {0, 1}) == 0.5);
    CHECK(values.flag("flag", false));
    CHECK(values.text("text", "") == "word");
    CHECK(values.sizes("sizes") == std::vector<std::size_t>{1, 2, 3});
    CHECK(values.sizes("size") == std::vector<std::size_t>{7});
    CHECK(values.flags("flags") == std::vector<bool>{true, false});
    CHECK(values.is_list("sizes"));
    CHECK_FALSE(values.is_list("size"));
    CHECK(values.is_text("text"));
    CHECK_FALSE(values.is_text("size"));
    CHECK(values.is_flag("flag"));
    CHECK_FALSE(values.is_flag("size"));
    CHECK(values.any_number("size") == 7);
    CHECK(values.any_number("number") == 0.5);
    CHECK(values.any_number("flag") == 1);
    CHECK_FALSE(values.any_number("none"));
  }
  CHECK_FALSE(gguf.has("other"));
  CHECK(json.texts("texts") == std::vector<std::string>{"a", "b"});
  CHECK(json.object("inner")->size("size", 0) == 9);
  CHECK_FALSE(json.object("none"));
  CHECK_FALSE(gguf.object("size"));
}

TEST_CASE("value source: for a value that is missing or null, the result is the argument `otherwise`") {
  const JsonDocument document(some_values, "config.json");
  const moe::Checkpoint checkpoint = some_metadata();
  const ValueSource json(document.root()), gguf(checkpoint.metadata(), "x.");
  for (const ValueSource& values : {json, gguf})
    for (const char* key : {"none", "nothing", ""}) {
      CHECK(values.size(key, 5) == 5);
      CHECK(values.number(key, 0.25, {0, 1}) == 0.25);
      CHECK(values.flag(key, true));
      CHECK(values.text(key, "other") == "other");
      CHECK(values.sizes(key).empty());
      CHECK(values.flags(key).empty());
      CHECK(values.texts(key).empty());
    }
  CHECK(json.is_null("nothing"));
  CHECK_FALSE(json.is_null("none"));
  CHECK_FALSE(json.has("nothing"));
}

TEST_CASE("value source: an error names the file, the key and the allowed range") {
  const JsonDocument document(some_values, "config.json");
  const moe::Checkpoint checkpoint = some_metadata();
  const ValueSource json(document.root()), gguf(checkpoint.metadata(), "x.");
  check_error([&] { return json.size("size", 1, {.least = 8}); },
              {"config.json: $.size", "a whole number from 8", "found 7"});
  check_error([&] { return json.size("none", 1, {.least = 8}); },
              {"config.json: $", "\"none\" to be a whole number from 8", "found 1"});
  check_error([&] { return json.size("text", 1); }, {"$.text", "a number", "a string"});
  check_error([&] { return json.number("size", 0, {0, 1}); }, {"$.size", "a number from 0 to 1", "found 7"});
  check_error([&] { return json.flag("size", false); }, {"$.size", "a boolean"});
  check_error([&] { return json.object("size"); }, {"$.size", "an object"});
  check_error([&] { return json.sizes("texts"); }, {"$.texts[0]", "a number"});
  check_error([&] { return gguf.size("size", 1, {.least = 8}); },
              {"x.gguf: key \"x.size\"", "a whole number from 8", "found 7"});
  check_error([&] { return gguf.size("none", 1, {.least = 8}); }, {"x.gguf: key \"x.none\"", "from 8"});
  check_error([&] { return gguf.size("sizes", 1); }, {"key \"x.sizes\"", "the same number for all layers"});
  check_error([&] { return gguf.size("text", 1); }, {"key \"x.text\"", "a whole number", "string"});
  check_error([&] { return gguf.sizes("negative"); }, {"key \"x.negative\"", "not negative"});
  check_error(
      [&] {
        return gguf.number("infinite", 0, {0, 1});
      },
      {"key \"x.infinite\"", "a number from 0 to 1", "inf"});
  check_error([&] { return gguf.fail_at("size", "this", "that"); },
              {"x.gguf: key \"x.size\": expected this, found that"});
}

TEST_CASE("value source: an error about a number shows all digits of the number") {
  const JsonDocument document(R"({"above": 1.0000000001})", "config.json");
  const moe::Checkpoint checkpoint = some_metadata();
  const ValueSource json(document.root()), gguf(checkpoint.metadata(), "x.");
  for (const ValueSource& values : {json, gguf})
    check_error(
        [&] {
          return values.number("above", 0, {0, 1});
        },
        {"above", "a number from 0 to 1, found 1.0000000001"});
}

TEST_CASE(
    "value source: a number of any type in a GGUF file may be negative, or an array of equal integers") {
  const moe::Checkpoint checkpoint = some_metadata();
  const ValueSource gguf(checkpoint.metadata(), "x.");
  CHECK(gguf.any_number("minus") == -3);
  CHECK(gguf.any_number("same") == 4);
}

TEST_CASE("value source: an error about a list that only config.json may have names the type of the value") {
  const moe::Checkpoint checkpoint = some_metadata();
  const ValueSource gguf(checkpoint.metadata(), "x.");
  check_error(
      [&] { return gguf.texts("text"); },
      {"x.gguf: key \"x.text\"", "lists of texts stand only in config.json", "a value of type string"});
  check_error([&] { return gguf.numbers("sizes"); },
              {"x.gguf: key \"x.sizes\"", "lists of numbers stand only in config.json",
               "an array of type i32 with 3 elements"});
}

TEST_CASE("value source: layers have elements of a list, or one number for all") {
  const JsonDocument document(some_values, "config.json");
  const moe::Checkpoint checkpoint = some_metadata();
  const ValueSource json(document.root()), gguf(checkpoint.metadata(), "x.");
  using Sizes = std::vector<std::size_t>;
  for (const ValueSource& values : {json, gguf}) {
    CHECK(values.sizes_of_layers("sizes", 2, 0) == Sizes{1, 2});
    CHECK(values.sizes_of_layers("size", 2, 0) == Sizes{7, 7});
    CHECK(values.sizes_of_layers("none", 3, 4) == Sizes{4, 4, 4});
    check_error([&] { return values.sizes_of_layers("sizes", 4, 0); },
                {"sizes", "an element for each of 4 layers", "3 elements"});
    check_error([&] { return values.sizes_of_layers("sizes", 3, 0, {.least = 2}); },
                {"sizes", "a whole number from 2", "found 1"});
  }
  CHECK(gguf.size("same", 0) == 4);
}

TEST_CASE("value source: numbers of a list may be infinite, as Python writes them") {
  constexpr double infinity = std::numeric_limits<double>::infinity();
  const JsonDocument document(some_values, "config.json");
  const ValueSource json(document.root());
  CHECK(json.numbers("limits") == std::vector<double>{0, infinity, -infinity, infinity});
  const JsonDocument wrong(R"({"a": [{"__float__": "NaN"}], "b": [{"c": 1}]})", "config.json");
  check_error([&] { return ValueSource(wrong.root()).numbers("a"); },
              {"$.a[0].__float__", "Infinity", "NaN"});
  check_error([&] { return ValueSource(wrong.root()).numbers("b"); }, {"$.b[0]", "__float__"});
}

TEST_CASE("value source: objects are listed with their names") {
  const JsonDocument document(some_values, "config.json");
  const ValueSource parts = *ValueSource(document.root()).object("parts");
  REQUIRE(parts.objects().size() == 2);
  CHECK(parts.objects()[1].first == "05");
  CHECK(parts.objects()[0].second.size("a", 0) == 1);
  CHECK(parts.names() == std::vector<std::string>{"00", "05"});
  check_error([&] { return ValueSource(document.root()).objects(); }, {"$.size", "an object"});
}
