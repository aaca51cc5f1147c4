// SPDX-License-Identifier: MIT
// Advice after an error: a sentence, and below the sentence a command to type, indented by four spaces.
#pragma once
#include "nearest.hpp"
#include "utf8_path.hpp"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <filesystem>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>
#include <vector>

/// A command line that failed, from which commands are made that may work.
class FailedCommand {
 public:
  /// model: the argument that names the model; empty if there is none.
  FailedCommand(std::vector<std::string> words, std::string help, std::string model)
      : words_(std::move(words)), help_(std::move(help)), model_(std::move(model)) {}

  const std::string& model() const { return model_; }
  const std::string& program() const { return words_[0]; }
  std::string name() const { return utf8_of(path_of(words_[0]).filename().replace_extension()); }
  bool knows(const std::string& option) const { return help_.find("\n  " + option + ' ') != help_.npos; }
  bool has(const std::string& word) const {
    return std::find(words_.begin(), words_.end(), word) != words_.end();
  }

  /// The path of another example, which lies beside this one.
  std::string beside(const std::string& example) const {
    return utf8_of(path_of(words_[0]).replace_filename(example));
  }

  /// Whether another example lies beside this one. The demo has one example only.
  bool has_beside(const std::string& example) const {
    std::error_code error;
    std::filesystem::path path = path_of(words_[0]).replace_filename(example);
    return std::filesystem::exists(path, error) ||
           std::filesystem::exists(path.replace_extension(".exe"), error);
  }

  std::string with_model(const std::string& model) const {
    std::vector<std::string> words = words_;
    std::replace(words.begin() + 1, words.end(), model_, model);
    return joined(words);
  }

  std::string with_option(const std::string& option, const std::string& value) const {
    std::vector<std::string> words = words_;
    const auto found = std::find(words.begin(), words.end(), option);
    if (found != words.end() && found + 1 != words.end()) {
      found[1] = value;
    } else {
      words.insert(words.end(), {option, value});
    }
    return joined(words);
  }

  /// The command with another output. output: the absolute path of the present output, the last word with this file name.
  std::string with_other_output(const std::filesystem::path& output) const {
    std::vector<std::string> words = words_;
#if defined(_WIN32)
    constexpr const char* separators = "/\\";
#else
    constexpr const char* separators = "/";
#endif
    for (std::size_t i = words.size(); i-- > 1;) {
      const std::string word = words[i].substr(0, words[i].find_last_not_of(separators) + 1);
      if (path_of(word).filename() != output.filename()) continue;
      words[i] = word + "-2";
      break;
    }
    return joined(words);
  }

  /// The word behind an option; empty if there is none.
  std::string value_of(const std::string& option) const {
    const auto found = std::find(words_.begin(), words_.end(), option);
    return found != words_.end() && found + 1 != words_.end() ? found[1] : "";
  }

  std::string with_flag(const std::string& flag) const { return joined(words_) + ' ' + flag; }

  std::string without_flag(const std::string& flag) const {
    std::vector<std::string> words = words_;
    words.erase(std::remove(words.begin(), words.end(), flag), words.end());
    return joined(words);
  }

  std::string asking_for_help() const { return joined({words_[0], "--help"}); }

  static std::string joined(const std::vector<std::string>& words) {
    std::string out;
    for (const std::string& word : words) out += (out.empty() ? "" : " ") + quoted(word);
    return out;
  }

 private:
  static std::string quoted(const std::string& word) {
#if defined(_WIN32)  // as CommandLineToArgvW reads it; apostrophes mean nothing to cmd.exe
    constexpr std::string_view special = "\\", mark_within = "\\\"";
    constexpr char mark = '"';
#else
    constexpr std::string_view special = "", mark_within = "'\\''";
    constexpr char mark = '\'';
#endif
    const auto is_harmless = [&](char c) {
      constexpr std::string_view others = "-_./,:=+@%";
      return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
             others.find(c) != others.npos || special.find(c) != special.npos;
    };
    if (!word.empty() && std::all_of(word.begin(), word.end(), is_harmless)) return word;
    std::string out(1, mark);
    for (const char c : word) out += c == mark ? mark_within : std::string_view(&c, 1);
#if defined(_WIN32)  // backslashes before a quotation mark count half
    out.append(word.size() - 1 - word.find_last_not_of('\\'), '\\');
#endif
    return out += mark;
  }

  std::vector<std::string> words_;
  std::string help_, model_;
};

/// A sentence and the command that it explains.
inline std::string step(const std::string& sentence, const std::string& command) {
  return sentence + "\n    " + command + '\n';
}

/// Whether a path has the form of a name on Hugging Face: owner/model.
inline bool is_hugging_face_name(const std::string& path) {
  constexpr std::string_view letters = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_.";
  const std::size_t slash = path.find('/');
  if (slash == path.npos || slash == 0 || path[0] == '.' || slash + 1 == path.size()) return false;
  std::error_code error;
  return path.find_first_not_of(letters) == slash &&
         path.find_first_not_of(letters, slash + 1) == path.npos &&
         !std::filesystem::exists(path.substr(0, slash), error);
}

/// Whether a file has weights, by its name.
inline bool is_weights_file(const std::filesystem::path& path) {
  return path.extension() == ".gguf" || path.extension() == ".safetensors";
}

/// A model in a folder or in the folders below it, at most three deep; empty if there is none.
inline std::string model_below(const std::filesystem::path& folder) {
  std::error_code error;
  constexpr auto skip = std::filesystem::directory_options::skip_permission_denied;
  for (auto it = std::filesystem::recursive_directory_iterator(folder, skip, error);
       !error && it != std::filesystem::recursive_directory_iterator(); it.increment(error)) {
    if (it.depth() == 3) it.disable_recursion_pending();
    if (!is_weights_file(it->path())) continue;
    return utf8_of(it->path().extension() == ".gguf" ? it->path() : it->path().parent_path());
  }
  return {};
}

/// The path beside a missing one with the most similar name; empty if none is similar.
inline std::string similar_path(const std::filesystem::path& missing) {
  std::vector<std::string> names;
  std::error_code error;
  const std::filesystem::path folder = missing.has_parent_path() ? missing.parent_path() : ".";
  for (auto it = std::filesystem::directory_iterator(folder, error);
       !error && it != std::filesystem::directory_iterator(); it.increment(error))
    names.push_back(utf8_of(it->path().filename()));
  const std::string name = nearest(utf8_of(missing.filename()), names);
  return name.empty() ? name : utf8_of(missing.parent_path() / path_of(name));
}

inline std::string without_a_download(const FailedCommand& command) {
  const bool built = command.has_beside("synthesize");
  const std::string synthesize = built ? command.beside("synthesize") : "build/examples/examples/synthesize";
  return step("The model that is part of the project, in its folder:",
              command.with_model("examples/data/babel-10m")) +
         "Speed and memory without a download: random weights with the shape of a released model,\n" +
         (built ? "" : "    cmake --preset examples && cmake --build build/examples\n") + "    " +
         FailedCommand::joined({synthesize, "/tmp/moe-model", "--shape", "qwen3-30b-a3b"}) + "\n    " +
         command.with_model("/tmp/moe-model") + '\n';
}

inline std::string download(const std::string& name, const std::string& folder) {
  return FailedCommand::joined({"hf", "download", name, "--local-dir", folder});
}

/// After an error that says that the model does not exist.
inline std::string after_missing_model(const FailedCommand& command) {
  const std::string& model = command.model();
  if (const std::string meant = similar_path(path_of(model)); !meant.empty())
    return step("There is a path with a similar name:", command.with_model(meant)) +
           without_a_download(command);
  if (!is_hugging_face_name(model)) return without_a_download(command);
  const std::string folder = model.substr(model.find('/') + 1);
  return step(
             "MODEL is a path, and this is a name on Hugging Face. Download the model, then name its folder:",
             download(model, folder)) +
         "    " + command.with_model(folder) + '\n' + without_a_download(command);
}

/// After an error of a folder without weights.
inline std::string after_missing_weights(const FailedCommand& command) {
  const std::string& model = command.model();
  if (const std::string below = model_below(path_of(model)); !below.empty())
    return step("A folder below has a model:", command.with_model(below));
  std::error_code error;
  const bool has_config = std::filesystem::exists(path_of(model) / "config.json", error);
  const std::string sentence = has_config
                                   ? "The folder has config.json, but no weights. Download the whole model:"
                                   : "The folder has no model. Download one, for example:";
  return step(sentence, download(has_config ? "OWNER/NAME" : "Qwen/Qwen3-30B-A3B", model)) +
         without_a_download(command);
}

/// The directory of an extraction, which has dense.gguf, given this directory or a file in it; empty for other paths.
inline std::filesystem::path extraction_of(const std::filesystem::path& model) {
  std::error_code error;
  const std::filesystem::path folder = is_weights_file(model) ? model.parent_path() : model;
  return std::filesystem::exists(folder / "dense.gguf", error) ? folder : std::filesystem::path();
}

inline std::string remove_and_repeat(std::string_view what_is_wrong, const std::string& folder) {
  return step(std::string(what_is_wrong) + " Remove the directory, then repeat the command that wrote it:",
              FailedCommand::joined({"rm", "-r", folder}));
}

/// After an error that an incomplete download may cause, or an incomplete copy of an extraction.
inline std::string after_incomplete_model(const FailedCommand& command) {
  const std::filesystem::path model = path_of(command.model());
  if (const std::filesystem::path extraction = extraction_of(model); !extraction.empty())
    return remove_and_repeat("The extraction is incomplete.", utf8_of(extraction));
  if (!is_weights_file(model))
    return step("Files are missing or incomplete. This continues a download, and keeps what is complete:",
                download("OWNER/NAME", command.model()));
  const std::string folder = model.has_parent_path() ? utf8_of(model.parent_path()) : ".";
  return step("If the file is smaller than at its source, this continues the download:",
              FailedCommand::joined(
                  {"hf", "download", "OWNER/NAME", utf8_of(model.filename()), "--local-dir", folder}));
}

/// The size for an option with a number of bytes, rounded up.
inline std::string size_option(std::uint64_t bytes) {
  const int shift = bytes < (std::uint64_t{1} << 20) ? 10 : 20;
  return std::to_string((bytes + (std::uint64_t{1} << shift) - 1) >> shift) + (shift == 10 ? "KiB" : "MiB");
}

/// After an error of a limit that is too small: the least limit, which the message states.
inline std::string after_small_limit(const FailedCommand& command, const std::string& message) {
  constexpr std::string_view before = "expected at least ";
  const std::uint64_t least =
      std::strtoull(message.c_str() + message.find(before) + before.size(), nullptr, 10);
  std::string option = command.knows("--budgets") ? "--budgets" : "--budget";
  if (message.find("memory: ") == 0) option = "--memory";
  return step("The least memory that is enough:", command.with_option(option, size_option(least)));
}

inline std::string after_missing_template(const FailedCommand& command) {
  if (command.knows("--plain"))
    return step("Without a chat template, you and the model can continue a text in turns:",
                command.with_flag("--plain"));
  if (command.name() == "tokenize")
    return step("Without a chat template, the tokenizer can still encode texts, such as:",
                FailedCommand::joined({command.program(), command.model(), "Hello"}));
  return step("Without a chat template, the model can continue a text:", command.without_flag("--chat"));
}

inline std::string after_no_memory(const FailedCommand& command) {
  if (command.has("--context"))
    return step("A shorter context needs less memory:", command.with_option("--context", "4096"));
  if (command.knows("--memory"))
    return step("Limit the memory, so that experts are read from disk when they are needed:",
                command.with_option("--memory", "auto"));
  return step("All options:", command.asking_for_help());
}

/// After an error of extract about its output, whose path the message begins with.
inline std::string after_wrong_output(const FailedCommand& command, const std::string& message) {
  const auto says = [&](std::string_view text) { return message.find(text) != message.npos; };
  if (says(": output: expected a new directory"))
    return step("Name a directory that does not exist yet:",
                command.with_other_output(path_of(message.substr(0, message.find(": output: ")))));
  if (!command.has("--verify")) return step("All options:", command.asking_for_help());
  // A file without checksums may be the only copy of a model, so only an extraction is called damaged.
  const std::string verified = command.value_of("--verify");
  std::error_code error;
  const bool is_extraction = std::filesystem::is_directory(path_of(verified), error) &&
                             !says(": opening: ") && !says(": key \"moe.");
  if (!is_extraction)
    return step("--verify needs a directory that this command has written:",
                FailedCommand::joined({command.program(), "SOURCE", "OUT"}));
  return remove_and_repeat("The file is damaged.", verified);
}

/// After an error of lossy about small copies that are not there.
inline std::string after_missing_small_copies(const FailedCommand& command) {
  return step("Write small copies into a new directory OUT, then use OUT as MODEL:",
              FailedCommand::joined({command.beside("extract"), command.model(), "OUT", "--also",
                                     command.value_of("--small")}));
}

/// After an error of --verify about a model that has no checksums.
inline std::string after_missing_checksums(const FailedCommand& command) {
  return step("Write a copy with checksums into a new directory OUT, then use OUT as MODEL:",
              FailedCommand::joined({command.beside("extract"), command.model(), "OUT"}));
}

/// After an error of replay about its trace.
inline std::string after_wrong_trace(const FailedCommand& command) {
  return step("This command records a trace:",
              FailedCommand::joined({command.beside("measure_cache"), "examples/data/babel-10m", "--budgets",
                                     "4MiB", "--record", "trace.csv"}));
}

/// Whether a message begins with a path, or with the path of a file below it.
inline bool is_about(const std::string& message, const std::string& path) {
  if (path.empty() || !message.starts_with(path)) return false;
  constexpr std::string_view separators = "/\\", after = "/\\:";
  return separators.find(path.back()) != separators.npos || message.size() == path.size() ||
         after.find(message[path.size()]) != after.npos;
}

/// The next steps after an error of the library or of an example, by its message.
inline std::string next_steps(const FailedCommand& command, const std::string& message) {
  const auto says = [&](std::string_view text) { return message.find(text) != message.npos; };
  const std::string& model = command.model();
  if (says("not enough memory")) return after_no_memory(command);
  if (message.find("cache: budget: ") == 0 || message.find("memory: total: ") == 0)
    return after_small_limit(command, message);
  if (says("that `extract --also TYPE` writes")) return after_missing_small_copies(command);
  if (command.name() == "replay" && !says("the path of a new file")) return after_wrong_trace(command);
  const bool of_model = is_about(message, model);
  if (!of_model && command.name() == "extract") return after_wrong_output(command, message);
  if (!of_model) return step("All options:", command.asking_for_help());
  if (says("chat template: expected chat_template.jinja")) return after_missing_template(command);
  if (says("found a dense model")) return without_a_download(command);
  std::error_code error;
  if (!std::filesystem::exists(path_of(model), error)) return after_missing_model(command);
  if (says("found none of them")) return after_missing_weights(command);
  if (says("a checksum to verify")) return after_missing_checksums(command);
  if (says("incomplete download") || says("incomplete copy of an extraction") ||
      says("expected an existing file") || says("size: expected at least 8 bytes") ||
      says(", the rest of the file, found ") ||
      (says(": byte ") && (is_weights_file(path_of(model)) || !extraction_of(path_of(model)).empty())))
    return after_incomplete_model(command);
  if (command.name() != "inspect" && !says("byte 0: "))
    return step("What the model is, and what of it can be run:",
                FailedCommand::joined({command.beside("inspect"), model}));
  return without_a_download(command);
}
