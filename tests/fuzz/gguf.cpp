// SPDX-License-Identifier: MIT
// GGUF: in an accepted file, all tensors are inside the file. Configuration, tokenizer and chat template are read, or
// refused with an Error.
#include "detail/core/error.hpp"
#include "detail/core/token.hpp"
#include "detail/io/tensor_info.hpp"
#include "target.hpp"

#include "detail/io/checkpoint.hpp"
#include "detail/spec/model_spec.hpp"
#include "detail/text/chat_template.hpp"
#include "detail/text/tokenizer.hpp"
#include "input_file.hpp"

#include <string>

namespace {

template <class Action>
void try_to(Action action) {
  try {
    action();
  } catch (const moe::Error&) {
  }
}

void open(const std::string& path, std::size_t size) {
  const moe::Checkpoint checkpoint(path);
  for (const moe::TensorInfo& tensor : checkpoint.tensors())
    FUZZ_CHECK(tensor.offset <= size && tensor.bytes <= size - tensor.offset);
  const moe::ModelSpec spec(checkpoint);
  FUZZ_CHECK(spec.layers.size() <= checkpoint.tensors().size());
}

void tokenize(const std::string& path) {
  const moe::Tokenizer tokenizer(path);
  for (const moe::TokenId id : tokenizer.encode("The sea, 12 345 \xe2\x96\x81 caf\xc3\xa9\n\n <s> \xff"))
    FUZZ_CHECK(id < tokenizer.size());
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static const InputFile input("model.gguf");
  const std::string& path = input.write(data, size);
  try_to([&] { open(path, size); });
  try_to([&] { tokenize(path); });
  try_to([&] { moe::ChatTemplate{path}; });
  return 0;
}
