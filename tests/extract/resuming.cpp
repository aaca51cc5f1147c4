// SPDX-License-Identifier: MIT
// Interrupted extractions, and the space that an extraction needs.
#include "detail/core/dtype.hpp"
#include "detail/core/error.hpp"
#include "detail/extract/extraction.hpp"
#include "detail/extract/journal.hpp"
#include "detail/io/checkpoint.hpp"
#include "detail/io/file.hpp"
#include "support/checkpoints.hpp"
#include "support/flip_byte.hpp"
#include "support/message_of.hpp"
#include "support/safetensors_writer.hpp"
#include "support/temporary_directory.hpp"

#include <doctest/doctest.h>

#include <cstdint>
#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

namespace {

const moe::ExtractOptions interrupted_options{.checkpoint_bytes = std::size_t{1} << 18};
constexpr std::uint64_t interrupted_after = 10'000'000;

/// An extraction of the bundled model, interrupted after `interrupted_after` bytes, beside a complete one.
struct InterruptedExtraction : TemporaryDirectory {
  explicit InterruptedExtraction(const std::string& source_path = bundled_model()) : source(source_path) {
    moe::Extraction(source, *this / "whole", interrupted_options).run();
    std::uint64_t done = 0;
    const auto interrupt = [&](std::uint64_t bytes) {
      done += bytes;
      if (done > interrupted_after) moe::detail::fail("test", "progress", "no end", "an interruption");
    };
    check_error([&] { moe::Extraction(source, out(), interrupted_options).run(interrupt); },
                {"an interruption"});
  }

  std::string out() const { return *this / "out"; }
  std::string partial(const std::string& name) const { return *this / ("out.partial/" + name); }

  moe::Extraction resumed() const { return moe::Extraction(source, out(), interrupted_options); }

  void check_result() const {
    for (const char* file : {"dense.gguf", "experts.gguf", "tokenizer.json"})
      CHECK(moe::detail::read_text(*this / "out/" + file) == moe::detail::read_text(*this / "whole/" + file));
    CHECK_FALSE(std::filesystem::exists(*this / "out.partial"));
  }

  moe::Checkpoint source;
};

/// Adds `count` records to the journal of an interrupted extraction. Their checksums are wrong, their format is right.
void add_false_records(const InterruptedExtraction& interrupted, std::size_t count) {
  const std::string plan = moe::detail::read_text(interrupted.partial("plan.txt"));
  moe::detail::Journal journal(interrupted.path() + "/out.partial", plan, SIZE_MAX);
  journal.add(std::vector<std::uint32_t>(count, 0x12345678));
}

/// The size of all files in a directory, each rounded up to whole pages.
std::uint64_t allocated_bytes(const std::string& directory) {
  std::uint64_t sum = 0;
  for (const auto& entry : std::filesystem::directory_iterator(directory))
    sum += (std::filesystem::file_size(entry) + 4095) / 4096 * 4096;
  return sum;
}

#if !defined(_WIN32)
/// A checkpoint of one layer with an embedding of `bytes` bytes, all zeros, which take no room on the disk.
std::string sparse_checkpoint(const TemporaryDirectory& directory, std::uint64_t bytes) {
  directory.write("config.json", R"({"model_type": "qwen3_moe", "num_hidden_layers": 1})");
  const std::string header = R"({"model.embed_tokens.weight":{"dtype":"F32","shape":[)" +
                             std::to_string(bytes / 4096) + R"(,1024],"data_offsets":[0,)" +
                             std::to_string(bytes) + "]}}";
  const std::string file = directory.write("model.safetensors", safetensors(header, ""));
  std::filesystem::resize_file(file, std::filesystem::file_size(file) + bytes);
  return directory.path();
}
#endif

}  // namespace

TEST_CASE("resuming: an interrupted extraction is no checkpoint, and resumes to the same bytes") {
  const InterruptedExtraction interrupted;
  CHECK_FALSE(std::filesystem::exists(interrupted.out()));
  check_error([&] { moe::Checkpoint{interrupted / "out.partial"}; }, {"out.partial"});
  check_error([&] { moe::Checkpoint{interrupted / "out.partial/result"}; }, {"dense.gguf"});

  moe::Extraction extraction = interrupted.resumed();
  CHECK(extraction.bytes_left() < extraction.data_bytes() - 8'000'000);
  std::uint64_t progressed = 0;
  const auto count = [&](std::uint64_t bytes) { progressed += bytes; };
  extraction.run(count);
  CHECK(progressed == extraction.data_bytes());
  interrupted.check_result();
}

TEST_CASE("resuming: other options are refused, and the interrupted extraction stays") {
  const InterruptedExtraction interrupted;
  check_error(
      [&] { moe::Extraction(interrupted.source, interrupted.out(), {.type = moe::DType::q8_0}).run(); },
      {"out.partial: interrupted extraction", "same options"});
  CHECK(interrupted.resumed().bytes_left() < interrupted.resumed().data_bytes() - 8'000'000);
}

TEST_CASE("resuming: a plan that is longer than expected is another plan") {
  const InterruptedExtraction interrupted;
  std::filesystem::resize_file(interrupted.partial("plan.txt"), std::uint64_t{1} << 40);
  check_error([&] { interrupted.resumed().run(); }, {"out.partial: interrupted extraction", "same options"});
}

TEST_CASE("resuming: intact tensors are not read from the source again") {
  const TemporaryDirectory directory;
  std::filesystem::copy(bundled_model(), directory / "source");
  const std::string file = directory / "source/model.safetensors";
  const InterruptedExtraction interrupted(directory / "source");
  // The size and the time of the source stay the same, so that only the bytes show the difference.
  const auto time = std::filesystem::last_write_time(file);
  const moe::TensorInfo& first = interrupted.source.at("model.embed_tokens.weight");
  flip_byte(file, first.offset);
  std::filesystem::last_write_time(file, time);
  interrupted.resumed().run();
  interrupted.check_result();
}

TEST_CASE("resuming: records of a journal beyond the number of tensors are ignored") {
  const InterruptedExtraction interrupted;
  add_false_records(interrupted, 100'000);
  CHECK(interrupted.resumed().bytes_left() == 0);
  interrupted.resumed().run();
  interrupted.check_result();
}

TEST_CASE("resuming: the memory use does not grow with the size of the journal") {
  const InterruptedExtraction interrupted;
  std::filesystem::resize_file(interrupted.partial("checksums"), std::uint64_t{1} << 40);
  interrupted.resumed().run();
  interrupted.check_result();
}

TEST_CASE("resuming: tensors that the journal lists and the files lack are written again") {
  const InterruptedExtraction interrupted;
  add_false_records(interrupted, 500);
  interrupted.resumed().run();
  interrupted.check_result();
}

TEST_CASE("resuming: a file that was shortened keeps its intact tensors, and gets the others again") {
  const InterruptedExtraction interrupted;
  std::filesystem::resize_file(interrupted.partial("result/dense.gguf"), 1'000'000);
  interrupted.resumed().run();
  interrupted.check_result();
}

TEST_CASE("resuming: a flipped bit in a tensor or in the padding behind it is found and repaired") {
  const InterruptedExtraction whole;
  const moe::Checkpoint complete(whole / "whole");
  const moe::TensorInfo& norm = complete.at("model.layers.0.input_layernorm.weight");
  REQUIRE(norm.bytes < 4096);
  for (const std::uint64_t offset : {norm.offset, norm.offset + norm.bytes}) {
    const InterruptedExtraction interrupted;
    flip_byte(interrupted.partial("result/dense.gguf"), offset);
    interrupted.resumed().run();
    interrupted.check_result();
  }
}

TEST_CASE(
    "space: space_bytes() covers the GGUF files with their padding, the copied files and the journal, and "
    "little more") {
  const TemporaryDirectory directory;
  moe::Extraction extraction(moe::Checkpoint(bundled_model()), directory / "out", {.type = moe::DType::q8_0});
  extraction.run();
  const std::uint64_t allocated = allocated_bytes(directory / "out");
  CHECK(allocated > extraction.data_bytes() * 3 / 2);  // the padding of small experts is most of the result
  CHECK(extraction.space_bytes() >= allocated);
  CHECK(extraction.space_bytes() < allocated + 100'000);
}

#if !defined(_WIN32)

TEST_CASE(
    "space: an extraction that does not fit is refused with the exact number of bytes, and writes nothing") {
  const TemporaryDirectory directory;
  const std::uint64_t bytes = std::uint64_t{4} << 40;
  moe::Extraction extraction(moe::Checkpoint(sparse_checkpoint(directory, bytes)), directory / "out");
  CHECK(extraction.space_bytes() > bytes);
  check_error([&] { extraction.run(); },
              {"out: free space", std::to_string(extraction.space_bytes()) + " bytes", "found"});
  CHECK_FALSE(std::filesystem::exists(directory / "out"));
  CHECK_FALSE(std::filesystem::exists(directory / "out.partial"));
}

#endif

TEST_CASE("resuming: an interrupted extraction goes on from another working directory") {
  const std::filesystem::path before = std::filesystem::current_path();
  const auto from_here = [&] { return std::filesystem::relative(bundled_model()).string(); };
  const InterruptedExtraction interrupted(from_here());
  std::filesystem::current_path(interrupted.path());
  const std::string other_path = from_here();
  CHECK(other_path != interrupted.source.path());
  moe::Extraction(moe::Checkpoint(other_path), "out", interrupted_options).run();
  std::filesystem::current_path(before);
  interrupted.check_result();
}

TEST_CASE("resuming: the same relative path of another source is refused") {
  const std::filesystem::path before = std::filesystem::current_path();
  const TemporaryDirectory place;
  for (const char* const name : {"/a", "/b"})
    std::filesystem::copy(bundled_model(), place.path() + name, std::filesystem::copy_options::recursive);
  for (const auto& entry : std::filesystem::directory_iterator(place.path() + "/a"))
    if (entry.is_regular_file())
      std::filesystem::last_write_time(place.path() + "/b/" + entry.path().filename().string(),
                                       entry.last_write_time());
  std::filesystem::current_path(place.path() + "/a");
  const InterruptedExtraction interrupted(".");
  std::filesystem::current_path(place.path() + "/b");
  check_error([&] { moe::Extraction(moe::Checkpoint("."), interrupted.out(), interrupted_options).run(); },
              {"the same source", "an extraction of another source"});
  std::filesystem::current_path(before);
}
