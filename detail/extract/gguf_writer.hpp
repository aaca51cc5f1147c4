#pragma once
#include "../core/dtype.hpp"
#include "../core/error.hpp"
#include "../io/ggml_type.hpp"
#include "../io/gguf_metadata.hpp"
#include "../io/output_file.hpp"

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

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
      : file_(std::move(path)), alignment_(alignment) {
    if (alignment == 0 || (alignment & (alignment - 1)) != 0)
      fail(file_.path(), "alignment", "a power of two", detail::concat(alignment));
    set("general.alignment", alignment);
  }

  /// Adds a value to the metadata: bool, float, std::uint32_t and so on, each as what it is, or text.
  template <class T>
  requires std::is_arithmetic_v<T>
  void set(std::string_view key, T value) {
    begin_value(key, type_of<T>());
    append(metadata_, value);
  }
  void set(std::string_view key, std::string_view text) {
    begin_value(key, detail::GgufType::string);
    append_text(metadata_, text);
  }
  void set(std::string_view key, const char* text) { set(key, std::string_view(text)); }

  /// Adds an array of numbers.
  template <class T>
  void set(std::string_view key, std::span<const T> values) {
    begin_array(key, type_of<T>(), values.size());
    for (const T value : values) append(metadata_, value);
  }
  void set(std::string_view key, std::span<const std::string> texts) {
    begin_array(key, detail::GgufType::string, texts.size());
    for (const std::string& text : texts) append_text(metadata_, text);
  }

  /// Adds a tensor, which comes behind those added before. shape: outermost first; its last size is a multiple of the
  /// type's block.
  void add(std::string_view name, DType dtype, std::span<const std::uint64_t> shape) {
    require_open(name);
    if (name.empty() || name.size() > 63)
      fail(file_.path(), name, "a name of 1 to 63 bytes", detail::concat(name.size()));
    if (shape.empty() || shape.size() > 4 || dtype == DType::other ||
        shape.back() % layout_of(dtype).elements != 0)
      fail(file_.path(), name, "1 to 4 sizes, of which the last is a multiple of the type's block",
           detail::concat(detail::concat_list(shape), ' ', moe::name(dtype)));
    std::uint64_t numbers = 1;
    for (const std::uint64_t size : shape) numbers *= size;
    append_text(infos_, name);
    append(infos_, static_cast<std::uint32_t>(shape.size()));
    for (std::size_t i = shape.size(); i-- > 0;) append(infos_, shape[i]);
    append(infos_, detail::ggml_type(dtype).id);
    append(infos_, aligned(data_bytes_));
    data_bytes_ = aligned(data_bytes_) + bytes_of(dtype, static_cast<std::size_t>(numbers));
    ends_.push_back(data_bytes_);
  }
  void add(std::string_view name, DType dtype, std::initializer_list<std::uint64_t> shape) {
    add(name, dtype, std::span(shape.begin(), shape.size()));
  }

  /// How many bytes of data the tensors take that were added, padding between them included.
  std::uint64_t data_bytes() const { return data_bytes_; }

  /// Writes what comes next of the tensors' data: bytes of one tensor after the other. A piece must not go beyond the
  /// end of its tensor.
  void write(std::span<const std::byte> bytes) {
    if (!begun_) write_head();
    if (bytes.empty()) return;
    skip_full_tensors();
    const std::uint64_t room = next_ < ends_.size() ? ends_[next_] - written_ : 0;
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
    if (next_ != ends_.size())
      fail(file_.path(), "finishing", detail::concat(data_bytes_, " bytes of data"),
           detail::concat(written_));
    file_.finish();
  }

 private:
  template <class T>
  static constexpr detail::GgufType type_of() {
    using enum detail::GgufType;
    if constexpr (std::is_same_v<T, bool>) return boolean;
    if constexpr (std::is_floating_point_v<T>) return sizeof(T) == 4 ? f32 : f64;
    constexpr detail::GgufType whole[2][4] = {{u8, u16, u32, u64}, {i8, i16, i32, i64}};
    constexpr std::size_t log = sizeof(T) == 1 ? 0 : sizeof(T) == 2 ? 1 : sizeof(T) == 4 ? 2 : 3;
    return whole[std::is_signed_v<T>][log];
  }

  template <class T>
  static void append(std::string& out, T value) {
    char bytes[sizeof value];
    std::memcpy(bytes, &value, sizeof value);
    out.append(bytes, sizeof value);
  }
  static void append_text(std::string& out, std::string_view text) {
    append(out, std::uint64_t{text.size()});
    out += text;
  }

  void begin_value(std::string_view key, detail::GgufType type) {
    require_open(key);
    append_text(metadata_, key);
    append(metadata_, static_cast<std::uint32_t>(type));
    ++values_;
  }
  void begin_array(std::string_view key, detail::GgufType type, std::size_t count) {
    begin_value(key, detail::GgufType::array);
    append(metadata_, static_cast<std::uint32_t>(type));
    append(metadata_, std::uint64_t{count});
  }

  void require_open(std::string_view what) const {
    if (begun_) fail(file_.path(), what, "to be named before data is written", "it behind");
  }

  void write_head() {
    begun_ = true;
    std::string head = "GGUF";
    append(head, std::uint32_t{3});
    append(head, std::uint64_t{ends_.size()});
    append(head, values_);
    file_.write(head);
    file_.write(metadata_);
    file_.write(infos_);
    file_.write(std::string(static_cast<std::size_t>(aligned(file_.size()) - file_.size()), '\0'));
  }

  /// Goes on to the tensor that is not complete, with zeros between tensors and behind the last one.
  void skip_full_tensors() {
    for (; next_ < ends_.size() && written_ == ends_[next_]; ++next_) {
      file_.write(std::string(static_cast<std::size_t>(aligned(written_) - written_), '\0'));
      written_ = aligned(written_);
    }
  }

  std::uint64_t aligned(std::uint64_t bytes) const {
    return (bytes + alignment_ - 1) / alignment_ * alignment_;
  }

  OutputFile file_;
  std::uint64_t alignment_;
  std::uint64_t values_ = 0;
  std::string metadata_, infos_;     // as they stand in the file
  std::vector<std::uint64_t> ends_;  // of each tensor, in the data
  std::uint64_t data_bytes_ = 0, written_ = 0;
  std::size_t next_ = 0;  // the tensor that is being written
  bool begun_ = false;
};

}  // namespace moe
