// SPDX-License-Identifier: MIT
#pragma once
#include "properties.hpp"
#include "../unicode_category_tables.hpp"
#include "../unicode_tables.hpp"
#include "property_tables.hpp"
#include "script_tables.hpp"

#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

namespace moe::inline MOE_ABI::detail::regex {

/// The set of each property, by the name in small letters. Tables define some categories; the other categories are unions and
/// differences of these.
class PropertySets {
 public:
  PropertySets() {
    add_letters();
    add_numbers_and_marks();
    add_punctuation_and_symbols();
    add_others();
    add_scripts();
    add_posix_classes();
  }

  const CharacterSet* find(std::string_view name) const {
    const auto found = sets_.find(name);
    return found == sets_.end() ? nullptr : &found->second;
  }

  const CharacterSet& at(std::string_view name) const { return sets_.find(name)->second; }

 private:
  void add(std::string_view name, CharacterSet set) { sets_.emplace(name, std::move(set)); }
  void add_table(std::string_view name, std::string_view table) {
    add(name, CharacterSet::from_table(table));
  }

  void add_letters() {
    add_table("l", letter_ranges);
    add_table("ll", lower_ranges);
    add_table("lt", title_case_ranges);
    add("lowercase", at("ll").united(CharacterSet::from_table(other_lowercase_ranges)));
    add_table("lm", modifier_letter_ranges);
    add("lu", CharacterSet::from_table(upper_ranges).without(at("lt")));
    add("uppercase", at("lu").united(CharacterSet::from_table(other_uppercase_ranges)));
    add("lc", at("lu").united(at("ll")).united(at("lt")));
    add("lo", at("l").without(at("lc")).without(at("lm")));
  }

  void add_numbers_and_marks() {
    add_table("n", number_ranges);
    add_table("nd", decimal_number_ranges);
    add_table("nl", letter_number_ranges);
    add("no", at("n").without(at("nd")).without(at("nl")));
    add_table("m", mark_ranges);
    add_table("mc", spacing_mark_ranges);
    add_table("me", enclosing_mark_ranges);
    add("mn", at("m").without(at("mc")).without(at("me")));
  }

  void add_punctuation_and_symbols() {
    add_table("p", punctuation_ranges);
    add_table("pc", connector_punctuation_ranges);
    add_table("pd", dash_punctuation_ranges);
    add_table("ps", open_punctuation_ranges);
    add_table("pe", close_punctuation_ranges);
    add_table("pi", initial_punctuation_ranges);
    add_table("pf", final_punctuation_ranges);
    CharacterSet other = at("p");
    for (const std::string_view kind : {"pc", "pd", "ps", "pe", "pi", "pf"}) other = other.without(at(kind));
    add("po", std::move(other));
    add("s", CharacterSet::from_table(symbol_ranges).without(at("p")));
    add_table("sm", math_symbol_ranges);
    add_table("sc", currency_symbol_ranges);
    add_table("sk", modifier_symbol_ranges);
    add("so", at("s").without(at("sm")).without(at("sc")).without(at("sk")));
  }

  void add_others() {
    add_table("space", space_ranges);
    add("cc", CharacterSet({{0, 0x1f}, {0x7f, 0x9f}}));
    add_table("cf", format_ranges);
    add("co", CharacterSet({{0xe000, 0xf8ff}, {0xf0000, 0xffffd}, {0x100000, 0x10fffd}}));
    add("zl", CharacterSet({{0x2028, 0x2028}}));
    add("zp", CharacterSet({{0x2029, 0x2029}}));
    add("zs", at("space").without(at("cc")).without(at("zl")).without(at("zp")));
    add("z", at("zs").united(at("zl")).united(at("zp")));
    CharacterSet rest = CharacterSet({{0, 0x10ffff}});
    for (const std::string_view kind : {"l", "n", "m", "p", "s", "z"}) rest = rest.without(at(kind));
    add("c", rest);
    add("assigned", rest.complement().united(at("cc")).united(at("cf")).united(at("co")));
    add_table("emoji", emoji_ranges);
    add_table("extendedpictographic", extended_pictographic_ranges);
    add("any", CharacterSet({{0, 0x10ffff}}));
  }

  void add_scripts() {
    add_table("han", han_ranges);
    add_table("hiragana", hiragana_ranges);
    add_table("katakana", katakana_ranges);
    add_table("hangul", hangul_ranges);
    add_table("bopomofo", bopomofo_ranges);
    add_table("latin", latin_ranges);
    add_table("greek", greek_ranges);
    add_table("cyrillic", cyrillic_ranges);
    add_table("arabic", arabic_ranges);
    add_table("hebrew", hebrew_ranges);
    add_table("devanagari", devanagari_ranges);
    add_table("thai", thai_ranges);
    add_table("armenian", armenian_ranges);
    add_table("bengali", bengali_ranges);
    add_table("common", common_ranges);
    add_table("ethiopic", ethiopic_ranges);
    add_table("georgian", georgian_ranges);
    add_table("gujarati", gujarati_ranges);
    add_table("gurmukhi", gurmukhi_ranges);
    add_table("inherited", inherited_ranges);
    add_table("kannada", kannada_ranges);
    add_table("khmer", khmer_ranges);
    add_table("lao", lao_ranges);
    add_table("malayalam", malayalam_ranges);
    add_table("mongolian", mongolian_ranges);
    add_table("myanmar", myanmar_ranges);
    add_table("oriya", oriya_ranges);
    add_table("sinhala", sinhala_ranges);
    add_table("tamil", tamil_ranges);
    add_table("telugu", telugu_ranges);
    add_table("tibetan", tibetan_ranges);
  }

  void add_posix_classes() {
    const CharacterSet joiners({{0x200c, 0x200d}});
    const CharacterSet others =
        CharacterSet::from_table(word_extra_ranges).without(joiners).without(at("pc"));
    const CharacterSet letters = at("l").united(at("m")).united(at("nl")).united(others);
    add("alpha", letters.without(CharacterSet::from_table(other_mark_ranges)));
    add("alnum", at("alpha").united(at("nd")));
    add("word", letters.united(at("nd")).united(at("pc")));
    const CharacterSet latin1_numbers({{0xb2, 0xb3}, {0xb9, 0xb9}, {0xbc, 0xbe}});
    add("word outside brackets", at("word").united(latin1_numbers));
    add("digit", at("nd"));
    add("xdigit", CharacterSet({{'0', '9'}, {'A', 'F'}, {'a', 'f'}}));
    add("blank", at("zs").united(CharacterSet({{'\t', '\t'}})));
    add("cntrl", at("cc"));
    add("graph", at("assigned").without(at("space")).without(at("cc")));
    add("print", at("graph").united(at("zs")));
    add("ascii", CharacterSet({{0, 0x7f}}));
  }

  std::map<std::string, CharacterSet, std::less<>> sets_;
};

inline const PropertySets& property_sets() {
  static const PropertySets sets;
  return sets;
}

/// The name under which PropertySets has a property, such as "l" for the long name "letter". A name that is not in the list
/// below is returned unchanged.
inline std::string_view short_name(std::string_view name) {
  static constexpr std::pair<std::string_view, std::string_view> names[] = {
      {"letter", "l"},
      {"uppercaseletter", "lu"},
      {"lowercaseletter", "ll"},
      {"titlecaseletter", "lt"},
      {"modifierletter", "lm"},
      {"otherletter", "lo"},
      {"casedletter", "lc"},
      {"number", "n"},
      {"decimalnumber", "nd"},
      {"letternumber", "nl"},
      {"othernumber", "no"},
      {"mark", "m"},
      {"punctuation", "p"},
      {"symbol", "s"},
      {"separator", "z"},
      {"other", "c"},
      {"alphabetic", "alpha"},
      {"whitespace", "space"},
      {"lower", "lowercase"},
      {"upper", "uppercase"},
      {"hani", "han"},
      {"hira", "hiragana"},
      {"kana", "katakana"},
      {"hang", "hangul"},
      {"latn", "latin"},
      {"cyrl", "cyrillic"},
      {"zyyy", "common"},
      {"zinh", "inherited"},
      {"beng", "bengali"},
      {"deva", "devanagari"},
      {"punct", "p"},
  };
  for (const auto& [long_name, short_one] : names)
    if (long_name == name) return short_one;
  return name;
}

MOE_INLINE std::optional<CharacterSet> find_property(std::string_view name, bool in_class) {
  std::string plain;
  for (const char c : name) {
    if (c == ' ' || c == '-' || c == '_') continue;
    plain += c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  }
  if (plain == "word") return word_characters(in_class);
  const CharacterSet* found = property_sets().find(short_name(plain));
  return found ? std::optional<CharacterSet>(*found) : std::optional<CharacterSet>();
}

MOE_INLINE std::optional<CharacterSet> find_posix_class(std::string_view name) {
  if (name == "punct") return property_sets().at("p").united(property_sets().at("s"));
  return find_property(name, true);
}

MOE_INLINE const CharacterSet& decimal_digits() { return property_sets().at("nd"); }
MOE_INLINE const CharacterSet& word_characters(bool in_class) {
  return property_sets().at(in_class ? "word" : "word outside brackets");
}
MOE_INLINE const CharacterSet& white_spaces() { return property_sets().at("space"); }
MOE_INLINE const CharacterSet& hexadecimal_digits() { return property_sets().at("xdigit"); }

}  // namespace moe::inline MOE_ABI::detail::regex
