// A second unit with the whole library in it, after headers that define what they should not.
#define min(a, b) ((a) < (b) ? (a) : (b))
#define max(a, b) ((a) > (b) ? (a) : (b))
#include <moe.hpp>
#include <moe.hpp>

std::size_t tokens_of_another_unit(const moe::Tokenizer& tokenizer) {
  return tokenizer.encode("one unit more").size() * moe::detail::simd::kernels().matmul.size();
}
