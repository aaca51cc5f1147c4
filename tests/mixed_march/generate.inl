// SPDX-License-Identifier: MIT
// Generates tokens with the copy of the library that the including unit compiles, for the CPU that its -march names.
#include <moe.hpp>

#include "generate.hpp"

static Tokens generate(moe::Session& session) {
  Tokens tokens;
  for (const moe::Piece& piece :
       session.stream("<|endoftext|>In the beginning", {.max_tokens = 8, .sampling = moe::Sampling{}}))
    tokens.push_back(piece.id);
  return tokens;
}

static Tokens generate(const std::string& path) {
  const auto model = moe::open(path, {.threads = 1});
  moe::Session session(model);
  return generate(session);
}
