// SPDX-License-Identifier: MIT
// Extractions in processes of their own: killed, in parallel, without disk space.
#if !defined(_WIN32)

#include "detail/core/dtype.hpp"
#include "detail/extract/extract_options.hpp"
#include "detail/io/checkpoint.hpp"
#include "detail/io/file.hpp"
#include "detail/extract/extraction.hpp"
#include "support/checkpoints.hpp"
#include "support/message_of.hpp"
#include "support/random_numbers.hpp"
#include "support/safetensors_writer.hpp"
#include "support/temporary_directory.hpp"

#include <doctest/doctest.h>

#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <csignal>
#include <filesystem>
#include <random>
#include <string>
#include <thread>
#include <utility>

namespace {

/// Runs `work` in a process of its own; returns its process id.
template <class Work>
pid_t start(Work work) {
  const pid_t child = ::fork();
  if (child != 0) return child;
  try {
    work();
  } catch (...) {
    ::_exit(1);
  }
  ::_exit(0);
}

/// How a process ended: whether without an error, and its peak memory.
struct End {
  bool complete;
  std::uint64_t peak_bytes;
};
End wait_for(pid_t child) {
  int status = 0;
  rusage usage = {};
  ::wait4(child, &status, 0, &usage);
  return {WIFEXITED(status) && WEXITSTATUS(status) == 0, static_cast<std::uint64_t>(usage.ru_maxrss) * 1024};
}

bool same_files(const std::string& a, const std::string& b) {
  for (const char* name : {"dense.gguf", "experts.gguf", "tokenizer.json", "generation_config.json"})
    if (moe::detail::read_text(a + "/" + name) != moe::detail::read_text(b + "/" + name)) return false;
  return true;
}

}  // namespace

TEST_CASE(
    "extraction: an extraction that is killed 50 times at random moments resumes to the same bytes, and no "
    "partial result opens") {
  const TemporaryDirectory directory;
  const moe::ExtractOptions options{.type = moe::DType::q8_0, .checkpoint_bytes = std::size_t{4} << 20};
  const auto extract = [&](const std::string& out) {
    moe::Extraction(moe::Checkpoint(bundled_model()), out, options).run();
  };
  const auto begin = std::chrono::steady_clock::now();
  REQUIRE(wait_for(start([&] { extract(directory / "whole"); })).complete);
  const std::chrono::duration<double> whole = std::chrono::steady_clock::now() - begin;

  const std::string out = directory / "out";
  std::mt19937 random(1);
  for (int kills = 0; kills < 50;) {
    const pid_t child = start([&] { extract(out); });
    std::this_thread::sleep_for(whole * std::uniform_real_distribution<>(0, 0.6)(random));
    ::kill(child, SIGKILL);
    if (!wait_for(child).complete) ++kills;
    CHECK_FALSE(message_of([&] { moe::Checkpoint{out + ".partial"}; }).empty());
    if (std::filesystem::exists(out)) {
      CHECK(same_files(out, directory / "whole"));
      std::filesystem::remove_all(out);
    } else if (moe::detail::is_file(out + ".partial/result/dense.gguf")) {
      // A complete result may not have its final name yet.
      const bool opens = message_of([&] { moe::Checkpoint{out + ".partial/result"}; }).empty();
      CHECK((!opens || same_files(out + ".partial/result", directory / "whole")));
    }
  }
  REQUIRE(wait_for(start([&] { extract(out); })).complete);
  CHECK(same_files(out, directory / "whole"));
  CHECK_FALSE(std::filesystem::exists(out + ".partial"));
}

TEST_CASE("extraction: a second process with the same output is refused") {
  const TemporaryDirectory directory;
  const moe::Checkpoint source(bundled_model());
  moe::Extraction second(source, directory / "out");
  bool tried = false;
  const auto try_second = [&](std::uint64_t) {
    if (std::exchange(tried, true)) return;
    check_error([&] { second.run(); }, {"checksums: locking", "a file in use"});
  };
  moe::Extraction(source, directory / "out").run(try_second);
  CHECK(tried);
}

TEST_CASE("extraction: memory use does not grow with the size of the model") {
  const TemporaryDirectory directory;
  const std::uint64_t bytes = std::uint64_t{640} << 20;  // zeros of a sparse file, which take no room
  directory.write("config.json", R"({"model_type": "qwen3_moe", "num_hidden_layers": 1})");
  const std::string header = R"({"model.embed_tokens.weight":{"dtype":"F32","shape":[)" +
                             std::to_string(bytes / 4096) + R"(,1024],"data_offsets":[0,)" +
                             std::to_string(bytes) + "]}}";
  const std::string file = directory.write("model.safetensors", safetensors(header, ""));
  std::filesystem::resize_file(file, std::filesystem::file_size(file) + bytes);
  const End end = wait_for(start([&] {
    moe::Extraction(moe::Checkpoint(directory.path()), directory / "out", {.dense_type = moe::DType::q4_0})
        .run();
  }));
  CHECK(end.complete);
  // A child begins with the memory of the test program.
  const std::uint64_t idle_bytes = wait_for(start([] {})).peak_bytes;
  CHECK(end.peak_bytes < idle_bytes + (std::uint64_t{500} << 20));
}

TEST_CASE(
    "extraction: an error of the writing thread reaches the caller, and the extraction resumes afterwards") {
  const TemporaryDirectory directory;
  const moe::Checkpoint source(bundled_model());
  const moe::ExtractOptions options{.checkpoint_bytes = std::size_t{1} << 20};
  moe::Extraction(source, directory / "whole", options).run();
  const std::string out = directory / "out";
  const pid_t child = start([&] {
    std::signal(SIGXFSZ, SIG_IGN);  // then a write beyond the limit fails, like a write to a full disk
    const auto limit = [](std::uint64_t) {
      const rlimit bytes{std::uint64_t{4} << 20, std::uint64_t{4} << 20};
      ::setrlimit(RLIMIT_FSIZE, &bytes);
    };
    const std::string message = message_of([&] { moe::Extraction(source, out, options).run(limit); });
    if (message.find("experts.gguf: byte") == message.npos) ::_exit(1);
  });
  CHECK(wait_for(child).complete);
  CHECK_FALSE(std::filesystem::exists(out));
  moe::Extraction(source, out, options).run();
  CHECK(same_files(out, directory / "whole"));
}

TEST_CASE("extraction: an error of the reading thread reaches the caller") {
  const TemporaryDirectory directory;
  std::filesystem::copy(bundled_model(), directory / "source");
  moe::Extraction extraction(moe::Checkpoint(directory / "source"), directory / "out");
  const auto shorten = [&](std::uint64_t) {
    std::filesystem::resize_file(directory / "source/model.safetensors", 1'000'000);
  };
  check_error([&] { extraction.run(shorten); }, {"model.safetensors: byte", "the end of the file"});
  CHECK_FALSE(std::filesystem::exists(directory / "out"));
}

#endif
