// SPDX-License-Identifier: MIT
// Compares Llama models, as GGUF files and as Hugging Face checkpoints, with their definition in double precision.
#include "detail/core/dtype.hpp"
#include "detail/core/thread_pool.hpp"
#include "detail/core/token.hpp"
#include "detail/io/checkpoint.hpp"
#include "detail/io/file.hpp"
#include "detail/spec/model_spec.hpp"
#include "detail/experts/memory_provider.hpp"
#include "detail/model/transformer.hpp"
#include "support/gguf_builder.hpp"
#include "support/gguf_names.hpp"
#include "support/message_of.hpp"
#include "support/safetensors_writer.hpp"
#include "support/temporary_directory.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <map>
#include <random>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

namespace {

using Numbers = std::vector<double>;

/// A model whose random weights are whole multiples of 1/64, so that every file type holds them exactly.
struct Llama {
  std::size_t vocabulary = 23, hidden = 16, heads = 4, kv_heads = 2, head_dim = 6, intermediate = 20,
              layers = 2;
  double theta = 100, epsilon = 1e-5;
  bool tied = false;
  Numbers divisors;  // of the frequencies, [head_dim / 2]; empty: none

  std::map<std::string, Numbers> weights;                  // in the names of Hugging Face
  std::map<std::string, std::vector<std::size_t>> shapes;  // outermost first

  void draw(unsigned seed) {
    std::mt19937 random(seed);
    const auto add = [&](const std::string& name, std::vector<std::size_t> shape) {
      std::size_t size = 1;
      for (const std::size_t one : shape) size *= one;
      Numbers& out = weights[name];
      for (std::size_t i = 0; i < size; ++i) out.push_back((static_cast<double>(random() % 65) - 32) / 64);
      if (shape.size() == 1)
        for (double& weight : out) weight += 1;
      shapes[name] = std::move(shape);
    };
    add("model.embed_tokens.weight", {vocabulary, hidden});
    add("model.norm.weight", {hidden});
    if (!tied) add("lm_head.weight", {vocabulary, hidden});
    for (std::size_t layer = 0; layer < layers; ++layer) {
      const std::string prefix = "model.layers." + std::to_string(layer) + ".";
      add(prefix + "input_layernorm.weight", {hidden});
      add(prefix + "post_attention_layernorm.weight", {hidden});
      add(prefix + "self_attn.q_proj.weight", {heads * head_dim, hidden});
      add(prefix + "self_attn.k_proj.weight", {kv_heads * head_dim, hidden});
      add(prefix + "self_attn.v_proj.weight", {kv_heads * head_dim, hidden});
      add(prefix + "self_attn.o_proj.weight", {hidden, heads * head_dim});
      add(prefix + "mlp.gate_proj.weight", {intermediate, hidden});
      add(prefix + "mlp.up_proj.weight", {intermediate, hidden});
      add(prefix + "mlp.down_proj.weight", {hidden, intermediate});
    }
  }

  // ---- Definition

  Numbers times(const std::string& name, const Numbers& x) const {
    const Numbers& w = weights.at(name);
    Numbers out(w.size() / x.size());
    for (std::size_t row = 0; row < out.size(); ++row)
      for (std::size_t col = 0; col < x.size(); ++col) out[row] += w[row * x.size() + col] * x[col];
    return out;
  }

  Numbers norm(const std::string& name, const Numbers& x) const {
    double sum = 0;
    for (const double number : x) sum += number * number;
    Numbers out;
    for (std::size_t i = 0; i < x.size(); ++i)
      out.push_back(x[i] / std::sqrt(sum / static_cast<double>(x.size()) + epsilon) * weights.at(name)[i]);
    return out;
  }

  void rotate(double* head, std::size_t position) const {
    const std::size_t half = head_dim / 2;
    for (std::size_t i = 0; i < half; ++i) {
      const double exponent = 2 * static_cast<double>(i) / static_cast<double>(head_dim);
      const double divisor = divisors.empty() ? 1 : divisors[i];
      const double angle = static_cast<double>(position) / std::pow(theta, exponent) / divisor;
      const double a = head[i], b = head[i + half];
      head[i] = a * std::cos(angle) - b * std::sin(angle);
      head[i + half] = b * std::cos(angle) + a * std::sin(angle);
    }
  }

  Numbers logits(const std::vector<moe::TokenId>& ids) const {
    std::vector<Numbers> x;
    const Numbers& embedding = weights.at("model.embed_tokens.weight");
    for (const moe::TokenId id : ids)
      x.emplace_back(embedding.begin() + static_cast<std::ptrdiff_t>(id * hidden),
                     embedding.begin() + static_cast<std::ptrdiff_t>((id + 1) * hidden));
    for (std::size_t layer = 0; layer < layers; ++layer) {
      const std::string prefix = "model.layers." + std::to_string(layer) + ".";
      attend(prefix, x);
      for (Numbers& token : x) {
        const Numbers h = norm(prefix + "post_attention_layernorm.weight", token);
        Numbers gate = times(prefix + "mlp.gate_proj.weight", h);
        const Numbers up = times(prefix + "mlp.up_proj.weight", h);
        for (std::size_t i = 0; i < gate.size(); ++i) gate[i] = gate[i] / (1 + std::exp(-gate[i])) * up[i];
        const Numbers down = times(prefix + "mlp.down_proj.weight", gate);
        for (std::size_t i = 0; i < hidden; ++i) token[i] += down[i];
      }
    }
    return times(tied ? "model.embed_tokens.weight" : "lm_head.weight", norm("model.norm.weight", x.back()));
  }

  void attend(const std::string& prefix, std::vector<Numbers>& x) const {
    std::vector<Numbers> keys, values;
    for (std::size_t t = 0; t < x.size(); ++t) {
      const Numbers h = norm(prefix + "input_layernorm.weight", x[t]);
      Numbers query = times(prefix + "self_attn.q_proj.weight", h);
      keys.push_back(times(prefix + "self_attn.k_proj.weight", h));
      values.push_back(times(prefix + "self_attn.v_proj.weight", h));
      for (std::size_t head = 0; head < heads; ++head) rotate(&query[head * head_dim], t);
      for (std::size_t head = 0; head < kv_heads; ++head) rotate(&keys[t][head * head_dim], t);
      Numbers attended(heads * head_dim);
      for (std::size_t head = 0; head < heads; ++head) {
        const std::size_t kv = head / (heads / kv_heads) * head_dim;
        Numbers weight;
        double sum = 0;
        for (std::size_t s = 0; s <= t; ++s) {
          double score = 0;
          for (std::size_t i = 0; i < head_dim; ++i) score += query[head * head_dim + i] * keys[s][kv + i];
          weight.push_back(std::exp(score / std::sqrt(static_cast<double>(head_dim))));
          sum += weight.back();
        }
        for (std::size_t s = 0; s <= t; ++s)
          for (std::size_t i = 0; i < head_dim; ++i)
            attended[head * head_dim + i] += weight[s] / sum * values[s][kv + i];
      }
      const Numbers out = times(prefix + "self_attn.o_proj.weight", attended);
      for (std::size_t i = 0; i < hidden; ++i) x[t][i] += out[i];
    }
  }

  // ---- Files

  /// Rows in the order of GGUF files: within each head the two rows of a rope pair become neighbours.
  Numbers in_pairs(const Numbers& rows) const {
    Numbers out;
    const std::size_t half = head_dim / 2;
    for (std::size_t row = 0; row < rows.size() / hidden; ++row) {
      const std::size_t head = row / head_dim, place = row % head_dim;
      const std::size_t from = head * head_dim + place / 2 + (place % 2 == 1 ? half : 0);
      const auto begin = rows.begin() + static_cast<std::ptrdiff_t>(from * hidden);
      out.insert(out.end(), begin, begin + static_cast<std::ptrdiff_t>(hidden));
    }
    return out;
  }

  static std::string floats(const Numbers& numbers) {
    std::string out;
    for (const double number : numbers) out += GgufBuilder::bytes_of(static_cast<float>(number));
    return out;
  }

  GgufBuilder gguf() const {
    GgufBuilder file;
    const auto u32 = [](std::size_t number) { return static_cast<std::uint32_t>(number); };
    file.value("general.architecture", "llama").value("llama.block_count", u32(layers));
    file.value("llama.context_length", 64u).value("llama.embedding_length", u32(hidden));
    file.value("llama.feed_forward_length", u32(intermediate))
        .value("llama.attention.head_count", u32(heads));
    file.value("llama.attention.head_count_kv", u32(kv_heads))
        .value("llama.attention.key_length", u32(head_dim));
    file.value("llama.attention.value_length", u32(head_dim))
        .value("llama.rope.dimension_count", u32(head_dim));
    file.value("llama.attention.layer_norm_rms_epsilon", static_cast<float>(epsilon));
    file.value("llama.rope.freq_base", static_cast<float>(theta));
    for (const auto& [name, numbers] : weights) {
      const bool paired = name.find("q_proj") != name.npos || name.find("k_proj") != name.npos;
      std::vector<std::uint64_t> sizes(shapes.at(name).rbegin(), shapes.at(name).rend());
      file.tensor(gguf_name(name), sizes, 0, floats(paired ? in_pairs(numbers) : numbers));
    }
    if (!divisors.empty()) file.tensor("rope_freqs.weight", {divisors.size()}, 0, floats(divisors));
    return file;
  }

  void write_hugging_face(const TemporaryDirectory& directory, std::string_view more = "") const {
    const auto number = [](const char* name, std::size_t value) {
      return "\"" + std::string(name) + "\": " + std::to_string(value) + ", ";
    };
    directory.write("config.json",
                    R"({"model_type": "llama", "rms_norm_eps": 1e-5, "rope_theta": 100, )" +
                        number("vocab_size", vocabulary) + number("hidden_size", hidden) +
                        number("num_attention_heads", heads) + number("num_key_value_heads", kv_heads) +
                        number("head_dim", head_dim) + number("intermediate_size", intermediate) +
                        (tied ? "\"tie_word_embeddings\": true, " : "") + std::string(more) +
                        "\"num_hidden_layers\": " + std::to_string(layers) + "}");
    SafetensorsWriter file;
    for (const auto& [name, numbers] : weights) file.add(name, "F32", shapes.at(name), floats(numbers));
    directory.write("model.safetensors", file.text());
  }
};

std::vector<float> run(const std::string& path, const std::vector<moe::TokenId>& ids) {
  const moe::Checkpoint checkpoint(path);
  moe::MemoryProvider experts(checkpoint);
  moe::ThreadPool pool(2);
  const moe::Transformer model(checkpoint, experts, pool);
  auto sequence = model.sequence({.context = 32, .kv_type = moe::DType::f32});
  const auto logits = model.forward(sequence, ids);
  return {logits.begin(), logits.end()};
}

void check_close(const std::vector<float>& found, const Numbers& expected) {
  REQUIRE(found.size() == expected.size());
  double largest = 0;
  for (std::size_t i = 0; i < found.size(); ++i)
    largest = (std::max)(largest, std::abs(static_cast<double>(found[i]) - expected[i]));
  CHECK(largest < 1e-4);
}

const std::vector<moe::TokenId> llama_prompt{3, 17, 9, 3, 22, 0, 11, 5, 8};

}  // namespace

TEST_CASE("llama: a GGUF file and a Hugging Face checkpoint compute the same bits, near the definition") {
  for (const unsigned seed : {1u, 2u}) {
    Llama model;
    model.tied = seed == 2;
    model.draw(seed);
    const Numbers expected = model.logits(llama_prompt);
    const TemporaryDirectory directory;
    model.write_hugging_face(directory);
    const std::vector<float> hugging_face = run(directory.path(), llama_prompt);
    check_close(hugging_face, expected);
    const std::vector<float> gguf = run(directory.write("model.gguf", model.gguf().file()), llama_prompt);
    CHECK(gguf == hugging_face);
  }
}

TEST_CASE("llama: the tensor rope_freqs divides the rope frequencies") {
  Llama model;
  model.draw(3);
  const TemporaryDirectory directory;
  const std::vector<float> plain = run(directory.write("a.gguf", model.gguf().file()), llama_prompt);
  model.divisors = {1, 2.5, 8};
  const std::vector<float> divided = run(directory.write("b.gguf", model.gguf().file()), llama_prompt);
  check_close(divided, model.logits(llama_prompt));
  CHECK(divided != plain);
  model.divisors = {1, 2};
  check_error([&] { run(directory.write("c.gguf", model.gguf().file()), llama_prompt); },
              {"rope_freqs.weight", "[3]", "[2]"});
  model.divisors = {1, 0, 8};
  check_error([&] { run(directory.write("d.gguf", model.gguf().file()), llama_prompt); },
              {"d.gguf: tensor \"rope_freqs.weight\"", "numbers from"});
}

TEST_CASE("llama: keys that a configuration omits have the defaults of Llama") {
  Llama model;
  model.kv_heads = model.heads;
  model.draw(4);
  const TemporaryDirectory directory;
  model.write_hugging_face(directory);
  std::string text = moe::detail::read_text(directory / "config.json");
  const std::string kv = "\"num_key_value_heads\": 4, ";
  text.erase(text.find(kv), kv.size());
  directory.write("config.json", text);
  const moe::ModelSpec spec{moe::Checkpoint(directory.path())};
  const auto& attention = std::get<moe::AttentionSpec>(spec.layers[0].mixer);
  CHECK(attention.kv_heads == 4);
  CHECK(spec.max_positions == 2048);
  CHECK(attention.query_key_norm == moe::AttentionSpec::Norm::none);
  check_close(run(directory.path(), llama_prompt), model.logits(llama_prompt));
}

TEST_CASE("llama: mlp_bias is refused") {
  Llama model;
  model.draw(5);
  const TemporaryDirectory directory;
  model.write_hugging_face(directory, "\"mlp_bias\": true, ");
  check_error([&] { run(directory.path(), llama_prompt); }, {"mlp_bias", "false"});
}
