#pragma once
#include "../core/config.hpp"
#include "file.hpp"
#include "file_stream.hpp"
#include "ggml_type.hpp"
#include "gguf_metadata.hpp"
#include "tensor_info.hpp"

#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>
#include <vector>

namespace moe::inline MOE_ABI::detail {

/// What one GGUF file says of itself. Names of tensors are those of the file, shapes outermost first.
struct GgufContents {
  GgufMetadata metadata;
  std::vector<TensorInfo> tensors;
};

/// Reads and checks the head of one file: GGUF 2 or 3, little endian.
///   magic, version, number of tensors, number of values; values; tensors; padding; data
class GgufParser {
 public:
  explicit GgufParser(const File& file) : file_(file), in_(file) {}

  GgufContents parse() &&;

 private:
  // A length, a character, a type and a value; a length, a character, a number of sizes, a type and an offset.
  static constexpr std::uint64_t least_value_bytes = 8 + 1 + 4 + 1, least_tensor_bytes = 8 + 1 + 4 + 4 + 8;
  static constexpr std::uint64_t most_length = std::uint64_t{1} << 30;  // as in ggml

  void read_version();

  /// A number of things that take at least so many bytes each.
  std::uint64_t count(std::string_view what, std::uint64_t least_bytes);

  std::string string(std::string_view what, std::uint64_t most);

  std::vector<GgufValue> read_values(std::uint64_t count);

  GgufValue read_value();

  GgufType read_type(std::string_view key);

  void read_array(GgufValue& out);

  void skip_string(std::string_view key);

  std::uint64_t alignment_of(const GgufMetadata& metadata) const;

  TensorInfo read_tensor();

  /// Of a tensor whose shape stands innermost first still.
  std::uint64_t bytes_of(const TensorInfo& tensor, const GgmlType& type) const;

  /// The data begins at the next multiple of the alignment, and so does each tensor in it. Tensors must not overlap.
  void place_data(std::vector<TensorInfo>& tensors, std::uint64_t alignment) const;

  /// What the extractor of this library adds: the CRC-32C of each tensor, in the order in which the file names them.
  void read_checksums(GgufContents& out, const GgufValue& value) const;

  [[noreturn]] void fail_about(const TensorInfo& tensor, std::string_view expected,
                               std::string_view found) const;

  const File& file_;
  FileStream in_;
};

}  // namespace moe::inline MOE_ABI::detail

#if MOE_DEFINITIONS
#include "gguf_parser.ipp"
#endif
