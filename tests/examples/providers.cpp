// SPDX-License-Identifier: MIT
#include "run_example.hpp"
#include "support/checkpoints.hpp"
#include "support/temporary_directory.hpp"

#include <doctest/doctest.h>

#include <string>
#include <vector>

#if !defined(_WIN32)
#include "examples/providers/socket.hpp"

#include <pthread.h>
#include <sys/time.h>

#include <chrono>
#include <csignal>
#include <thread>
#endif

namespace {

const std::vector<std::string> worked_providers {
  "compressed_provider",
#if !defined(_WIN32)
      "socket_provider"
#endif
};

}  // namespace

TEST_CASE(
    "examples/providers: the text is that of the built-in providers, with and without room in the cache") {
  const std::string prompt = "<|endoftext|>In the beginning";
  const Result built_in = run({"generate", bundled_model(), prompt, "--max-tokens", "24"});
  for (const std::string& provider : worked_providers)
    for (const std::string budget : {"24KiB", "16MiB"}) {
      CAPTURE(provider);
      CAPTURE(budget);
      const Result result =
          run({provider, bundled_model(), prompt, "--max-tokens", "24", "--budget", budget});
      REQUIRE_MESSAGE(result.status == 0, result.err);
      CHECK((prompt + result.out).find(built_in.out) == 0);
      CHECK(result.out.find(" experts acquired\n") != std::string::npos);
    }
}

TEST_CASE("examples/providers: experts of every type are delivered without loss") {
  for (const std::string type : {"f32", "f16", "q8_0", "q4_0"}) {
    const TemporaryDirectory directory;
    REQUIRE(run({"synthesize", directory.path(), "--shape", "tiny", "--type", type, "--file"}).status == 0);
    const std::string model = directory / "model.gguf";
    const Result built_in = run({"generate", model, "words", "--max-tokens", "8"});
    for (const std::string& provider : worked_providers) {
      CAPTURE(type);
      CAPTURE(provider);
      const Result result = run({provider, model, "words", "--max-tokens", "8"});
      REQUIRE_MESSAGE(result.status == 0, result.err);
      CHECK(("words" + result.out).find(built_in.out) == 0);
    }
  }
}

TEST_CASE("compressed_provider: the exponents of bf16 weights are compressed") {
  const Result result = run({"compressed_provider", bundled_model(), "x", "--max-tokens", "1"});
  REQUIRE(result.status == 0);
  const std::string line = lines_of(result.out).back(), before = "the store takes ";
  REQUIRE(line.find(before) == 0);
  const double percent = std::stod(line.substr(before.size()));
  CHECK(percent > 60);
  CHECK(percent < 85);
}

#if !defined(_WIN32)

TEST_CASE("examples/providers: a signal does not end a transfer over a socket") {
  struct sigaction ignoring {
  }, before{};
  ignoring.sa_handler = [](int) {};
  REQUIRE(::sigaction(SIGUSR1, &ignoring, &before) == 0);
  int ends[2];
  REQUIRE(::socketpair(AF_UNIX, SOCK_STREAM, 0, ends) == 0);
  const timeval limit{.tv_sec = 60, .tv_usec = 0};
  REQUIRE(::setsockopt(ends[0], SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit) == 0);
  Socket receiver(ends[0]), sender(ends[1]);
  std::thread other([&sender, receiving = ::pthread_self()] {
    for (int i = 0; i < 5; ++i) {
      std::this_thread::sleep_for(std::chrono::milliseconds(20));
      ::pthread_kill(receiving, SIGUSR1);
    }
    std::this_thread::sleep_for(std::chrono::milliseconds(20));
    sender.send("x", 1);
  });
  char received = 0;
  CHECK(receiver.receive(&received, 1));
  CHECK(received == 'x');
  other.join();
  ::sigaction(SIGUSR1, &before, nullptr);
}

#endif
