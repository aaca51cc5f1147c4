// SPDX-License-Identifier: MIT
// A user's program. The library must build here without a warning, in every way in which it can be taken.
#include <moe.hpp>

#include <cstdio>

std::size_t tokens_of_another_unit(const moe::Tokenizer& tokenizer);

int main(int argc, char** argv) try {
  if (argc != 3) return 2;
  const auto model = moe::open(argv[1], {.threads = 1});
  moe::Session session(model);
  for (const moe::Piece& piece : session.stream(argv[2], {.max_tokens = 20}))
    std::printf("%s", piece.text.c_str());
  std::printf("\n");
  return tokens_of_another_unit(model.tokenizer()) > 0 ? 0 : 1;
} catch (const moe::Error& error) {
  std::fprintf(stderr, "%s\n", error.what());
  return 1;
}
