// SPDX-License-Identifier: MIT
// Regular expressions. If the first byte selects a pattern for which a function written by hand exists, the engine and the
// function cut the rest of the input into the same pieces. Otherwise the rest of the input is a pattern, a line feed and a
// text: an Error refuses the pattern, or the pattern cuts the text into pieces without gaps, and no piece is empty.
#include "target.hpp"

#include "detail/core/error.hpp"
#include "detail/text/piece_cutter.hpp"

#include <memory>
#include <string_view>
#include <vector>

namespace {

using moe::detail::SplitPattern, moe::detail::SplitStep;

const SplitPattern* const patterns[] = {&moe::detail::qwen2_pattern,  &moe::detail::bailing_pattern,
                                        &moe::detail::llama3_pattern, &moe::detail::cl100k_pattern,
                                        &moe::detail::qwen35_pattern, &moe::detail::gpt2_pattern,
                                        &moe::detail::o200k_pattern,  &moe::detail::tekken_pattern};

std::vector<SplitStep> by_engine(std::string_view regex) {
  return {{.program = std::make_shared<const moe::detail::regex::Program>(
               moe::detail::regex::compile(regex, "fuzz"))}};
}

std::vector<std::string_view> pieces_of(const std::vector<SplitStep>& steps, std::string_view text) {
  std::vector<std::string_view> pieces;
  moe::detail::PieceCutter(steps).cut(text, true, [&](std::string_view piece) { pieces.push_back(piece); });
  return pieces;
}

void compare(std::size_t index, std::string_view text) {
  static const std::vector<std::vector<SplitStep>> engines = [] {
    std::vector<std::vector<SplitStep>> all;
    for (const SplitPattern* pattern : patterns) all.push_back(by_engine(pattern->regex));
    return all;
  }();
  FUZZ_CHECK(pieces_of(engines[index], text) == pieces_of({{.pattern = patterns[index]}}, text));
}

void cut_by(std::string_view regex, std::string_view text) {
  try {
    std::size_t bytes = 0;
    for (const std::string_view piece : pieces_of(by_engine(regex), text)) {
      FUZZ_CHECK(!piece.empty());
      bytes += piece.size();
    }
    FUZZ_CHECK(bytes == text.size());
  } catch (const moe::Error&) {  // an unsupported pattern, or one that takes too many steps
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const std::string_view text(reinterpret_cast<const char*>(data) + 1, size - 1);
  const std::size_t index = data[0] & 15;
  if (index < sizeof(patterns) / sizeof(patterns[0])) {
    compare(index, text);
  } else {
    const std::size_t line = text.find('\n');
    if (line != text.npos) cut_by(text.substr(0, line), text.substr(line + 1));
  }
  return 0;
}
