// Tokens that stand in a file.
#pragma once
#include <moe.hpp>

#include <charconv>
#include <string>
#include <string_view>
#include <system_error>
#include <vector>

/// The numbers in a file, with commas or spaces between them.
inline std::vector<moe::TokenId> read_ids(const std::string& path) {
  const std::string text = moe::detail::read_text(path);
  std::vector<moe::TokenId> ids;
  const char *at = text.data(), *const end = at + text.size();
  const auto skip = [&](std::string_view any) {
    while (at < end && any.find(*at) != any.npos) ++at;
  };
  for (skip(" \n\r\t"); at < end; skip(" \n\r\t")) {
    moe::TokenId id{};
    const auto [behind, error] = std::from_chars(at, end, id);
    if (error != std::errc())
      moe::detail::fail(path, "byte " + std::to_string(at - text.data()), "the number of a token",
                        std::string(at, 1));
    ids.push_back(id);
    at = behind;
    skip(" \n\r\t");
    if (at < end && *at == ',') ++at;
  }
  return ids;
}

/// Some text of all tokens.
inline std::vector<moe::TokenId> scattered_ids(std::size_t count, std::size_t vocabulary) {
  std::vector<moe::TokenId> ids;
  for (std::size_t i = 0; i < count; ++i) ids.push_back(static_cast<moe::TokenId>(i * i * 7919 % vocabulary));
  return ids;
}
