// SPDX-License-Identifier: MIT
// Compares the tables of the library with unicode_tables.txt in MOE_TEST_DATA, code point by code point.
#include "detail/text/canonical_forms.hpp"
#include "detail/text/unicode.hpp"
#include "support/test_data.hpp"

#include <doctest/doctest.h>

#include <fstream>
#include <map>
#include <set>
#include <sstream>
#include <string>
#include <tuple>
#include <vector>

using namespace moe::detail;

namespace {

using Words = std::vector<std::string>;

/// The words of each section of the file, which begins with "[name]...".
std::map<std::string, Words> read_sections(const std::string& path) {
  std::map<std::string, Words> sections;
  std::string line, section;
  for (std::ifstream file(path); std::getline(file, line);) {
    if (line.starts_with('#')) continue;
    if (line.starts_with('[')) {
      section = line.substr(1, line.find_first_of("(]") - 1);
      continue;
    }
    std::istringstream words(line);
    for (std::string word; words >> word;) sections[section].push_back(word);
  }
  return sections;
}

char32_t hex(const std::string& digits) { return static_cast<char32_t>(std::stoul(digits, nullptr, 16)); }

template <class F>
void for_each_of(const std::string& range, F f) {
  const std::size_t dash = range.find('-');
  const char32_t last = hex(dash == range.npos ? range : range.substr(dash + 1));
  for (char32_t c = hex(range.substr(0, dash)); c <= last; ++c) f(c);
}

std::set<char32_t> code_points(const Words& ranges) {
  std::set<char32_t> out;
  for (const std::string& range : ranges) for_each_of(range, [&](char32_t c) { out.insert(c); });
  return out;
}

}  // namespace

TEST_SUITE_BEGIN("real-data");

TEST_CASE("unicode: every code point has the classes of Hugging Face's tokenizers") {
  const auto path = test_data("unicode_tables.txt");
  if (!path) return;
  const auto sections = read_sections(*path);
  const std::pair<const char*, CharacterClasses> classes[] = {{"L", character::letter},
                                                              {"N", character::number},
                                                              {"M", character::mark},
                                                              {"WHITESPACE", character::space}};
  for (const auto& [name, bit] : classes) {
    const std::set<char32_t> expected = code_points(sections.at(name));
    for (char32_t c = 0; c < 0x110000; ++c) REQUIRE(((classes_of(c) & bit) != 0) == expected.contains(c));
  }
}

TEST_CASE("unicode: every code point has the case and the symbol class of its general category") {
  const auto path = test_data("unicode_tables.txt");
  if (!path) return;
  const auto sections = read_sections(*path);
  const std::tuple<CharacterClasses, const char*, const char*> classes[] = {
      {character::upper, "Lu", "Lt"}, {character::lower, "Ll", "Ll"}, {character::symbol, "P", "S"}};
  for (const auto& [bit, one, other] : classes) {
    std::set<char32_t> expected = code_points(sections.at(one));
    expected.merge(code_points(sections.at(other)));
    for (char32_t c = 0; c < 0x110000; ++c) REQUIRE(((classes_of(c) & bit) != 0) == expected.contains(c));
  }
}

TEST_CASE("unicode: every code point has the combining class of Unicode 9.0") {
  const auto path = test_data("unicode_tables.txt");
  if (!path) return;
  std::map<char32_t, int> expected;
  int current = 0;
  const auto sections = read_sections(*path);
  for (const std::string& word : sections.at("CCC")) {
    if (word.ends_with(':')) {
      current = std::stoi(word);
    } else {
      for_each_of(word, [&](char32_t c) { expected[c] = current; });
    }
  }
  for (char32_t c = 0; c < 0x110000; ++c) {
    const auto found = expected.find(c);
    REQUIRE(canonical_forms().combining_class(c) == (found == expected.end() ? 0 : found->second));
  }
}

TEST_CASE("unicode: every code point has the decomposition of Unicode 9.0") {
  const auto path = test_data("unicode_tables.txt");
  if (!path) return;
  std::map<char32_t, std::u32string> steps;
  const auto sections = read_sections(*path);
  for (const std::string& word : sections.at("DECOMP")) {
    const std::size_t arrow = word.find('>'), plus = word.find('+');
    std::u32string& parts = steps[hex(word.substr(0, arrow))];
    parts += hex(word.substr(arrow + 1, plus - arrow - 1));
    if (plus != word.npos) parts += hex(word.substr(plus + 1));
  }
  const auto fully = [&](const auto& self, char32_t c) -> std::u32string {
    if (!steps.contains(c)) return std::u32string(1, c);
    std::u32string out;
    for (const char32_t part : steps.at(c)) out += self(self, part);
    return out;
  };
  for (char32_t c = 0; c < 0x110000; ++c) {
    if (c >= 0xac00 && c < 0xd7a4) continue;  // Hangul is not in the tables
    std::u32string found;
    canonical_forms().decompose(c, found);
    REQUIRE(found == fully(fully, c));
  }
}

TEST_CASE("unicode: exactly the pairs of Unicode 9.0 have a composition") {
  const auto path = test_data("unicode_tables.txt");
  if (!path) return;
  std::map<std::pair<char32_t, char32_t>, char32_t> expected;
  std::set<char32_t> firsts, seconds;
  const auto sections = read_sections(*path);
  for (const std::string& word : sections.at("COMPOSE")) {
    const std::size_t plus = word.find('+'), arrow = word.find('>');
    const char32_t first = hex(word.substr(0, plus)), second = hex(word.substr(plus + 1, arrow - plus - 1));
    expected[{first, second}] = hex(word.substr(arrow + 1));
    firsts.insert(first);
    seconds.insert(second);
  }
  for (const char32_t first : firsts) {
    for (const char32_t second : seconds) {
      const auto pair = expected.find({first, second});
      REQUIRE(canonical_forms().compose(first, second) == (pair == expected.end() ? 0 : pair->second));
    }
  }
}

TEST_SUITE_END();
