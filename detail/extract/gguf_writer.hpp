// SPDX-License-Identifier: MIT
#pragma once
#include "../core/config.hpp"
#include "../core/dtype.hpp"
#include "../io/output_file.hpp"
#include "gguf_head.hpp"

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <initializer_list>
#include <span>
#include <string>
#include <string_view>
#include <type_traits>

namespace moe::inline MOE_ABI::detail {

/// Writes a GGUF 3 file from front to back, with little memory: first the metadata and all tensors are declared, then the
/// data of the tensors is written in the order of declaration.
///
///   GgufWriter file("experts.gguf", 4096);
///   file.set("general.architecture", "qwen3moe");
///   file.add("blk.0.ffn_gate.0.weight", DType::q4_0, {768, 2048});     // [rows, columns]
///   file.write(bytes);                                                 // all bytes of the tensor, in one piece or in several
///   file.finish();                                                     // the file appears under its name only now
class GgufWriter {
 public:
  /// `alignment`: a power of two; every tensor begins at a multiple of the alignment.
  explicit GgufWriter(std::string path, std::uint32_t alignment = 32);

  /// Adds a value to the metadata: bool, float, std::uint32_t and so on, each stored as its own type, or text.
  template <class T>
  requires std::is_arithmetic_v<T>
  void set(std::string_view key, T value) {
    require_open(key);
    head_.set(key, value);
  }
  void set(std::string_view key, std::string_view text);
  void set(std::string_view key, const char* text) { set(key, std::string_view(text)); }

  /// Adds an array of numbers, or of texts.
  template <class T>
  void set(std::string_view key, std::span<const T> values) {
    require_open(key);
    head_.set(key, values);
  }

  /// Declares a tensor behind the tensors added before. `shape`: outermost first; the last size is a multiple of the type's
  /// block.
  void add(std::string_view name, DType dtype, std::span<const std::uint64_t> shape);
  void add(std::string_view name, DType dtype, std::initializer_list<std::uint64_t> shape);

  /// The size of the data of all declared tensors in bytes, padding between tensors included.
  std::uint64_t data_bytes() const { return head_.data_bytes(); }

  /// The size of the complete file in bytes.
  std::uint64_t file_bytes() const { return head_.bytes().size() + head_.aligned(head_.data_bytes()); }

  /// Writes the next bytes of the data, tensor by tensor. A piece must end within its tensor.
  void write(std::span<const std::byte> bytes);

  /// Completes the file. Throws unless all data was written.
  void finish();

 private:
  void require_open(std::string_view what) const;

  void write_head();

  /// Sets next_ to the next incomplete tensor, and writes the padding behind complete tensors.
  void skip_full_tensors();

  OutputFile file_;
  GgufHead head_;
  std::uint64_t written_ = 0;  // bytes of the data
  std::size_t next_ = 0;       // the first tensor that is not complete
  bool begun_ = false;         // whether the head is written
};

}  // namespace moe::inline MOE_ABI::detail

#if MOE_DEFINITIONS
#include "gguf_writer.ipp"
#endif
