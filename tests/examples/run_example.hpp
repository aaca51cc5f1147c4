// SPDX-License-Identifier: MIT
#pragma once
#include <string>
#include <string_view>
#include <vector>

/// The exit status and the output of a program.
struct Result {
  int status;
  std::string out, err;

  bool says(std::string_view text) const { return err.find(text) != err.npos; }
};

/// Runs an example: its name, then its arguments.
Result run(const std::vector<std::string>& words, const std::string& input = "");

/// `words`, followed by `more`.
std::vector<std::string> with(std::vector<std::string> words, const std::vector<std::string>& more);

std::vector<std::string> lines_of(const std::string& text);

/// The cells of a row of a table in Markdown, without the spaces around them.
std::vector<std::string> cells_of(const std::string& row);
