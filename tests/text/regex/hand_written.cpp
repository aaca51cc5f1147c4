// SPDX-License-Identifier: MIT
#include "detail/core/concat.hpp"
#include "detail/core/error.hpp"
#include "detail/core/utf8.hpp"
#include "detail/text/piece_cutter.hpp"

#include <doctest/doctest.h>

#include <iterator>
#include <random>
#include <string>
#include <string_view>
#include <vector>

namespace {

/// The steps of a pattern, all run by the engine.
std::vector<moe::detail::SplitStep> engine_steps(std::string_view lines) {
  std::vector<moe::detail::SplitStep> steps;
  for (;;) {
    const std::size_t end = lines.find('\n');
    steps.push_back({.program = std::make_shared<const moe::detail::regex::Program>(
                         moe::detail::regex::compile(lines.substr(0, end), "a test"))});
    if (end == lines.npos) return steps;
    lines.remove_prefix(end + 1);
  }
}

std::vector<std::string> cut_by(moe::detail::PieceCutter& cutter, std::string_view text) {
  std::vector<std::string> pieces;
  cutter.cut(text, true, [&](std::string_view piece) { pieces.emplace_back(piece); });
  return pieces;
}

/// Characters that the patterns treat in different ways.
std::string random_characters(std::mt19937& random) {
  static constexpr char32_t alphabet[] = {
      ' ',  ' ',   '\n',   '\r',   '\t',   'a',    's',    'S',    't',   'r',    'e',    'v',     'l',
      'L',  'm',   'd',    '\'',   '\'',   '1',    '2',    '/',    '!',   '_',    'A',    '$',     0xe9,
      0xc9, 0x17f, 0x212a, 0x4e2d, 0x3042, 0x301,  0x2160, 0xb2,   0xa0,  0x3000, 0x1c5,  0x2b0,   0x1f600,
      0,    0x85,  0x2028, 0x2019, 0x966,  0xffff, 0x180e, 0x200b, 0x94d, 0x915,  0xe000, 0x10400, 0x5d0};
  std::string text;
  for (std::size_t left = random() % 20; left > 0; --left) {
    if (random() % 40 == 0) {
      text += static_cast<char>(static_cast<unsigned char>(random() % 256));
    } else {
      moe::detail::append_utf8(text, alphabet[random() % std::size(alphabet)]);
    }
  }
  return text;
}

}  // namespace

TEST_CASE("regex: the engine cuts random texts as the functions written by hand") {
  std::mt19937 random(16);
  for (const moe::detail::SplitPattern* pattern :
       {&moe::detail::qwen2_pattern, &moe::detail::bailing_pattern, &moe::detail::llama3_pattern,
        &moe::detail::cl100k_pattern, &moe::detail::qwen35_pattern, &moe::detail::gpt2_pattern,
        &moe::detail::starcoder_pattern, &moe::detail::o200k_pattern, &moe::detail::tekken_pattern,
        &moe::detail::deepseek_v3_pattern}) {
    const std::vector<moe::detail::SplitStep> by_engine = engine_steps(pattern->regex);
    const std::vector<moe::detail::SplitStep> by_hand{{.pattern = pattern}};
    moe::detail::PieceCutter engine(by_engine), hand(by_hand);
    for (int i = 0; i < 3000; ++i) {
      const std::string text = random_characters(random);
      INFO(pattern->regex, ": ", moe::detail::printable(text));
      REQUIRE(cut_by(engine, text) == cut_by(hand, text));
    }
  }
}
