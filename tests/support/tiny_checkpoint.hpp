#pragma once
#include "detail/io/file.hpp"
#include "detail/io/checkpoint.hpp"
#include "support/checkpoints.hpp"
#include "support/temporary_directory.hpp"

#include <filesystem>
#include <string>
#include <string_view>

/// A copy of a golden checkpoint whose files a test may spoil.
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

  moe::Checkpoint open() const { return moe::Checkpoint(directory_.path()); }
  const TemporaryDirectory& directory() const { return directory_; }

 private:
  TemporaryDirectory directory_;
};
