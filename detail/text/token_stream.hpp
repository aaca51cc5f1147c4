#pragma once
#include "../core/config.hpp"
#include "../core/token.hpp"
#include "bpe.hpp"
#include "byte_run.hpp"
#include "utf8_stream.hpp"

#include <cstring>
#include <string>

namespace moe::inline MOE_ABI::detail {

/// Makes valid UTF-8 of tokens that come one by one. Where symbols are bytes, characters may be spread over any
/// tokens; where they are characters, only over those that stand for single bytes.
class TokenStream {
 public:
  /// `bpe` must outlive the stream.
  explicit TokenStream(const Bpe& bpe) : bpe_(&bpe) {}

  /// Appends what is certain now. Ids without a token write nothing.
  void write(TokenId id, std::string& out);

  /// Appends what is left when no more tokens come; another text may begin.
  void finish(std::string& out);

 private:
  const Bpe* bpe_;
  Utf8Stream utf8_;
  ByteRun run_;
};

}  // namespace moe::inline MOE_ABI::detail

#if MOE_DEFINITIONS
#include "token_stream.ipp"
#endif
