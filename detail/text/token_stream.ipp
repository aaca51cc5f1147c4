#pragma once
#include "token_stream.hpp"

#include <cstring>
#include <string>
#include <string_view>

namespace moe::inline MOE_ABI::detail {

MOE_INLINE void TokenStream::write(TokenId id, std::string& out) {
  const std::string_view bytes = bpe_->vocabulary().bytes(id);
  if (!bpe_->spells_characters()) return utf8_.write(bytes, out);
  if (bpe_->is_byte(id)) return run_.write(bytes.front(), out);
  if (!bpe_->vocabulary().contains(id)) return;
  run_.finish(out);
  utf8_.write(bytes, out);
  utf8_.finish(out);
}

MOE_INLINE void TokenStream::finish(std::string& out) {
  run_.finish(out);
  utf8_.finish(out);
}

}  // namespace moe::inline MOE_ABI::detail
