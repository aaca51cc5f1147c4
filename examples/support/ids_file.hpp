// SPDX-License-Identifier: MIT
// Token ids from a file.
#pragma once
#include <moe.hpp>

#include <algorithm>
#include <charconv>
#include <string>
#include <string_view>
#include <system_error>
#include <vector>

/// The ids in a file, separated by white space or by commas.
inline std::vector<moe::TokenId> read_ids(const std::string& path) {
  const std::string text = moe::detail::read_text(path);
  std::vector<moe::TokenId> ids;
  const char *at = text.data(), *const end = at + text.size();
  const auto skip_space = [&] {
    while (at < end && std::string_view(" \n\r\t").find(*at) != std::string_view::npos) ++at;
  };
  for (skip_space(); at < end; skip_space()) {
    moe::TokenId id{};
    const auto [behind, error] = std::from_chars(at, end, id);
    if (error != std::errc())
      moe::detail::fail(path, "byte " + std::to_string(at - text.data()), "the id of a token",
                        std::string(at, std::min<std::size_t>(static_cast<std::size_t>(end - at), 20)));
    ids.push_back(id);
    at = behind;
    skip_space();
    if (at < end && *at == ',') ++at;
  }
  return ids;
}

/// `count` ids that are spread over the whole vocabulary, for measurements that need no meaning.
inline std::vector<moe::TokenId> scattered_ids(std::size_t count, std::size_t vocabulary) {
  std::vector<moe::TokenId> ids;
  for (std::size_t i = 0; i < count; ++i) ids.push_back(static_cast<moe::TokenId>(i * i * 7919 % vocabulary));
  return ids;
}
