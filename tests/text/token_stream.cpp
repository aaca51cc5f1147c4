// SPDX-License-Identifier: MIT
#include "detail/core/utf8.hpp"
#include "detail/text/token_stream.hpp"
#include "support/watchdog.hpp"

#include <doctest/doctest.h>

#include <chrono>
#include <random>
#include <string>
#include <string_view>
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

TEST_CASE("utf8 stream: the last byte of a character appends the character") {
  CHECK(write_each({"a\xf0", "\x9f\x98", "\x80z"}) == Texts{"a", "", "😀z", ""});
}

TEST_CASE("utf8 stream: an invalid part becomes one U+FFFD with the byte that makes it invalid") {
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

TEST_CASE("utf8 stream: an incomplete character at the end becomes one U+FFFD") {
  CHECK(write_each({"\xf0\x9f\x98"}) == Texts{"", "\ufffd"});
  CHECK(write_each({}) == Texts{""});
}

TEST_CASE("utf8 stream: another text may begin after finish()") {
  Utf8Stream stream;
  std::string out;
  stream.write("\xe4", out);
  stream.finish(out);
  stream.write("\xb8\xad", out);
  stream.finish(out);
  CHECK(out == "\ufffd\ufffd\ufffd");
}

TEST_CASE("utf8 stream: the text does not depend on how the bytes are cut into parts, and is valid UTF-8") {
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

// ---- runs of byte tokens

namespace {

/// The text that each byte appends, and then the text that the end of the run appends.
std::vector<std::string> steps(std::string_view bytes) {
  moe::detail::ByteRun run;
  std::vector<std::string> out;
  for (const char byte : bytes) run.write(byte, out.emplace_back());
  run.finish(out.emplace_back());
  return out;
}

}  // namespace

TEST_CASE("byte run: bytes that may be valid are held back up to the end") {
  CHECK(steps("aé") == Texts{"", "", "", "aé"});
  CHECK(steps("") == Texts{""});
}

TEST_CASE("byte run: an invalid byte turns all held bytes into U+FFFD immediately") {
  CHECK(steps("é\xff") == Texts{"", "", "\ufffd\ufffd\ufffd", ""});
  CHECK(steps("\xe4\xb8z") == Texts{"", "", "\ufffd\ufffd\ufffd", ""});
}

TEST_CASE("byte run: after an invalid byte each further byte is U+FFFD, valid or not") {
  CHECK(steps("\xff"
              "aé") == Texts{"\ufffd", "\ufffd", "\ufffd", "\ufffd", ""});
}

TEST_CASE("byte run: an incomplete character at the end turns all bytes into U+FFFD") {
  CHECK(steps("a\xe4\xb8") == Texts{"", "", "", "\ufffd\ufffd\ufffd"});
}

TEST_CASE("byte run: another run may begin after a valid or invalid run") {
  moe::detail::ByteRun run;
  std::string out;
  for (const std::string_view bytes : {"\xff", "a", "\xe4", "é"}) {
    for (const char byte : bytes) run.write(byte, out);
    run.finish(out);
  }
  CHECK(out == "\ufffda\ufffdé");
}

TEST_CASE("byte run: a run of a million bytes is written in linear time") {
  const Watchdog watchdog(std::chrono::seconds(60));
  moe::detail::ByteRun run;
  std::string out;
  for (int i = 0; i < 1'000'000; ++i) run.write('a', out);
  CHECK(out.empty());
  run.finish(out);
  CHECK(out.size() == 1'000'000);
}
