// The observations of the version of the library that the including unit contains.
#include <moe.hpp>

#include "version.hpp"

static Version observe(const std::string& path) {
  const auto model = moe::open(path, {.threads = 1});
  moe::Session session(model);
  Version version{.instruction_set = std::string(name(moe::detail::simd::active_isa())), .text = {}};
  for (const moe::Piece& piece : session.stream("<|endoftext|>In the beginning", {.max_tokens = 4}))
    version.text += piece.text;
  return version;
}
