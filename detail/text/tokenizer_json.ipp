// SPDX-License-Identifier: MIT
#pragma once
#include "tokenizer_json.hpp"
#include "../core/concat.hpp"
#include "../io/file.hpp"
#include "bpe_files.hpp"
#include "json_members.hpp"
#include "pre_tokenizer_json.hpp"
#include "sentence_piece_json.hpp"

#include <cstddef>
#include <limits>
#include <string>
#include <string_view>
#include <vector>

namespace moe::inline MOE_ABI::detail {

MOE_INLINE AddedToken read_added_token(const Json& token, TokenId id) {
  const bool special = find_flag(token, "special", false);
  return {.id = id,
          .content = std::string(token.at("content").as_string()),
          .single_word = find_flag(token, "single_word", false),
          .lstrip = find_flag(token, "lstrip", false),
          .rstrip = find_flag(token, "rstrip", false),
          .normalized = find_flag(token, "normalized", !special),
          .special = special};
}

inline TokenId read_id(const Json& id) {
  return static_cast<TokenId>(id.as_u64((std::numeric_limits<TokenId>::max)()));
}

inline std::vector<AddedToken> read_added_tokens(const Json& tokens) {
  constexpr std::string_view flags[] = {"single_word", "lstrip", "rstrip", "normalized", "special"};
  std::vector<AddedToken> added;
  for (const Json token : tokens.as_array()) {
    for (const std::string_view flag : flags)
      token.at(flag).as_bool();  // Hugging Face's tokenizers has no defaults for these flags
    added.push_back(read_added_token(token, read_id(token.at("id"))));
  }
  return added;
}

/// Whether the normalizer is NFC, or a Sequence with an NFC in it. Throws if there is any other step.
inline bool read_normalizer(const Json& normalizer) {
  if (type_of(normalizer) == "NFC") return true;
  if (type_of(normalizer) != "Sequence") refuse_type(normalizer, "NFC or a Sequence of NFC");
  bool nfc = false;
  for (const Json step : normalizer.at("normalizers").as_array()) nfc |= read_normalizer(step);
  return nfc;
}

/// Reads the pre-tokenizer, the decoder and the normalizer of a byte-level model.
inline void read_byte_level_steps(const Json& root, TokenizerParts& parts) {
  parts.pre = read_byte_level_pre_tokenizer(root.at("pre_tokenizer"), parts.name);
  if (const Json decoder = find_decoder(root)) {
    require_type(decoder, "ByteLevel");
  } else {
    parts.warnings.push_back(
        concat(parts.name, ": $.decoder is missing, so tokens are decoded as by a ByteLevel"));
  }
  if (const Json normalizer = find_value(root, "normalizer")) parts.nfc = read_normalizer(normalizer);
}

/// Real templates have a few pieces and tokens. Without these limits, a small file could put a huge number of tokens around each
/// text: each piece repeats a list of ids.
inline constexpr std::size_t most_template_pieces = 64, most_tokens_around = 256;

/// Reads the special tokens before and after every text. The template for pairs of texts is not used.
inline void read_template(const Json& processor, TokenizerParts& parts) {
  const Json pieces = processor.at("single");
  if (pieces.as_array().size() > most_template_pieces)
    pieces.fail_here(concat("at most ", most_template_pieces, " pieces"), concat(pieces.size()));
  std::vector<TokenId> around[2];  // before and after the text
  std::size_t texts = 0, tokens = parts.prefix.size() + parts.suffix.size();
  for (const Json piece : pieces) {
    if (const Json sequence = piece.find("Sequence")) {
      const std::string_view id = sequence.at("id").as_string();
      if (id != "A") sequence.fail_here("the text A", concat('"', id, '"'));
      if (++texts > 1) sequence.fail_here("the text A, once", "twice");
      continue;
    }
    const Json ids =
        processor.at("special_tokens").at(piece.at("SpecialToken").at("id").as_string()).at("ids");
    tokens += ids.as_array().size();
    if (tokens > most_tokens_around)
      ids.fail_here(concat("at most ", most_tokens_around, " special tokens around a text"), concat(tokens));
    for (const Json id : ids) around[texts].push_back(read_id(id));
  }
  if (texts == 0) pieces.fail_here("the text A, once", "none");
  parts.prefix.insert(parts.prefix.begin(), around[0].begin(), around[0].end());
  parts.suffix.insert(parts.suffix.end(), around[1].begin(), around[1].end());
}

/// Reads a RobertaProcessing or BertProcessing: the token `cls` before every text and the token `sep` after it.
inline void read_bert_processing(const Json& processor, TokenizerParts& parts) {
  const auto id_of = [&](std::string_view key) {
    const Json token = processor.at(key);
    if (token.as_array().size() != 2) token.fail_here("a text and an id", concat(token.size(), " elements"));
    return read_id(*++token.begin());
  };
  parts.prefix.insert(parts.prefix.begin(), id_of("cls"));
  parts.suffix.push_back(id_of("sep"));
}

inline void read_post_processor(const Json& processor, TokenizerParts& parts) {
  const std::string_view type = type_of(processor);
  if (type == "TemplateProcessing") return read_template(processor, parts);
  if (type == "RobertaProcessing" || type == "BertProcessing") return read_bert_processing(processor, parts);
  if (type == "ByteLevel") return;  // changes offsets only
  if (type != "Sequence")
    refuse_type(processor,
                "TemplateProcessing, RobertaProcessing, BertProcessing, ByteLevel or a Sequence of them");
  for (const Json step : processor.at("processors").as_array()) read_post_processor(step, parts);
}

/// Whether every byte has a token, so that no symbol is outside the vocabulary.
inline bool has_all_bytes(const TokenizerParts& parts) {
  const bool sentence_piece = parts.vocabulary.notation() == Notation::sentence_piece;
  for (std::size_t byte = 0; byte < 256; ++byte) {
    const char c = static_cast<char>(static_cast<unsigned char>(byte));
    if (!(sentence_piece ? parts.byte_tokens[byte] : parts.vocabulary.find(std::string_view(&c, 1))))
      return false;
  }
  return true;
}

/// Reads the token for symbols outside the vocabulary. The vocabulary may lack the token if there are no such symbols.
inline void read_unknown_token(const Json& token, TokenizerParts& parts) {
  parts.bpe.unknown = parts.vocabulary.find_text(token.as_string());
  if (!parts.bpe.unknown && !has_all_bytes(parts))
    token.fail_here("a token of the vocabulary", concat('"', token.as_string(), '"'));
}

/// Whether a ByteLevel is the pre-tokenizer or a step of it.
inline bool has_byte_level(const Json& pre_tokenizer) {
  if (type_of(pre_tokenizer) != "Sequence") return type_of(pre_tokenizer) == "ByteLevel";
  for (const Json step : pre_tokenizer.at("pretokenizers").as_array())
    if (has_byte_level(step)) return true;
  return false;
}

inline void read_model(const Json& root, TokenizerParts& parts) {
  const Json model = root.at("model");
  // Older files do not state the type. As in Hugging Face's tokenizers, a model with merges is BPE then.
  if (find_value(model, "type") || !model.find("merges")) require_type(model, "BPE");
  if (const Json dropout = find_value(model, "dropout"); dropout && dropout.as_double() != 0)
    dropout.fail_here("null or 0", dropout.slice());
  for (const std::string_view key : {"continuing_subword_prefix", "end_of_word_suffix"}) {
    const Json affix = find_value(model, key);
    if (affix && !affix.as_string().empty()) affix.fail_here("none", concat('"', affix.as_string(), '"'));
  }
  parts.bpe.fuse_unknown = find_flag(model, "fuse_unk", false);
  parts.bpe.ignore_merges = find_flag(model, "ignore_merges", false);
  const Json pre_tokenizer = find_pre_tokenizer(root), decoder = find_decoder(root);
  const bool byte_fallback = find_flag(model, "byte_fallback", false);
  const bool byte_level = pre_tokenizer && has_byte_level(pre_tokenizer);
  const bool sentence_piece = !pre_tokenizer || is_metaspace(pre_tokenizer) || (byte_fallback && !byte_level);
  parts.vocabulary = read_vocabulary(model.at("vocab"), sentence_piece ? &parts.byte_tokens : nullptr,
                                     sentence_piece && names_bytes(decoder));
  if (!byte_fallback) parts.byte_tokens = {};
  if (byte_fallback && byte_level && !has_all_bytes(parts))
    model.at("byte_fallback").fail_here("false, or a token for every byte, beside a ByteLevel", "true");
  parts.merges = read_merges(model.at("merges"), parts.vocabulary);
  if (const Json unknown = find_value(model, "unk_token")) read_unknown_token(unknown, parts);
}

MOE_INLINE TokenizerParts read_tokenizer_json(const std::string& path) {
  const JsonDocument document(read_text(path), path);
  const Json root = document.root();
  if (const Json version = root.find("version"); version && version.as_string() != "1.0")
    version.fail_here("\"1.0\"", concat('"', version.as_string(), '"'));
  TokenizerParts parts;
  parts.name = path;
  read_model(root, parts);
  if (parts.vocabulary.notation() == Notation::sentence_piece) {
    read_sentence_piece(root, parts);
  } else {
    read_byte_level_steps(root, parts);
  }
  if (const Json tokens = find_value(root, "added_tokens")) parts.added_tokens = read_added_tokens(tokens);
  if (const Json processor = find_value(root, "post_processor")) read_post_processor(processor, parts);
  return parts;
}

}  // namespace moe::inline MOE_ABI::detail
