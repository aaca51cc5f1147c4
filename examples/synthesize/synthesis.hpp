// A checkpoint of random weights with the shape of a released model, for measurements.
#pragma once
#include <moe.hpp>

#include "detail/core/utf8.hpp"
#include "detail/extract/gguf_writer.hpp"
#include "detail/extract/quantise.hpp"
#include "../support/command_line.hpp"
#include "planted_routes.hpp"
#include "../support/progress.hpp"

#include <algorithm>
#include <filesystem>
#include <functional>
#include <optional>
#include <random>
#include <string>
#include <vector>

/// The sizes of a model. Source: the config.json of the released models.
struct Shape {
  const char *name, *architecture;
  std::uint32_t layers, hidden, heads, kv_heads, head_dim, experts, experts_per_token, width, dense_width;
  std::uint32_t vocabulary, positions;
};

inline constexpr Shape shapes[] = {
    {"qwen3-30b-a3b", "qwen3moe", 48, 2048, 32, 4, 128, 128, 8, 768, 6144, 151936, 40960},
    {"qwen3-235b-a22b", "qwen3moe", 94, 4096, 64, 4, 128, 128, 8, 1536, 12288, 151936, 40960},
    {"qwen3-omni-thinker", "qwen3vlmoe", 48, 2048, 32, 4, 128, 128, 8, 768, 768, 152064, 65536},
    {"tiny", "qwen3moe", 2, 64, 4, 2, 32, 16, 4, 32, 96, 512, 512},
};

inline Shape shape_of(const std::string& name) {
  for (const Shape& shape : shapes)
    if (shape.name == name) return shape;
  throw UsageError(name.empty() ? "--shape is missing"
                                : "--shape is one of those in the help, not '" + name + "'");
}

/// The shape that --shape names, with the first --layers layers.
inline Shape shape_of(const CommandLine& args) {
  Shape shape = shape_of(args.text("--shape", ""));
  shape.layers = args.number<std::uint32_t>("--layers", shape.layers, 1, shape.layers);
  return shape;
}

inline moe::DType type_of(const std::string& name) {
  for (std::size_t i = 0; i < moe::detail::usable_dtypes; ++i)
    if (const auto type = static_cast<moe::DType>(i);
        moe::detail::can_quantise(type) && moe::detail::name(type) == name)
      return type;
  throw UsageError("no type has the name '" + name + "'");
}

/// Random numbers with mean 0. A pool of them is generated once and is written again and again, each time from another
/// position, because generating numbers takes longer than writing them.
class RandomBytes {
 public:
  RandomBytes(moe::DType type, float deviation) : block_(moe::detail::layout_of(type).bytes) {
    std::mt19937 generator(1);
    std::normal_distribution<float> normal(0, deviation);
    std::vector<float> numbers(std::size_t{1} << 20);
    for (float& number : numbers) number = normal(generator);
    bytes_.resize(moe::detail::bytes_of(type, numbers.size()));
    moe::detail::quantise(numbers, type, bytes_);
  }

  void write(moe::detail::GgufWriter& file, std::uint64_t bytes, Progress& progress) {
    while (bytes > 0) {
      const auto piece = std::min<std::uint64_t>(bytes, bytes_.size() - at_);
      file.write({bytes_.data() + at_, piece});
      progress.add(piece);
      bytes -= piece;
      at_ = (at_ + piece) % bytes_.size();
    }
    at_ = (at_ + 12345 * block_) % bytes_.size();
  }

 private:
  std::size_t block_, at_ = 0;
  std::vector<std::byte> bytes_;
};

/// The tensors of one file: first all are declared, then all are written.
class Tensors {
 public:
  explicit Tensors(const std::string& path, const Shape& shape) : file_(path, 4096) {
    file_.set("general.architecture", shape.architecture);
    file_.set("general.name", shape.name);
  }

  moe::detail::GgufWriter& file() { return file_; }
  std::uint64_t data_bytes() const { return file_.data_bytes(); }
  std::uint64_t file_bytes() const { return file_.file_bytes(); }

  using Write = std::function<void(Progress&)>;
  void add(const std::string& name, moe::DType type, std::vector<std::uint64_t> sizes, Write write) {
    const std::size_t block = moe::detail::layout_of(type).elements;
    if (sizes.back() % block != 0)
      moe::detail::fail(name, std::string(moe::detail::name(type)),
                        "rows of whole blocks of " + std::to_string(block),
                        std::to_string(sizes.back()) + " numbers");
    file_.add(name, type, sizes);
    writes_.push_back(std::move(write));
  }
  void add_random(const std::string& name, RandomBytes& source, moe::DType type, std::uint64_t rows,
                  std::uint64_t cols) {
    add(name, type, {rows, cols},
        [this, &source, bytes = moe::detail::bytes_of(type, rows * cols)](Progress& progress) {
          source.write(file_, bytes, progress);
        });
  }
  void add_numbers(const std::string& name, std::vector<std::uint64_t> sizes,
                   std::function<std::vector<float>()> make) {
    add(name, moe::DType::f32, std::move(sizes), [this, make](Progress& progress) {
      const std::vector<float> numbers = make();
      const auto bytes = std::as_bytes(std::span(numbers));
      file_.write(bytes);
      progress.add(bytes.size());
    });
  }

  void write(Progress& progress) {
    for (const Write& write : writes_) write(progress);
    file_.finish();
  }

 private:
  moe::detail::GgufWriter file_;
  std::vector<Write> writes_;
};

class Synthesis {
 public:
  Synthesis(const std::string& directory, const Shape& shape, moe::DType type, moe::DType dense_type,
            const std::optional<moe::Trace>& trace)
      : shape_(shape),
        type_(type),
        dense_type_(dense_type),
        trace_(trace),
        // The layers must add next to nothing to the embeddings, which determine the planted routes.
        weights_(dense_type, deviation),
        outputs_(dense_type, trace ? deviation / 1000 : deviation),
        expert_weights_(type, deviation),
        expert_outputs_(type, trace ? deviation / 1000 : deviation),
        dense_(directory + "/dense.gguf", shape),
        experts_(directory + "/experts.gguf", shape) {
    if (trace) routes_.emplace(*trace, shape.layers, shape.experts, shape.hidden);
    if (routes_ && routes_->tokens() > shape.vocabulary)
      moe::detail::fail("trace", "tokens", "at most " + std::to_string(shape.vocabulary),
                        std::to_string(routes_->tokens()));
    declare_everything();
    const std::uint64_t needed = bytes(), free = std::filesystem::space(directory).available;
    if (needed > free)
      moe::detail::fail(directory, "free space", std::to_string(needed) + " bytes", std::to_string(free));
  }

  /// The size of both files.
  std::uint64_t bytes() const { return dense_.file_bytes() + experts_.file_bytes(); }

  /// The first token that is routed as in the trace, and the number of such tokens.
  std::uint32_t first_token() const {
    return std::min<std::uint32_t>(256, shape_.vocabulary - static_cast<std::uint32_t>(tokens()));
  }
  std::size_t tokens() const { return routes_ ? routes_->tokens() : 0; }

  void write() {
    Progress progress(dense_.data_bytes() + experts_.data_bytes());
    experts_.write(progress);
    dense_.write(progress);
  }

 private:
  static constexpr float deviation = 0.02f;

  void declare_everything() {
    describe();
    dense_.add("token_embd.weight", dense_type_, {shape_.vocabulary, shape_.hidden},
               [this](Progress& progress) { write_embedding(progress); });
    add_norm("output_norm", shape_.hidden);
    dense_.add_random("output.weight", weights_, dense_type_, shape_.vocabulary, shape_.hidden);
    for (std::uint32_t layer = 0; layer < shape_.layers; ++layer) declare_layer(layer);
  }

  void describe() {
    moe::detail::GgufWriter& file = dense_.file();
    const auto set = [&](const std::string& key, auto value) {
      file.set(std::string(shape_.architecture) + '.' + key, value);
    };
    set("block_count", shape_.layers);
    set("context_length", shape_.positions);
    set("embedding_length", shape_.hidden);
    set("feed_forward_length", shape_.dense_width);
    set("attention.head_count", shape_.heads);
    set("attention.head_count_kv", shape_.kv_heads);
    set("attention.key_length", shape_.head_dim);
    set("attention.value_length", shape_.head_dim);
    set("attention.layer_norm_rms_epsilon", 1e-6f);
    set("rope.freq_base", 1e6f);
    set("expert_count", shape_.experts);
    set("expert_used_count",
        routes_ ? static_cast<std::uint32_t>(routes_->experts_per_token()) : shape_.experts_per_token);
    set("expert_feed_forward_length", shape_.width);
    if (shape_.architecture != std::string_view("qwen3vlmoe")) return;
    // The sections are for positions in time, height and width, which are equal for text.
    constexpr std::uint32_t sections[] = {24, 20, 20, 0};
    set("rope.dimension_sections", std::span<const std::uint32_t>(sections));
    set("n_deepstack_layers", 0u);
  }

  void declare_layer(std::uint32_t layer) {
    const std::string prefix = "blk." + std::to_string(layer) + '.';
    const std::uint64_t hidden = shape_.hidden, queries = shape_.heads * shape_.head_dim,
                        kv = shape_.kv_heads * shape_.head_dim;
    add_norm(prefix + "attn_norm", hidden);
    add_norm(prefix + "ffn_norm", hidden);
    add_norm(prefix + "attn_q_norm", shape_.head_dim);
    add_norm(prefix + "attn_k_norm", shape_.head_dim);
    dense_.add_random(prefix + "attn_q.weight", weights_, dense_type_, queries, hidden);
    dense_.add_random(prefix + "attn_k.weight", weights_, dense_type_, kv, hidden);
    dense_.add_random(prefix + "attn_v.weight", weights_, dense_type_, kv, hidden);
    dense_.add_random(prefix + "attn_output.weight", outputs_, dense_type_, hidden, queries);
    dense_.add_numbers(prefix + "ffn_gate_inp.weight", {shape_.experts, hidden},
                       [this, layer] { return router(layer); });
    for (std::uint32_t expert = 0; expert < shape_.experts; ++expert) {
      const std::string suffix = '.' + std::to_string(expert) + ".weight";
      experts_.add_random(prefix + "ffn_gate" + suffix, expert_weights_, type_, shape_.width, hidden);
      experts_.add_random(prefix + "ffn_up" + suffix, expert_weights_, type_, shape_.width, hidden);
      experts_.add_random(prefix + "ffn_down" + suffix, expert_outputs_, type_, hidden, shape_.width);
    }
  }

  void add_norm(const std::string& name, std::uint64_t size) {
    dense_.add_numbers(name + ".weight", {size}, [size] { return std::vector<float>(size, 1.0f); });
  }

  std::vector<float> router(std::uint32_t layer) const {
    if (routes_) return routes_->router(*trace_, layer);
    std::mt19937 generator(layer);
    std::normal_distribution<float> normal(0, deviation);
    std::vector<float> out(std::size_t{shape_.experts} * shape_.hidden);
    for (float& number : out) number = normal(generator);
    return out;
  }

  /// Random rows, except for the tokens of a trace.
  void write_embedding(Progress& progress) {
    const std::uint64_t row_bytes = moe::detail::bytes_of(dense_type_, shape_.hidden);
    weights_.write(dense_.file(), first_token() * row_bytes, progress);
    std::vector<float> row(shape_.hidden);
    std::vector<std::byte> stored(row_bytes);
    for (std::size_t token = 0; token < tokens(); ++token) {
      routes_->embedding(token, row);
      moe::detail::quantise(row, dense_type_, stored);
      dense_.file().write(stored);
      progress.add(row_bytes);
    }
    weights_.write(dense_.file(), (shape_.vocabulary - first_token() - tokens()) * row_bytes, progress);
  }

  Shape shape_;
  moe::DType type_, dense_type_;
  const std::optional<moe::Trace>& trace_;
  std::optional<PlantedRoutes> routes_;
  RandomBytes weights_, outputs_, expert_weights_, expert_outputs_;
  Tensors dense_, experts_;
};

/// The types that --type and --dense-type name.
struct SynthesisTypes {
  explicit SynthesisTypes(const CommandLine& args)
      : experts(type_of(args.text("--type", "q4_0"))),
        others(type_of(args.text("--dense-type", moe::detail::is_quantised(experts)
                                                     ? "q8_0"
                                                     : std::string(moe::detail::name(experts))))) {}

  moe::DType experts, others;
};

/// Writes a tokenizer whose vocabulary is the 256 bytes.
inline void write_tokenizer(const std::string& directory) {
  std::string vocabulary;
  for (std::size_t byte = 0; byte < 256; ++byte) {
    std::string character;
    moe::detail::append_utf8(character, moe::detail::byte_alphabet.character[byte]);
    vocabulary += (byte == 0 ? "" : ", ") + moe::detail::to_json(character) + ": " + std::to_string(byte);
  }
  moe::detail::write_text(
      directory + "/tokenizer.json",
      R"({"version": "1.0", "normalizer": {"type": "NFC"}, "pre_tokenizer": {"type": "Sequence", "pretokenizers": [)"
      R"({"type": "Split", "behavior": "Isolated", "invert": false, "pattern": {"Regex": )" +
          moe::detail::to_json(moe::detail::qwen2_pattern.regex) +
          R"(}}, {"type": "ByteLevel", "add_prefix_space": false, "use_regex": false}]}, "decoder": {"type": "ByteLevel"}, )"
          R"("model": {"type": "BPE", "vocab": {)" +
          vocabulary + "}, \"merges\": []}}\n");
}
