// SPDX-License-Identifier: MIT
// Infinite numbers and NaN in weights must end in an error, and never in logits.
#include "detail/core/concat.hpp"
#include "detail/core/dequantise.hpp"
#include "detail/core/dtype.hpp"
#include "detail/core/thread_pool.hpp"
#include "detail/core/token.hpp"
#include "detail/experts/catalog.hpp"
#include "detail/experts/memory_provider.hpp"
#include "detail/io/checkpoint.hpp"
#include "detail/model/transformer.hpp"
#include "support/checkpoints.hpp"
#include "support/message_of.hpp"
#include "support/quantise.hpp"
#include "support/tiny_checkpoint.hpp"

#include <doctest/doctest.h>

#include <cmath>
#include <cstddef>
#include <limits>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace {

constexpr float not_a_number = std::numeric_limits<float>::quiet_NaN();
constexpr float infinity = std::numeric_limits<float>::infinity();

const std::vector<moe::TokenId> finite_prompt{5, 17, 3, 42, 5, 42, 7};

/// Overwrites number `index` of a tensor.
void set_number(TinyCheckpoint& tiny, const moe::TensorInfo& tensor, std::size_t index, float number) {
  const std::vector<std::byte> bytes = encode(tensor.dtype, {&number, 1});
  tiny.set_tensor(tensor.name, {reinterpret_cast<const char*>(bytes.data()), bytes.size()},
                  index * bytes.size());
}

/// Computes the prompt in chunks. Returns the message of the error; empty if all logits are finite.
std::string error_of(const TinyCheckpoint& tiny, std::size_t chunk) {
  const moe::Checkpoint checkpoint = tiny.open();
  moe::MemoryProvider experts(checkpoint);
  moe::ThreadPool pool(1);
  const moe::Transformer model(checkpoint, experts, pool);
  auto sequence = model.sequence({.context = 16, .chunk = chunk});
  return message_of([&] {
    const std::span<const float> logits = model.forward(sequence, finite_prompt);
    for (const float logit : logits) REQUIRE(std::isfinite(logit));
    return 0;
  });
}

/// The part that an error must name first for a wrong number in this tensor.
std::string part_of(std::string_view name) {
  if (name == "model.embed_tokens.weight") return "embedding: ";
  if (name == "model.norm.weight" || name == "lm_head.weight") return "the final norm or the head";
  const std::size_t begin = name.find("layers.") + 7;
  const std::string layer(name.substr(begin, name.find('.', begin) - begin));
  const bool attention = name.find("self_attn") != name.npos || name.find("input_layernorm") != name.npos;
  return (attention ? "attention of layer " : " of layer ") + layer + ": ";
}

/// Whether the tensor belongs to one of many similar experts: the test needs only the first two.
bool is_redundant(std::string_view name) {
  const std::size_t at = name.find(".experts.");
  return at != name.npos && name.substr(at + 9, 2) != "0." && name.substr(at + 9, 2) != "1.";
}

}  // namespace

TEST_CASE("not finite: NaN in any tensor that a prompt uses is an error that names the part of the model") {
  for (const char* checkpoint : {"plain-f32", "plain-bf16", "dense-between"}) {
    std::size_t unused = 0, errors = 0;
    const moe::Checkpoint original(golden(checkpoint));
    for (const moe::TensorInfo& tensor : original.tensors()) {
      if (is_redundant(tensor.name)) continue;
      CAPTURE(checkpoint);
      CAPTURE(tensor.name);
      TinyCheckpoint tiny(checkpoint);
      const bool embedding = tensor.name == "model.embed_tokens.weight";
      const auto width = static_cast<std::size_t>(tensor.shape.back());
      set_number(tiny, tensor, embedding ? finite_prompt.back() * width : 0, not_a_number);
      for (const std::size_t chunk : {1u, 3u, 512u}) {
        const std::string message = error_of(tiny, chunk);
        CAPTURE(message);
        if (message.empty()) {
          CHECK(tensor.name.find(".experts.") != tensor.name.npos);  // an expert that no token chose
          ++unused;
        } else {
          CHECK(message.find(part_of(tensor.name)) != message.npos);
          CHECK(message.find("expected finite numbers") != message.npos);
          ++errors;
        }
      }
    }
    CHECK(errors > unused);
  }
}

TEST_CASE("not finite: infinity in any tensor is an error, or all logits are finite") {
  for (const float number : {infinity, -infinity}) {
    std::size_t errors = 0;
    const moe::Checkpoint original(golden("plain-f32"));
    for (const moe::TensorInfo& tensor : original.tensors()) {
      if (is_redundant(tensor.name)) continue;
      CAPTURE(tensor.name);
      TinyCheckpoint tiny("plain-f32");
      set_number(tiny, tensor, 0, number);
      for (const std::size_t chunk : {1u, 512u}) errors += !error_of(tiny, chunk).empty();
    }
    CHECK(errors > 20);
  }
}

TEST_CASE("not finite: infinite logits are an error also if a soft cap would make them finite") {
  TinyCheckpoint tiny("gemma4-text");
  const moe::Checkpoint original = tiny.open();
  set_number(tiny, original.at("model.norm.weight"), 0, infinity);
  CHECK(error_of(tiny, 512).find("the final norm or the head") != std::string::npos);
}

TEST_CASE("not finite: the error names the position of the first token with such a number") {
  TinyCheckpoint tiny("plain-f32");
  const moe::Checkpoint original = tiny.open();
  set_number(tiny, original.at("model.embed_tokens.weight"), 42 * 64, not_a_number);
  for (const std::size_t chunk : {1u, 3u, 512u})
    CHECK(error_of(tiny, chunk).find("not a number, first at position 3") != std::string::npos);
}

TEST_CASE("not finite: after the error the sequence contains the chunks before the failing chunk") {
  TinyCheckpoint tiny("plain-f32");
  const moe::Checkpoint original = tiny.open();
  set_number(tiny, original.at("model.embed_tokens.weight"), 42 * 64, not_a_number);
  const moe::Checkpoint checkpoint = tiny.open();
  moe::MemoryProvider experts(checkpoint);
  moe::ThreadPool pool(1);
  const moe::Transformer model(checkpoint, experts, pool);
  auto sequence = model.sequence({.context = 16, .chunk = 2});
  CHECK_FALSE(message_of([&] { return model.forward(sequence, finite_prompt); }).empty());
  CHECK(sequence.position() == 2);
  CHECK_FALSE(model.forward(sequence, std::vector<moe::TokenId>{7, 8}).empty());
}

TEST_CASE("not finite: observers see the routes of a failing chunk once") {
  TinyCheckpoint tiny("plain-f32");
  const moe::Checkpoint original = tiny.open();
  set_number(tiny, original.at("model.norm.weight"), 0, not_a_number);
  const moe::Checkpoint checkpoint = tiny.open();
  moe::MemoryProvider experts(checkpoint);
  moe::ThreadPool pool(1);
  const moe::Transformer model(checkpoint, experts, pool);
  auto sequence = model.sequence({.context = 16});
  std::size_t calls = 0;
  const auto count = [&](const moe::Routes&) { ++calls; };
  sequence.observe_routes(count);
  CHECK_FALSE(message_of([&] { return model.forward(sequence, finite_prompt); }).empty());
  CHECK(calls == model.spec().layers.size());
}

TEST_CASE("not finite: NaN in the input of quantised weights is an error") {
  for (const moe::DType dtype : {moe::DType::q8_0, moe::DType::q4_0}) {
    TinyCheckpoint tiny("plain-f32");
    for (std::size_t expert = 0; expert < 16; ++expert) {
      const moe::Checkpoint original = tiny.open();
      set_number(tiny,
                 original.at(moe::detail::concat("model.layers.1.mlp.experts.", expert, ".up_proj.weight")),
                 0, not_a_number);
    }
    const moe::Checkpoint checkpoint = tiny.open();
    const moe::ExpertCatalog catalog(checkpoint);
    const moe::MemoryProvider from(catalog);
    moe::MemoryProvider experts;
    for (std::uint32_t layer = 0; layer < catalog.layers(); ++layer)
      for (std::uint32_t expert = 0; expert < catalog.experts(layer); ++expert) {
        moe::ExpertWeights weights = *from.acquire({layer, expert});
        const moe::Matrix down = weights.down;
        const std::vector<std::byte> bytes =
            encode(dtype, moe::detail::dequantise({down.data, down.dtype, down.rows * down.cols}));
        weights.down = {bytes.data(), dtype, down.rows, down.cols};
        experts.add({layer, expert}, weights);
      }
    moe::ThreadPool pool(1);
    const moe::Transformer model(checkpoint, experts, pool);
    for (const std::size_t chunk : {1u, 512u}) {
      auto sequence = model.sequence({.context = 16, .chunk = chunk});
      check_error([&] { return model.forward(sequence, finite_prompt); },
                  {"experts of layer 1: expected finite numbers", "not a number"});
    }
  }
}
