#pragma once
#include "../core/config.hpp"
#include "../core/token.hpp"
#include "byte_alphabet.hpp"

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <limits>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace moe::inline MOE_ABI::detail {

/// How files write tokens. byte_alphabet: with one character for each byte, `Ġthe` for " the"; a text with other
/// characters (`<｜User｜>`) stands for its own UTF-8 bytes: it can be decoded, but no text becomes it. sentence_piece:
/// as they are, but with ▁ for a space; one with a space in it all the same can be decoded, but no text becomes it.
enum class Notation { byte_level, sentence_piece };

/// The tokens of a vocabulary: which bytes each of them writes, and which of them writes given bytes.
class Vocabulary {
 public:
  /// `tokens`: how many are going to be added; more are possible.
  explicit Vocabulary(std::size_t tokens = 0, Notation notation = Notation::byte_level);

  /// The largest id that is allowed in a file of so many tokens: ids index tables, so a hostile one must not
  /// make us reserve gigabytes.
  static constexpr TokenId largest_id(std::size_t tokens) {
    return tokens < (1u << 28) ? static_cast<TokenId>((1u << 20) + 4 * tokens) : none - 1;
  }

  /// Adds a token as a file writes it. Adds nothing and returns false if the id or the text is taken.
  bool add(TokenId id, std::string_view text);

  /// Adds a token that is not found by its text, such as one of those that are looked for before the text is broken
  /// into pieces. Adds nothing and returns false if the id is taken.
  bool add_apart(TokenId id, std::string_view text);

  /// The token that writes these bytes.
  std::optional<TokenId> find(std::string_view bytes) const { return find(bytes, Kind::bytes); }

  /// The token that a file writes so.
  std::optional<TokenId> find_text(std::string_view text) const;

  bool contains(TokenId id) const { return id < entries_.size() && entries_[id].kind != Kind::absent; }

  /// The bytes that a token writes, not always whole characters; none if there is no such token.
  std::string_view bytes(TokenId id) const { return contains(id) ? bytes(entries_[id]) : std::string_view(); }

  Notation notation() const { return notation_; }

  /// The highest id plus one.
  std::size_t size() const { return entries_.size(); }

 private:
  enum class Kind : std::uint8_t { absent, bytes, literal, apart };
  struct Entry {
    std::uint32_t begin = 0, size = 0;  // in arena_
    Kind kind = Kind::absent;
  };
  static constexpr TokenId none = std::numeric_limits<TokenId>::max();

  std::string_view bytes(const Entry& entry) const;

  /// Appends the bytes that stand for a text of a file.
  Kind write(std::string& out, std::string_view text) const;

  Entry append(std::string_view text);

  void set(TokenId id, const Entry& entry);

  std::optional<TokenId> find(std::string_view bytes, Kind kind) const;

  /// Where the token of these bytes stands in slots_, or the free slot where it would have to.
  std::size_t slot_of(std::string_view bytes, Kind kind) const;

  void rehash(std::size_t slots);

  Notation notation_;
  std::string arena_;           // the bytes of all tokens
  std::vector<Entry> entries_;  // [ids]
  std::vector<TokenId> slots_;  // open addressing, a power of two, at most half full
  std::size_t added_ = 0;       // tokens in slots_
};

}  // namespace moe::inline MOE_ABI::detail

#if MOE_DEFINITIONS
#include "vocabulary.ipp"
#endif
