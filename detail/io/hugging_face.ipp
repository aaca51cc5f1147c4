#pragma once
#include "hugging_face.hpp"
#include "../core/concat.hpp"
#include "../core/error.hpp"
#include "file.hpp"
#include "safetensors.hpp"

#include <algorithm>
#include <cstddef>
#include <cstring>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace moe::inline MOE_ABI::detail {

MOE_INLINE CheckpointContents HuggingFaceReader::read(const std::string& path) {
  if (is_directory(path)) {
    out_.directory = path;
    open_directory();
  } else {
    out_.directory = parent_directory(path);
    out_.tensors = open_file(path);
  }
  out_.config = read_json("config.json");
  out_.generation_config = read_json("generation_config.json");
  return std::move(out_);
}

MOE_INLINE void HuggingFaceReader::open_directory() {
  const std::string single = join_path(out_.directory, "model.safetensors");
  if (const auto index = read_json("model.safetensors.index.json")) {
    open_shards(index->root());
  } else {
    expect(is_file(single), out_.directory, "opening",
           "a checkpoint: model.safetensors, or model.safetensors.index.json and its shards", "neither");
    out_.tensors = open_file(single);
  }
}

MOE_INLINE void HuggingFaceReader::open_shards(const Json& index) {
  std::vector<Json> entries;  // tensor: "file"
  for (const Json entry : index.at("weight_map").as_object()) entries.push_back(entry);
  const auto by_file = [](const Json& a, const Json& b) { return a.as_string() < b.as_string(); };
  std::ranges::stable_sort(entries, by_file);
  std::vector<TensorInfo> present;  // in the file of the entry before
  for (std::size_t i = 0; i < entries.size(); ++i) {
    if (i == 0 || by_file(entries[i - 1], entries[i])) present = open_shard(entries[i]);
    const TensorInfo* tensor = find_by_name(present, entries[i].key());
    if (!tensor) entries[i].fail_here("a tensor of that file", "none of that name in it");
    out_.tensors.push_back(*tensor);
  }
}

MOE_INLINE std::vector<TensorInfo> HuggingFaceReader::open_shard(const Json& entry) {
  const std::string_view name = entry.as_string();
  // A name with a path in it could reach any file of the machine.
  constexpr std::string_view forbidden("/\\\0", 3);  // to the system a name ends at its first \0
  if (name.empty() || name.find_first_of(forbidden) != name.npos || name.find("..") != name.npos)
    entry.fail_here("the name of a file in the same directory", concat('"', name, '"'));
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
  if (!is_file(path)) return {};
  return JsonDocument(read_text(path), path);
}

}  // namespace moe::inline MOE_ABI::detail

namespace moe::inline MOE_ABI::detail {

MOE_INLINE CheckpointContents open_hugging_face(const std::string& path) {
  return detail::HuggingFaceReader().read(path);
}

}  // namespace moe::inline MOE_ABI::detail
