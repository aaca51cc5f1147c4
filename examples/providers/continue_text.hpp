// SPDX-License-Identifier: MIT
// The lease and the main function that the providers in this folder share.
#pragma once
#include <moe.hpp>

#include "support/command_line.hpp"
#include "support/context_notes.hpp"

#include <cstdio>
#include <iostream>
#include <memory>
#include <string>
#include <utility>

/// A lease that owns the bytes of an expert.
struct OwnedExpert {
  std::unique_ptr<std::byte[]> memory;
  moe::ExpertWeights weights;
  const moe::ExpertWeights& operator*() const { return weights; }
};

inline const std::string continue_text_help = R"(  --max-tokens N   how many tokens at most; default 50
  --budget SIZE    memory for experts that are kept after use, such as 64MiB; default 16MiB
  --context N      positions of the text, at most as many as the model has; default 4096
)";

/// Continues the prompt, the second argument, with a cache around `provider`.
template <moe::ExpertProvider Provider>
void continue_text(const moe::Checkpoint& checkpoint, Provider provider, const CommandLine& args) {
  using Cache = moe::CachingProvider<Provider>;
  const moe::Model model(checkpoint,
                         Cache(std::move(provider), args.bytes("--budget", std::size_t{16} << 20)));
  moe::Session session(model, {.context = args.count("--context", 4096, 1)});
  session.generate(args.positional(2, 2)[1], {.max_tokens = args.count("--max-tokens", 50)},
                   [](const moe::Piece& piece) { std::cout << piece.text << std::flush; });
  show_full_context(session, model);
  std::printf("\n%llu experts acquired\n",
              static_cast<unsigned long long>(model.experts().get<Cache>()->statistics().loads));
}
