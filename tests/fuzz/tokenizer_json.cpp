// SPDX-License-Identifier: MIT
// tokenizer.json: an accepted tokenizer encodes any text to ids of its vocabulary, and streaming decodes like decode().
#include "detail/core/error.hpp"
#include "detail/core/token.hpp"
#include "target.hpp"

#include "detail/text/streaming_decoder.hpp"
#include "detail/text/tokenizer.hpp"
#include "input_file.hpp"

#include <string>
#include <string_view>
#include <vector>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static const InputFile input("tokenizer.json");
  try {
    const moe::Tokenizer tokenizer(input.write(data, size));
    const std::string_view whole(reinterpret_cast<const char*>(data), size);
    for (const std::string_view text :
         {std::string_view("It's 42 caf\xc3\xa9s, e\xcc\x81\n\n <s>\xff"), whole}) {
      const std::vector<moe::TokenId> ids = tokenizer.encode(text);
      for (const moe::TokenId id : ids) FUZZ_CHECK(id < tokenizer.size());
      moe::StreamingDecoder decoder(tokenizer);
      std::string streamed;
      for (const moe::TokenId id : ids) streamed += decoder.push(id);
      streamed += decoder.finish();
      FUZZ_CHECK(streamed == tokenizer.decode(ids));
    }
  } catch (const moe::Error&) {
  }
  return 0;
}
