// SPDX-License-Identifier: MIT
#pragma once
#include "detail/core/token.hpp"
#include "detail/text/tokenizer.hpp"
#include "support/tiny_tokenizer.hpp"

#include <string>
#include <vector>

/// A tokenizer of bytes. Its special tokens have the ids from 256 on; the added tokens `others`, which are not special, follow.
inline moe::Tokenizer chat_tokenizer(const std::vector<std::string>& special,
                                     const std::vector<std::string>& others = {}) {
  TinyTokenizer tiny;
  moe::TokenId id = 256;
  const auto add = [&](const std::string& content, const char* flags) {
    tiny.added_tokens += (tiny.added_tokens.empty() ? "" : ", ") + added_token(id++, content, flags);
  };
  for (const std::string& content : special) add(content, "special");
  for (const std::string& content : others) add(content, "");
  return load(tiny);
}
