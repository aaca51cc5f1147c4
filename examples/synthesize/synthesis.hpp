// SPDX-License-Identifier: MIT
// A checkpoint of random weights with the shape of a released model, for measurements.
#pragma once
#include <moe.hpp>

#include "detail/extract/gguf_writer.hpp"
#include "detail/extract/quantise.hpp"
#include "../support/progress.hpp"
#include "../support/utf8_path.hpp"
#include "byte_tokenizer.hpp"
#include "declaration.hpp"
#include "metadata.hpp"
#include "mixer_tensors.hpp"
#include "network_tensors.hpp"
#include "planted_routes.hpp"
#include "shapes.hpp"
#include "synthesis_types.hpp"
#include "tensors.hpp"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

/// directory: dense.gguf and experts.gguf, as `extract` writes them. file: model.gguf, in the layout of most GGUF files, which
/// other engines read too.
enum class SynthesisForm { directory, file };

class Synthesis {
 public:
  /// trace: the routes that the routers of the model get; null for random routers. It must outlive this object.
  Synthesis(const Shape& shape, const SynthesisTypes& types, const moe::Trace* trace = nullptr,
            SynthesisForm form = SynthesisForm::directory)
      : shape_(shape), types_(types), form_(form), trace_(trace), sources_(trace != nullptr) {
    if (trace) plant();
    declare_model();
    for (std::uint32_t layer = 0; layer < shape.layers; ++layer) declare_layer(layer);
  }
  Synthesis(const Synthesis&) = delete;

  /// The size of all tensors.
  std::uint64_t bytes() const { return dense_.bytes() + experts_.bytes(); }

  /// The first token that is routed as in the trace, and the number of such tokens.
  std::uint32_t first_token() const {
    return std::min<std::uint32_t>(256, shape_.vocabulary - static_cast<std::uint32_t>(tokens()));
  }
  std::size_t tokens() const { return routes_ ? routes_->tokens() : 0; }

  /// Writes the files, with a tokenizer. Throws if there is not enough room for them.
  void write(const std::string& directory) {
    form_ == SynthesisForm::file ? write_file(directory) : write_directory(directory);
  }

 private:
  void plant() {
    if (!shape_.can_be_planted())
      throw UsageError("--trace needs a router whose weights are a softmax of its logits, which " +
                       std::string(shape_.name) + " does not have");
    routes_.emplace(*trace_, shape_.layers, shape_.experts.count, shape_.hidden);
    if (routes_->tokens() > shape_.vocabulary)
      moe::detail::fail("trace", "tokens", "at most " + std::to_string(shape_.vocabulary),
                        std::to_string(routes_->tokens()));
  }

  void declare_model() {
    Declaration to(dense_, types_, sources_);
    dense_.add("token_embd.weight", types_.others, {shape_.vocabulary, shape_.hidden},
               [this](TensorOutput& output) { write_embedding(output); });
    to.norm(std::string(shape_.final_norm), shape_.hidden);
    if (!shape_.tied) to.matrix("output.weight", shape_.vocabulary, shape_.hidden);
    if (shape_.attention.rotated_pairs > 0)
      to.numbers("rope_freqs.weight", {shape_.attention.head_dim / 2}, [this] { return rope_divisors(); });
  }

  void declare_layer(std::uint32_t layer) {
    const std::string prefix = "blk." + std::to_string(layer) + '.';
    Declaration to(dense_, types_, sources_, prefix);
    declare_norms(to, shape_, layer);
    declare_mixer(to, shape_, layer);
    declare_networks(to, shape_, layer);
    if (!shape_.has_experts(layer)) return;
    declare_router(to, shape_, [this, layer] { return router(layer); });
    const bool merged = form_ == SynthesisForm::file;
    Declaration to_experts(merged ? dense_ : experts_, types_, sources_, prefix);
    declare_experts(to_experts, shape_, merged);
  }

  std::vector<float> router(std::uint32_t layer) const {
    return routes_ ? routes_->router(*trace_, layer)
                   : random_numbers(std::uint64_t{shape_.experts.count} * shape_.hidden,
                                    WeightSources::deviation, layer);
  }

  /// Divisors that stop the rotation of all but the first pairs.
  std::vector<float> rope_divisors() const {
    std::vector<float> out(shape_.attention.rotated_pairs, 1.0f);
    out.resize(shape_.attention.head_dim / 2, 1e30f);
    return out;
  }

  /// Random rows, except for the tokens of a trace.
  void write_embedding(TensorOutput& output) {
    const std::uint64_t row_bytes = moe::detail::bytes_of(types_.others, shape_.hidden);
    sources_.weights.write(output, types_.others, first_token() * row_bytes);
    std::vector<float> row(shape_.hidden);
    std::vector<std::byte> stored(static_cast<std::size_t>(row_bytes));
    for (std::size_t token = 0; token < tokens(); ++token) {
      routes_->embedding(token, row);
      moe::detail::quantise(row, types_.others, stored);
      output.write(stored);
    }
    sources_.weights.write(output, types_.others, (shape_.vocabulary - first_token() - tokens()) * row_bytes);
  }

  void write_directory(const std::string& directory) {
    moe::detail::GgufWriter dense(directory + "/dense.gguf", 4096);
    moe::detail::GgufWriter experts(directory + "/experts.gguf", 4096);
    describe(dense, shape_, per_token());
    experts.set("general.architecture", shape_.architecture);
    experts.set("general.name", shape_.name);
    dense_.declare(dense);
    experts_.declare(experts);
    require_space(directory, dense.file_bytes() + experts.file_bytes());
    Progress progress(bytes());
    experts_.write(experts, progress);
    dense_.write(dense, progress);
    write_tokenizer(directory);
  }

  void write_file(const std::string& directory) {
    moe::detail::GgufWriter file(directory + "/model.gguf");
    describe(file, shape_, per_token());
    describe_tokenizer(file, shape_.vocabulary);
    dense_.declare(file);
    require_space(directory, file.file_bytes());
    Progress progress(bytes());
    dense_.write(file, progress);
  }

  std::uint32_t per_token() const {
    return routes_ ? static_cast<std::uint32_t>(routes_->experts_per_token()) : shape_.experts.per_token;
  }

  static void require_space(const std::string& directory, std::uint64_t needed) {
    const std::uint64_t free = std::filesystem::space(path_of(directory)).available;
    if (needed > free)
      moe::detail::fail(directory, "free space", std::to_string(needed) + " bytes", std::to_string(free));
  }

  Shape shape_;
  SynthesisTypes types_;
  SynthesisForm form_;
  const moe::Trace* trace_;
  std::optional<PlantedRoutes> routes_;
  WeightSources sources_;
  Tensors dense_, experts_;  // experts_: empty in a single file
};
