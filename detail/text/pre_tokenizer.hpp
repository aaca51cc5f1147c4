#pragma once
#include "../core/config.hpp"
#include "unicode.hpp"

#include <cstddef>
#include <cstring>
#include <string_view>

namespace moe::inline MOE_ABI::detail {

// Pre-tokenizers are regular expressions that cut a text into pieces, each of which becomes tokens by itself.
// There are few of them, so each is a function here instead of a program for an engine. The functions below
// look at the front of a text and return the size in bytes of what they match; 0 is no match.

bool is_newline(std::string_view text, std::size_t at);

/// `(?i:'s|'t|'re|'ve|'m|'ll|'d)`
std::size_t contraction(std::string_view text);

/// `[^\r\n\p{L}\p{N}]?\p{L}+`; `letters` may also have marks in it, as in `[\p{L}\p{M}]+`.
std::size_t prefixed_word(std::string_view text, CharacterClasses letters);

/// `\p{N}{1,most}`
std::size_t digits(std::string_view text, std::size_t most);

/// ` ?[^\s\p{L}\p{N}]+`, also without what else is in `letters`.
std::size_t symbols(std::string_view text, CharacterClasses letters);

/// ` ?[^\s\p{L}\p{N}]+[\r\n]*`
std::size_t punctuation(std::string_view text, CharacterClasses letters);

/// `\s*[\r\n]+|\s+(?!\S)|\s+`: a run of white space up to its last line break; without one, all of it but a
/// last character that a word may begin with.
std::size_t white_space(std::string_view text);

/// The patterns of this shape differ in how many digits stand together, and in whether marks are like letters.
std::size_t piece(std::string_view text, std::size_t most_digits, CharacterClasses letters);

inline std::size_t qwen2_piece(std::string_view text) { return piece(text, 1, character::letter); }
inline std::size_t llama3_piece(std::string_view text) { return piece(text, 3, character::letter); }
std::size_t qwen35_piece(std::string_view text);

/// `'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+`
std::size_t gpt2_piece(std::string_view text);

/// `U*W+` from `begin` on, or else `U+`, where U is `[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]` and W `[\p{Ll}\p{Lm}\p{Lo}\p{M}]`.
struct CasedWord {
  std::size_t end = 0;       // of U*W+; 0 for no match
  std::size_t capitals = 0;  // end of U+; 0 for no match

  CasedWord(std::string_view text, std::size_t begin);
};

/// `[^\r\n\p{L}\p{N}]?U*W+(contraction)?|[^\r\n\p{L}\p{N}]?U+W*(contraction)?`
std::size_t cased_word(std::string_view text);

std::size_t o200k_piece(std::string_view text);

/// `[一-龥぀-ゟ゠-ヿ]`
bool is_han_or_kana(std::string_view text, std::size_t at);

/// The last of the three Splits of DeepSeek-V3, within what the two before it leave together: characters that are no
/// numbers, and are all Han or kana, or none of them.
class DeepseekV3Part {
 public:
  explicit DeepseekV3Part(std::string_view text) : text_(text), han_or_kana_(is_han_or_kana(text, 0)) {}

  /// A match, or else a run of characters where none begins.
  std::size_t first_piece() const;

 private:
  Character at(std::size_t position) const;

  std::size_t end_of(std::size_t begin, CharacterClasses any_of) const;

  /// The end of what matches at `begin`; 0 for no match.
  std::size_t match(std::size_t begin) const;

  std::size_t end_of_ascii_letters(std::size_t begin) const;

  std::string_view text_;
  bool han_or_kana_;
};

std::size_t deepseek_v3_piece(std::string_view text);

/// A regular expression that cuts texts into pieces, and the function that does it.
struct SplitPattern {
  std::string_view regex;  // or several, one a line, each of which cuts the pieces of the one before

  /// The size in bytes, not 0, of the first piece of a text that is not empty. A byte that is not valid UTF-8
  /// is like a punctuation mark.
  std::size_t (*first_piece)(std::string_view text);
};

/// Qwen2, Qwen2.5, Qwen3.
inline constexpr SplitPattern qwen2_pattern = {
    R"((?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*|)"
    R"(\s*[\r\n]+|\s+(?!\S)|\s+)",
    detail::qwen2_piece};

/// Llama 3, and others of its time.
inline constexpr SplitPattern llama3_pattern = {
    R"((?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*|)"
    R"(\s*[\r\n]+|\s+(?!\S)|\s+)",
    detail::llama3_piece};

/// Qwen3.5.
inline constexpr SplitPattern qwen35_pattern = {
    R"((?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?[\p{L}\p{M}]+|\p{N}| ?[^\s\p{L}\p{M}\p{N}]+[\r\n]*|)"
    R"(\s*[\r\n]+|\s+(?!\S)|\s+)",
    detail::qwen35_piece};

/// GPT-2.
inline constexpr SplitPattern gpt2_pattern = {
    R"('s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+)", detail::gpt2_piece};

/// o200k: gpt-4o, gpt-oss.
inline constexpr SplitPattern o200k_pattern = {
    R"([^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]*[\p{Ll}\p{Lm}\p{Lo}\p{M}]+(?i:'s|'t|'re|'ve|'m|'ll|'d)?|)"
    R"([^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]+[\p{Ll}\p{Lm}\p{Lo}\p{M}]*(?i:'s|'t|'re|'ve|'m|'ll|'d)?|)"
    R"(\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n/]*|\s*[\r\n]+|\s+(?!\S)|\s+)",
    detail::o200k_piece};

/// DeepSeek-V3.
inline constexpr SplitPattern deepseek_v3_pattern = {
    "\\p{N}{1,3}\n"
    "[一-龥぀-ゟ゠-ヿ]+\n"
    R"([!"#$%&'()*+,\-./:;<=>?@\[\\\]^_`{|}~][A-Za-z]+|[^\r\n\p{L}\p{P}\p{S}]?[\p{L}\p{M}]+|)"
    R"( ?[\p{P}\p{S}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+)",
    detail::deepseek_v3_piece};

/// Cuts nothing.
inline constexpr SplitPattern whole_text_pattern = {"", [](std::string_view text) { return text.size(); }};

/// The pattern of that regular expression, letter by letter; null if there is none.
const SplitPattern* find_split_pattern(std::string_view regex);

}  // namespace moe::inline MOE_ABI::detail

#if MOE_DEFINITIONS
#include "pre_tokenizer.ipp"
#endif
