// SPDX-License-Identifier: MIT
#pragma once
#include "gguf_tokenizer.hpp"
#include "../core/concat.hpp"
#include "../core/error.hpp"
#include "../core/token.hpp"
#include "../io/file.hpp"
#include "../io/gguf_array.hpp"
#include "../io/gguf_metadata.hpp"
#include "../io/gguf_parser.hpp"
#include "bpe_files.hpp"
#include "gguf_pre_tokenizers.hpp"
#include "known_control_tokens.hpp"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <numeric>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace moe::inline MOE_ABI::detail {

class GgufTokenizer {
 public:
  GgufTokenizer(const File& file, const GgufMetadata& metadata);

  TokenizerParts read() &&;

 private:
  enum class Type : std::uint32_t { normal = 1, unknown, control, user_defined, unused, byte };

  static constexpr std::uint64_t most_token_bytes = 65535;
  static constexpr std::uint64_t most_bytes = std::uint64_t{1} << 30;  // of all tokens

  void read_byte_level();

  const GgufPreTokenizer& pre_tokenizer() const;

  void read_sentence_piece();

  /// SentencePiece with listed merges, without a space before texts. Always puts the bos token before a text: files of chat
  /// models say that there is none, because their template writes bos, but texts without a template need bos too.
  void read_gemma4();

  /// Leaves out unused tokens, which only fill the rows of the embedding. The id of an unused token is an id without a token.
  void read_tokens(Notation notation);

  /// The types of all tokens; empty if the file has none.
  std::vector<std::uint32_t> read_types() const;

  void add_token(const GgufArray& tokens, TokenId id, std::string text, Type type, Notation notation);

  void read_merges();

  /// The best score gets rank 0, and equal scores get equal ranks: of equal merges, the leftmost is done first.
  void read_scores();

  /// Reads the tokens before and after every text. `bos` and `eos`: the ids for files that name no bos or no eos.
  void add_around(bool bos_by_default, std::optional<TokenId> bos, std::optional<TokenId> eos);

  std::optional<TokenId> id(std::string_view key) const;
  TokenId required_id(std::string_view key, std::optional<TokenId> otherwise) const;

  /// The id, if the file has so many tokens; otherwise nothing.
  std::optional<TokenId> existing(TokenId id) const;

  std::string_view required_text(std::string_view key) const;

  [[noreturn]] void refuse(std::string_view key, std::string_view expected, std::string_view found) const;

  const File& file_;
  const GgufMetadata& metadata_;
  TokenizerParts parts_;
  std::size_t count_ = 0;  // of tokens, with the unused tokens
};

MOE_INLINE GgufTokenizer::GgufTokenizer(const File& file, const GgufMetadata& metadata)
    : file_(file), metadata_(metadata) {
  parts_.name = file.path();
}

MOE_INLINE TokenizerParts GgufTokenizer::read() && {
  const std::string_view model = required_text("tokenizer.ggml.model");
  if (model == "gpt2") {
    read_byte_level();
  } else if (model == "llama") {
    read_sentence_piece();
  } else if (model == "gemma4") {
    read_gemma4();
  } else {
    refuse("tokenizer.ggml.model", "gpt2, llama or gemma4", model);
  }
  return std::move(parts_);
}

MOE_INLINE void GgufTokenizer::read_byte_level() {
  const GgufPreTokenizer& pre = pre_tokenizer();
  parts_.pre.steps = pre.pattern ? std::vector<SplitStep>{{.pattern = pre.pattern}}
                                 : isolating_steps(pre.regexes, concat("tokenizer.ggml.pre ", pre.name));
  parts_.nfc = pre.nfc;
  parts_.bpe.ignore_merges = pre.ignore_merges;
  read_tokens(Notation::byte_level);
  read_merges();
  add_around(pre.add_bos, {}, {});
}

MOE_INLINE const GgufPreTokenizer& GgufTokenizer::pre_tokenizer() const {
  const std::string_view name = required_text("tokenizer.ggml.pre");
  if (const GgufPreTokenizer* known = find_gguf_pre_tokenizer(name)) return *known;
  refuse("tokenizer.ggml.pre",
         "qwen2, qwen35, llama-bpe, glm4, dbrx, gpt-2, starcoder, gpt-4o, tekken, deepseek-v3 or another "
         "name that "
         "llama.cpp knows for byte-level vocabularies",
         name);
}

MOE_INLINE void GgufTokenizer::read_sentence_piece() {
  parts_.add_text_space = metadata_.flag("tokenizer.ggml.add_space_prefix", true);
  if (parts_.add_text_space) parts_.left_out_at_begin = SpaceAtBegin::one;
  read_tokens(Notation::sentence_piece);
  read_scores();
  const std::optional<TokenId> unknown = id("tokenizer.ggml.unknown_token_id");
  parts_.bpe.unknown = unknown ? unknown : existing(0);
  parts_.bpe.fuse_unknown = true;
  add_around(true, existing(1), existing(2));
}

MOE_INLINE void GgufTokenizer::read_gemma4() {
  constexpr std::string_view space = "tokenizer.ggml.add_space_prefix";
  if (metadata_.flag(space, false)) metadata_.fail_at(*metadata_.find(space), "false", "true");
  read_tokens(Notation::sentence_piece);
  read_merges();
  parts_.bpe.unknown = id("tokenizer.ggml.unknown_token_id");
  parts_.bpe.fuse_unknown = true;
  add_around(true, {}, {});
  if (parts_.prefix.empty()) parts_.prefix = {required_id("tokenizer.ggml.bos_token_id", {})};
}

MOE_INLINE void GgufTokenizer::read_tokens(Notation notation) {
  GgufArray tokens(file_, metadata_, "tokenizer.ggml.tokens", GgufType::string);
  if (tokens.count() == 0) tokens.fail("at least one token", "none");
  count_ = static_cast<std::size_t>(tokens.count());
  const std::vector<std::uint32_t> types = read_types();
  parts_.vocabulary = Vocabulary(count_, notation);
  std::uint64_t bytes = 0;
  for (std::size_t i = 0; i < count_; ++i) {
    std::string text = tokens.text(most_token_bytes);
    bytes += text.size();
    if (bytes > most_bytes) tokens.fail(concat("at most ", most_bytes, " bytes in all"), "more");
    Type type = types.empty() ? Type::normal : Type{types[i]};
    const bool control = type == Type::control || type == Type::unknown;
    if (!control && is_known_control(text, type == Type::normal)) {
      parts_.warnings.push_back(concat(parts_.name, ": token ", i, ' ', printable(text), " has the type ",
                                       types.empty() ? 1u : types[i],
                                       " in the file, but is a control token"));
      type = Type::control;
    }
    if (!text.empty() && type != Type::unused)
      add_token(tokens, static_cast<TokenId>(i), std::move(text), type, notation);
  }
}

MOE_INLINE std::vector<std::uint32_t> GgufTokenizer::read_types() const {
  std::vector<std::uint32_t> types;
  if (!metadata_.find("tokenizer.ggml.token_type")) return types;
  GgufArray array(file_, metadata_, "tokenizer.ggml.token_type", GgufType::i32);
  array.require_count(count_);
  types.resize(count_);
  for (std::uint32_t& type : types) {
    type = array.number<std::uint32_t>();
    if (type < 1 || type > 6) array.fail("types from 1 to 6", concat(type));
  }
  return types;
}

MOE_INLINE void GgufTokenizer::add_token(const GgufArray& tokens, TokenId id, std::string text, Type type,
                                         Notation notation) {
  const bool sentence_piece = notation == Notation::sentence_piece;
  const int byte = sentence_piece ? byte_of_token(text) : no_byte;
  const bool control = type == Type::control || type == Type::unknown;
  if (control || type == Type::user_defined)
    parts_.added_tokens.push_back({.id = id, .content = text, .special = control});
  if (control && sentence_piece) return;  // merging never makes a control token
  const bool added = byte == no_byte ? parts_.vocabulary.add(id, text)
                                     : add_byte_token(parts_.vocabulary, parts_.byte_tokens, id, byte);
  if (!added) tokens.fail("different tokens", concat('"', text, "\" twice"));
}

MOE_INLINE void GgufTokenizer::read_merges() {
  GgufArray merges(file_, metadata_, "tokenizer.ggml.merges", GgufType::string);
  parts_.merges = MergeTable(static_cast<std::size_t>(merges.count()));
  const bool spaced = parts_.vocabulary.notation() == Notation::sentence_piece;
  for (std::uint64_t i = 0; i < merges.count(); ++i) {
    const std::string text = merges.text(2 * most_token_bytes + 1);
    const std::optional<MergeText> merge = spaced ? split_merge_at_first_space(text) : split_merge(text);
    const bool good = merge && add_merge(parts_.merges, parts_.vocabulary, *merge);
    if (!good) merges.fail(merge ? merge_of_tokens : merge_form, concat('"', text, "\" at index ", i));
  }
}

MOE_INLINE void GgufTokenizer::read_scores() {
  GgufArray array(file_, metadata_, "tokenizer.ggml.scores", GgufType::f32);
  array.require_count(count_);
  std::vector<float> scores;
  for (std::size_t i = 0; i < count_; ++i) {
    scores.push_back(array.number<float>());
    if (scores[i] - scores[i] != 0) array.fail("finite numbers", concat("no finite number at index ", i));
  }
  std::vector<std::uint32_t> best_first(count_);
  std::iota(best_first.begin(), best_first.end(), std::uint32_t{0});
  std::sort(best_first.begin(), best_first.end(),
            [&](std::uint32_t a, std::uint32_t b) { return scores[a] > scores[b]; });
  std::vector<std::uint32_t>& ranks = parts_.scores.ranks;
  ranks.resize(count_);
  for (std::size_t i = 0; i < count_; ++i) {
    const bool same = i > 0 && scores[best_first[i]] == scores[best_first[i - 1]];
    ranks[best_first[i]] = same ? ranks[best_first[i - 1]] : static_cast<std::uint32_t>(i);
  }
}

MOE_INLINE void GgufTokenizer::add_around(bool bos_by_default, std::optional<TokenId> bos,
                                          std::optional<TokenId> eos) {
  if (metadata_.flag("tokenizer.ggml.add_bos_token", bos_by_default))
    parts_.prefix = {required_id("tokenizer.ggml.bos_token_id", bos)};
  if (metadata_.flag("tokenizer.ggml.add_eos_token", false))
    parts_.suffix = {required_id("tokenizer.ggml.eos_token_id", eos)};
}

MOE_INLINE std::optional<TokenId> GgufTokenizer::id(std::string_view key) const {
  const std::optional<std::uint64_t> value = metadata_.whole(key);
  if (!value) return {};
  if (*value >= count_)
    metadata_.fail_at(*metadata_.find(key), concat("the id of one of ", count_, " tokens"), concat(*value));
  return static_cast<TokenId>(*value);
}

MOE_INLINE TokenId GgufTokenizer::required_id(std::string_view key, std::optional<TokenId> otherwise) const {
  const std::optional<TokenId> found = id(key);
  if (!found && !otherwise) metadata_.require(key);
  return found ? *found : *otherwise;
}

MOE_INLINE std::optional<TokenId> GgufTokenizer::existing(TokenId id) const {
  return id < count_ ? std::optional<TokenId>(id) : std::optional<TokenId>();
}

MOE_INLINE std::string_view GgufTokenizer::required_text(std::string_view key) const {
  metadata_.require(key);
  return *metadata_.text(key);
}

MOE_INLINE void GgufTokenizer::refuse(std::string_view key, std::string_view expected,
                                      std::string_view found) const {
  metadata_.fail_at(*metadata_.find(key), expected, concat('"', found, '"'));
}

MOE_INLINE TokenizerParts read_gguf_tokenizer(const std::string& path) {
  const File file(path);
  const GgufMetadata metadata = parse_gguf(file).metadata;
  return GgufTokenizer(file, metadata).read();
}

}  // namespace moe::inline MOE_ABI::detail
