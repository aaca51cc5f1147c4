// SPDX-License-Identifier: MIT
#include "detail/core/dtype.hpp"
#include "detail/core/tensor.hpp"
#include "detail/experts/catalog.hpp"
#include "detail/experts/memory_provider.hpp"
#include "detail/experts/read_provider.hpp"
#include "detail/experts/verifying_provider.hpp"
#include "detail/extract/extraction.hpp"
#include "detail/extract/verification.hpp"
#include "detail/generate/model.hpp"
#include "detail/io/checkpoint.hpp"
#include "detail/io/file.hpp"
#include "support/checkpoints.hpp"
#include "support/flip_byte.hpp"
#include "support/message_of.hpp"
#include "support/safetensors_writer.hpp"
#include "support/temporary_directory.hpp"
#include "support/tiny_checkpoint.hpp"

#include <doctest/doctest.h>

#include <cstdint>
#include <filesystem>
#include <string>
#include <utility>
#include <vector>

namespace {

/// The golden checkpoint plain-bf16, extracted.
struct ExtractedCheckpoint : TemporaryDirectory {
  ExtractedCheckpoint() { moe::Extraction(moe::Checkpoint(golden("plain-bf16")), out()).run(); }

  std::string out() const { return *this / "out"; }
};

}  // namespace

TEST_CASE("verification: dense.gguf of a model with experts needs an experts.gguf beside it") {
  const ExtractedCheckpoint extracted;
  std::filesystem::remove(extracted / "out/experts.gguf");
  check_error([&] { moe::Verification verification(extracted.out()); }, {"experts.gguf", "opening"});
}

TEST_CASE("verification: a GGUF file without checksums is refused") {
  check_error([&] { moe::Verification{golden("plain-f32.gguf")}; }, {"plain-f32.gguf", "moe.crc32c"});
}

TEST_CASE("verification: progress adds up to the bytes of all files") {
  const ExtractedCheckpoint extracted;
  const moe::Verification verification(extracted.out());
  std::uint64_t sum = 0;
  const auto add = [&](std::uint64_t bytes) { sum += bytes; };
  verification.run(add);
  CHECK(sum == verification.bytes());
}

TEST_CASE("verification: a flipped bit in any part of either file is found") {
  const ExtractedCheckpoint extracted;
  for (const char* name : {"out/dense.gguf", "out/experts.gguf"}) {
    const std::string path = extracted / name;
    const std::uint64_t size = std::filesystem::file_size(path);
    for (std::uint64_t at = 40; at < size; at += size / 61) {
      CAPTURE(at);
      flip_byte(path, at);
      check_error([&] { moe::Verification(extracted.out()).run(); }, {});
      flip_byte(path, at);
    }
  }
  CHECK_NOTHROW(moe::Verification(extracted.out()).run());
}

TEST_CASE("verification: a file whose last padding is cut or too long is refused by its name and size") {
  const ExtractedCheckpoint extracted;
  using Change = std::pair<std::string, std::int64_t>;  // a file, and the bytes that are added to its end
  for (const Change& change :
       {Change{"dense.gguf", -1}, Change{"dense.gguf", 4096}, Change{"experts.gguf", 4096}}) {
    const std::string& name = change.first;
    const std::int64_t more = change.second;
    CAPTURE(name);
    CAPTURE(more);
    const std::string path = extracted.out() + "/" + name;
    const auto size = static_cast<std::int64_t>(std::filesystem::file_size(path));
    std::filesystem::resize_file(path, static_cast<std::uint64_t>(size + more));
    check_error(
        [&] { moe::Verification verification(extracted.out()); },
        {name + ": size: expected " + std::to_string(size) + " bytes, found " + std::to_string(size + more)});
    std::filesystem::resize_file(path, static_cast<std::uint64_t>(size));
  }
  CHECK_NOTHROW(moe::Verification(extracted.out()).run());
}

TEST_CASE("verification: a file of an extraction without the end of its data is called an incomplete copy") {
  const ExtractedCheckpoint extracted;
  const std::string path = extracted.out() + "/experts.gguf";
  std::filesystem::resize_file(path, std::filesystem::file_size(path) / 2);
  check_error([&] { moe::Checkpoint{extracted.out()}; },
              {"experts.gguf: tensor", "perhaps an incomplete copy of an extraction"});
}

TEST_CASE("verification: a byte of padding that is not zero is named by the tensor behind the padding") {
  const TemporaryDirectory directory;
  moe::Extraction(moe::Checkpoint(golden("plain-bf16")), directory / "out", {.type = moe::DType::q8_0}).run();
  const moe::ExpertCatalog catalog{moe::Checkpoint(directory / "out")};
  flip_byte(directory / "out/experts.gguf", catalog.at({1, 5}).gate.offset - 1);
  check_error(
      [&] { moe::Verification(directory / "out").run(); },
      {"experts.gguf: byte ", ", padding before tensor \"model.layers.1.mlp.experts.5.gate_proj.weight\"",
       ": expected 0, found 1"});
}

TEST_CASE("verification: a damaged expert is named by verification, by a verifying provider and by open()") {
  const ExtractedCheckpoint extracted;
  const moe::ExpertCatalog catalog(moe::Checkpoint(extracted.out()));
  flip_byte(extracted / "out/experts.gguf", catalog.at({1, 5}).up.offset + 7);
  check_error([&] { moe::Verification(extracted.out()).run(); },
              {"experts.gguf: model.layers.1.mlp.experts.5.up_proj.weight", "CRC-32C"});
  for (const bool direct : {false, true}) {
    moe::ReadProvider reading(catalog, {.direct = direct, .verify = true});
    CHECK_NOTHROW(reading.acquire({1, 4}));
    check_error([&] { reading.acquire({1, 5}); }, {"experts.gguf: up of expert 5 of layer 1", "CRC-32C"});
  }
  CHECK_NOTHROW(moe::ReadProvider(catalog).acquire({1, 5}));
  check_error([&] { moe::open(extracted.out(), {.verify = true}); }, {"up of expert 5 of layer 1"});
}

TEST_CASE("verification: open() reports the bytes of the experts that it verifies") {
  const ExtractedCheckpoint extracted;
  const moe::ExpertCatalog catalog(moe::Checkpoint(extracted.out()));
  std::uint64_t bytes = 0;
  for (const moe::ExpertId id : catalog.ids()) bytes += catalog.at(id).bytes();
  std::vector<std::uint64_t> reports;
  moe::open(extracted.out(), {.verify = true, .load_progress = [&](std::uint64_t done, std::uint64_t all) {
                                CHECK(all == bytes);
                                reports.push_back(done);
                              }});
  CHECK(reports.size() == catalog.size());
  CHECK(reports.back() == bytes);
}

TEST_CASE("verification: a verifying provider refuses a checkpoint without checksums") {
  check_error([&] { moe::ReadProvider(moe::Checkpoint(golden("plain-bf16")), {.verify = true}); },
              {"model.safetensors: gate of expert 0 of layer ", "expected a checksum", "none"});
}

TEST_CASE("verification: empty tensors at the offset of another tensor are accepted") {
  TinyCheckpoint source;
  const moe::Checkpoint before = source.open();
  SafetensorsWriter file;
  for (const moe::TensorInfo& tensor : before.tensors()) {
    const auto bytes = before.bytes(tensor);
    file.add(tensor.name, tensor.dtype_name, {tensor.shape.begin(), tensor.shape.end()},
             {reinterpret_cast<const char*>(bytes.data()), bytes.size()});
  }
  for (int i = 10; i < 50; ++i) file.add("model.layers.0.empty." + std::to_string(i), "F32", {0}, "");
  const TemporaryDirectory directory;
  directory.write("model.safetensors", file.text());
  directory.write("config.json", moe::detail::read_text(source.directory() / "config.json"));
  moe::Extraction(moe::Checkpoint(directory.path()), directory / "out").run();
  CHECK_NOTHROW(moe::Verification(directory / "out").run());
}

TEST_CASE("verification: a verifying provider accepts experts in panels, and names a damaged one") {
  using enum moe::Matrix::Order;
  const TemporaryDirectory directory;
  moe::Extraction(moe::Checkpoint(golden("plain-bf16")), directory / "out", {.type = moe::DType::q8_0}).run();
  const moe::ExpertCatalog catalog{moe::Checkpoint(directory / "out")};
  const moe::ExpertChecksums checksums(catalog);
  moe::VerifyingProvider provider(moe::MemoryProvider(catalog, panels), checksums);
  REQUIRE(provider.acquire({1, 5})->up.order == panels);
  flip_byte(directory / "out/experts.gguf", catalog.at({1, 5}).up.offset + 7);
  moe::VerifyingProvider damaged(moe::MemoryProvider(catalog, panels), checksums);
  check_error([&] { damaged.acquire({1, 5}); }, {"up of expert 5 of layer 1", "CRC-32C"});
}
