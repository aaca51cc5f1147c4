// SPDX-License-Identifier: MIT
#include "detail/core/concat.hpp"
#include "detail/core/utf8.hpp"
#include "detail/text/regex/matcher.hpp"
#include "support/message_of.hpp"
#include "support/watchdog.hpp"

#include <doctest/doctest.h>

#include <chrono>
#include <initializer_list>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace {

using RegexMatches = std::vector<std::string>;

/// All matches of a pattern in a text.
RegexMatches find_all(std::string_view pattern, std::string_view text) {
  const moe::detail::regex::Program program = moe::detail::regex::compile(pattern, "a file");
  moe::detail::regex::Matcher matcher(program);
  matcher.reset(text);
  RegexMatches matches;
  while (const std::optional<moe::detail::regex::Match> match = matcher.next())
    matches.emplace_back(text.substr(match->begin, match->end - match->begin));
  return matches;
}

}  // namespace

TEST_CASE("regex: literals, alternatives and quantifiers match as in Perl") {
  CHECK(find_all("ab", "abcab") == RegexMatches{"ab", "ab"});
  CHECK(find_all("a|ab", "ab") == RegexMatches{"a"});
  CHECK(find_all("ab|a", "aab") == RegexMatches{"a", "ab"});
  CHECK(find_all("a+", "aaba") == RegexMatches{"aa", "a"});
  CHECK(find_all("a+?b?", "aab") == RegexMatches{"a", "ab"});
  CHECK(find_all("a{2,3}", "aaaaa") == RegexMatches{"aaa", "aa"});
  CHECK(find_all("a{2}", "aaaaa") == RegexMatches{"aa", "aa"});
  CHECK(find_all("a{,2}b", "aaab") == RegexMatches{"aab"});
  CHECK(find_all("(?:ab){2,}", "ababab") == RegexMatches{"ababab"});
  CHECK(find_all("(?:ab|a)+?c", "abac") == RegexMatches{"abac"});
  CHECK(find_all("(a)(?<name>b)", "ab") == RegexMatches{"ab"});
  CHECK(find_all("a{x", "a{x") == RegexMatches{"a{x"});
}

TEST_CASE("regex: a match of no characters counts unless it is where the last match ended") {
  CHECK(find_all("a*", "baac") == RegexMatches{"", "aa", ""});
  CHECK(find_all("(?=b)", "abb") == RegexMatches{"", ""});
  CHECK(find_all("", "a") == RegexMatches{"", ""});
  CHECK(find_all("(?:a*)*", "aab") == RegexMatches{"aa", ""});
  CHECK(find_all("(?:a|b*)*c", "abbac") == RegexMatches{"abbac"});
}

TEST_CASE(
    "regex: a loop ends after an empty round that contains a condition or an atomic group with a loop") {
  for (const char* const pattern :
       {"(?:(?=(?:x?)*)a?)*b", "(?:(?>(?:x?)*)a?)*b", "(?:(?:x?)*+a?)*b", "(?:(?!(?:x?)*)|a?)*b"})
    CHECK(find_all(pattern, "aab") == RegexMatches{"aab"});
  CHECK(find_all("(?:(?=(?:x?)*)a?)*?b", "aab") == RegexMatches{"aab"});
}

// The expected values are from Perl 5.36.
TEST_CASE("regex: a loop ends after a round of no characters, but tries other rounds if no match follows") {
  CHECK(find_all("x(?:a{0,1}?)*", "xa") == RegexMatches{"x"});
  CHECK(find_all("(?:|a)*b", "aab") == RegexMatches{"aab"});
  CHECK(find_all("x(?:b?|a)+", "xab") == RegexMatches{"x"});
  CHECK(find_all("x(?:|a)*+a", "xaa") == RegexMatches{"xa"});
  CHECK(find_all("x(?:(?:a|b)*?)+", "xab") == RegexMatches{"x"});
}

TEST_CASE("regex: loops with empty rounds around conditions take linear time") {
  const std::string text(50000, 'a');
  CHECK(find_all("(?:(?=a)a|(?:b?)*c)*", text) == RegexMatches{text});
  CHECK(find_all("(?:(?=(?:x?)*a)a?)*", text) == RegexMatches{text});
  CHECK(find_all("(?:(?:(?:a?)*|b?)*|c?)*d", text).empty());
}

TEST_CASE("regex: possessive quantifiers and atomic groups give nothing back") {
  CHECK(find_all("a++a", "aaa").empty());
  CHECK(find_all("a?+ab", "ab").empty());
  CHECK(find_all("a*+b", "aab") == RegexMatches{"aab"});
  CHECK(find_all("(?>a|ab)c", "abc").empty());
  CHECK(find_all("(?:ab)++", "abab") == RegexMatches{"abab"});
  CHECK(find_all("a{1,2}+a", "aaaa") == RegexMatches{"aaaa"});  // {1,2}+ is ({1,2})+, not possessive
}

TEST_CASE("regex: classes have ranges, complements, nested classes and intersections") {
  CHECK(find_all("[a-c]+", "abcd") == RegexMatches{"abc"});
  CHECK(find_all("[^a-c]+", "abxyc") == RegexMatches{"xy"});
  CHECK(find_all("[a[x-z]]+", "axzb") == RegexMatches{"axz"});
  CHECK(find_all("[a-z&&[^aeiou]]+", "hello") == RegexMatches{"h", "ll"});
  CHECK(find_all("[^a-z&&[^x]]+", "abx1") == RegexMatches{"x1"});
  CHECK(find_all("[]a]+", "a]b") == RegexMatches{"a]"});
  CHECK(find_all("[a-]+", "a-b") == RegexMatches{"a-"});
  CHECK(find_all("[\\d-x]+", "1-x2a") == RegexMatches{"1-x2"});
  CHECK(find_all("[\\x{4e00}-\\u9fff\\x41]+", "中A") == RegexMatches{"中A"});
  CHECK(find_all("[[:alpha:][:^digit:]]+", "a1b") == RegexMatches{"a", "b"});
  CHECK(find_all("[\\s|.]+", "a |.") == RegexMatches{" |."});
}

TEST_CASE("regex: properties have the characters of Unicode") {
  CHECK(find_all("\\p{L}+", "aé中1") == RegexMatches{"aé中"});
  CHECK(find_all("\\p{Lu}\\p{Ll}", "ÉaAb") == RegexMatches{"Éa", "Ab"});
  CHECK(find_all("\\p{N}", "1²Ⅷ४x") == RegexMatches{"1", "²", "Ⅷ", "४"});
  CHECK(find_all("\\d", "1²Ⅷ४x") == RegexMatches{"1", "४"});
  CHECK(find_all("\\P{L}|\\p{^L}", "a1") == RegexMatches{"1"});
  CHECK(find_all("\\p{Han}+", "漢字かな々〇") == RegexMatches{"漢字", "々〇"});
  CHECK(find_all("\\p{P}|\\p{S}", "!+a€") == RegexMatches{"!", "+", "€"});
  CHECK(find_all("\\p{S}", "!+a€") == RegexMatches{"+", "€"});
  CHECK(find_all("\\s", "a\u00a0\u200b\u3000\u0085") == RegexMatches{"\u00a0", "\u3000", "\u0085"});
  CHECK(find_all("\\w+", "a_é\u0301-² ⁴") == RegexMatches{"a_é\u0301", "²"});
  CHECK(find_all("\\p{Zs}+\\p{Letter}", "\u3000a\tb") == RegexMatches{"\u3000a"});
  CHECK(find_all("\\h+", "fFg9") == RegexMatches{"fF", "9"});
}

TEST_CASE("regex: a group may ignore case, with the letters that fold to ASCII") {
  CHECK(find_all("(?i:'s)", "'s'S'\u017f") == RegexMatches{"'s", "'S", "'\u017f"});
  CHECK(find_all("(?i:k)", "kK\u212a") == RegexMatches{"k", "K", "\u212a"});
  CHECK(find_all("(?i)[^a]|b", "aAbB") == RegexMatches{"b", "B"});
  CHECK(find_all("(?i:é)x", "Éxéx") == RegexMatches{"Éx", "éx"});
  CHECK(find_all("(?i:i)", "iI\u0130\u0131") == RegexMatches{"i", "I"});
  CHECK(find_all("a(?i)b|c", "aBac") == RegexMatches{"aB", "ac"});  // the group ends with the pattern
  CHECK(find_all("(?i:[a-z]+)", "aZ\u017f1") == RegexMatches{"aZ\u017f"});
}

TEST_CASE("regex: assertions and look-arounds match no characters") {
  CHECK(find_all("a(?=b)", "abac") == RegexMatches{"a"});
  CHECK(find_all("a(?!b)", "abac") == RegexMatches{"a"});
  CHECK(find_all("(?<=ab|x)c", "abcxcc") == RegexMatches{"c", "c"});
  CHECK(find_all("(?<!a)b", "abb") == RegexMatches{"b"});
  CHECK(find_all("\\s+(?!\\S)|\\s+", "  a ") == RegexMatches{" ", " ", " "});
  CHECK(find_all("^a|b$", "a\na b\nb") == RegexMatches{"a", "a", "b", "b"});
  CHECK(find_all("\\Aa|a\\z", "aaa") == RegexMatches{"a", "a"});
  CHECK(find_all("a\\Z", "aa\n") == RegexMatches{"a"});
  CHECK(find_all("\\bé\\b", "é aé") == RegexMatches{"é"});
  CHECK(find_all("\\d{1,3}(?=(?:\\d{3})*\\b)", "1234567 12") == RegexMatches{"1", "234", "567", "12"});
  CHECK(find_all("(?=(\\d{3})+(?!\\d))", "1234567").size() == 2);
}

TEST_CASE("regex: an invalid byte is a character of no class") {
  CHECK(find_all("[^\\s\\p{L}]+", "a\xff\xe2\x82 b") == RegexMatches{"\xff\xe2\x82"});
  CHECK(find_all(".", "\xff\xc3\xa9") == RegexMatches{"\xff", "\xc3\xa9"});
  CHECK(find_all("\\S+\\S", "\xe2\x82\x82\xff") == RegexMatches{"\xe2\x82\x82\xff"});
  CHECK(find_all("[\\x{0}-\\x{10ffff}]", "\xff").empty());
}

TEST_CASE("regex: nested loops take linear time") {
  const std::string text(200000, 'a');
  CHECK(find_all("(?:a+)+b", text).empty());
  CHECK(find_all("(?:a|aa)+$b", text).empty());
  CHECK(find_all("a*a*a*b", text).empty());
  CHECK(find_all("a++b|a", text).size() == text.size());
  CHECK(find_all("(?:aa)*b|a", text).size() == text.size());
  CHECK(find_all("\\d{1,3}(?=(?:\\d{3})*\\b)", std::string(100000, '1')).size() == 33334);
  CHECK(find_all("\\s*[\\r\\n]+", std::string(200000, ' ')).empty());
}

TEST_CASE("regex: a pattern that takes too many steps for a text is an error") {
  const std::string nested = "(?:x?(?:a?(?=a*b|a))*)*c";
  const std::string message = message_of([&] { find_all(nested, std::string(20000, 'a')); });
  CHECK(message.find("at most 40100000 steps for a text of 20000 bytes, found at least ") != message.npos);
}

TEST_CASE("regex: the length of nested alternatives in a look-behind is computed in linear time") {
  std::string alternatives = "a";
  for (int i = 0; i < 90; ++i) alternatives = "(?:" + alternatives + "|b)";
  const Watchdog watchdog(std::chrono::seconds(60));
  CHECK(find_all("(?<=" + alternatives + "x)c", "axc") == RegexMatches{"c"});
}

TEST_CASE("regex: a look-ahead inside a look-behind is refused, as by Oniguruma") {
  for (const char* const pattern :
       {"(?<=(?=(?:ab)+c)a)b", "(?<!(?=a)a)b", "(?<=(?:a(?!b)|c))b", "(?<=(?<=(?=a)a))b"})
    check_error([&] { find_all(pattern, "ababc"); }, {"no look-ahead inside a look-behind"});
  CHECK(find_all("(?<=a)(?=b)", "ab") == RegexMatches{""});
  CHECK(find_all("(?=(?<=a)b)", "ab") == RegexMatches{""});
}

// The expected values of the next three cases are from Hugging Face's tokenizers 0.23.
TEST_CASE("regex: the property Punct contains no symbols, the POSIX class punct does") {
  for (const char* const pattern : {"\\p{Punct}", "[\\p{Punct}]", "\\p{P}"})
    CHECK(find_all(pattern, "!$_+-€°×«a") == RegexMatches{"!", "_", "-", "«"});
  CHECK(find_all("[[:punct:]]+", "!$_+-€°×«a") == RegexMatches{"!$_+-€°×«"});
  CHECK(find_all("[^[:punct:]]+", "a$b") == RegexMatches{"a", "b"});
}

TEST_CASE("regex: superscripts and fractions of Latin-1 are word characters outside brackets only") {
  CHECK(find_all("\\w+", "1²3 a½") == RegexMatches{"1²3", "a½"});
  CHECK(find_all("\\W+|\\P{Word}+", "1²3 a½") == RegexMatches{" "});
  CHECK(find_all("\\p{Word}", "a²") == RegexMatches{"a", "²"});
  CHECK(find_all("\\b\\w", "²a") == RegexMatches{"²"});
  CHECK(find_all("[\\w]+", "1²3 a½") == RegexMatches{"1", "3", "a"});
  CHECK(find_all("[^\\s\\w]+", "1²3 a½") == RegexMatches{"²", "½"});
  CHECK(find_all("[\\W]|[[:^word:]]", "1²a") == RegexMatches{"²"});
}

TEST_CASE("regex: properties of scripts, and the classes graph and print") {
  CHECK(find_all("\\p{Bengali}+|\\p{Tamil}+", "কখ அ a") == RegexMatches{"কখ", "அ"});
  CHECK(find_all("\\p{Khmer}\\p{Lao}\\p{Myanmar}", "កກက") == RegexMatches{"កກက"});
  CHECK(find_all("\\p{Common}+", "a1 +\u0301") == RegexMatches{"1 +"});
  CHECK(find_all("\\p{Inherited}", "a\u0301") == RegexMatches{"\u0301"});
  CHECK(find_all("[[:graph:]]+", "aé\u0301\u00ad \u00a0\u0378!") == RegexMatches{"aé\u0301\u00ad", "!"});
  CHECK(find_all("[[:print:]]+", "a \u00a0\u2028\t!") == RegexMatches{"a \u00a0", "!"});
  CHECK(find_all("\\p{Assigned}+", "a\u0378\n") == RegexMatches{"a", "\n"});
  CHECK(find_all("\\p{Emoji}", "1😀©a") == RegexMatches{"1", "😀", "©"});
  CHECK(find_all("\\p{Extended_Pictographic}", "1😀a") == RegexMatches{"😀"});
}

TEST_CASE("regex: the classes lower and upper are the properties Lowercase and Uppercase") {
  for (const char* const pattern : {"[[:lower:]]", "\\p{Lower}", "\\p{Lowercase}"})
    CHECK(find_all(pattern, "aªⅰⅠAǅ") == RegexMatches{"a", "ª", "ⅰ"});
  for (const char* const pattern : {"[[:upper:]]", "\\p{Upper}", "\\p{Uppercase}"})
    CHECK(find_all(pattern, "aªⅰⅠAǅ") == RegexMatches{"Ⅰ", "A"});
}

TEST_CASE("regex: a generic line break takes a carriage return and its line feed together") {
  CHECK(find_all("\\R", "a\r\n\n\rb\u2028\u0085\v") ==
        RegexMatches{"\r\n", "\n", "\r", "\u2028", "\u0085", "\v"});
  CHECK(find_all("\\R\\n", "\r\n").empty());
  CHECK(find_all("\\R+", "\r\n\r\na") == RegexMatches{"\r\n\r\n"});
}

TEST_CASE("regex: a comment may stand between an element and its quantifier") {
  CHECK(find_all("a(?#x)*b", "aab") == RegexMatches{"aab"});
  CHECK(find_all("[a](?#x)(?#y)?b", "aab") == RegexMatches{"ab"});
  CHECK(find_all("a*(?#not possessive)+a", "aa") == RegexMatches{"aa"});
  CHECK(find_all("a(?#\\))b", "ab") == RegexMatches{"ab"});
  check_error([] { find_all("(?#x)*b", ""); }, {"before a quantifier"});
  check_error([] { find_all("a(?#\\)b", ""); }, {"after a comment"});
}

TEST_CASE("regex: an error names the place in the pattern") {
  const auto refused = [](std::string_view pattern, std::initializer_list<std::string_view> parts) {
    check_error([&] { find_all(pattern, ""); }, parts);
  };
  refused("a(b", {"a file", "at byte 3", "`)`", "the end of the pattern"});
  refused("ab)", {"at byte 2", "the end of the pattern", "`)`"});
  refused("a|*", {"at byte 2", "before a quantifier"});
  refused("[a", {"at byte 2", "`]`"});
  refused("[z-a]", {"at byte 1", "lower to a higher", "found z-a"});
  refused("(a)\\1", {"at byte 4", "\\1"});
  refused("\\p{Klingon}", {"at byte 3", "Klingon"});
  refused("\\p{L", {"`}`"});
  refused("(?<=a+)b", {"look-behind of a fixed number", "found no fixed number"});
  refused("(?<=a(?:bc){200})d", {"at most 255", "found a larger number"});
  refused("(?W:a)", {"at byte 2", "supported"});
  refused("\\x{110000}", {"at byte 2", "code point of a character", "found {110000}"});
  refused("a{3,1}", {"at byte 1", "n at most m", "found {3,1}"});
  refused("a{100001}", {"at byte 2", "repeats up to 100000", "found at least 100001"});
  refused("(?=a)*", {"at byte 0", "look-around"});
  refused("a\xff", {"at byte 1", "UTF-8", "the byte \\xff"});
  refused("a\\", {"at byte 2"});
}

TEST_CASE("regex: patterns that would need much time or memory are refused") {
  const auto refused = [](const std::string& pattern, std::string_view expected, std::string_view found) {
    check_error([&] { find_all(pattern, ""); }, {expected, found});
  };
  refused(std::string(200, '(') + std::string(200, ')'), "at most 100 nested groups", "found 101");
  refused(std::string(200, '['), "at most 100 nested groups and classes", "found 101");
  refused("(?:a{1000}b{1000}){1000}(?:c{1000}){3000}", "4096 instructions", "at least 4097");
  refused("(?:(?:ab){1000}){1000}", "4096 instructions", "at least 4097");
  refused("(?:(?:(?:){1000}){1000}){1000}", "65536 parts", "at least 65537");
  refused("a?????????", "at most 4 quantifiers", "found 5");
  refused(std::string(20000, 'a'), "at most 16384 bytes", "found 20000");
  std::string many;
  for (char32_t c = 0x4e00; c < 0x4f80; ++c) {
    many += moe::detail::concat("[a", "]");
    moe::detail::append_utf8(many, c);
  }
  refused(many, "at most 256 different characters", "at least 257");
}
