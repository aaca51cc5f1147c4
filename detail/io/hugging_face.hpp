#pragma once
#include "../core/error.hpp"
#include "checkpoint_contents.hpp"
#include "file.hpp"
#include "json.hpp"
#include "safetensors.hpp"
#include "tensor_info.hpp"

#include <algorithm>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace moe {
namespace detail {

/// Opens a checkpoint in the form of Hugging Face: config.json beside model.safetensors, or beside shards and
/// their index.
class HuggingFaceReader {
 public:
  CheckpointContents read(const std::string& path) {
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

 private:
  using Entry = std::pair<std::string_view, Json>;  // a file, and the member of the index that says so

  void open_directory() {
    const std::string single = join_path(out_.directory, "model.safetensors");
    if (const auto index = read_json("model.safetensors.index.json")) {
      open_shards(index->root());
    } else {
      expect(is_file(single), out_.directory, "opening",
             "a checkpoint: model.safetensors, or model.safetensors.index.json and its shards", "neither");
      out_.tensors = open_file(single);
    }
  }

  void open_shards(const Json& index) {
    std::vector<Entry> entries;
    for (const Json entry : index.at("weight_map").as_object())
      entries.emplace_back(entry.as_string(), entry);
    const auto by_file = [](const Entry& a, const Entry& b) { return a.first < b.first; };
    std::stable_sort(entries.begin(), entries.end(), by_file);
    for (auto first = entries.begin(); first != entries.end();) {
      const auto last = std::upper_bound(first, entries.end(), *first, by_file);
      open_shard(std::string(first->first), {first, last});
      first = last;
    }
  }

  /// Takes from a shard the tensors that the index says are in it.
  void open_shard(const std::string& name, std::span<const Entry> entries) {
    const Json& mention = entries.front().second;
    // A name with a path in it could reach any file of the machine.
    if (name.empty() || name.find_first_of("/\\") != name.npos || name.find("..") != name.npos)
      mention.fail_here("the name of a file in the same directory", concat('"', name, '"'));
    const std::string shard = join_path(out_.directory, name);
    if (!is_file(shard)) mention.fail_here("an existing file", concat('"', name, '"'));

    std::vector<TensorInfo> present = open_file(shard);
    sort_by_name(present);
    for (const auto& [file, entry] : entries) {
      const TensorInfo* tensor = find_by_name(present, entry.key());
      if (!tensor) entry.fail_here("a tensor of that file", "none of that name in it");
      out_.tensors.push_back(*tensor);
    }
  }

  /// Opens one file and returns what it holds.
  std::vector<TensorInfo> open_file(const std::string& path) {
    out_.files.emplace_back(path);
    std::vector<TensorInfo> present = read_safetensors(out_.files.back());
    for (TensorInfo& tensor : present) tensor.file = out_.files.size() - 1;
    return present;
  }

  std::optional<JsonDocument> read_json(std::string_view name) const {
    const std::string path = join_path(out_.directory, name);
    if (!is_file(path)) return {};
    return JsonDocument(read_text(path), path);
  }

  CheckpointContents out_;
};

}  // namespace detail

inline CheckpointContents open_hugging_face(const std::string& path) {
  return detail::HuggingFaceReader().read(path);
}

}  // namespace moe
