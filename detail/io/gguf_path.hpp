#pragma once
#include "../core/config.hpp"

#include <cstdint>
#include <cstring>
#include <optional>
#include <string>
#include <string_view>

namespace moe::inline MOE_ABI::detail {

/// The name of a part of a split file: `STEM-00002-of-00005.gguf`.
struct GgufPartName {
  std::string stem;
  std::uint32_t part, parts;  // counted from 1

  std::string path(std::uint32_t number) const;

  /// Nothing if the path is not of that form.
  static std::optional<GgufPartName> parse(std::string_view path);
};

/// The first part of a split file whose part `path` is; otherwise `path`.
std::string first_gguf_part(const std::string& path);

/// Whether the file begins as those in GGUF do.
bool is_gguf(const std::string& path);

/// The model in a directory: dense.gguf, or else the only file in GGUF, or the first part of the only split one; empty
/// if there is none. A vision encoder, mmproj*.gguf, does not count. Throws if there are several.
std::string gguf_in_directory(const std::string& directory);

/// The file with the metadata of a model in GGUF, if `path` is one, or a part, or a directory with one; otherwise empty.
std::string find_gguf(const std::string& path);

}  // namespace moe::inline MOE_ABI::detail

#if MOE_DEFINITIONS
#include "gguf_path.ipp"
#endif
