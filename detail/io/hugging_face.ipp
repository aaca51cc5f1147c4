// SPDX-License-Identifier: MIT
#pragma once
#include "hugging_face.hpp"
#include "../core/concat.hpp"
#include "../core/error.hpp"
#include "file.hpp"
#include "json.hpp"
#include "safetensors.hpp"
#include "tensor_info.hpp"

#include <algorithm>
#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace moe::inline MOE_ABI::detail {

class HuggingFaceReader {
 public:
  CheckpointContents read(const std::string& path) &&;

 private:
  void open_directory();

  /// Opens one file, or all shards if the index lists the file.
  void open_given(const std::string& path);

  /// Opens each shard once, and takes the tensors that the index assigns to the shard.
  void open_shards(const Json& index);

  /// Opens the shard that a member "tensor": "file" of weight_map names, and returns its tensors.
  std::vector<TensorInfo> open_shard(const Json& entry);

  /// Opens a file and returns its tensors.
  std::vector<TensorInfo> open_file(const std::string& path);

  /// Reads a file of the directory; nothing if there is none.
  std::optional<JsonDocument> read_json(std::string_view name) const;

  [[noreturn]] void fail_without_tensors() const;

  CheckpointContents out_;
};

inline constexpr std::string_view single_file_name = "model.safetensors";
inline constexpr std::string_view index_file_name = "model.safetensors.index.json";

/// Whether `name` ends like the name of one of several shards, `-00001-of-00002.safetensors`.
MOE_INLINE bool is_shard_name(std::string_view name) {
  constexpr std::string_view ending = ".safetensors", form = "-#####-of-#####";
  if (!name.ends_with(ending) || name.size() < form.size() + ending.size()) return false;
  const std::string_view numbers = name.substr(name.size() - ending.size() - form.size(), form.size());
  for (std::size_t i = 0; i < form.size(); ++i)
    if (form[i] == '#' ? numbers[i] < '0' || numbers[i] > '9' : numbers[i] != form[i]) return false;
  return numbers.substr(form.size() - 5) != "00001";
}

MOE_INLINE bool index_lists(const Json& index, std::string_view file) {
  for (const Json entry : index.at("weight_map").as_object())
    if (entry.as_string() == file) return true;
  return false;
}

MOE_INLINE CheckpointContents HuggingFaceReader::read(const std::string& path) && {
  if (is_directory(path)) {
    out_.directory = path;
    open_directory();
  } else {
    out_.directory = parent_directory(path);
    open_given(path);
  }
  out_.config = read_json("config.json");
  out_.generation_config = read_json("generation_config.json");
  return std::move(out_);
}

MOE_INLINE void HuggingFaceReader::open_directory() {
  const std::string single = join_path(out_.directory, single_file_name);
  if (is_file(single)) {
    out_.tensors = open_file(single);
  } else if (const auto index = read_json(index_file_name)) {
    open_shards(index->root());
  } else {
    fail_without_tensors();
  }
}

MOE_INLINE void HuggingFaceReader::open_given(const std::string& path) {
  const std::string_view name = file_name(path);
  if (name != single_file_name) {
    const auto index = read_json(index_file_name);
    if (index && index_lists(index->root(), name)) return open_shards(index->root());
    if (is_shard_name(name))
      fail(path, "opening", concat(index_file_name, " in the same directory, listing this file"),
           concat(index ? "an index that does not list this file" : "none",
                  ", but the file is one shard of several"));
  }
  out_.tensors = open_file(path);
}

MOE_INLINE void HuggingFaceReader::open_shards(const Json& index) {
  std::vector<Json> entries;  // the members "tensor": "file" of weight_map
  for (const Json entry : index.at("weight_map").as_object()) entries.push_back(entry);
  const auto by_file = [](const Json& a, const Json& b) { return a.as_string() < b.as_string(); };
  std::stable_sort(entries.begin(), entries.end(), by_file);
  std::vector<TensorInfo> present;  // the tensors of the file of entry i
  for (std::size_t i = 0; i < entries.size(); ++i) {
    if (i == 0 || by_file(entries[i - 1], entries[i])) present = open_shard(entries[i]);
    const TensorInfo* tensor = find_by_name(present, entries[i].key());
    if (!tensor)
      entries[i].fail_here("a file with this tensor", concat('"', entries[i].as_string(), "\" without it"));
    out_.tensors.push_back(*tensor);
  }
}

MOE_INLINE std::vector<TensorInfo> HuggingFaceReader::open_shard(const Json& entry) {
  const std::string_view name = entry.as_string();
  // A name with a path in it could reach any file of the machine. The system ends a path at the first \0.
  bool outside = name.empty() || name == "." || name == "..";
  for (const char c : name) outside = outside || is_path_separator(c) || c == '\0';
#if defined(_WIN32)
  outside = outside || name.find(':') != name.npos;
#endif
  if (outside) entry.fail_here("the name of a file in the same directory", concat('"', name, '"'));
  const std::string shard = join_path(out_.directory, name);
  if (!is_file(shard)) entry.fail_here("an existing file", concat('"', name, '"'));
  return open_file(shard);
}

MOE_INLINE std::vector<TensorInfo> HuggingFaceReader::open_file(const std::string& path) {
  out_.files.emplace_back(path);
  std::vector<TensorInfo> present = read_safetensors(out_.files.back());
  for (TensorInfo& tensor : present) tensor.file = out_.files.size() - 1;
  return present;
}

MOE_INLINE std::optional<JsonDocument> HuggingFaceReader::read_json(std::string_view name) const {
  const std::string path = join_path(out_.directory, name);
  if (kind_of(path) == PathKind::missing) return {};
  return JsonDocument(read_text(path), path);
}

MOE_INLINE void HuggingFaceReader::fail_without_tensors() const {
  std::string found = "none of them";
  const std::string snapshots = join_path(out_.directory, "snapshots");
  if (is_directory(snapshots)) found += concat("; the checkpoints of this cache are in \"", snapshots, '"');
  for (const std::string& name : list_directory(out_.directory))
    if (name.ends_with(".safetensors") || name.ends_with(".bin") || name.ends_with(".pth")) {
      found += concat(", but \"", name, '"');
      break;
    }
  fail(
      out_.directory, "opening",
      concat("a checkpoint: ", single_file_name, ", or ", index_file_name, " and its shards, or a GGUF file"),
      found);
}

MOE_INLINE CheckpointContents open_hugging_face(const std::string& path) {
  return HuggingFaceReader().read(path);
}

}  // namespace moe::inline MOE_ABI::detail
