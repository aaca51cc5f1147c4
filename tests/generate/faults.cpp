// SPDX-License-Identifier: MIT
// Errors below a cache reach the caller that requested the expert, and the text can be continued after them.
#include "detail/experts/catalog.hpp"
#include "detail/experts/expert.hpp"
#include "detail/experts/caching_provider.hpp"
#include "detail/experts/prefetching_provider.hpp"
#include "detail/experts/read_provider.hpp"
#include "detail/generate/model.hpp"
#include "detail/generate/sampler.hpp"
#include "detail/io/checkpoint.hpp"
#include "detail/io/file.hpp"
#include "detail/experts/verifying_provider.hpp"
#include "detail/generate/session.hpp"
#include "support/checkpoints.hpp"
#include "support/faulty_provider.hpp"
#include "support/message_of.hpp"
#include "support/temporary_directory.hpp"
#include "support/watchdog.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstring>
#include <filesystem>
#include <memory>
#include <string>
#include <thread>
#include <utility>
#include <vector>

namespace {

using namespace std::chrono_literals;

using Faulty = FaultyProvider<moe::ReadProvider>;
using Verified = moe::VerifyingProvider<Faulty>;
using Cached = moe::PrefetchingProvider<moe::CachingProvider<Verified>>;

constexpr std::string_view beginning = "<|endoftext|>And God said unto";
constexpr std::size_t fault_bytes = 24 << 10;

const moe::Checkpoint& checkpoint() {
  static const moe::Checkpoint open(bundled_model());
  return open;
}

moe::Model model_with(std::shared_ptr<Faulty::Script> script, std::size_t experts) {
  static const moe::ExpertChecksums checksums{moe::ExpertCatalog(checkpoint())};
  Verified verified(Faulty(moe::ReadProvider(checkpoint()), std::move(script)), checksums);
  return {checkpoint(),
          Cached(moe::CachingProvider(std::move(verified), experts * fault_bytes), 3),
          {.threads = 2}};
}

const std::string& expected() {
  static const auto model = moe::open(bundled_model(), {.threads = 1});
  static const std::string text =
      moe::Session(model).generate(beginning, {.max_tokens = 10, .sampling = moe::Sampling{}});
  return text;
}

/// Tries until the text is complete. Returns the number of errors; each of them must contain `part`.
std::size_t errors_until_done(const moe::Model& model, std::string_view part) {
  moe::Session session(model);
  for (std::size_t errors = 0; errors < 100'000; ++errors) {
    std::string text;
    const std::string message = message_of([&] {
      text = session.generate(beginning, {.max_tokens = 10, .sampling = moe::Sampling{}});
      return text;
    });
    if (message.empty()) {
      CHECK(text == expected());
      return errors;
    }
    CAPTURE(message);
    REQUIRE(message.find(part) != message.npos);
  }
  FAIL("no text after all these tries");
  return 0;
}

}  // namespace

TEST_SUITE_BEGIN("threads");

TEST_CASE("faults: failed reads are errors, and the text is right as soon as reads succeed again") {
  const Watchdog watchdog(300s);
  for (const std::size_t every : {1u, 50u, 700u})
    for (const std::size_t experts : {1u, 30u, 800u}) {
      CAPTURE(every);
      CAPTURE(experts);
      auto script = std::make_shared<Faulty::Script>();
      script->fault = Fault::fails;
      script->every = every;
      const auto model = model_with(script, experts);
      moe::Session session(model);
      const std::string message = message_of(
          [&] { return session.generate(beginning, {.max_tokens = 10, .sampling = moe::Sampling{}}); });
      if (every == 1) CHECK(message.find("Input/output error") != message.npos);
      script->fault = Fault::none;
      CHECK(session.generate(beginning, {.max_tokens = 10, .sampling = moe::Sampling{}}) == expected());
    }
}

TEST_CASE("faults: trying again gives the right text although some reads fail or return wrong bytes") {
  const Watchdog watchdog(300s);
  for (const auto& [fault, part] :
       {std::pair(Fault::fails, "Input/output error"), std::pair(Fault::wrong_bytes, "CRC-32C")}) {
    auto script = std::make_shared<Faulty::Script>();
    script->fault = fault;
    script->every = 30;
    const std::size_t errors = errors_until_done(model_with(script, 800), part);
    CHECK(script->faults > 0);
    CHECK(errors <= script->faults);
  }
}

TEST_CASE("faults: a read that hangs for a while delays a text, but does not end the text") {
  const Watchdog watchdog(300s);
  auto script = std::make_shared<Faulty::Script>();
  script->fault = Fault::hangs;
  script->every = 150;
  const auto model = model_with(script, 60);
  std::vector<std::thread> threads;
  std::vector<std::string> texts(2);
  for (std::string& text : texts)
    threads.emplace_back([&] {
      moe::Session session(model);
      text = session.generate(beginning, {.max_tokens = 10, .sampling = moe::Sampling{}});
    });
  for (std::thread& thread : threads) thread.join();
  CHECK(texts[0] == expected());
  CHECK(texts[1] == expected());
  CHECK(script->faults > 0);
}

TEST_CASE(
    "faults: weights are read from the file that was opened, although another file has its name by now") {
  const TemporaryDirectory directory;
  std::filesystem::copy(
      bundled_model(), directory.path(),
      std::filesystem::copy_options::recursive | std::filesystem::copy_options::overwrite_existing);
  const moe::Checkpoint opened(directory.path());
  std::string contents = moe::detail::read_text(directory / "model.safetensors");
  std::fill(contents.begin() + static_cast<std::ptrdiff_t>(contents.size() / 8), contents.end(), '\x11');
  directory.write("other", contents);
  std::filesystem::rename(directory / "other", directory / "model.safetensors");
  const moe::ExpertCatalog right(checkpoint());
  for (const bool direct : {false, true}) {
    CAPTURE(direct);
    moe::ReadProvider provider(opened, {.direct = direct});
    for (const moe::ExpertId id : {moe::ExpertId{0, 0}, moe::ExpertId{5, 7}}) {
      std::vector<std::byte> memory(right.at(id).bytes());
      const moe::ExpertWeights expected_weights = right.read(id, memory.data());
      const auto lease = provider.acquire(id);
      CHECK(std::memcmp((*lease).down.data, expected_weights.down.data, expected_weights.down.bytes()) == 0);
    }
  }
}

TEST_CASE("faults: a truncated file is an error until it is restored") {
  const TemporaryDirectory directory;
  std::filesystem::copy(
      bundled_model(), directory.path(),
      std::filesystem::copy_options::recursive | std::filesystem::copy_options::overwrite_existing);
  const std::string file = directory / "model.safetensors";
  const auto size = std::filesystem::file_size(file);
  const std::string contents = moe::detail::read_text(file);
  for (const bool direct : {false, true}) {
    const moe::ReadProvider provider{moe::Checkpoint(directory.path()), {.direct = direct}};
    const moe::ExpertCatalog& catalog = provider.catalog();
    moe::ExpertId last;
    for (std::uint32_t layer = 0; layer < catalog.layers(); ++layer)
      for (std::uint32_t expert = 0; expert < catalog.experts(layer); ++expert)
        if (catalog.at({layer, expert}).down.offset > catalog.at(last).down.offset) last = {layer, expert};
    std::filesystem::resize_file(file, catalog.at(last).down.offset + 10);
    moe::ReadProvider reading{catalog, {.direct = direct}};
    for (int round = 0; round < 2; ++round)
      check_error([&] { return reading.acquire(last); }, {"model.safetensors", "the end of the file"});
    directory.write("model.safetensors", contents);
    CHECK((*reading.acquire(last)).down.bytes() > 0);
    CHECK(std::filesystem::file_size(file) == size);
  }
}

TEST_SUITE_END();
