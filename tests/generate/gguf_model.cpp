// SPDX-License-Identifier: MIT
// Runs GGUF files from end to end, from a file and a prompt to text.
#include "detail/core/concat.hpp"
#include "detail/core/dequantise.hpp"
#include "detail/core/dtype.hpp"
#include "detail/core/tensor.hpp"
#include "detail/core/token.hpp"
#include "detail/generate/model.hpp"
#include "detail/generate/sampler.hpp"
#include "detail/io/checkpoint.hpp"
#include "detail/io/ggml_type.hpp"
#include "detail/io/tensor_info.hpp"
#include "detail/text/chat_message.hpp"
#include "detail/text/tokenizer.hpp"
#include "detail/extract/quantise.hpp"
#include "detail/generate/session.hpp"
#include "support/checkpoints.hpp"
#include "support/gguf_builder.hpp"
#include "support/gguf_names.hpp"
#include "support/gguf_vocabulary.hpp"
#include "support/temporary_directory.hpp"

#include <doctest/doctest.h>

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <random>
#include <span>
#include <string>
#include <string_view>
#include <vector>

using moe::DType;

namespace {

GgufBuilder& add_tensor(GgufBuilder& file, const std::string& name, const std::vector<std::uint64_t>& shape,
                        DType dtype, std::span<const std::byte> bytes) {
  return file.tensor(name, {shape.rbegin(), shape.rend()}, moe::detail::ggml_type(dtype).id,
                     {reinterpret_cast<const char*>(bytes.data()), bytes.size()});
}

struct Shape {
  std::uint32_t layers, hidden, heads, kv_heads, head_dim, experts, experts_per_token, intermediate, context;
};

void describe(GgufBuilder& file, const Shape& shape) {
  const auto set = [&](const char* key, std::uint32_t value) {
    file.value(std::string("qwen3moe.") + key, value);
  };
  file.value("general.architecture", "qwen3moe").value("general.name", "A small one");
  set("block_count", shape.layers);
  set("context_length", shape.context);
  set("embedding_length", shape.hidden);
  set("feed_forward_length", 3 * shape.hidden);
  set("attention.head_count", shape.heads);
  set("attention.head_count_kv", shape.kv_heads);
  set("attention.key_length", shape.head_dim);
  set("attention.value_length", shape.head_dim);
  set("expert_count", shape.experts);
  set("expert_used_count", shape.experts_per_token);
  set("expert_feed_forward_length", shape.intermediate);
  file.value("qwen3moe.attention.layer_norm_rms_epsilon", 1e-6f).value("qwen3moe.rope.freq_base", 1e4f);
}

void add_vocabulary(GgufBuilder& file) {
  GgufVocabulary::of(bundled_model() + "/tokenizer.json", 4096).add_to(file);
  file.value("tokenizer.ggml.eos_token_id", 4093u).value("tokenizer.ggml.padding_token_id", 4093u);
  file.value("tokenizer.ggml.add_bos_token", false);
  file.value("tokenizer.chat_template", "<|im_start|>{{ messages[0].content }}<|im_end|>");
}

/// The bundled model as converters write it: the experts of a layer in one tensor, all other tensors renamed.
std::string convert_bundled_model() {
  const moe::Checkpoint source(bundled_model());
  const Shape shape{6, 128, 4, 2, 32, 128, 8, 32, 256};
  GgufBuilder file;
  describe(file, shape);
  add_vocabulary(file);
  for (const moe::TensorInfo& tensor : source.tensors())
    if (tensor.name.find(".experts.") == tensor.name.npos)
      add_tensor(file, gguf_name(tensor.name), tensor.shape, tensor.dtype, source.bytes(tensor));
  for (std::uint32_t layer = 0; layer < shape.layers; ++layer) {
    for (const char* part : {"gate", "up", "down"}) {
      std::vector<std::byte> merged;
      std::vector<std::uint64_t> sizes{shape.experts};
      for (std::uint32_t expert = 0; expert < shape.experts; ++expert) {
        const moe::TensorInfo& one = source.at(
            moe::detail::concat("model.layers.", layer, ".mlp.experts.", expert, '.', part, "_proj.weight"));
        const auto bytes = source.bytes(one);
        merged.insert(merged.end(), bytes.begin(), bytes.end());
        if (expert == 0) sizes.insert(sizes.end(), one.shape.begin(), one.shape.end());
      }
      add_tensor(file, moe::detail::concat("blk.", layer, ".ffn_", part, "_exps.weight"), sizes, DType::bf16,
                 merged);
    }
  }
  return file.file();
}

/// A model with random weights in the types of Q4_K_M, which differ between layers; or with the same values as f32.
std::string mixed_model(bool as_f32) {
  const Shape shape{2, 256, 4, 2, 64, 16, 4, 256, 512};
  GgufBuilder file;
  describe(file, shape);
  add_vocabulary(file);
  std::mt19937 random(11);
  const auto add = [&](const std::string& name, const std::vector<std::uint64_t>& sizes, DType dtype) {
    std::size_t count = 1;
    for (const std::uint64_t size : sizes) count *= static_cast<std::size_t>(size);
    std::vector<float> numbers(count);
    const float width = sizes.size() == 1 ? 0.1f : 2 / std::sqrt(static_cast<float>(sizes.back()));
    for (float& x : numbers)
      x = (static_cast<float>(random() % 2001) / 1000 - 1) * width + (sizes.size() == 1 ? 1.0f : 0.0f);
    std::vector<std::byte> stored(moe::detail::bytes_of(dtype, count));
    moe::detail::quantise(numbers, dtype, stored);
    if (!as_f32) return add_tensor(file, name, sizes, dtype, stored), void();
    const std::vector<float> values = moe::detail::dequantise(moe::Vector{stored.data(), dtype, count});
    add_tensor(file, name, sizes, DType::f32, std::as_bytes(std::span(values)));
  };
  const std::uint64_t hidden = shape.hidden, width = shape.intermediate, kv = shape.kv_heads * shape.head_dim;
  add("token_embd.weight", {4096, hidden}, DType::q4_k);
  add("output_norm.weight", {hidden}, DType::f32);
  add("output.weight", {4096, hidden}, DType::q6_k);
  for (std::uint32_t layer = 0; layer < shape.layers; ++layer) {
    const DType better = layer == 0 ? DType::q6_k : DType::q4_k;
    const auto name = [&](const char* rest) {
      return moe::detail::concat("blk.", layer, '.', rest, ".weight");
    };
    add(name("attn_norm"), {hidden}, DType::f32);
    add(name("ffn_norm"), {hidden}, DType::f32);
    add(name("attn_q_norm"), {shape.head_dim}, DType::f32);
    add(name("attn_k_norm"), {shape.head_dim}, DType::f32);
    add(name("attn_q"), {hidden, hidden}, DType::q4_k);
    add(name("attn_k"), {kv, hidden}, DType::q4_k);
    add(name("attn_v"), {kv, hidden}, better);
    add(name("attn_output"), {hidden, hidden}, DType::q4_k);
    add(name("ffn_gate_inp"), {shape.experts, hidden}, DType::f32);
    add(name("ffn_gate_exps"), {shape.experts, width, hidden}, DType::q4_k);
    add(name("ffn_up_exps"), {shape.experts, width, hidden}, DType::q4_k);
    add(name("ffn_down_exps"), {shape.experts, hidden, width}, better);
  }
  return file.file();
}

std::string generate(const std::string& path, const moe::ModelOptions& options = {}) {
  const auto model = moe::open(path, options);
  moe::Session session(model);
  return session.generate("<|endoftext|>In the beginning", {.max_tokens = 20, .sampling = moe::Sampling{}});
}

std::vector<float> logits(const std::string& path) {
  const auto model = moe::open(path);
  auto sequence = model.transformer().sequence();
  const auto out = model.transformer().forward(sequence, model.tokenizer().encode("In the beginning"));
  return {out.begin(), out.end()};
}

}  // namespace

TEST_CASE("gguf model: the bundled model as a GGUF file gives the same text, with and without a budget") {
  const TemporaryDirectory directory;
  const std::string path = directory.write("babel.gguf", convert_bundled_model());
  const std::string expected = generate(bundled_model());
  CHECK(generate(path) == expected);
  CHECK(generate(directory.path()) == expected);
  CHECK(generate(path, {.memory = {.budget_bytes = std::size_t{3} << 20}}) == expected);
}

TEST_CASE("gguf model: tokenizer, end tokens and chat template are the same as in the source checkpoint") {
  const TemporaryDirectory directory;
  const auto model = moe::open(directory.write("babel.gguf", convert_bundled_model()));
  const moe::Tokenizer original(bundled_model());
  const std::string book = moe::detail::read_text(bundled_model() + "/README.md");
  CHECK(model.tokenizer().encode(book) == original.encode(book));
  for (const char* text :
       {"", "e\u0301 \u212b 'ſ <|im_start|>user\n", "<|endoftext|><|im_end|", "\xff\xe4 1234  \r\n"}) {
    CHECK(model.tokenizer().encode(text) == original.encode(text));
    CHECK(model.tokenizer().decode(original.encode(text)) == original.decode(original.encode(text)));
  }
  CHECK(model.tokenizer().size() == original.size());
  CHECK(model.spec().end_tokens == std::vector<moe::TokenId>{4093});
  const moe::Message message{"user", "Hi"};
  CHECK(model.chat_template().render({&message, 1}) == "<|im_start|>Hi<|im_end|>");
}

TEST_CASE("gguf model: experts of mixed types give nearly the logits of the same weights as f32") {
  const TemporaryDirectory directory;
  const std::string mixed = directory.write("mixed.gguf", mixed_model(false));
  const std::vector<float> found = logits(mixed),
                           expected = logits(directory.write("f32.gguf", mixed_model(true)));
  double error = 0, size = 0;
  for (std::size_t i = 0; i < found.size(); ++i) {
    error += std::pow(static_cast<double>(found[i]) - static_cast<double>(expected[i]), 2);
    size += std::pow(static_cast<double>(expected[i]), 2);
  }
  CHECK(std::sqrt(error / size) < 0.05);
  CHECK(generate(mixed, {.memory = {.budget_bytes = std::size_t{2} << 20}}) == generate(mixed));
}
