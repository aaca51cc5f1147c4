#pragma once
#include "../core/dtype.hpp"
#include "../core/error.hpp"
#include "../io/ggml_type.hpp"
#include "../io/output_file.hpp"
#include "gguf_head.hpp"

#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <span>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>

namespace moe {

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
  explicit GgufWriter(std::string path, std::uint32_t alignment = 32)
      : file_(std::move(path)), head_(file_.path(), alignment) {}

  /// Adds a value to the metadata: bool, float, std::uint32_t and so on, each as what it is, or text.
  template <class T>
  requires std::is_arithmetic_v<T>
  void set(std::string_view key, T value) {
    require_open(key);
    head_.set(key, value);
  }
  void set(std::string_view key, std::string_view text) {
    require_open(key);
    head_.set(key, text);
  }
  void set(std::string_view key, const char* text) { set(key, std::string_view(text)); }

  /// Adds an array of numbers, or of texts.
  template <class T>
  void set(std::string_view key, std::span<const T> values) {
    require_open(key);
    head_.set(key, values);
  }

  /// Adds a tensor, which comes behind those added before. shape: outermost first; its last size is a multiple of the
  /// type's block.
  void add(std::string_view name, DType dtype, std::span<const std::uint64_t> shape) {
    require_open(name);
    expect(dtype != DType::other, file_.path(), name, "a type that can be used", "other");
    head_.add(name, detail::ggml_type(dtype), shape);
  }
  void add(std::string_view name, DType dtype, std::initializer_list<std::uint64_t> shape) {
    add(name, dtype, std::span(shape.begin(), shape.size()));
  }

  /// How many bytes of data the tensors take that were added, padding between them included.
  std::uint64_t data_bytes() const { return head_.data_bytes(); }

  /// Writes what comes next of the tensors' data: bytes of one tensor after the other. A piece must not go beyond the
  /// end of its tensor.
  void write(std::span<const std::byte> bytes) {
    if (!begun_) write_head();
    if (bytes.empty()) return;
    skip_full_tensors();
    const std::uint64_t room = next_ < head_.tensors() ? head_.end(next_) - written_ : 0;
    if (bytes.size() > room)
      fail(file_.path(), "writing", detail::concat("at most ", room, " bytes, the rest of a tensor"),
           detail::concat(bytes.size()));
    file_.write(bytes);
    written_ += bytes.size();
  }

  /// Throws unless all data was written.
  void finish() {
    if (!begun_) write_head();
    skip_full_tensors();
    if (next_ != head_.tensors())
      fail(file_.path(), "finishing", detail::concat(data_bytes(), " bytes of data"),
           detail::concat(written_));
    file_.finish();
  }

 private:
  void require_open(std::string_view what) const {
    if (begun_) fail(file_.path(), what, "to be named before data is written", "it behind");
  }

  void write_head() {
    begun_ = true;
    file_.write(head_.bytes());
  }

  /// Goes on to the tensor that is not complete, with zeros between tensors and behind the last one.
  void skip_full_tensors() {
    for (; next_ < head_.tensors() && written_ == head_.end(next_); ++next_) {
      file_.write(std::string(static_cast<std::size_t>(head_.aligned(written_) - written_), '\0'));
      written_ = head_.aligned(written_);
    }
  }

  OutputFile file_;
  GgufHead head_;
  std::uint64_t written_ = 0;  // of the data
  std::size_t next_ = 0;       // the tensor that is being written
  bool begun_ = false;
};

}  // namespace moe
