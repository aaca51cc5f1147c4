// Tokens that stand in a file.
#pragma once
#include <moe.hpp>

#include <fstream>
#include <stdexcept>
#include <string>
#include <vector>

/// The numbers in a file, with commas or spaces between them.
inline std::vector<moe::TokenId> read_ids(const std::string& path) {
  std::ifstream file(path);
  if (!file) throw std::runtime_error(path + ": expected a readable file");
  std::vector<moe::TokenId> ids;
  for (moe::TokenId id; file >> id;) {
    ids.push_back(id);
    if (file.peek() == ',') file.get();
  }
  return ids;
}

/// Some text of all tokens.
inline std::vector<moe::TokenId> scattered_ids(std::size_t count, std::size_t vocabulary) {
  std::vector<moe::TokenId> ids;
  for (std::size_t i = 0; i < count; ++i) ids.push_back(static_cast<moe::TokenId>(i * i * 7919 % vocabulary));
  return ids;
}
