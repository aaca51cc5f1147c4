// SPDX-License-Identifier: MIT
#pragma once
#include "gguf.hpp"
#include "../core/concat.hpp"
#include "../core/error.hpp"
#include "file.hpp"
#include "gguf_metadata.hpp"
#include "gguf_parser.hpp"
#include "gguf_path.hpp"
#include "small_copy.hpp"
#include "tensor_info.hpp"

#include <cstddef>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

namespace moe::inline MOE_ABI::detail {

class GgufReader {
 public:
  CheckpointContents read(const std::string& path) &&;
  CheckpointContents read_small_copy(const std::string& directory, DType type) &&;

 private:
  /// Opens one file with exact weights, adds its tensors to out_, and returns its metadata.
  GgufMetadata open_file(const std::string& path);

  /// As open_file(), but the file may be a small copy of experts.
  GgufMetadata open_any_file(const std::string& path);

  /// Opens a file, and the other parts if it is a split file. The first part has the metadata of the model; every part has
  /// its number and the number of parts.
  void open_parts(const std::string& path);

  void require_part(const GgufMetadata& metadata, const std::string& path, std::uint64_t number,
                    std::uint64_t parts) const;

  void require_tensors() const;

  /// An extraction from a Hugging Face checkpoint contains the config.json and uses the tensor names of that checkpoint.
  void read_config();

  CheckpointContents out_;
};

MOE_INLINE CheckpointContents GgufReader::read(const std::string& path) && {
  const bool directory = is_directory(path);
  out_.directory = directory ? path : parent_directory(path);
  if (directory && is_file(join_path(path, "dense.gguf"))) {
    open_file(join_path(path, "dense.gguf"));
    const std::string experts = join_path(path, "experts.gguf");
    if (is_file(experts)) open_file(experts);
  } else {
    open_parts(directory ? gguf_in_directory(path) : path);
  }
  require_tensors();
  read_config();
  return std::move(out_);
}

MOE_INLINE CheckpointContents GgufReader::read_small_copy(const std::string& directory, DType type) && {
  out_.directory = directory;
  const std::string experts = join_path(directory, "experts.gguf"),
                    path = join_path(directory, small_copy_name(type));
  for (const std::string& needed : {experts, path})
    expect(is_file(needed), needed, "opening", "a file that `extract --also TYPE` writes", "no such file");
  open_file(join_path(directory, "dense.gguf"));
  open_any_file(path);
  require_copy_of(out_.files.back(), experts);
  require_tensors();
  read_config();
  return std::move(out_);
}

MOE_INLINE GgufMetadata GgufReader::open_file(const std::string& path) {
  GgufMetadata metadata = open_any_file(path);
  if (metadata.find(small_copy_key))
    fail(path, "opening", "exact weights",
         "a lossy small copy of experts, which only Checkpoint::small_copy() opens");
  return metadata;
}

MOE_INLINE GgufMetadata GgufReader::open_any_file(const std::string& path) {
  out_.files.emplace_back(path);
  GgufContents contents = parse_gguf(out_.files.back());
  for (TensorInfo& tensor : contents.tensors) {
    tensor.file = out_.files.size() - 1;
    out_.tensors.push_back(std::move(tensor));
  }
  if (out_.files.size() == 1) out_.metadata = contents.metadata;
  return std::move(contents.metadata);
}

MOE_INLINE void GgufReader::open_parts(const std::string& path) {
  const auto require_file = [](const std::string& part) {
    expect(is_file(part), part, "opening", "a part of a split GGUF file", "no such file");
  };
  const auto name = GgufPartName::parse(path);
  const std::string first = name ? name->path(1) : path;
  require_file(first);
  open_file(first);
  const std::uint64_t named = name ? name->parts : 1, parts = out_.metadata.whole("split.count").value_or(1);
  if (named <= 1 && parts <= 1) return;
  if (named > 1 && parts <= 1)
    fail(first, "split.count", concat(named, ", as in the name of the file"),
         out_.metadata.find("split.count") ? concat(parts) : "none");
  if (named != parts)
    fail(first, "name of the file", concat("the ending -00001-of-N.gguf with N = ", parts),
         concat('"', file_name(first), '"'));
  require_part(out_.metadata, first, 0, parts);
  for (std::uint32_t part = 2; part <= parts; ++part) {
    require_file(name->path(part));
    require_part(open_file(name->path(part)), name->path(part), part - 1, parts);
  }
  if (const auto tensors = out_.metadata.whole("split.tensors.count");
      tensors && *tensors != out_.tensors.size())
    fail(first, "tensors of all parts", concat(*tensors, ", as in split.tensors.count"),
         concat(out_.tensors.size()));
}

MOE_INLINE void GgufReader::require_part(const GgufMetadata& metadata, const std::string& path,
                                         std::uint64_t number, std::uint64_t parts) const {
  const auto no = metadata.whole("split.no"), count = metadata.whole("split.count");
  if (no != number) fail(path, "split.no", concat(number), no ? concat(*no) : "none");
  if (count != parts) fail(path, "split.count", concat(parts), count ? concat(*count) : "none");
  const auto tensors = metadata.whole("split.tensors.count"),
             first = out_.metadata.whole("split.tensors.count");
  if (tensors && tensors != first)
    fail(path, "split.tensors.count", first ? concat(*first, ", as in the first part") : "none",
         concat(*tensors));
}

MOE_INLINE void GgufReader::require_tensors() const {
  if (!out_.tensors.empty()) return;
  const bool vocabulary = out_.metadata.find("tokenizer.ggml.tokens") != nullptr;
  fail(out_.files[0].path(), "tensors", "the tensors of a model",
       vocabulary ? "a file that has no tensors (a vocabulary only)" : "a file that has no tensors");
}

MOE_INLINE void GgufReader::read_config() {
  const auto config = out_.metadata.text("moe.config");
  out_.naming = config ? Naming::hugging_face : Naming::gguf;
  if (!config) return;
  out_.config = JsonDocument(std::string(*config), concat(out_.files[0].path(), ", moe.config"));
  const std::string generation = join_path(out_.directory, "generation_config.json");
  if (is_file(generation)) out_.generation_config = JsonDocument(read_text(generation), generation);
}

MOE_INLINE CheckpointContents open_gguf(const std::string& path) { return GgufReader().read(path); }

MOE_INLINE CheckpointContents open_small_copy(const std::string& directory, DType type) {
  return GgufReader().read_small_copy(directory, type);
}

}  // namespace moe::inline MOE_ABI::detail
