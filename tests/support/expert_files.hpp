// SPDX-License-Identifier: MIT
#pragma once
#include "detail/core/half.hpp"
#include "detail/io/checkpoint.hpp"
#include "support/safetensors_writer.hpp"
#include "support/temporary_directory.hpp"

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

/// The number (row, col) of a part of an expert in test files: a multiple of 1/8 from -4 to 3.875, exact in f32, f16 and bf16.
/// Parts are numbered as in ExpertLocation; a bias has one row.
inline float expert_number(std::size_t expert, std::size_t part, std::size_t row, std::size_t col) {
  return static_cast<float>(static_cast<int>((expert * 7 + part * 31 + row * 13 + col * 3) % 64) - 32) / 8;
}

/// Numbers of a tensor [outer, rows, cols] or of fewer dimensions, by their indices.
using TensorNumbers = std::function<float(std::size_t outer, std::size_t row, std::size_t col)>;

/// The bytes of a tensor in BF16 or F32.
inline std::string tensor_bytes(std::string_view dtype, const std::vector<std::size_t>& shape,
                                const TensorNumbers& number) {
  const std::size_t dimensions = shape.size(), cols = shape.back(),
                    rows = dimensions > 1 ? shape[dimensions - 2] : 1, outer = dimensions > 2 ? shape[0] : 1;
  std::string out;
  for (std::size_t o = 0; o < outer; ++o)
    for (std::size_t r = 0; r < rows; ++r)
      for (std::size_t c = 0; c < cols; ++c) {
        const float value = number(o, r, c);
        const std::uint16_t half = moe::detail::float_to_bf16(value);
        if (dtype == "F32") {
          out.append(reinterpret_cast<const char*>(&value), sizeof value);
        } else {
          out.append(reinterpret_cast<const char*>(&half), sizeof half);
        }
      }
  return out;
}

/// Pseudo-random bytes, equal on every run.
inline std::string some_bytes(std::size_t count, std::uint32_t seed = 1) {
  std::string out;
  for (std::size_t i = 0; i < count; ++i, seed = seed * 1664525 + 1013904223)
    out += static_cast<char>(seed >> 24);
  return out;
}

/// A Hugging Face checkpoint that a test puts together.
class ExpertFiles {
 public:
  ExpertFiles& add(std::string_view name, std::string_view dtype, const std::vector<std::size_t>& shape,
                   const TensorNumbers& number) {
    return add_bytes(name, dtype, shape, tensor_bytes(dtype, shape, number));
  }
  ExpertFiles& add_bytes(std::string_view name, std::string_view dtype, const std::vector<std::size_t>& shape,
                         std::string_view bytes) {
    writer_.add(name, dtype, shape, bytes);
    return *this;
  }

  /// Adds a part of one expert: a matrix [rows, cols], or a bias [cols].
  ExpertFiles& add_part(std::string_view name, std::size_t expert, std::size_t part, std::size_t rows,
                        std::size_t cols) {
    const std::vector<std::size_t> shape = part < 3 ? std::vector{rows, cols} : std::vector{cols};
    return add(name, "BF16", shape,
               [=](std::size_t, std::size_t r, std::size_t c) { return expert_number(expert, part, r, c); });
  }

  /// members: of config.json, without braces.
  moe::Checkpoint open(const std::string& model_type,
                       const std::string& members = R"("num_hidden_layers": 1)") const {
    directory_->write("model.safetensors", writer_.text());
    directory_->write("config.json", R"({"model_type": ")" + model_type + "\", " + members + "}");
    return moe::Checkpoint(directory_->path());
  }

 private:
  std::unique_ptr<TemporaryDirectory> directory_ = std::make_unique<TemporaryDirectory>();  // can move
  SafetensorsWriter writer_;
};
