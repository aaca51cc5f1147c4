// SPDX-License-Identifier: MIT
// A session in a batch generates the same text as without a batch.
#include "detail/core/token.hpp"
#include "detail/generate/model.hpp"
#include "detail/generate/session.hpp"
#include "detail/generate/session_batch.hpp"
#include "detail/core/error.hpp"
#include "detail/experts/expert.hpp"
#include "detail/experts/memory_provider.hpp"
#include "detail/io/checkpoint.hpp"
#include "support/checkpoints.hpp"
#include "support/message_of.hpp"
#include "support/tiny_checkpoint.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <cstddef>
#include <memory>
#include <optional>
#include <span>
#include <stdexcept>
#include <stop_token>
#include <string>
#include <string_view>
#include <vector>

namespace {

const moe::Model& batch_model() {
  static const auto one = moe::open(bundled_model(), {.threads = 2});
  return one;
}

constexpr std::string_view batch_prompts[] = {
    "<|endoftext|>And God said",
    "<|endoftext|>def test_all(",
    "<|endoftext|>名称",
    "<|endoftext|>import",
    "<|endoftext|>And it came to pass, that when the king of Egypt had heard these words, the",
};

/// Options that differ from text to text.
moe::GenerateOptions options_of_text(std::size_t number) {
  moe::GenerateOptions options;
  options.max_tokens = 10 + 7 * number;
  options.sampling = moe::Sampling{.temperature = number % 2 == 0 ? 0.0 : 0.8, .seed = number};
  if (number == 3) options.stop_strings = {"a"};
  return options;
}

struct Written {
  std::string text;
  std::vector<moe::TokenId> tokens;
  moe::Finish finish = moe::Finish::running;
};

Written text_alone(const moe::Model& model, std::string_view prompt, const moe::GenerateOptions& options) {
  moe::Session session(model);
  Written out;
  session.generate(prompt, options, [&](const moe::Piece& piece) { out.text += piece.text; });
  out.tokens = session.tokens();
  out.finish = session.finish();
  return out;
}

/// Delivers experts, unless it has to fail.
struct FailingExperts {
  const moe::ExpertWeights* acquire(moe::ExpertId id) {
    if (*failing) moe::detail::fail("disk", "expert", "a readable block", "a damaged block");
    return experts.acquire(id);
  }

  moe::MemoryProvider experts;
  std::shared_ptr<bool> failing;
};

/// A batch of two texts whose provider can fail.
struct TwoTexts {
  TwoTexts() {
    batch.add(first, batch_prompts[0], options_of_text(0));
    batch.add(second, batch_prompts[1], options_of_text(1));
    CHECK(batch.run_pass());
  }

  void finish() {
    while (batch.run_pass()) {
    }
  }

  moe::Checkpoint checkpoint{bundled_model()};
  std::shared_ptr<bool> failing = std::make_shared<bool>(false);
  moe::Model model{checkpoint, FailingExperts{moe::MemoryProvider(checkpoint), failing}, {.threads = 2}};
  moe::Session first{model}, second{model};
  moe::SessionBatch batch{model};
};

/// Throws at the n-th piece.
struct ThrowingObserver {
  std::size_t at;
  void operator()(const moe::Piece&) {
    if (--at == 0) throw std::runtime_error("the observer has failed");
  }
};

}  // namespace

TEST_CASE(
    "session batch: a session generates the same text as without a batch, while other sessions join and "
    "leave") {
  for (const moe::BatchOptions options : {moe::BatchOptions{8, 512}, {2, 3}, {3, 3}, {1, 1}}) {
    CAPTURE(options.sequences);
    moe::SessionBatch batch(batch_model(), options);
    std::vector<std::unique_ptr<moe::Session>> sessions;
    std::vector<std::string> texts(std::size(batch_prompts));
    do {
      while (!batch.full() && sessions.size() < texts.size()) {
        const std::size_t i = sessions.size();
        sessions.push_back(std::make_unique<moe::Session>(batch_model()));
        batch.add(*sessions[i], batch_prompts[i], options_of_text(i),
                  [&texts, i](const moe::Piece& piece) { texts[i] += piece.text; });
      }
    } while (batch.run_pass());
    CHECK(batch.size() == 0);
    for (std::size_t i = 0; i < texts.size(); ++i) {
      const Written expected = text_alone(batch_model(), batch_prompts[i], options_of_text(i));
      CHECK(texts[i] == expected.text);
      CHECK(sessions[i]->tokens() == expected.tokens);
      CHECK(sessions[i]->finish() == expected.finish);
      CHECK(sessions[i]->statistics().generated_tokens ==
            expected.tokens.size() - sessions[i]->statistics().prompt_tokens);
      CHECK(sessions[i]->statistics().prompt_seconds > 0);
    }
  }
}

TEST_CASE("session batch: continuations of one prompt share its state") {
  const std::vector<moe::TokenId> prompt = batch_model().tokenizer().encode(batch_prompts[4]);
  moe::Session base(batch_model());
  base.generate(std::span(prompt).first(prompt.size() - 1), {.max_tokens = 0});
  moe::SessionBatch batch(batch_model());
  std::vector<moe::Session> forks;
  for (int i = 0; i < 3; ++i) forks.push_back(base.fork());
  for (std::size_t i = 0; i < 3; ++i)
    batch.add(forks[i], prompt, {.max_tokens = 20, .sampling = moe::Sampling{.temperature = 1, .seed = i}});
  while (batch.run_pass()) {
  }
  for (std::size_t i = 0; i < 3; ++i) {
    CHECK(forks[i].statistics().reused_tokens == prompt.size() - 1);
    CHECK(forks[i].tokens() ==
          text_alone(batch_model(), batch_prompts[4],
                     {.max_tokens = 20, .sampling = moe::Sampling{.temperature = 1, .seed = i}})
              .tokens);
  }
  CHECK(forks[0].tokens() != forks[1].tokens());
}

TEST_CASE(
    "session batch: prompt_progress reports after each pass how many of the tokens that are not reused are "
    "computed") {
  moe::SessionBatch batch(batch_model(), {.sequences = 2, .tokens = 3});
  moe::Session session(batch_model());
  std::vector<std::size_t> done;
  const moe::GenerateOptions options{.max_tokens = 1,
                                     .prompt_progress = [&](std::size_t computed, std::size_t all) {
                                       CHECK(all == 5);
                                       done.push_back(computed);
                                     }};
  session.generate(std::vector<moe::TokenId>{0, 300, 17, 5}, {.max_tokens = 0});
  batch.add(session, std::vector<moe::TokenId>{0, 300, 8, 9, 10, 11, 12}, options);
  while (batch.run_pass()) {
  }
  CHECK(done == std::vector<std::size_t>{3, 5});
}

TEST_CASE(
    "session batch: a session continues a conversation, and reuses the computed tokens of the conversation") {
  const moe::GenerateOptions options = options_of_text(0);
  moe::Session session(batch_model());
  session.generate(batch_prompts[0], options);
  std::vector<moe::TokenId> prompt = session.tokens();
  prompt.push_back(17);
  moe::SessionBatch batch(batch_model());
  batch.add(session, prompt, options);
  while (batch.run_pass()) {
  }
  CHECK(session.statistics().reused_tokens == prompt.size() - 2);
  moe::Session alone(batch_model());
  alone.generate(prompt, options);
  CHECK(session.tokens() == alone.tokens());
}

TEST_CASE("session batch: a requested stop ends its text before the next pass, and no other text") {
  std::stop_source stop;
  moe::GenerateOptions stopping = options_of_text(2);
  stopping.stop = stop.get_token();
  moe::Session first(batch_model()), second(batch_model());
  moe::SessionBatch batch(batch_model());
  batch.add(first, batch_prompts[0], stopping, [&, count = 0](const moe::Piece&) mutable {
    if (++count == 3) stop.request_stop();
  });
  batch.add(second, batch_prompts[1], options_of_text(1));
  while (batch.run_pass()) {
  }
  CHECK(first.finish() == moe::Finish::stopped);
  CHECK(first.statistics().generated_tokens == 3);
  CHECK(second.tokens() == text_alone(batch_model(), batch_prompts[1], options_of_text(1)).tokens);
}

TEST_CASE(
    "session batch: if on_piece throws, the text leaves the batch, and run_pass() throws the exception after "
    "all other texts have their tokens") {
  moe::Session first(batch_model()), second(batch_model());
  moe::SessionBatch batch(batch_model());
  batch.add(first, batch_prompts[0], options_of_text(0), ThrowingObserver{2});
  batch.add(second, batch_prompts[1], options_of_text(1));
  CHECK(batch.run_pass());
  CHECK_THROWS_WITH(batch.run_pass(), "the observer has failed");
  CHECK(batch.size() == 1);
  CHECK(first.finish() == moe::Finish::running);
  while (batch.run_pass()) {
  }
  CHECK(second.tokens() == text_alone(batch_model(), batch_prompts[1], options_of_text(1)).tokens);
}

TEST_CASE("session batch: after an error of the provider the next pass continues with the same texts") {
  TwoTexts texts;
  *texts.failing = true;
  for (int round = 0; round < 2; ++round) check_error([&] { return texts.batch.run_pass(); }, {"disk"});
  CHECK(texts.batch.size() == 2);
  *texts.failing = false;
  texts.finish();
  CHECK(texts.first.tokens() == text_alone(batch_model(), batch_prompts[0], options_of_text(0)).tokens);
  CHECK(texts.second.tokens() == text_alone(batch_model(), batch_prompts[1], options_of_text(1)).tokens);
}

TEST_CASE(
    "session batch: if an error of one text comes before a pass that fails, run_pass() throws the error of "
    "the text, and the next call throws the error of the pass") {
  TwoTexts texts;
  (void)texts.first.stream(batch_prompts[2]);
  *texts.failing = true;
  check_error([&] { return texts.batch.run_pass(); }, {"newest text"});
  check_error([&] { return texts.batch.run_pass(); }, {"disk"});
  *texts.failing = false;
  texts.finish();
  CHECK(texts.second.tokens() == text_alone(batch_model(), batch_prompts[1], options_of_text(1)).tokens);
}

TEST_CASE(
    "session batch: add() refuses a session of another model, a wrong prompt, a session twice, and any "
    "session if the batch is full") {
  const auto other_model = moe::open(bundled_model(), {.threads = 1});
  moe::Session first(batch_model()), second(batch_model()), other(other_model);
  moe::SessionBatch batch(batch_model(), {.sequences = 1, .tokens = 4});
  check_error(
      [&] {
        batch.add(other, batch_prompts[0]);
        return 0;
      },
      {"another model"});
  check_error(
      [&] {
        batch.add(first, std::vector<moe::TokenId>{1 << 20});
        return 0;
      },
      {"ids below"});
  check_error(
      [&] {
        batch.add(first, std::vector<moe::TokenId>{});
        return 0;
      },
      {"at least one token"});
  batch.add(first, batch_prompts[0]);
  check_error(
      [&] {
        batch.add(first, batch_prompts[0]);
        return 0;
      },
      {"has not ended"});
  check_error(
      [&] {
        batch.add(second, batch_prompts[0]);
        return 0;
      },
      {"at most 1"});
  batch.remove(first);
  CHECK(batch.size() == 0);
  CHECK_FALSE(batch.run_pass());
}

TEST_CASE("session batch: a session that begins another text leaves the batch with an error") {
  moe::Session session(batch_model());
  moe::SessionBatch batch(batch_model());
  batch.add(session, batch_prompts[0]);
  CHECK(batch.run_pass());
  session.generate(batch_prompts[1], {.max_tokens = 1});
  check_error([&] { return batch.run_pass(); }, {"newest text"});
  CHECK(batch.size() == 0);
}

TEST_CASE(
    "session batch: in long prompts, snapshots of recurrent states are at the same positions as without a "
    "batch") {
  TinyCheckpoint files("lfm2-moe-odd");
  files.edit("\"max_position_embeddings\": 256", "\"max_position_embeddings\": 1024");
  const moe::Model model = moe::open(files.directory().path(), {.threads = 2});
  std::vector<moe::TokenId> prompt, other;
  for (moe::TokenId i = 0; i < 400; ++i) prompt.push_back(i * 7 % 79);
  other = prompt;
  other[300] = 79;
  const moe::GenerateOptions nothing{.max_tokens = 0};
  moe::Session alone(model, {.context = 500, .chunk = 40}), together(model, {.context = 500, .chunk = 40});
  moe::SessionBatch batch(model, {.sequences = 2, .tokens = 30});
  for (const auto& text : {prompt, other}) {
    alone.generate(text, nothing);
    batch.add(together, text, nothing);
    while (batch.run_pass()) {
    }
  }
  CHECK(alone.statistics().reused_tokens == 256);
  CHECK(together.statistics().reused_tokens == 256);
}
