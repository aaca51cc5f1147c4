// SPDX-License-Identifier: MIT
// A transformer checks the experts that a provider delivers, and releases their leases also after an exception.
#include "detail/core/dtype.hpp"
#include "detail/core/error.hpp"
#include "detail/core/thread_pool.hpp"
#include "detail/core/token.hpp"
#include "detail/experts/any_provider.hpp"
#include "detail/experts/expert.hpp"
#include "detail/experts/memory_provider.hpp"
#include "detail/experts/mmap_provider.hpp"
#include "detail/io/checkpoint.hpp"
#include "detail/model/transformer.hpp"
#include "support/checkpoints.hpp"
#include "support/message_of.hpp"
#include "support/tiny_checkpoint.hpp"

#include <doctest/doctest.h>

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <vector>

namespace {

/// Delivers experts changed by `change`, as present or as missing ones. Counts the live leases. After `until_failure` calls
/// of try_acquire() the next call throws.
class ChangingProvider {
 public:
  struct Lease {
    moe::ExpertWeights weights;
    std::shared_ptr<int> alive;  // shared by all leases
    const moe::ExpertWeights& operator*() const { return weights; }
  };

  explicit ChangingProvider(const moe::Checkpoint& checkpoint) : experts_(checkpoint) {}

  Lease acquire(moe::ExpertId id) {
    Lease lease{*experts_.acquire(id), alive_};
    change(lease.weights);
    return lease;
  }
  std::optional<Lease> try_acquire(moe::ExpertId id) {
    if (until_failure-- == 0) moe::detail::fail("disk", "expert", "a readable block", "a damaged block");
    if (!present) return {};
    return acquire(id);
  }

  long live_leases() const { return alive_.use_count() - 1; }

  std::function<void(moe::ExpertWeights&)> change = [](moe::ExpertWeights&) {};
  bool present = true;
  std::size_t until_failure = SIZE_MAX;

 private:
  moe::MemoryProvider experts_;
  std::shared_ptr<int> alive_ = std::make_shared<int>();
};

struct ChangingExperts {
  moe::Checkpoint checkpoint{golden("plain-bf16")};
  ChangingProvider experts{checkpoint};
  moe::ThreadPool pool{1};
  moe::Transformer model{checkpoint, experts, pool};
};

const std::vector<moe::TokenId> lease_prompt{5, 17, 3, 91, 5, 42, 7};

}  // namespace

TEST_CASE("leases: a lease of other shapes or types than the model is an error that names its matrix") {
  struct Change {
    std::function<void(moe::ExpertWeights&)> change;
    const char *matrix, *expected, *found;
  };
  const Change changes[] = {
      {[](moe::ExpertWeights& w) { w.gate.rows = 64; }, "gate", "[32, 64]", "[64, 64] bf16"},
      {[](moe::ExpertWeights& w) { w.up.cols = 128; }, "up", "[32, 64]", "[32, 128] bf16"},
      {[](moe::ExpertWeights& w) { w.down.rows = 4096; }, "down", "[64, 32]", "[4096, 32] bf16"},
      {[](moe::ExpertWeights& w) { w.down.dtype = moe::DType::other; }, "down", "[64, 32]", "other"},
      {[](moe::ExpertWeights& w) { w.up.dtype = moe::DType::q4_k; }, "up", "[32, 64]", "q4_k"},
  };
  ChangingExperts f;
  for (const Change& one : changes)
    for (const bool present : {true, false})
      for (const std::size_t chunk : {1u, 512u}) {
        f.experts.change = one.change;
        f.experts.present = present;
        auto sequence = f.model.sequence({.chunk = chunk});
        check_error([&] { return f.model.forward(sequence, lease_prompt); },
                    {one.matrix, "of layer 0", one.expected, one.found});
        CHECK(f.experts.live_leases() == 0);
        CHECK(sequence.position() == 0);
      }
}

TEST_CASE("leases: a provider whose catalog contradicts the configuration is refused at construction") {
  struct WrongValue {
    const char *from, *to, *expected;
  };
  for (const WrongValue& wrong :
       {WrongValue{"\"moe_intermediate_size\": 32", "\"moe_intermediate_size\": 16", "expected up [16, 64]"},
        WrongValue{"\"moe_intermediate_size\": 32", "\"moe_intermediate_size\": 33",
                   "expected up [33, 64]"}}) {
    TinyCheckpoint tiny;
    const moe::Checkpoint original = tiny.open();
    moe::AnyProvider experts{moe::MmapProvider(original)};
    moe::ThreadPool pool(1);
    tiny.edit(wrong.from, wrong.to);
    check_error([&] { return moe::Transformer(tiny.open(), experts, pool); },
                {"experts of layer 0", wrong.expected, "[32, 64]"});
  }
}

TEST_CASE("leases: no lease is held after an exception of try_acquire") {
  ChangingExperts f;
  const auto copy_of = [](std::span<const float> logits) {
    return std::vector<float>(logits.begin(), logits.end());
  };
  auto expected_sequence = f.model.sequence();
  const std::vector<float> expected = copy_of(f.model.forward(expected_sequence, lease_prompt));
  for (const bool present : {true, false})
    for (const std::size_t chunk : {1u, 512u})
      for (const std::size_t until_failure : {0u, 1u, 3u, 4u, 6u}) {
        f.experts.present = present;
        f.experts.until_failure = until_failure;
        auto sequence = f.model.sequence({.chunk = chunk});
        check_error([&] { return f.model.forward(sequence, lease_prompt); }, {"disk", "a damaged block"});
        CHECK(f.experts.live_leases() == 0);
        f.experts.until_failure = SIZE_MAX;
        CHECK(copy_of(f.model.forward(sequence, std::span(lease_prompt).subspan(sequence.position()))) ==
              expected);
      }
}
