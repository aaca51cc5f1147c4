// SPDX-License-Identifier: MIT
#include "detail/core/token.hpp"
#include "detail/generate/model.hpp"
#include "detail/generate/sampler.hpp"
#include "detail/io/file.hpp"
#include "detail/model/routes.hpp"
#include "detail/experts/measuring_provider.hpp"
#include "detail/generate/session.hpp"
#include "support/checkpoints.hpp"
#include "support/message_of.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <span>
#include <stdexcept>
#include <stop_token>
#include <string>
#include <thread>
#include <utility>
#include <vector>

using moe::Finish;
using moe::Session;

namespace {

const moe::Model& model() {
  static const auto one = moe::open(bundled_model(), {.threads = 2});
  return one;
}

constexpr std::string_view session_prompt = "<|endoftext|>And God said";
const moe::Sampling greedy{};

moe::GenerateOptions tokens(std::size_t max_tokens) { return {.max_tokens = max_tokens, .sampling = greedy}; }

}  // namespace

TEST_CASE("session: continues scripture, Python and Chinese in the language of the prompt") {
  Session session(model());
  const auto continues_with = [&](std::string_view prompt, std::string_view part) {
    const std::string text = session.generate(prompt, tokens(40));
    CAPTURE(text);
    CHECK(text.find(part) != text.npos);
  };
  continues_with("<|endoftext|>And it came to pass, that when the", "the children of Israel");
  continues_with("<|endoftext|>def test_", "):\n    \"\"\"");
  continues_with("<|endoftext|>名称", "描述");
}

TEST_CASE("session: the loss of the bundled model on real text is near the loss in its README" *
          doctest::test_suite("long")) {
  // The README states a validation loss of 2.89 for scripture and 2.84 for Python, over windows of 256 tokens.
  for (const std::string name : {"scripture", "python"}) {
    const std::string text =
        moe::detail::read_text(bundled_model() + "/valid/" + name + ".txt").substr(0, 8000);
    const std::vector<moe::TokenId> ids = model().tokenizer().encode(text);
    double loss = 0, count = 0;
    for (std::size_t first = 0; first + 255 < ids.size(); first += 255) {
      std::vector<moe::TokenId> window(ids.begin() + static_cast<std::ptrdiff_t>(first),
                                       ids.begin() + static_cast<std::ptrdiff_t>(first + 255));
      window.insert(window.begin(), 4093);  // <|endoftext|>
      auto sequence = model().transformer().sequence({.context = 256});
      model().transformer().forward_each(sequence, window,
                                         [&](std::size_t position, std::span<const float> logits) {
                                           if (position + 1 == window.size()) return;
                                           const float most = *std::max_element(logits.begin(), logits.end());
                                           double sum = 0;
                                           for (const float logit : logits)
                                             sum += std::exp(double{logit} - most);
                                           loss += std::log(sum) + most - logits[window[position + 1]];
                                           ++count;
                                         });
    }
    CAPTURE(name);
    CHECK(loss / count < 3.1);
    CHECK(loss / count > 2);
  }
}

TEST_CASE("session: the pieces of a stream, and of the callback, make up the text") {
  Session session(model());
  const std::string text = session.generate(session_prompt, tokens(30));
  std::string pieces;
  std::size_t count = 0;
  for (const moe::Piece& piece : session.stream(session_prompt, tokens(30))) {
    pieces += piece.text;
    CHECK(session.tokens().back() == piece.id);
    ++count;
  }
  CHECK(pieces == text);
  CHECK(count == 30);
  std::string called;
  session.generate(session_prompt, tokens(30), [&](const moe::Piece& piece) { called += piece.text; });
  CHECK(called == text);
}

TEST_CASE("session: a prompt that begins like the last text reuses the KV cache and gives the same text") {
  Session fresh(model());
  Session session(model());
  const std::string first = session.generate(session_prompt, tokens(20));
  CHECK(session.statistics().reused_tokens == 0);
  const std::string longer = std::string(session_prompt) + first + " And";
  const std::string continued = session.generate(longer, tokens(20));
  CHECK(session.statistics().reused_tokens > 15);
  CHECK(session.statistics().prompt_tokens > session.statistics().reused_tokens);
  CHECK(continued == fresh.generate(longer, tokens(20)));
}

TEST_CASE("session: the same prompt again computes only its last token") {
  Session session(model());
  const std::string text = session.generate(session_prompt, tokens(10));
  CHECK(session.generate(session_prompt, tokens(10)) == text);
  CHECK(session.statistics().reused_tokens == session.statistics().prompt_tokens - 1);
}

TEST_CASE("session: a prompt with another beginning reuses nothing after the difference") {
  Session session(model()), fresh(model());
  session.generate("<|endoftext|>import os", tokens(10));
  CHECK(session.generate(session_prompt, tokens(10)) == fresh.generate(session_prompt, tokens(10)));
  CHECK(session.statistics().reused_tokens == 1);
}

TEST_CASE("session: a stream can be left before its end, and another text begun") {
  Session session(model());
  const std::string expected = session.generate(session_prompt, tokens(10));
  for (const moe::Piece& piece : session.stream("<|endoftext|>import", tokens(100)))
    if (piece.id != 0) break;
  CHECK(session.generate(session_prompt, tokens(10)) == expected);
}

TEST_CASE("session: finish() distinguishes max_tokens from a full context") {
  Session session(model(), {.context = 24});
  session.generate(session_prompt, tokens(5));
  CHECK(session.finish() == Finish::max_tokens);
  CHECK(session.statistics().generated_tokens == 5);
  session.generate(session_prompt, tokens(0));
  CHECK(session.finish() == Finish::max_tokens);
  CHECK(session.statistics().generated_tokens == 0);
  session.generate(session_prompt, tokens(1000));
  CHECK(session.finish() == Finish::context_full);
  CHECK(session.tokens().size() == 25);  // the last token is drawn but not computed, so it needs no position
}

TEST_CASE("session: an end token ends the text and is its last token") {
  Session session(model());
  const std::string text = session.generate("<|endoftext|>静夜思", tokens(200));
  CHECK(session.finish() == Finish::end_token);
  CHECK(session.tokens().back() == model().spec().end_tokens.front());
  CHECK(text.find("endoftext") == std::string::npos);
}

TEST_CASE("session: without stop_at_end_token an end token does not end the text") {
  Session session(model());
  moe::GenerateOptions options = tokens(200);
  options.stop_at_end_token = false;
  session.generate("<|endoftext|>静夜思", options);
  CHECK(session.finish() == Finish::max_tokens);
}

TEST_CASE("session: a stop request ends the text, also before its first token") {
  Session session(model());
  std::stop_source stop;
  std::size_t count = 0;
  moe::GenerateOptions options = tokens(100);
  options.stop = stop.get_token();
  for ([[maybe_unused]] const moe::Piece& piece : session.stream(session_prompt, options))
    if (++count == 3) stop.request_stop();
  CHECK(count == 3);
  CHECK(session.finish() == Finish::stopped);
  CHECK(session.generate(session_prompt, options).empty());
  CHECK(session.finish() == Finish::stopped);
  CHECK_FALSE(session.generate(session_prompt, tokens(3)).empty());
}

TEST_CASE("session: a stop request in a prompt is the reason of the end, also if max_tokens is 0") {
  Session session(model());
  std::stop_source stop;
  stop.request_stop();
  moe::GenerateOptions options = tokens(0);
  options.stop = stop.get_token();
  session.generate(session_prompt, options);
  CHECK(session.sequence().position() == 0);
  CHECK(session.finish() == Finish::stopped);
}

TEST_CASE("session: one seed always gives one text, and another seed another text") {
  const auto text = [](std::uint64_t seed) {
    Session session(model());
    return session.generate(session_prompt,
                            {.max_tokens = 30, .sampling = moe::Sampling{.temperature = 1, .seed = seed}});
  };
  CHECK(text(1) == text(1));
  CHECK(text(1) != text(2));
}

TEST_CASE("session: an empty prompt and a prompt longer than the context are refused") {
  Session session(model(), {.context = 10});
  check_error([&] { return session.generate("", tokens(1)); }, {"prompt", "at least one token"});
  check_error([&] { return session.generate(std::vector<moe::TokenId>(11, 5), tokens(1)); },
              {"prompt", "at most 10 tokens", "11"});
  check_error([&] { return session.generate(std::vector<moe::TokenId>{4096}, tokens(1)); },
              {"ids below 4096"});
  CHECK_FALSE(session.generate(std::vector<moe::TokenId>(10, 5), tokens(1)).empty());
}

TEST_CASE("session: the context is limited to max_positions, and requested_context() returns the option") {
  Session cut(model(), {.context = 100000}), whole(model(), {.context = 100});
  CHECK(cut.context() == model().spec().max_positions);
  CHECK(cut.requested_context() == 100000);
  check_error([&] { return cut.generate(std::vector<moe::TokenId>(300, 5)); },
              {"at most 256 tokens, the max_positions of the model", "300"});
  CHECK(whole.context() == 100);
  CHECK(whole.requested_context() == 100);
}

TEST_CASE("session: a stream throws after a later call of stream(), generate() or score()") {
  const auto begin_another = [](Session& session, std::size_t kind) {
    if (kind == 0) session.generate("<|endoftext|>import", tokens(3));
    if (kind == 1) (void)session.stream("<|endoftext|>import", tokens(3));
    if (kind == 2) (void)session.stream("<|endoftext|>import", tokens(3)).begin();
    if (kind == 3) (void)session.score("<|endoftext|>import");
  };
  constexpr std::string_view found = "a text that a later call of stream(), generate() or score() has ended";
  for (const std::size_t kind : {0u, 1u, 2u, 3u}) {
    Session session(model());
    auto stream = session.stream(session_prompt, tokens(10));
    auto place = stream.begin();
    begin_another(session, kind);
    check_error([&] { return ++place, 0; }, {"stream", found});
    auto unread = session.stream(session_prompt, tokens(10));
    begin_another(session, kind);
    check_error([&] { return unread.begin(), 0; }, {"stream", found});
    Session fresh(model());
    CHECK(session.generate(session_prompt, tokens(10)) == fresh.generate(session_prompt, tokens(10)));
  }
}

TEST_CASE("session: a stream is a range for one pass, and a second begin() throws") {
  Session session(model());
  auto stream = session.stream(session_prompt, tokens(3));
  (void)stream.begin();
  check_error([&] { return stream.begin(), 0; }, {"stream: begin()", "a second call"});
}

TEST_CASE("session: an exception of the callback passes through, and the session can continue") {
  struct Interruption {};
  Session session(model()), fresh(model());
  CHECK_THROWS_AS(
      session.generate(session_prompt, tokens(10), [](const moe::Piece&) { throw Interruption(); }),
      Interruption);
  CHECK(session.generate(session_prompt, tokens(10)) == fresh.generate(session_prompt, tokens(10)));
}

TEST_CASE("session: prompt_progress rises to all tokens of the prompt that are not reused") {
  Session session(model(), {.context = 64, .chunk = 4});
  std::vector<std::pair<std::size_t, std::size_t>> reports;
  const moe::GenerateOptions options{
      .max_tokens = 3,
      .prompt_progress = [&](std::size_t done, std::size_t all) { reports.emplace_back(done, all); }};
  const std::vector<moe::TokenId> first{0, 300, 17, 5, 9, 11}, longer{0, 300, 17, 5, 12, 13, 14, 15, 16};
  for (const auto& [prompt, computed] : {std::pair{first, 6u}, std::pair{longer, 5u}}) {
    reports.clear();
    session.generate(prompt, options);
    REQUIRE(reports.size() == 2 * model().spec().layers.size());  // two chunks
    CHECK(std::is_sorted(reports.begin(), reports.end()));
    CHECK(reports.front().first < reports.back().first);
    CHECK(reports.back() == std::pair<std::size_t, std::size_t>(computed, computed));
  }
}

TEST_CASE("session: an exception of prompt_progress passes through, and the session can continue") {
  Session session(model(), {.context = 64});
  const auto fail = [](std::size_t, std::size_t) { throw std::runtime_error("progress"); };
  CHECK_THROWS_AS(session.generate(session_prompt, {.max_tokens = 3, .prompt_progress = fail}),
                  std::runtime_error);
  CHECK(session.generate(session_prompt, tokens(3)) == Session(model()).generate(session_prompt, tokens(3)));
}

TEST_CASE("session: an observer gets the routes of all layers and positions") {
  Session session(model());
  std::size_t visits = 0;
  const auto count = [&](const moe::Routes& routes) { visits += routes.experts.size(); };
  session.observe_routes(count);
  session.generate(session_prompt, tokens(10));
  CHECK(visits == session.sequence().position() * 6 * 8);
}

TEST_SUITE_BEGIN("threads");

TEST_CASE("session: sessions on several threads share one model and give the same text") {
  Session alone(model());
  const std::string expected = alone.generate(session_prompt, tokens(20));
  std::vector<std::string> texts(6);
  std::vector<std::thread> threads;
  for (std::string& text : texts)
    threads.emplace_back([&text] {
      Session session(model(), {.chunk = 3});
      text = session.generate(session_prompt, tokens(20));
    });
  for (std::thread& thread : threads) thread.join();
  for (const std::string& text : texts) CHECK(text == expected);
}

TEST_CASE("session: another thread can stop a text") {
  Session session(model());
  std::stop_source stop;
  moe::GenerateOptions options{
      .max_tokens = 200, .sampling = greedy, .stop_at_end_token = false, .stop = stop.get_token()};
  std::thread stopper;
  session.generate(session_prompt, options, [&](const moe::Piece&) {
    if (!stopper.joinable()) stopper = std::thread([&] { stop.request_stop(); });
  });
  stopper.join();
  CHECK((session.finish() == Finish::stopped || session.finish() == Finish::max_tokens));
}

TEST_SUITE_END();
