// SPDX-License-Identifier: MIT
#include "detail/core/thread_pool.hpp"
#include "detail/experts/mmap_provider.hpp"
#include "detail/generate/model.hpp"
#include "detail/generate/session.hpp"
#include "detail/io/checkpoint.hpp"
#include "detail/model/local_executor.hpp"
#include "support/checkpoints.hpp"
#include "support/message_of.hpp"

#include <doctest/doctest.h>

#include <memory>

TEST_CASE("model with an executor: continues a text as a model with a provider, and has no provider") {
  const moe::Checkpoint checkpoint(bundled_model());
  moe::ThreadPool pool(2);
  const moe::Model usual(checkpoint, moe::MmapProvider(checkpoint));
  const moe::Model model(checkpoint,
                         std::make_shared<moe::LocalExecutor>(
                             usual.spec(), moe::AnyProvider(moe::MmapProvider(checkpoint)), pool),
                         {.pool = &pool});
  CHECK(model.threads() == 2);
  moe::Session one(usual), other(model);
  const moe::GenerateOptions options{.max_tokens = 24};
  CHECK(one.generate("<|endoftext|>In the beginning", options) ==
        other.generate("<|endoftext|>In the beginning", options));
  check_error(
      [&] {
        return model.experts().acquire({0, 1});
      },
      {"weights of expert 1 of layer 0",
       "expected a model with a provider of experts, found a model with an executor"});
}
