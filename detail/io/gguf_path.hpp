// SPDX-License-Identifier: MIT
#pragma once
#include "../core/config.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace moe::inline MOE_ABI::detail {

/// The name of a part of a split GGUF file: `STEM-00002-of-00005.gguf`.
struct GgufPartName {
  std::string stem;
  std::uint32_t part, parts;  // the number of the part, from 1, and the number of parts

  /// The path of the part with this number.
  std::string path(std::uint32_t number) const;

  /// The name of this path; empty if the path does not have this form.
  static std::optional<GgufPartName> parse(std::string_view path);
};

/// The path of the first part if `path` is a part of a split file; otherwise `path`.
std::string first_gguf_part(const std::string& path);

/// Whether the file begins with the magic number of GGUF.
bool is_gguf(const std::string& path);

/// Whether a directory is a Hugging Face checkpoint: it has model.safetensors, or the index of its shards.
bool holds_safetensors(const std::string& directory);

/// The GGUF model in a directory: dense.gguf, or the only GGUF file, or the first part of the only split file. Vision
/// encoders (mmproj), importance matrices (imatrix) and layers that draft tokens (a name that begins with mtp-) do not count.
/// Empty if there is none, or if there is no dense.gguf and the directory holds a Hugging Face checkpoint: GGUF files beside
/// such a checkpoint are other models. Throws if there are several.
std::string gguf_in_directory(const std::string& directory);

/// The file with the metadata of a GGUF model, if `path` is a GGUF file, a part of a split GGUF file, or a directory with a
/// GGUF model; otherwise empty. A GGUF file is recognised by its name (*.gguf) or by its magic number.
std::string find_gguf(const std::string& path);

}  // namespace moe::inline MOE_ABI::detail

#if MOE_DEFINITIONS
#include "gguf_path.ipp"
#endif
