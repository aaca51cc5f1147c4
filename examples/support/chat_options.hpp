// SPDX-License-Identifier: MIT
// The options of programs that use a chat template.
#pragma once
#include <moe.hpp>

#include "command_line.hpp"

#include <string>

/// Reads --no-thinking, --tools FILE and --set NAME=JSON.
inline moe::ChatOptions chat_options_of(const CommandLine& args) {
  moe::ChatOptions options;
  if (args.has("--no-thinking")) options.enable_thinking = false;
  if (args.has("--tools")) {
    const std::string file = args.text("--tools", "");
    const moe::JsonDocument tools(moe::detail::read_text(file), file);
    for (const moe::Json tool : tools.root().as_array()) options.tools.push_back(moe::detail::to_json(tool));
  }
  for (const std::string& setting : args.texts("--set")) {
    const std::size_t equal = setting.find('=');
    if (equal == setting.npos) throw UsageError("--set needs NAME=JSON, not '" + setting + "'");
    options.variables.emplace_back(setting.substr(0, equal), setting.substr(equal + 1));
  }
  return options;
}
