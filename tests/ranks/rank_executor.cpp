// SPDX-License-Identifier: MIT
#include "detail/ranks/rank_executor.hpp"
#include "detail/experts/any_provider.hpp"
#include "detail/experts/caching_provider.hpp"
#include "detail/experts/mmap_provider.hpp"
#include "detail/experts/usage_profile.hpp"
#include "detail/io/checkpoint.hpp"
#include "detail/model/local_executor.hpp"
#include "detail/model/transformer.hpp"
#include "detail/ranks/expert_server.hpp"
#include "detail/ranks/expert_shares.hpp"
#include "detail/ranks/rank_messages.hpp"
#include "model/executor_contract.hpp"
#include "support/checkpoints.hpp"
#include "support/message_of.hpp"
#include "support/quantised_experts.hpp"
#include "support/thread_ranks.hpp"
#include "support/watchdog.hpp"

#include <doctest/doctest.h>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <thread>
#include <utility>
#include <vector>

namespace {

using namespace std::chrono_literals;
using Fate = ThreadRanks::Fate;

/// Rank 0 and servers in threads, each with a LocalExecutor of its own around the same provider.
class RanksOfThreads final : public moe::ExpertExecutor {
 public:
  RanksOfThreads(const moe::Checkpoint& checkpoint, moe::AnyProvider experts, std::size_t ranks,
                 moe::RankOptions options = {.time_limit = 100s})
      : lines(ranks), catalog_(checkpoint), spec_(checkpoint), shares_(spec_, ranks) {
    for (std::size_t rank = 1; rank < ranks; ++rank)
      threads_.emplace_back([this, experts, rank] { serve(experts, rank); });
    executor.emplace(transport_, shares_, local_.emplace(spec_, experts, pool_), catalog_, options);
  }

  ~RanksOfThreads() override {
    for (std::size_t rank = 1; rank < lines.ranks(); ++rank) lines.set({0, rank}, Fate::arrives);
    executor.reset();
    for (std::thread& thread : threads_) thread.join();
  }

  void begin(const moe::ExpertBatch& batch) override { executor->begin(batch); }
  void finish() override { executor->finish(); }

  ThreadRanks lines;
  std::optional<moe::RankExecutor> executor;

 private:
  void serve(const moe::AnyProvider& experts, std::size_t rank) {
    moe::ThreadPool pool(1);
    moe::LocalExecutor own(spec_, experts, pool);
    ThreadTransport transport(lines, rank);
    moe::ExpertServer(transport, shares_, own, catalog_).run();
  }

  moe::ExpertCatalog catalog_;
  moe::ModelSpec spec_;
  moe::ExpertShares shares_;
  moe::ThreadPool pool_{2};
  ThreadTransport transport_{lines, 0};
  std::optional<moe::LocalExecutor> local_;
  std::vector<std::thread> threads_;
};

/// Two ranks whose lines a test disturbs.
struct Disturbed {
  Disturbed() { c.tested = std::shared_ptr<moe::ExpertExecutor>(std::shared_ptr<void>(), &ranks); }

  /// The message of a batch that must fail because no answer arrives.
  std::string time_out() {
    executor_contract::OwnedBatch owned;
    c.choose(owned, 0, 4);
    ranks.executor->set_time_limit(30ms);
    const std::string message = executor_contract::failure(ranks, owned.batch);
    ranks.executor->set_time_limit(100s);
    return message;
  }

  void check_next() {
    executor_contract::OwnedBatch owned;
    c.choose(owned, 1, 3);
    c.check_bits(owned);
  }

  Watchdog watchdog{std::chrono::seconds(300)};
  moe::Checkpoint checkpoint{bundled_model()};
  moe::AnyProvider experts{moe::MmapProvider(checkpoint)};
  RanksOfThreads ranks{checkpoint, experts, 2};
  executor_contract::Case c{.spec = moe::ModelSpec(checkpoint), .experts = experts};
};

}  // namespace

TEST_CASE("rank executor: keeps the contract with 1, 2 and 4 ranks") {
  const Watchdog watchdog(std::chrono::seconds(300));
  for (const std::string& path : {bundled_model(), golden("qwen2-moe"), golden("nemotron-latent")})
    for (const std::size_t ranks : {1u, 2u, 4u}) {
      CAPTURE(path);
      CAPTURE(ranks);
      const moe::Checkpoint checkpoint(path);
      check_executor_contract(
          [&](moe::AnyProvider given) { return std::make_shared<RanksOfThreads>(checkpoint, given, ranks); },
          checkpoint, moe::AnyProvider(moe::MmapProvider(checkpoint)));
    }
}

TEST_CASE(
    "rank executor: a rank whose answers are lost ends the step within the time limit, and the next step "
    "succeeds") {
  Disturbed f;
  f.check_next();
  f.ranks.lines.set({1, 0}, Fate::is_lost);
  CHECK(f.time_out().find("rank 1: expected the experts of layer 0 within 30 ms, found no answer") !=
        std::string::npos);
  f.ranks.lines.set({1, 0}, Fate::arrives);
  f.check_next();
}

TEST_CASE("rank executor: a rank that gets no batch ends the step, and late answers are dropped") {
  Disturbed f;
  f.ranks.lines.set({0, 1}, Fate::waits);
  CHECK_FALSE(f.time_out().empty());
  CHECK_FALSE(f.time_out().empty());
  CHECK(f.ranks.lines.queued({0, 1}) == 2);
  f.ranks.lines.set({0, 1}, Fate::arrives);  // now the rank answers both batches
  for (int i = 0; i < 3; ++i) f.check_next();
}

TEST_CASE("rank executor: answers that arrive late are dropped") {
  Disturbed f;
  f.ranks.lines.set({1, 0}, Fate::waits);
  CHECK_FALSE(f.time_out().empty());
  f.ranks.lines.set({1, 0}, Fate::arrives);
  for (int i = 0; i < 3; ++i) f.check_next();
}

TEST_CASE("rank executor: no more than 16 batches are sent to a rank that does not answer") {
  Disturbed f;
  f.ranks.lines.set({0, 1}, Fate::waits);
  f.ranks.executor->set_time_limit(0ms);
  executor_contract::OwnedBatch owned;
  f.c.choose(owned, 0, 4);
  std::string message;
  for (int i = 0; i < 20; ++i) message = executor_contract::failure(f.ranks, owned.batch);
  CHECK(message.find("rank 1: expected answers, found none to the last 16 batches") != std::string::npos);
  CHECK(f.ranks.lines.queued({0, 1}) == 16);
  f.ranks.executor->set_time_limit(100s);
  f.ranks.lines.set({0, 1}, Fate::arrives);
  while (f.ranks.lines.queued({1, 0}) < 16) std::this_thread::yield();
  f.check_next();
}

TEST_CASE("rank executor: the longest time limit that the type can hold is no limit that is over at once") {
  Disturbed f;
  f.ranks.executor->set_time_limit(std::chrono::milliseconds::max());
  f.ranks.lines.set({0, 1}, Fate::waits);
  std::thread later([&] {
    std::this_thread::sleep_for(20ms);
    f.ranks.lines.set({0, 1}, Fate::arrives);
  });
  f.check_next();
  later.join();
}

TEST_CASE("rank executor: messages that are no answer to the batch are refused") {
  Disturbed f;
  using moe::detail::MessageHead;
  using moe::detail::MessageKind;
  f.ranks.lines.set({0, 1}, Fate::is_lost);  // the server stays silent
  std::uint64_t number = 0;
  const auto answered = [&](const ThreadRanks::Message& message) {
    executor_contract::OwnedBatch owned;
    f.c.choose(owned, 0, 4);
    ++number;
    f.ranks.begin(owned.batch);
    f.ranks.lines.send({1, 0}, message);
    return message_of([&] { f.ranks.finish(); });
  };
  CHECK(answered({}).find("bytes") != std::string::npos);
  CHECK(answered(ThreadRanks::Message(sizeof(MessageHead))).find("magic") != std::string::npos);
  CHECK(answered(moe::detail::results_message(number + 1, {})).find("results") != std::string::npos);
  CHECK(answered(moe::detail::results_message(number + 5, {})).find("an answer to batch") !=
        std::string::npos);
  CHECK(answered(moe::detail::text_message(MessageKind::hello, number + 1, {})).find("another kind") !=
        std::string::npos);
  CHECK(answered(moe::detail::text_message(MessageKind::failure, number + 1, "smoke\n"))
            .find("rank 1: smoke\\x0a") != std::string::npos);
}

TEST_CASE("rank executor: a server with other shares is refused") {
  const moe::Checkpoint checkpoint(bundled_model());
  const moe::ModelSpec spec(checkpoint);
  const moe::ExpertCatalog catalog(checkpoint);
  moe::ThreadPool pool(1);
  moe::LocalExecutor local(spec, moe::AnyProvider(moe::MmapProvider(checkpoint)), pool);
  ThreadRanks lines(2);
  ThreadTransport transport(lines, 0);
  moe::UsageProfile usage(spec.layers.size(), spec.experts());
  usage.add({0, 1}, 5, 1.0);
  const moe::ExpertShares equal(spec, 2), balanced(spec, 2, usage);
  const auto hello = [&](const std::string& text) {
    lines.send({1, 0}, moe::detail::text_message(moe::detail::MessageKind::hello, 0, text));
  };
  hello(moe::detail::rank_identity(catalog, balanced));
  check_error([&] { return moe::RankExecutor(transport, equal, local, catalog).statistics().batches; },
              {"rank 1", "shares of 2 ranks with the checksum"});
  check_error(
      [&] {
        return moe::RankExecutor(transport, equal, local, catalog, {.time_limit = 10ms}).statistics().batches;
      },
      {"rank 1: expected a server within 10 ms, found no answer"});
  hello(moe::detail::rank_identity(catalog, equal));
  CHECK(moe::RankExecutor(transport, equal, local, catalog).statistics().batches == 0);
}

TEST_CASE("rank executor: inputs of quantised experts are sent as int8 with scales, and give the same bits") {
  const Watchdog watchdog(std::chrono::seconds(300));
  const moe::Checkpoint checkpoint(bundled_model());
  const moe::ModelSpec spec(checkpoint);
  executor_contract::Case c{.spec = spec,
                            .experts = moe::AnyProvider(quantised_experts(checkpoint, moe::DType::q8_0))};
  executor_contract::OwnedBatch owned;
  c.choose(owned, 0, 3);
  std::vector<std::uint32_t> spare;
  for (const bool as_int8 : {false, true}) {
    const auto message = moe::detail::batch_message(1, owned.batch, owned.groups, as_int8, spare);
    const std::size_t hidden = spec.hidden_size;
    CHECK(message.size() == sizeof(moe::detail::MessageHead) +
                                8 * (owned.groups.size() + owned.batch.slots()) +
                                3 * (as_int8 ? hidden + hidden / 8 : 4 * hidden));
    moe::detail::ReceivedBatch received;
    received.read(0, message);
    moe::LocalExecutor local(spec, c.experts, c.pool);
    local.begin(received.batch());
    local.finish();
    const std::vector<float> results(received.batch().results.begin(), received.batch().results.end());
    CHECK(results == c.expected(owned));
  }
}

TEST_CASE("rank executor: a message that is no batch is refused in the place of a batch") {
  moe::detail::ReceivedBatch received;
  check_error([&] { received.read(0, moe::detail::results_message(1, {})); },
              {"message of rank 0: expected a batch, found a message of another kind"});
}

TEST_CASE("rank executor: a batch that is cut anywhere is refused") {
  const moe::Checkpoint checkpoint(golden("plain-bf16"));
  executor_contract::Case c{.spec = moe::ModelSpec(checkpoint),
                            .experts = moe::AnyProvider(moe::MmapProvider(checkpoint))};
  executor_contract::OwnedBatch owned;
  c.choose(owned, 0, 2);
  std::vector<std::uint32_t> spare;
  const auto message = moe::detail::batch_message(1, owned.batch, owned.groups, false, spare);
  for (std::size_t size = 0; size < message.size(); ++size) {
    moe::detail::ReceivedBatch received;
    const std::span<const std::byte> cut = std::span(message).first(size);
    REQUIRE_FALSE(message_of([&] { received.read(0, cut); }).empty());
  }
}
