// SPDX-License-Identifier: MIT
#include "detail/core/concat.hpp"
#include "detail/core/dtype.hpp"
#include "detail/core/error.hpp"
#include "detail/experts/catalog.hpp"
#include "detail/experts/fallback_provider.hpp"
#include "detail/experts/memory_provider.hpp"
#include "detail/experts/mmap_provider.hpp"
#include "detail/extract/extraction.hpp"
#include "detail/extract/verification.hpp"
#include "detail/io/checkpoint.hpp"
#include "detail/io/file.hpp"
#include "support/checkpoints.hpp"
#include "support/flip_byte.hpp"
#include "support/message_of.hpp"
#include "support/temporary_directory.hpp"

#include <doctest/doctest.h>

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

namespace {

/// The golden checkpoint plain-bf16, extracted with a small copy of its experts as q8_0.
struct WithSmallCopy : TemporaryDirectory {
  explicit WithSmallCopy(const std::string& model = "plain-bf16") {
    moe::Extraction(moe::Checkpoint(golden(model)), out(), {.also = moe::DType::q8_0}).run();
  }

  std::string out() const { return *this / "out"; }
  std::string small() const { return *this / "out/experts.q8_0.gguf"; }
};

}  // namespace

TEST_CASE("small copy: the experts have the bytes of an extraction in the type of the small copy") {
  const WithSmallCopy extracted;
  const TemporaryDirectory other;
  moe::Extraction(moe::Checkpoint(golden("plain-bf16")), other / "out", {.type = moe::DType::q8_0}).run();
  const moe::ExpertCatalog small(moe::Checkpoint(extracted.out()).small_copy(moe::DType::q8_0));
  const moe::ExpertCatalog expected(moe::Checkpoint(other / "out"));
  REQUIRE(small.size() == expected.size());
  std::vector<std::byte> a(expected[0].bytes()), b(expected[0].bytes());
  for (const moe::ExpertId id : expected.ids()) {
    REQUIRE(small.at(id).bytes() == expected.at(id).bytes());
    (void)small.read(id, a.data());
    (void)expected.read(id, b.data());
    CHECK(a == b);
  }
}

TEST_CASE("small copy: the exact files have the same bytes with and without a small copy") {
  const WithSmallCopy extracted;
  const TemporaryDirectory other;
  moe::Extraction(moe::Checkpoint(golden("plain-bf16")), other / "out").run();
  for (const std::string name : {"/dense.gguf", "/experts.gguf"})
    CHECK(moe::detail::read_text(extracted.out() + name) == moe::detail::read_text(other / "out" + name));
}

TEST_CASE("small copy: a finished extraction is complete with its small copy, and is refused without") {
  const WithSmallCopy extracted;
  moe::Extraction again(moe::Checkpoint(golden("plain-bf16")), extracted.out(), {.also = moe::DType::q8_0});
  CHECK(again.complete());
  CHECK(again.bytes_left() == 0);
  std::filesystem::remove(extracted.small());
  check_error(
      [&] {
        return moe::Extraction(moe::Checkpoint(golden("plain-bf16")), extracted.out(),
                               {.also = moe::DType::q8_0});
      },
      {"out", "something else"});
}

TEST_CASE("small copy: no reader takes a small copy for exact experts") {
  const WithSmallCopy extracted;
  CHECK(moe::Checkpoint(extracted.out()).files().size() == 2);
  CHECK(moe::ExpertCatalog(moe::Checkpoint(extracted.out()))[0].up.dtype == moe::DType::bf16);
  check_error([&] { return moe::Checkpoint(extracted.small()); }, {"experts.q8_0.gguf", "exact", "lossy"});
  std::filesystem::rename(extracted.small(), extracted / "out/experts.gguf");
  check_error([&] { return moe::Checkpoint(extracted.out()); }, {"experts.gguf", "exact", "lossy"});
}

TEST_CASE("small copy: a small copy that does not exist is an error that names the missing file") {
  const WithSmallCopy extracted;
  check_error([&] { return moe::Checkpoint(extracted.out()).small_copy(moe::DType::q4_0); },
              {"experts.q4_0.gguf", "no such file"});
  check_error([] { return moe::Checkpoint(golden("plain-bf16")).small_copy(moe::DType::q8_0); },
              {"experts.gguf", "no such file"});
}

TEST_CASE("small copy: a copy of another model is refused when it is opened and when it is verified") {
  const WithSmallCopy extracted, other("plain-f32");
  std::filesystem::remove(extracted.small());
  std::filesystem::copy_file(other.small(), extracted.small());
  check_error([&] { return moe::Checkpoint(extracted.out()).small_copy(moe::DType::q8_0); },
              {"experts.q8_0.gguf", "moe.small_copy_of", "a copy of other experts"});
  check_error([&] { return moe::Verification(extracted.out()); },
              {"experts.q8_0.gguf", "moe.small_copy_of", "a copy of other experts"});
}

TEST_CASE("small copy: exact experts in the place of a small copy are refused") {
  const WithSmallCopy extracted;
  std::filesystem::remove(extracted.small());
  std::filesystem::copy_file(extracted / "out/experts.gguf", extracted.small());
  check_error([&] { return moe::Checkpoint(extracted.out()).small_copy(moe::DType::q8_0); },
              {"experts.q8_0.gguf", "moe.small_copy_of", "none"});
}

TEST_CASE("small copy: verification reads every byte of a small copy") {
  const WithSmallCopy extracted;
  const moe::Verification verification(extracted.out());
  std::uint64_t sum = 0;
  verification.run([&](std::uint64_t bytes) { sum += bytes; });
  CHECK(sum == verification.bytes());
  const std::uint64_t size = std::filesystem::file_size(extracted.small());
  for (std::uint64_t at = 40; at < size; at += size / 31) {
    CAPTURE(at);
    flip_byte(extracted.small(), at);
    check_error([&] { moe::Verification(extracted.out()).run(); }, {});
    flip_byte(extracted.small(), at);
  }
}

TEST_CASE("small copy: types that cannot be written, and copies that are not smaller, are refused by name") {
  const TemporaryDirectory directory;
  const auto extract_also = [&](moe::DType also) {
    return [&, also] {
      return moe::Extraction(moe::Checkpoint(golden("plain-bf16")), directory / "out", {.also = also});
    };
  };
  check_error(extract_also(moe::DType::q3_k), {"type", "q2_k", "q3_k"});
  check_error(extract_also(moe::DType::bf16), {"small copy of the experts", "less than"});
  check_error(extract_also(moe::DType::f32), {"small copy of the experts", "less than"});
}

TEST_CASE("small copy: a fallback provider takes the small copy of its checkpoint") {
  const WithSmallCopy extracted;
  const moe::Checkpoint checkpoint(extracted.out());
  moe::FallbackProvider experts{moe::MmapProvider(checkpoint),
                                moe::MmapProvider(checkpoint.small_copy(moe::DType::q8_0))};
  CHECK((*experts.acquire({0, 0})).up.dtype == moe::DType::bf16);
  CHECK((*experts.small_copies().acquire({0, 0})).up.dtype == moe::DType::q8_0);
}
