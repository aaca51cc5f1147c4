#include "detail/text/byte_run.hpp"

#include <doctest/doctest.h>

#include <string>
#include <string_view>
#include <vector>

namespace {

/// What comes out with each byte, and with the end of the run.
std::vector<std::string> steps(std::string_view bytes) {
  moe::detail::ByteRun run;
  std::vector<std::string> out;
  for (const char byte : bytes) run.write(byte, out.emplace_back());
  run.finish(out.emplace_back());
  return out;
}

using Steps = std::vector<std::string>;

}  // namespace

TEST_CASE("byte run: what may be valid waits for the end") {
  CHECK(steps("aé") == Steps{"", "", "", "aé"});
  CHECK(steps("") == Steps{""});
}

TEST_CASE("byte run: one invalid byte makes all of them U+FFFD, at once") {
  CHECK(steps("é\xff") == Steps{"", "", "\ufffd\ufffd\ufffd", ""});
  CHECK(steps("\xe4\xb8z") == Steps{"", "", "\ufffd\ufffd\ufffd", ""});
}

TEST_CASE("byte run: after an invalid byte each further one is U+FFFD, valid or not") {
  CHECK(steps("\xff"
              "aé") == Steps{"\ufffd", "\ufffd", "\ufffd", "\ufffd", ""});
}

TEST_CASE("byte run: half a character at the end makes all of them U+FFFD") {
  CHECK(steps("a\xe4\xb8") == Steps{"", "", "", "\ufffd\ufffd\ufffd"});
}

TEST_CASE("byte run: another run may begin after the end, whatever became of the one before") {
  moe::detail::ByteRun run;
  std::string out;
  for (const std::string_view bytes : {"\xff", "a", "\xe4", "é"}) {
    for (const char byte : bytes) run.write(byte, out);
    run.finish(out);
  }
  CHECK(out == "\ufffda\ufffdé");
}
