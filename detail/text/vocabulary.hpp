// SPDX-License-Identifier: MIT
#pragma once
#include "../core/config.hpp"
#include "../core/token.hpp"
#include "hash.hpp"
#include "notation.hpp"

#include <array>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace moe::inline MOE_ABI::detail {

/// The tokens of a vocabulary: id -> bytes, and bytes -> id by a hash table. The hash has a secret key, so that the author of a
/// file cannot choose tokens that collide.
class Vocabulary {
 public:
  /// `tokens`: the expected number; more are possible. `names_bytes`: the token of a byte is decoded as its name, such as
  /// `<0x0A>`, not as the byte.
  explicit Vocabulary(std::size_t tokens = 0, Notation notation = Notation::byte_level,
                      bool names_bytes = false);

  /// The largest id that a file with this number of tokens may use. Ids index arrays, so a large id in a small file must not
  /// allocate gigabytes.
  static constexpr TokenId largest_id(std::size_t tokens) {
    return tokens < (1u << 28) ? static_cast<TokenId>((1u << 20) + 4 * tokens) : none - 1;
  }

  /// Adds a token as a file writes it. Adds nothing and returns false if the id or the text is taken.
  bool add(TokenId id, std::string_view text);

  /// Adds a token that find() and find_text() do not return: an added token. Adds nothing and returns false if the id is taken.
  bool add_apart(TokenId id, std::string_view text);

  /// Adds SentencePiece's token of a single byte, which find() and find_text() do not return. Adds nothing and returns false if
  /// the id is taken.
  bool add_byte(TokenId id, int byte);

  /// The token that writes these bytes, if merging can make this token (see Notation).
  std::optional<TokenId> find(std::string_view bytes) const { return find(bytes, Kind::bytes); }

  /// The token that add() has added for `text`.
  std::optional<TokenId> find_text(std::string_view text) const;

  bool contains(TokenId id) const { return id < entries_.size() && entries_[id].kind != Kind::absent; }

  /// Whether the token writes a single byte, which may be a part of a character: SentencePiece's token of the byte.
  bool is_byte(TokenId id) const { return id < entries_.size() && entries_[id].kind == Kind::byte; }

  /// The bytes that a token writes, not always whole characters; empty if there is no such token.
  std::string_view bytes(TokenId id) const { return contains(id) ? bytes(entries_[id]) : std::string_view(); }

  Notation notation() const { return notation_; }

  /// The highest id plus one.
  std::size_t size() const { return entries_.size(); }

 private:
  enum class Kind : std::uint8_t {
    absent,
    bytes,    // of add(); merging can make the token
    literal,  // of add(); merging never makes the token, see Notation
    apart,    // of add_apart()
    byte,     // of add_byte()
  };
  struct Entry {
    std::uint32_t begin = 0, size = 0;  // in arena_
    Kind kind = Kind::absent;
  };
  static constexpr TokenId none = std::numeric_limits<TokenId>::max();

  std::string_view bytes(const Entry& entry) const {
    return std::string_view(arena_).substr(entry.begin, entry.size);
  }

  /// Appends the bytes that a text of a file stands for.
  Kind write(std::string& out, std::string_view text) const;

  Entry append(std::string_view text);

  void set(TokenId id, const Entry& entry);

  std::optional<TokenId> find(std::string_view bytes, Kind kind) const;

  /// The slot of the token with these bytes, or the free slot where such a token belongs.
  std::size_t slot_of(std::string_view bytes, Kind kind) const;

  void rehash(std::size_t slots);

  Notation notation_;
  bool names_bytes_;
  HashKey key_;
  std::string arena_;           // the bytes of all tokens
  std::vector<Entry> entries_;  // [ids]
  std::vector<TokenId> slots_;  // open addressing, a power of two, at most half full
  std::size_t added_ = 0;       // tokens in slots_
};

/// [bytes]: the tokens <0x00> to <0xFF> of SentencePiece, which spell characters that are no tokens.
using ByteTokens = std::array<std::optional<TokenId>, 256>;

/// Adds the token of a byte by add_byte(). Adds nothing and returns false if the id or the byte is taken.
bool add_byte_token(Vocabulary& vocabulary, ByteTokens& tokens, TokenId id, int byte);

}  // namespace moe::inline MOE_ABI::detail

#if MOE_DEFINITIONS
#include "vocabulary.ipp"
#endif
