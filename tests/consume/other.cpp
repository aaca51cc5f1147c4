// SPDX-License-Identifier: MIT
// A second unit that includes the library, twice, after macros named min and max.
#define min(a, b) ((a) < (b) ? (a) : (b))
#define max(a, b) ((a) > (b) ? (a) : (b))
#include <moe.hpp>
#include <moe.hpp>

std::size_t tokens_of_another_unit(const moe::Tokenizer& tokenizer) {
  return tokenizer.encode("one unit more").size() * moe::detail::simd::kernels().matmul.size();
}
