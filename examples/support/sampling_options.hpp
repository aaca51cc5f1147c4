// SPDX-License-Identifier: MIT
// Options that change which tokens are drawn, beside temperature, top-k and the like.
#pragma once
#include <moe.hpp>

#include "command_line.hpp"

#include <algorithm>
#include <cstddef>
#include <limits>
#include <string>
#include <string_view>
#include <vector>

constexpr std::string_view sampling_options_help =
    R"(  --typical-p P            draw from the tokens whose information is nearest to the entropy and that
                           together have probability P
  --presence-penalty P     subtracted from the logits of tokens that were generated before
  --frequency-penalty P    subtracted once for each time that a token was generated before
  --no-repeat-ngram-size N  no sequence of N tokens occurs twice; 0: off
  --logit-bias TOKEN=VALUE  added to the logit of TOKEN, an id or the text of one token; may be repeated
  --ban TOKEN              never draw TOKEN, an id or the text of one token; may be repeated
)";

/// A token given by its id or by its text.
inline moe::TokenId token_of(const std::string& word, const std::string& option,
                             const moe::Tokenizer& tokenizer) {
  if (!word.empty() && word.find_first_not_of("0123456789") == word.npos)
    return CommandLine::parse<moe::TokenId>(word, option, 0, std::numeric_limits<moe::TokenId>::max());
  const std::vector<moe::TokenId> ids = tokenizer.encode(word, {.add_special_tokens = false});
  if (ids.size() != 1)
    throw UsageError(option + " needs an id or the text of one token; '" + word + "' has " +
                     std::to_string(ids.size()) + " tokens");
  return ids[0];
}

/// Throws if a number of `sampling` is out of range: a UsageError if the number is the value of an option.
inline void require_in_range(const CommandLine& args, const moe::Sampling& sampling) {
  try {
    sampling.check();
  } catch (const moe::Error& error) {  // sampling: top_p: expected a number above 0, at most 1, found 2
    const std::string message = error.what();
    const std::size_t begin = message.find(": ") + 2, end = message.find(": ", begin);
    std::string option = "--" + message.substr(begin, end - begin);
    std::replace(option.begin(), option.end(), '_', '-');
    if (!args.has(option)) throw;
    const std::size_t expected = end + 2 + std::string_view("expected ").size(),
                      found = message.rfind(", found ");
    throw UsageError(option + " needs " + message.substr(expected, found - expected) + ", not '" +
                     message.substr(found + std::string_view(", found ").size()) + "'");
  }
}

/// Changes the options that are given, and checks the range of all numbers.
inline void read_sampling_options(const CommandLine& args, const moe::Model& model, moe::Sampling& sampling) {
  sampling.typical_p = args.number("--typical-p", sampling.typical_p);
  sampling.presence_penalty = args.number("--presence-penalty", sampling.presence_penalty);
  sampling.frequency_penalty = args.number("--frequency-penalty", sampling.frequency_penalty);
  sampling.no_repeat_ngram_size = args.number("--no-repeat-ngram-size", sampling.no_repeat_ngram_size);
  for (const std::string& setting : args.texts("--logit-bias")) {
    const std::size_t equal = setting.rfind('=');  // the text of a token may contain `=`
    if (equal == setting.npos) throw UsageError("--logit-bias needs TOKEN=VALUE, not '" + setting + "'");
    const double bias =
        CommandLine::parse<double>(setting.substr(equal + 1), "--logit-bias",
                                   std::numeric_limits<double>::lowest(), std::numeric_limits<double>::max());
    sampling.logit_bias.push_back(
        {token_of(setting.substr(0, equal), "--logit-bias", model.tokenizer()), bias});
  }
  for (const std::string& word : args.texts("--ban"))
    sampling.banned_tokens.push_back(token_of(word, "--ban", model.tokenizer()));
  require_in_range(args, sampling);
}
