// SPDX-License-Identifier: MIT
// The tensors of one file: first all are declared, then all are written.
#pragma once
#include <moe.hpp>

#include "detail/extract/gguf_writer.hpp"
#include "../support/progress.hpp"

#include <cstddef>
#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <utility>
#include <vector>

/// Writes the data of tensors into a file, and shows the progress.
class TensorOutput {
 public:
  TensorOutput(moe::detail::GgufWriter& file, Progress& progress) : file_(file), progress_(progress) {}

  void write(std::span<const std::byte> bytes) {
    file_.write(bytes);
    progress_.add(bytes.size());
  }

 private:
  moe::detail::GgufWriter& file_;
  Progress& progress_;
};

class Tensors {
 public:
  using Write = std::function<void(TensorOutput&)>;

  /// sizes: outermost first. write: writes the data.
  void add(const std::string& name, moe::DType type, std::vector<std::uint64_t> sizes, Write write) {
    const std::size_t block = moe::detail::layout_of(type).elements;
    if (sizes.back() % block != 0)
      moe::detail::fail(name, std::string(moe::detail::name(type)),
                        "rows of whole blocks of " + std::to_string(block),
                        std::to_string(sizes.back()) + " numbers");
    std::uint64_t numbers = 1;
    for (const std::uint64_t size : sizes) numbers *= size;
    bytes_ += moe::detail::bytes_of(type, numbers);
    all_.push_back({name, type, std::move(sizes), std::move(write)});
  }

  /// The size of the data, without padding.
  std::uint64_t bytes() const { return bytes_; }

  void declare(moe::detail::GgufWriter& file) const {
    for (const Tensor& tensor : all_) file.add(tensor.name, tensor.type, std::span(tensor.sizes));
  }

  void write(moe::detail::GgufWriter& file, Progress& progress) const {
    TensorOutput output(file, progress);
    for (const Tensor& tensor : all_) tensor.write(output);
    file.finish();
  }

 private:
  struct Tensor {
    std::string name;
    moe::DType type;
    std::vector<std::uint64_t> sizes;
    Write write;
  };

  std::uint64_t bytes_ = 0;
  std::vector<Tensor> all_;
};
