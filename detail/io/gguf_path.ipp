// SPDX-License-Identifier: MIT
#pragma once
#include "gguf_path.hpp"
#include "../core/concat.hpp"
#include "../core/error.hpp"
#include "file.hpp"
#include "file_signature.hpp"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <optional>
#include <string>
#include <string_view>

namespace moe::inline MOE_ABI::detail {

MOE_INLINE std::string GgufPartName::path(std::uint32_t number) const {
  char text[32];
  std::snprintf(text, sizeof text, "-%05u-of-%05u.gguf", number, parts);
  return stem + text;
}

MOE_INLINE std::optional<GgufPartName> GgufPartName::parse(std::string_view path) {
  constexpr std::string_view form = "-00001-of-00001.gguf";
  if (path.size() < form.size()) return {};
  const std::string_view end = path.substr(path.size() - form.size());
  const auto number = [&](std::size_t at) {
    std::uint32_t value = 0;
    for (const char c : end.substr(at, 5)) value = value * 10 + static_cast<std::uint32_t>(c - '0');
    return value;
  };
  for (std::size_t i = 0; i < form.size(); ++i) {
    const bool digit = form[i] == '0' || form[i] == '1';
    if (digit ? end[i] < '0' || end[i] > '9' : end[i] != form[i]) return {};
  }
  return GgufPartName{std::string(path.substr(0, path.size() - form.size())), number(1), number(10)};
}

MOE_INLINE std::string first_gguf_part(const std::string& path) {
  const auto name = GgufPartName::parse(path);
  return name ? name->path(1) : path;
}

MOE_INLINE bool is_gguf(const std::string& path) { return first_bytes(File(path), 4) == "GGUF"; }

MOE_INLINE bool holds_safetensors(const std::string& directory) {
  return is_file(join_path(directory, "model.safetensors")) ||
         is_file(join_path(directory, "model.safetensors.index.json"));
}

/// Whether a file of this name can be a language model in GGUF.
MOE_INLINE bool is_model_name(std::string_view name) {
  return name.ends_with(".gguf") && name.find("mmproj") == name.npos && name.find("imatrix") == name.npos &&
         !name.starts_with("mtp-");
}

MOE_INLINE std::string gguf_in_directory(const std::string& directory) {
  std::string found = join_path(directory, "dense.gguf");
  if (is_file(found)) return found;
  found.clear();
  if (holds_safetensors(directory)) return found;
  for (const std::string& name : list_directory(directory)) {
    const std::string path = first_gguf_part(join_path(directory, name));
    if (!is_model_name(name) || is_directory(path)) continue;
    if (!found.empty() && path != found)
      fail(directory, "opening", "one GGUF model in the directory, or the path of a file",
           concat('"', std::min(path, found), "\" and \"", std::max(path, found), '"'));
    found = path;
  }
  return found;
}

MOE_INLINE std::string find_gguf(const std::string& path) {
  if (is_directory(path)) return gguf_in_directory(path);
  return is_file(path) && (path.ends_with(".gguf") || is_gguf(path)) ? first_gguf_part(path) : std::string();
}

}  // namespace moe::inline MOE_ABI::detail
