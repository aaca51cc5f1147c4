// SPDX-License-Identifier: MIT
// The tensors of a part of a model, by purpose.
#pragma once
#include <moe.hpp>

#include "random_bytes.hpp"
#include "synthesis_types.hpp"
#include "tensors.hpp"

#include <cstdint>
#include <functional>
#include <random>
#include <span>
#include <string>
#include <utility>
#include <vector>

/// The sources of the numbers of matrices. `results` and `expert_results` are for the matrices whose products are added to
/// the residual stream.
struct WeightSources {
  static constexpr float deviation = 0.02f;

  /// quiet: layers add next to nothing to the residual stream.
  explicit WeightSources(bool quiet)
      : weights(deviation),
        results(quiet ? deviation / 1000 : deviation),
        expert_weights(deviation),
        expert_results(quiet ? deviation / 1000 : deviation) {}

  RandomBytes weights, results, expert_weights, expert_results;
};

inline std::vector<float> random_numbers(std::uint64_t count, float deviation, std::uint32_t seed) {
  std::mt19937 generator(seed);
  std::normal_distribution<float> normal(0, deviation);
  std::vector<float> out(count);
  for (float& number : out) number = normal(generator);
  return out;
}

/// Declares tensors whose names begin with a prefix.
class Declaration {
 public:
  /// sources: must outlive the writing of the tensors.
  Declaration(Tensors& tensors, const SynthesisTypes& types, WeightSources& sources, std::string prefix = "")
      : tensors_(tensors), types_(types), sources_(sources), prefix_(std::move(prefix)) {}

  void matrix(const std::string& name, std::uint64_t rows, std::uint64_t cols) {
    add(name, types_.others, {rows, cols}, sources_.weights);
  }
  void result_matrix(const std::string& name, std::uint64_t rows, std::uint64_t cols) {
    add(name, types_.others, {rows, cols}, sources_.results);
  }
  void stack(const std::string& name, std::uint64_t count, std::uint64_t rows, std::uint64_t cols) {
    add(name, types_.others, {count, rows, cols}, sources_.weights);
  }

  /// sizes: [rows, columns], or [experts, rows, columns].
  void expert_matrix(const std::string& name, std::vector<std::uint64_t> sizes) {
    add(name, types_.experts, std::move(sizes), sources_.expert_weights);
  }
  void expert_result_matrix(const std::string& name, std::vector<std::uint64_t> sizes) {
    add(name, types_.experts, std::move(sizes), sources_.expert_results);
  }

  void constant(const std::string& name, std::vector<std::uint64_t> sizes, float value) {
    const std::uint64_t count = product(sizes);
    numbers(name, std::move(sizes), [count, value] { return std::vector<float>(count, value); });
  }
  void norm(const std::string& name, std::uint64_t size) { constant(name + ".weight", {size}, 1); }
  void random(const std::string& name, std::vector<std::uint64_t> sizes, float deviation,
              std::uint32_t seed) {
    const std::uint64_t count = product(sizes);
    numbers(name, std::move(sizes),
            [count, deviation, seed] { return random_numbers(count, deviation, seed); });
  }
  void numbers(const std::string& name, std::vector<std::uint64_t> sizes,
               std::function<std::vector<float>()> make) {
    tensors_.add(prefix_ + name, moe::DType::f32, std::move(sizes),
                 [make = std::move(make)](TensorOutput& output) {
                   const std::vector<float> made = make();
                   output.write(std::as_bytes(std::span(made)));
                 });
  }

 private:
  static std::uint64_t product(const std::vector<std::uint64_t>& sizes) {
    std::uint64_t out = 1;
    for (const std::uint64_t size : sizes) out *= size;
    return out;
  }

  void add(const std::string& name, moe::DType type, std::vector<std::uint64_t> sizes, RandomBytes& source) {
    type = fitting(type, sizes.back());
    const std::uint64_t bytes = moe::detail::bytes_of(type, product(sizes));
    tensors_.add(prefix_ + name, type, std::move(sizes),
                 [&source, type, bytes](TensorOutput& output) { source.write(output, type, bytes); });
  }

  Tensors& tensors_;
  SynthesisTypes types_;
  WeightSources& sources_;
  std::string prefix_;
};
