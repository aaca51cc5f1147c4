// SPDX-License-Identifier: MIT
#pragma once
#include "detail/io/file.hpp"
#include "detail/io/checkpoint.hpp"
#include "support/checkpoints.hpp"
#include "support/temporary_directory.hpp"

#include <cstddef>
#include <filesystem>
#include <fstream>
#include <string>
#include <string_view>

/// A copy of a golden checkpoint that a test may change.
class TinyCheckpoint {
 public:
  explicit TinyCheckpoint(const std::string& name = "plain-bf16") {
    std::filesystem::copy(
        golden(name), directory_.path(),
        std::filesystem::copy_options::recursive | std::filesystem::copy_options::overwrite_existing);
  }

  /// Replaces the first occurrence of a text in config.json.
  TinyCheckpoint& edit(std::string_view from, std::string_view to) {
    std::string text = moe::detail::read_text(directory_ / "config.json");
    const std::size_t at = text.find(from);
    if (at != text.npos) text.replace(at, from.size(), to);
    directory_.write("config.json", text);
    return *this;
  }

  /// Renames a tensor to a name of the same length.
  TinyCheckpoint& rename_tensor(std::string_view from, std::string_view to) {
    std::string text = moe::detail::read_text(directory_ / "model.safetensors");
    text.replace(text.find(from), from.size(), to);
    directory_.write("model.safetensors", text);
    return *this;
  }

  /// Overwrites the bytes of a tensor, from byte `offset` of the tensor on.
  TinyCheckpoint& set_tensor(std::string_view name, std::string_view bytes, std::size_t offset = 0) {
    const moe::Checkpoint checkpoint = open();
    const moe::TensorInfo& tensor = checkpoint.at(name);
    // In place, because Windows does not truncate a mapped file.
    std::fstream file(checkpoint.file_of(tensor), std::ios::in | std::ios::out | std::ios::binary);
    file.seekp(static_cast<std::streamoff>(tensor.offset + offset));
    file.write(bytes.data(), static_cast<std::streamsize>(bytes.size()));
    return *this;
  }

  std::string bytes_of(std::string_view name) const {
    const moe::Checkpoint checkpoint = open();
    const auto bytes = checkpoint.bytes(checkpoint.at(name));
    return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
  }

  moe::Checkpoint open() const { return moe::Checkpoint(directory_.path()); }
  const TemporaryDirectory& directory() const { return directory_; }

 private:
  TemporaryDirectory directory_;
};
