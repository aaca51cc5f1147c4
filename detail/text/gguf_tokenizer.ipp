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
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <initializer_list>
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

  /// A file without a name has the pre-tokenizer `default`, as in llama.cpp.
  const GgufPreTokenizer& pre_tokenizer();

  void read_sentence_piece();

  /// SentencePiece with listed merges, without a space before texts. `always_bos`: puts the bos token before a text whatever
  /// the file says. Files of chat models say that texts have no bos token, because the chat template writes one, but texts
  /// without a template need it, too.
  void read_gemma4(bool always_bos);

  /// Leaves out the unused tokens `[PAD...]`, which only fill the rows of the embedding: their ids have no token.
  void read_tokens(Notation notation);

  /// The types of all tokens; empty if the file states no types. A number that is no type counts as normal.
  std::vector<std::uint32_t> read_types() const;

  /// The type of a token for which the file states the type `stated`. Adds a warning if the two types differ.
  Type checked_type(TokenId id, std::string_view text, Type stated);

  void add_token(const GgufArray& tokens, TokenId id, std::string text, Type type, Notation notation);

  /// Sets lstrip and rstrip of the added tokens. GGUF files do not store these flags; as in llama.cpp, the names of the model
  /// and of the pre-tokenizer decide.
  void set_strips();

  /// Ignores merges of texts that are no tokens. Of two merges of the same tokens, the first counts.
  void read_merges();

  enum class MergeResult { added, known, no_tokens, no_result };
  MergeResult add_listed_merge(std::string_view text);

  /// The best score gets rank 0, and equal scores get equal ranks: of equal merges, the leftmost is done first. Without scores,
  /// all ranks are equal.
  void read_scores();
  std::vector<double> scores() const;

  /// Reads the tokens before and after every text. `bos` and `eos`: the ids for files that name no bos or no eos.
  void add_around(bool bos_by_default, std::optional<TokenId> bos, std::optional<TokenId> eos);

  /// The id that a key states; `otherwise` if the file lacks the key. If the file has no token of this id: `otherwise` with a
  /// warning, or an error without `otherwise`.
  std::optional<TokenId> id(std::string_view key, std::optional<TokenId> otherwise = {});
  TokenId required_id(std::string_view key, std::optional<TokenId> otherwise);

  /// `id` if the file has a token of this id; otherwise nothing.
  std::optional<TokenId> existing(TokenId id) const;

  std::string_view required_text(std::string_view key) const;

  void warn(std::string_view text) { parts_.warnings.push_back(concat(parts_.name, ": ", text)); }

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
  const std::string_view pre = metadata_.text("tokenizer.ggml.pre").value_or("");
  if (model == "gpt2" && is_gemma4_like(pre)) {
    read_gemma4(false);
  } else if (model == "gpt2") {
    read_byte_level();
  } else if (model == "llama") {
    read_sentence_piece();
  } else if (model == "gemma4") {
    read_gemma4(true);
  } else {
    refuse("tokenizer.ggml.model", "gpt2, llama or gemma4", model);
  }
  set_strips();
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

MOE_INLINE const GgufPreTokenizer& GgufTokenizer::pre_tokenizer() {
  if (!metadata_.find("tokenizer.ggml.pre")) {
    warn("key \"tokenizer.ggml.pre\" is missing, so the pre-tokenizer is \"default\"");
    return *find_gguf_pre_tokenizer("default");
  }
  const std::string_view name = required_text("tokenizer.ggml.pre");
  if (const GgufPreTokenizer* known = find_gguf_pre_tokenizer(name)) return *known;
  refuse("tokenizer.ggml.pre",
         "qwen2, qwen35, llama-bpe, glm4, dbrx, gpt-2, starcoder, gpt-4o, tekken, deepseek-v3 or another "
         "name that llama.cpp knows for byte-level vocabularies",
         name);
}

MOE_INLINE void GgufTokenizer::read_sentence_piece() {
  parts_.add_text_space = metadata_.flag("tokenizer.ggml.add_space_prefix", true);
  if (parts_.add_text_space) parts_.left_out_at_begin = SpaceAtBegin::one;
  read_tokens(Notation::sentence_piece);
  read_scores();
  parts_.bpe.unknown = id("tokenizer.ggml.unknown_token_id", existing(0));
  parts_.bpe.fuse_unknown = true;
  add_around(true, existing(1), existing(2));
}

MOE_INLINE void GgufTokenizer::read_gemma4(bool always_bos) {
  constexpr std::string_view space = "tokenizer.ggml.add_space_prefix";
  if (metadata_.flag(space, false)) metadata_.fail_at(*metadata_.find(space), "false", "true");
  read_tokens(Notation::sentence_piece);
  read_merges();
  parts_.bpe.unknown = id("tokenizer.ggml.unknown_token_id");
  parts_.bpe.fuse_unknown = true;
  add_around(always_bos, {}, {});
  if (always_bos && parts_.prefix.empty()) parts_.prefix = {required_id("tokenizer.ggml.bos_token_id", {})};
}

MOE_INLINE void GgufTokenizer::read_tokens(Notation notation) {
  GgufArray tokens(file_, metadata_, "tokenizer.ggml.tokens", GgufType::string);
  if (tokens.count() == 0) tokens.fail("at least one token", "none");
  count_ = static_cast<std::size_t>(tokens.count());
  const std::vector<std::uint32_t> types = read_types();
  parts_.vocabulary = Vocabulary(count_, notation);
  std::uint64_t bytes = 0;
  std::optional<TokenId> end_of_text;  // </s> with the type normal; see end_tokens_of_any_type
  bool tool_response = false;
  for (std::size_t i = 0; i < count_; ++i) {
    std::string text = tokens.text(most_token_bytes);
    bytes += text.size();
    if (bytes > most_bytes)
      tokens.fail(concat("at most ", most_bytes, " bytes in all"), concat(bytes, " bytes up to index ", i));
    const auto id = static_cast<TokenId>(i);
    const Type type = checked_type(id, text, types.empty() ? Type::normal : Type{types[i]});
    tool_response |= text == "<|tool_response>";
    const bool sentence_piece = notation == Notation::sentence_piece;
    if (sentence_piece && text == "</s>" && type == Type::normal && !end_of_text) {
      end_of_text = id;
    } else if (!text.empty() && !(type == Type::unused && text.starts_with("[PAD"))) {
      add_token(tokens, id, std::move(text), type, notation);
    }
  }
  if (!end_of_text) return;
  if (!tool_response)
    warn(concat("token ", *end_of_text, " </s> has the type 1 in the file, but is a control token"));
  add_token(tokens, *end_of_text, "</s>", tool_response ? Type::normal : Type::control, notation);
}

MOE_INLINE GgufTokenizer::Type GgufTokenizer::checked_type(TokenId id, std::string_view text, Type stated) {
  if (stated == Type::control || stated == Type::unknown) return stated;
  if (!is_known_control(text, stated == Type::normal)) return stated;
  warn(concat("token ", id, ' ', printable(text), " has the type ", static_cast<std::uint32_t>(stated),
              " in the file, but is a control token"));
  return Type::control;
}

MOE_INLINE std::vector<std::uint32_t> GgufTokenizer::read_types() const {
  std::vector<std::uint32_t> types;
  if (!metadata_.find("tokenizer.ggml.token_type")) return types;
  GgufArray array(file_, metadata_, "tokenizer.ggml.token_type", GgufType::i32);
  if (array.count() < count_) array.require_count(count_);
  types.resize(count_);
  for (std::uint32_t& type : types) {
    type = array.number<std::uint32_t>();
    if (type < 1 || type > 6) type = static_cast<std::uint32_t>(Type::normal);
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
  if (!added && type != Type::unused)
    tokens.fail("different tokens", concat('"', text, "\" twice, at index ", id));
}

MOE_INLINE void GgufTokenizer::set_strips() {
  const auto contains_any = [](std::string_view text, std::initializer_list<std::string_view> parts) {
    return std::any_of(parts.begin(), parts.end(),
                       [&](std::string_view part) { return text.find(part) != text.npos; });
  };
  std::string name(metadata_.text("general.name").value_or(""));
  for (char& c : name)
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  const std::string_view pre = metadata_.text("tokenizer.ggml.pre").value_or("");
  const bool jina = contains_any(pre, {"jina-v2-de", "jina-v2-es", "jina-v2-code"});
  const bool phi3 = !jina && contains_any(name, {"phi-3", "phi3"});
  for (AddedToken& token : parts_.added_tokens) {
    const std::string_view text = token.content;
    token.lstrip = jina && text == "<mask>";
    token.rstrip = phi3 && text != "<unk>" && text != "<s>" && text != "<|endoftext|>";
  }
}

MOE_INLINE void GgufTokenizer::read_merges() {
  // llama.cpp requires merges from all files except those of kimi-k2, too.
  if (!metadata_.find("tokenizer.ggml.merges") && metadata_.text("tokenizer.ggml.pre") == "kimi-k2") return;
  GgufArray merges(file_, metadata_, "tokenizer.ggml.merges", GgufType::string);
  parts_.merges = MergeTable(static_cast<std::size_t>(merges.count()));
  std::uint64_t ignored = 0;
  std::string first;  // of the ignored merges
  for (std::uint64_t i = 0; i < merges.count(); ++i) {
    const std::string text = merges.text(2 * most_token_bytes + 1);
    const MergeResult result = add_listed_merge(text);
    if (result == MergeResult::no_result) merges.fail(merge_of_tokens, concat('"', text, "\" at index ", i));
    if (result == MergeResult::no_tokens && ignored++ == 0) first = concat(printable(text), " at index ", i);
  }
  if (ignored > 0)
    warn(concat(ignored, " merges are ignored, because they do not name two tokens; the first is ", first));
}

MOE_INLINE GgufTokenizer::MergeResult GgufTokenizer::add_listed_merge(std::string_view text) {
  const std::optional<MergeText> merge = split_merge_at_first_space(text);
  if (!merge) return MergeResult::no_tokens;
  const auto left = parts_.vocabulary.find_text(merge->left),
             right = parts_.vocabulary.find_text(merge->right);
  if (!left || !right) return MergeResult::no_tokens;
  const auto result = parts_.vocabulary.find_text(concat(merge->left, merge->right));
  if (!result) return MergeResult::no_result;
  if (parts_.merges.find(*left, *right).rank != Merge::never) return MergeResult::known;
  parts_.merges.add(*left, *right, *result);
  return MergeResult::added;
}

MOE_INLINE std::vector<double> GgufTokenizer::scores() const {
  std::vector<double> scores(count_);
  const GgufValue* value = metadata_.find("tokenizer.ggml.scores");
  if (!value) return scores;
  const bool whole = value->type == GgufType::array && value->element_type == GgufType::i32;
  GgufArray array(file_, metadata_, value->key, whole ? GgufType::i32 : GgufType::f32);
  if (array.count() < count_) array.require_count(count_);
  for (std::size_t i = 0; i < count_; ++i) {
    scores[i] = whole ? static_cast<double>(array.number<std::int32_t>()) : array.number<float>();
    if (std::isnan(scores[i])) array.fail("numbers", concat("no number at index ", i));
  }
  return scores;
}

MOE_INLINE void GgufTokenizer::read_scores() {
  const std::vector<double> scores = this->scores();
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

MOE_INLINE std::optional<TokenId> GgufTokenizer::id(std::string_view key, std::optional<TokenId> otherwise) {
  const std::optional<std::uint64_t> value = metadata_.whole(key);
  if (!value) return otherwise;
  if (*value < count_) return static_cast<TokenId>(*value);
  if (!otherwise)
    metadata_.fail_at(*metadata_.find(key), concat("the id of one of ", count_, " tokens"), concat(*value));
  warn(concat("key \"", key, "\" is ", *value, ", but the file has ", count_, " tokens, so the id is ",
              *otherwise));
  return otherwise;
}

MOE_INLINE TokenId GgufTokenizer::required_id(std::string_view key, std::optional<TokenId> otherwise) {
  const std::optional<TokenId> found = id(key, otherwise);
  if (!found) metadata_.require(key);
  return *found;
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
