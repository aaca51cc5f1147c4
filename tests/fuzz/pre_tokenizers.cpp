// SPDX-License-Identifier: MIT
// Pre-tokenizers: each splits any bytes into non-empty pieces. Normalising twice gives the same text as normalising once.
#include "target.hpp"

#include "detail/text/nfc.hpp"
#include "detail/text/pre_tokenizer.hpp"

#include <string>
#include <string_view>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  for (const moe::detail::SplitPattern* pattern :
       {&moe::detail::qwen2_pattern, &moe::detail::llama3_pattern, &moe::detail::qwen35_pattern,
        &moe::detail::gpt2_pattern, &moe::detail::starcoder_pattern, &moe::detail::o200k_pattern,
        &moe::detail::tekken_pattern, &moe::detail::deepseek_v3_pattern}) {
    for (std::string_view rest = text; !rest.empty();) {
      const std::size_t piece = pattern->first_piece(rest);
      FUZZ_CHECK(piece > 0 && piece <= rest.size());
      // A piece depends on at most the two characters after the piece.
      FUZZ_CHECK(piece + 8 > rest.size() || pattern->first_piece(rest.substr(0, piece + 8)) == piece);
      rest.remove_prefix(piece);
    }
  }
  const std::string once = moe::detail::nfc(text);
  FUZZ_CHECK(moe::detail::nfc(once) == once);
  return 0;
}
