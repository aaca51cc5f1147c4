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

/// Writes a GGUF 3 file from front to back, with little memory: first everything is named, then the tensors' data is
/// written in the order of their names.
///
///   GgufWriter file("experts.gguf", 4096);
///   file.set("general.architecture", "qwen3moe");
///   file.add("blk.0.ffn_gate.0.weight", DType::q4_0, {768, 2048});     // rows first, as everywhere in this library
///   file.write(bytes);                                                 // in pieces of any size
///   file.finish();                                                     // only then there is a file of that name
class GgufWriter {
 public:
  /// `alignment`: what every tensor's place in the file is a multiple of; a power of two.
  explicit GgufWriter(std::string path, std::uint32_t alignment = 32);

  /// Adds a value to the metadata: bool, float, std::uint32_t and so on, each as what it is, or text.
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

  /// Adds a tensor, which comes behind those added before. shape: outermost first; its last size is a multiple of the
  /// type's block.
  void add(std::string_view name, DType dtype, std::span<const std::uint64_t> shape);
  void add(std::string_view name, DType dtype, std::initializer_list<std::uint64_t> shape);

  /// How many bytes of data the tensors take that were added, padding between them included.
  std::uint64_t data_bytes() const { return head_.data_bytes(); }

  /// Writes what comes next of the tensors' data: bytes of one tensor after the other. A piece must not go beyond the
  /// end of its tensor.
  void write(std::span<const std::byte> bytes);

  /// Throws unless all data was written.
  void finish();

 private:
  void require_open(std::string_view what) const;

  void write_head();

  /// Goes on to the tensor that is not complete, with zeros between tensors and behind the last one.
  void skip_full_tensors();

  OutputFile file_;
  GgufHead head_;
  std::uint64_t written_ = 0;  // of the data
  std::size_t next_ = 0;       // the tensor that is being written
  bool begun_ = false;
};

}  // namespace moe::inline MOE_ABI::detail

#if MOE_DEFINITIONS
#include "gguf_writer.ipp"
#endif
