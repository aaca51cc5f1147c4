// SPDX-License-Identifier: MIT
// Safetensors: in an accepted file, all tensors are inside the file and do not overlap.
#include "detail/core/error.hpp"
#include "detail/io/file.hpp"
#include "detail/io/tensor_info.hpp"
#include "target.hpp"

#include "detail/io/safetensors.hpp"
#include "input_file.hpp"

#include <vector>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static const InputFile input("model.safetensors");
  try {
    const moe::File file(input.write(data, size));
    std::uint64_t bytes = 0;
    for (const moe::TensorInfo& tensor : moe::detail::read_safetensors(file)) {
      FUZZ_CHECK(tensor.offset <= size && tensor.bytes <= size - tensor.offset);
      bytes += tensor.bytes;
    }
    FUZZ_CHECK(bytes <= size);
  } catch (const moe::Error&) {
  }
  return 0;
}
