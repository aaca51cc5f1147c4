#include "detail/text/hash.hpp"

#include <doctest/doctest.h>

#include <set>
#include <string>

TEST_CASE("hash: texts of every length differ in every single byte and in their length") {
  std::set<std::uint64_t> seen;
  std::size_t texts = 0;
  for (std::size_t size = 0; size < 40; ++size) {
    std::string text(size, 'a');
    seen.insert(moe::detail::hash_bytes(text));
    ++texts;
    for (char& c : text) {
      c = 'b';
      seen.insert(moe::detail::hash_bytes(text));
      ++texts;
      c = 'a';
    }
  }
  CHECK(seen.size() == texts);
}

TEST_CASE("hash: bytes after the end of the text do not matter") {
  const std::string text = "the text and its end";
  for (std::size_t size = 0; size <= text.size(); ++size)
    CHECK(moe::detail::hash_bytes(text.substr(0, size)) ==
          moe::detail::hash_bytes(std::string_view(text).substr(0, size)));
}
