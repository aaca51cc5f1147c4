#pragma once
#include "../core/config.hpp"
#include "file.hpp"
#include "json.hpp"
#include "tensor_info.hpp"

#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>
#include <vector>

namespace moe::inline MOE_ABI::detail {

/// A dtype of the format (github.com/huggingface/safetensors, tensor.rs).
struct SafetensorsType {
  std::string_view name;
  std::uint64_t bits;
  DType dtype;
};

const SafetensorsType* safetensors_type(std::string_view name);

/// Reads and checks the header of one file. The rules are those of the reference reader; see each check.
class SafetensorsReader {
 public:
  explicit SafetensorsReader(const File& file) : file_(file) {}

  /// Sorted by name.
  std::vector<TensorInfo> read();

 private:
  /// The first 8 bytes are the size of the JSON text that follows; little endian.
  std::string header_text();

  TensorInfo tensor(const Json& member) const;

  void check_bytes(const TensorInfo& tensor, std::uint64_t bits_each) const;

  /// The data of all tensors fills the rest of the file, without holes and overlaps.
  void check_layout(std::vector<TensorInfo>& tensors) const;

  static std::string place(const TensorInfo& tensor);

  void check(bool condition, std::string_view place, std::string_view expected, std::string_view found) const;

  const File& file_;
  std::uint64_t data_begin_ = 0;
};

/// The tensors of a safetensors file, sorted by name. Throws if the file breaks a rule of the
/// format. A tensor of an unknown dtype is listed as DType::other.
std::vector<TensorInfo> read_safetensors(const File& file);

}  // namespace moe::inline MOE_ABI::detail

#if MOE_DEFINITIONS
#include "safetensors.ipp"
#endif
