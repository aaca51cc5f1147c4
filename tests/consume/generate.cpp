// What a user writes: the library must build here without any warning, in half a minute.
#include <moe.hpp>

#include <cstdio>

int main(int argc, char** argv) try {
  if (argc != 3) return 2;
  const auto model = moe::open(argv[1], {.threads = 1});
  moe::Session session(model);
  for (const moe::Piece& piece : session.stream(argv[2], {.max_tokens = 20})) std::printf("%s", piece.text.c_str());
  std::printf("\n");
} catch (const moe::Error& error) {
  std::fprintf(stderr, "%s\n", error.what());
  return 1;
}
