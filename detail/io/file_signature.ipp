// SPDX-License-Identifier: MIT
#pragma once
#include "file_signature.hpp"
#include "../core/concat.hpp"

#include <algorithm>
#include <cstddef>
#include <span>
#include <string>
#include <string_view>

namespace moe::inline MOE_ABI::detail {

struct FileSignature {
  std::string_view start, description;
};

MOE_INLINE std::string first_bytes(const File& file, std::size_t most_bytes) {
  std::string out(static_cast<std::size_t>(std::min(file.size(), std::uint64_t{most_bytes})), '\0');
  file.read_at(0, std::as_writable_bytes(std::span(out.data(), out.size())));
  return out;
}

/// A description of HTML or XML, which may follow a byte order mark and white space; empty for other contents.
MOE_INLINE std::string_view markup_signature(std::string_view start) {
  if (start.starts_with("\xef\xbb\xbf")) start.remove_prefix(3);
  start.remove_prefix(std::min(start.find_first_not_of(" \t\r\n"), start.size()));
  if (start.size() < 2 || start[0] != '<') return {};
  std::string name;
  for (const char c : start.substr(1, 8)) name += c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  if (name.starts_with("!doctype") || name.starts_with("html") || name.starts_with("head"))
    return "an HTML page, perhaps the error page of a download";
  const bool other = name[0] == '?' || name[0] == '!' || (name[0] >= 'a' && name[0] <= 'z');
  return other ? "an XML text, perhaps the error message of a download" : "";
}

MOE_INLINE std::string_view known_signature(std::string_view start) {
  using namespace std::string_view_literals;
  static constexpr FileSignature known[] = {
      {"version https://git-lfs", "a Git LFS pointer, not the file itself (`git lfs pull` downloads it)"},
      {"# xet version", "a Xet pointer, not the file itself"},
      {"GGUF", "a GGUF file"},
      {"lmgg"sv, "a file in a format older than GGUF (ggml)"},
      {"tjgg"sv, "a file in a format older than GGUF (ggjt)"},
      {"fmgg"sv, "a file in a format older than GGUF (ggmf)"},
      {"PK\x03\x04"sv, "a zip archive, such as a PyTorch checkpoint"},
      {"\x80\x02"sv, "a Python pickle, such as a PyTorch checkpoint"},
      {"\x1f\x8b"sv, "a gzip archive"},
      {"\x28\xb5\x2f\xfd"sv, "a zstd archive"},
      {"\x89HDF"sv, "an HDF5 file"},
      {"\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0"sv, "zeros, perhaps of an incomplete download"},
  };
  if (start.empty()) return "an empty file";
  for (const FileSignature& signature : known)
    if (start.starts_with(signature.start)) return signature.description;
  return markup_signature(start);
}

MOE_INLINE std::string describe_contents(const File& file) {
  const std::string start = first_bytes(file, 64);
  if (const std::string_view known = known_signature(start); !known.empty()) return std::string(known);
  if (start.size() > 8 && start[7] == 0 && start[8] == '{') return "a safetensors file";
  if (start.size() < 8) return concat("a file of ", start.size(), " bytes");
  const std::string_view line = std::string_view(start).substr(0, start.find_first_of("\r\n"));
  const bool is_text =
      !line.empty() && std::all_of(line.begin(), line.end(), [](char c) { return c >= ' ' && c < '\x7f'; });
  return is_text ? concat("a text that begins with '", line, '\'') : "another format";
}

}  // namespace moe::inline MOE_ABI::detail
