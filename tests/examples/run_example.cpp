// SPDX-License-Identifier: MIT
#include "run_example.hpp"
#include "detail/io/file.hpp"
#include "support/temporary_directory.hpp"
#include "support/watchdog.hpp"

#include <chrono>
#include <cstdlib>

#if !defined(_WIN32)
#include <sys/wait.h>
#endif

namespace {

std::string quoted(const std::string& word) {
  std::string out = "'";
  for (const char c : word) out += c == '\'' ? "'\\''" : std::string(1, c);
  return out += '\'';
}

}  // namespace

Result run(const std::vector<std::string>& words, const std::string& input) {
  const Watchdog watchdog{std::chrono::minutes(5)};
  const TemporaryDirectory directory;
  std::string command = quoted(std::string(MOE_EXAMPLES_DIR "/") + words[0]);
  for (std::size_t i = 1; i < words.size(); ++i) command += ' ' + quoted(words[i]);
  command += " <" + directory.write("in", input) + " >" + (directory / "out") + " 2>" + (directory / "err");
  const int status = std::system(command.c_str());
  return {WEXITSTATUS(status), moe::detail::read_text(directory / "out"),
          moe::detail::read_text(directory / "err")};
}

std::vector<std::string> with(std::vector<std::string> words, const std::vector<std::string>& more) {
  words.insert(words.end(), more.begin(), more.end());
  return words;
}

std::vector<std::string> lines_of(const std::string& text) {
  std::vector<std::string> lines;
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t end = text.find('\n', at);
    lines.push_back(text.substr(at, end - at));
    at = end == text.npos ? text.size() : end + 1;
  }
  return lines;
}

std::vector<std::string> cells_of(const std::string& row) {
  std::vector<std::string> cells;
  for (std::size_t at = 1; at < row.size();) {
    const std::size_t end = row.find(" |", at);
    if (end == row.npos) break;
    cells.push_back(row.substr(at + 1, end - at - 1));
    at = end + 2;
  }
  return cells;
}
