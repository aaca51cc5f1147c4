#pragma once
#include "../core/concat.hpp"
#include "../core/error.hpp"
#include "../core/token.hpp"
#include "added_vocabulary.hpp"
#include "bpe.hpp"
#include "nfc.hpp"
#include "piece_encoder.hpp"
#include "token_stream.hpp"
#include "tokenizer_files.hpp"
#include "tokenizer_parts.hpp"

#include <cstddef>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace moe {

struct EncodeOptions {
  bool add_special_tokens = true;  // those that the tokenizer puts around every text
};

/// Turns text into tokens and back, as Hugging Face's tokenizers do. All members are thread-safe.
class Tokenizer {
 public:
  /// `path`: a tokenizer.json; or a checkpoint: a GGUF file, or a directory that holds tokenizer.json, or vocab.json,
  /// merges.txt and tokenizer_config.json, or a GGUF model. Throws if anything in these files is wrong, or unknown to this library.
  explicit Tokenizer(const std::string& path) : Tokenizer(read_tokenizer(path)) {}

  /// Throws if the parts contradict each other.
  explicit Tokenizer(TokenizerParts parts)
      : added_(parts.added_tokens, parts.nfc, parts.add_text_space, parts.vocabulary, parts.name),
        bpe_(parts.vocabulary.notation() == Notation::byte_alphabet
                 ? Bpe(std::move(parts.vocabulary), std::move(parts.merges), parts.bpe)
                 : Bpe(std::move(parts.vocabulary), std::move(parts.merges), std::move(parts.scores),
                       parts.byte_tokens, parts.bpe)),
        pattern_(parts.pattern),
        nfc_(parts.nfc),
        add_prefix_space_(parts.add_prefix_space),
        add_text_space_(parts.add_text_space),
        prefix_(std::move(parts.prefix)),
        suffix_(std::move(parts.suffix)) {
    expect(pattern_ != nullptr, parts.name, "pre-tokenizer", "one", "none");
    if (parts.bpe.unknown) require_token(*parts.bpe.unknown, parts.name, "unknown token");
    for (const TokenId id : prefix_) require_token(id, parts.name, "special tokens before a text");
    for (const TokenId id : suffix_) require_token(id, parts.name, "special tokens after a text");
  }

  /// The tokens of a text of less than 1 GiB. What is not valid UTF-8 in it is encoded byte by byte.
  std::vector<TokenId> encode(std::string_view text, EncodeOptions options = {}) const {
    expect(text.size() < std::size_t{1} << 30, "tokenizer", "text", "less than 1 GiB", "more");
    std::vector<TokenId> out;
    if (options.add_special_tokens)
      for (const TokenId id : prefix_) out.push_back(id);
    std::string
        normalized;  // of the parts that are not; the encoder keeps views, so it must not move when it grows
    detail::PieceEncoder encoder(bpe_, *pattern_, add_prefix_space_, text.size(), out);
    const auto on_token = [&](TokenId id) { out.push_back(id); };
    const auto on_text = [&](std::string_view part) { encoder.append(part); };
    const auto on_raw_text = [&](std::string_view part) {
      if (bpe_.spells_characters()) part = append_metaspaced(part, text.size(), normalized);
      if (nfc_ && !detail::is_surely_nfc(part)) part = append_nfc(part, text.size(), normalized);
      added_.in_normalized().split(part, on_text, on_token);
    };
    added_.in_raw().split(text, on_raw_text, on_token);
    if (options.add_special_tokens)
      for (const TokenId id : suffix_) out.push_back(id);
    return out;
  }

  /// The text that tokens write: their bytes, with one U+FFFD for each part that is not valid UTF-8; with SentencePiece,
  /// one for each byte of a run of tokens `<0x0A>` that is not. Ids without a token are left out, and so are special
  /// tokens if `skip_special`.
  std::string decode(std::span<const TokenId> ids, bool skip_special = false) const {
    std::string out;
    detail::TokenStream stream(bpe_);
    for (const TokenId id : ids)
      if (!skip_special || !is_special(id)) stream.write(id, out);
    stream.finish(out);
    if (add_text_space_ && out.starts_with(' ')) out.erase(0, 1);
    return out;
  }

  const Bpe& bpe() const { return bpe_; }

  /// Whether every text is encoded with a space before it, which decoding takes away again.
  bool adds_text_space() const { return add_text_space_; }

  /// The bytes that a token writes, not always whole characters; none if there is no such token.
  std::string_view bytes(TokenId id) const { return bpe_.vocabulary().bytes(id); }

  /// Whether the token controls the model and is no part of what it says.
  bool is_special(TokenId id) const { return added_.is_special(id); }

  /// The added token of that content, or else the token of the vocabulary that writes it.
  std::optional<TokenId> id_of(std::string_view text) const {
    if (const std::optional<TokenId> added = added_.find(text)) return added;
    return bpe_.vocabulary().find(text);
  }

  /// The highest id plus one. Some ids below it may be without a token.
  std::size_t size() const { return bpe_.vocabulary().size(); }

 private:
  /// Appends the normalized part and returns it. A text becomes at most three times as long (annex 15 of Unicode).
  static std::string_view append_nfc(std::string_view part, std::size_t text_size, std::string& out) {
    out.reserve(3 * text_size);
    const std::size_t begin = out.size();
    out += detail::nfc(part);
    return std::string_view(out).substr(begin);
  }

  /// Appends the part as SentencePiece sees it, and returns it: a space before it, and the same for a space as for
  /// a ▁. Each is longer by one byte at most, so that twice the text is enough for all parts.
  std::string_view append_metaspaced(std::string_view part, std::size_t text_size, std::string& out) const {
    out.reserve(2 * text_size);
    const std::size_t begin = out.size();
    if (add_text_space_) out += ' ';
    detail::append_spaced(out, part);
    return std::string_view(out).substr(begin);
  }

  void require_token(TokenId id, std::string_view name, std::string_view place) const {
    if (!bpe_.vocabulary().contains(id)) fail(name, place, "the id of a token", detail::concat(id));
  }

  detail::AddedVocabulary added_;
  Bpe bpe_;
  const SplitPattern* pattern_;
  bool nfc_, add_prefix_space_, add_text_space_;
  std::vector<TokenId> prefix_, suffix_;
};

}  // namespace moe
