#pragma once
#include "../core/config.hpp"
#include "../core/token.hpp"
#include "../io/file.hpp"
#include "../io/gguf_array.hpp"
#include "../io/gguf_metadata.hpp"
#include "bpe_files.hpp"
#include "tokenizer_parts.hpp"

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace moe::inline MOE_ABI::detail {

/// What the name in tokenizer.ggml.pre stands for.
struct GgufPreTokenizer {
  std::string_view name;
  const SplitPattern* pattern;
  bool nfc = false;            // which files do not say
  bool ignore_merges = false;  // the same
  bool add_bos = false;        // where a file does not say it
};

inline constexpr GgufPreTokenizer gguf_pre_tokenizers[] = {
    {"qwen2", &qwen2_pattern, true},
    {"qwen35", &qwen35_pattern, true},
    {"llama-bpe", &llama3_pattern, false, true, true},
    {"llama3", &llama3_pattern, false, true, true},
    {"llama-v3", &llama3_pattern, false, true, true},
    {"chatglm-bpe", &llama3_pattern},
    {"glm4", &llama3_pattern},
    {"gpt-2", &gpt2_pattern},
    {"olmo", &gpt2_pattern},
    {"gpt-4o", &o200k_pattern},
    {"deepseek-v3", &deepseek_v3_pattern},
};

/// Reads the values `tokenizer.ggml.*` of a GGUF file. Source: llama-vocab.cpp of llama.cpp, and the tokenizers of
/// Hugging Face that such files are made from.
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

  /// Tokens that are not used, with which files fill up the rows of the embedding, are left out, as if the ids had none.
  void read_tokens(Notation notation);

  /// Of all tokens; none if the file has none.
  std::vector<std::uint32_t> read_types() const;

  void add_token(const GgufArray& tokens, TokenId id, std::string text, Type type, Notation notation);

  void read_merges();

  /// The best score has rank 0, and the same score the same rank: of such merges the leftmost goes first.
  void read_scores();

  /// The tokens before and after every text; the ids given are those of files that do not name any.
  void add_around(bool bos_by_default, std::optional<TokenId> bos, std::optional<TokenId> eos);

  std::optional<TokenId> id(std::string_view key) const;
  TokenId required_id(std::string_view key, std::optional<TokenId> otherwise) const;

  /// The id, if a token of the file has it.
  std::optional<TokenId> existing(TokenId id) const;

  std::string_view required_text(std::string_view key) const;

  [[noreturn]] void refuse(std::string_view key, std::string_view expected, std::string_view found) const;

  const File& file_;
  const GgufMetadata& metadata_;
  TokenizerParts parts_;
  std::size_t count_ = 0;  // of tokens, those that are left out included
};

/// Reads the tokenizer in a GGUF file: byte-level BPE or SentencePiece. Throws if the file has none, or one that this
/// library does not know.
TokenizerParts read_gguf_tokenizer(const std::string& path);

}  // namespace moe::inline MOE_ABI::detail

#if MOE_DEFINITIONS
#include "gguf_tokenizer.ipp"
#endif
