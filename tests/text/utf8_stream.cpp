#include "detail/core/utf8.hpp"
#include "detail/text/utf8_stream.hpp"

#include <doctest/doctest.h>

#include <random>
#include <string>
#include <vector>

using moe::detail::Utf8Stream;

namespace {

std::vector<std::string> write_each(const std::vector<std::string>& parts) {
  std::vector<std::string> out;
  Utf8Stream stream;
  for (const std::string& part : parts) stream.write(part, out.emplace_back());
  stream.finish(out.emplace_back());
  return out;
}

using Texts = std::vector<std::string>;

}  // namespace

TEST_CASE("utf8 stream: a character comes out when its last byte is there") {
  CHECK(write_each({"a\xf0", "\x9f\x98", "\x80z"}) == Texts{"a", "", "😀z", ""});
}

TEST_CASE("utf8 stream: an invalid part becomes one U+FFFD as soon as it is known to be invalid") {
  CHECK(write_each({"\xff"
                    "a"}) == Texts{"\ufffd"
                                   "a",
                                   ""});
  CHECK(write_each({"\xf0\x9f", "a"}) == Texts{"",
                                               "\ufffd"
                                               "a",
                                               ""});
  CHECK(write_each({"\xed", "\xa0", "\x80"}) == Texts{"", "\ufffd\ufffd", "\ufffd", ""});
  CHECK(write_each({"\xe4\xb8\xe4\xb8\xad"}) == Texts{"\ufffd中", ""});
}

TEST_CASE("utf8 stream: the beginning of a character at the end becomes one U+FFFD") {
  CHECK(write_each({"\xf0\x9f\x98"}) == Texts{"", "\ufffd"});
  CHECK(write_each({}) == Texts{""});
}

TEST_CASE("utf8 stream: it can be used again after its end") {
  Utf8Stream stream;
  std::string out;
  stream.write("\xe4", out);
  stream.finish(out);
  stream.write("\xb8\xad", out);
  stream.finish(out);
  CHECK(out == "\ufffd\ufffd\ufffd");
}

TEST_CASE("utf8 stream: where the parts are cut does not change what comes out, and it is valid UTF-8") {
  const Texts pool = {"a", "é", "中", "😀", "\xff", "\xe4\xb8", "\xf0\x9f", "\x80", "\xed\xa0\x80", "\xc3"};
  std::mt19937 generator(1);
  for (int i = 0; i < 5000; ++i) {
    std::string bytes, whole, cut;
    for (auto left = generator() % 10; left > 0; --left) bytes += pool[generator() % pool.size()];
    Utf8Stream at_once, in_bytes;
    at_once.write(bytes, whole);
    at_once.finish(whole);
    for (const char& c : bytes) in_bytes.write(std::string_view(&c, 1), cut);
    in_bytes.finish(cut);
    REQUIRE(whole == cut);
    REQUIRE(moe::detail::utf8_valid_prefix(whole) == whole.size());
  }
}
