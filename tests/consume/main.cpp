// SPDX-License-Identifier: MIT
// The smallest program that uses the library: opens the bundled model, generates 8 tokens and compares them with the expected
// tokens. A second unit, other.cpp, checks the tokenizer.
#include <moe.hpp>

#include <iostream>
#include <vector>

bool decodes_what_it_encodes(const moe::Tokenizer& tokenizer);

int main(int argc, char** argv) try {
  if (argc != 2) return 2;  // the path of examples/data/babel-10m
  const auto model = moe::open(argv[1], {.threads = 1});
  moe::Session session(model);

  const std::vector<moe::TokenId> expected{297,  262, 1675, 65,
                                           2007, 297, 1502, 307};  // " of the firstborn of Ked"
  std::vector<moe::TokenId> tokens;
  for (const moe::Piece& piece :
       session.stream("<|endoftext|>In the beginning", {.max_tokens = 8, .sampling = moe::Sampling{}})) {
    tokens.push_back(piece.id);
    std::cout << piece.text;
  }
  std::cout << '\n';
  if (tokens == expected && decodes_what_it_encodes(model.tokenizer())) return 0;

  std::cerr << "expected \" of the firstborn of Ked\" and a tokenizer that decodes what it encodes, found "
               "the tokens";
  for (const moe::TokenId token : tokens) std::cerr << ' ' << token;
  std::cerr << '\n';
  return 1;
} catch (const moe::Error& error) {
  std::cerr << error.what() << '\n';
  return 1;
}
