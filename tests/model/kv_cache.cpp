#include "detail/core/dequantise.hpp"
#include "detail/core/dtype.hpp"
#include "detail/model/kv_cache.hpp"

#include <doctest/doctest.h>

#include <cstring>
#include <vector>

TEST_CASE("kv cache: what is stored stands at its layer, head and position") {
  for (const moe::DType type : {moe::DType::f32, moe::DType::f16}) {
    moe::detail::KvCache cache(2, 3, 4, 5, type);
    constexpr std::size_t lanes = moe::detail::simd::key_lanes;
    CHECK(cache.bytes() == 2 * 2 * 3 * lanes * 4 * moe::detail::bytes_of(type, 1));
    for (std::size_t layer = 0; layer < 2; ++layer)
      for (std::size_t head = 0; head < 3; ++head)
        for (std::size_t position = 0; position < 5; ++position) {
          const auto number = static_cast<float>((layer * 3 + head) * 5 + position);
          const std::vector<float> key(4, number), value(4, -number);
          cache.store(moe::detail::simd::kernels(), layer, head, position, key.data(), value.data());
        }
    for (std::size_t layer = 0; layer < 2; ++layer)
      for (std::size_t head = 0; head < 3; ++head)
        for (std::size_t position = 0; position < 5; ++position) {
          const std::size_t offset = position * 4 * moe::detail::bytes_of(type, 1);
          const auto number = static_cast<float>((layer * 3 + head) * 5 + position);
          const std::vector<float> keys = moe::detail::dequantise({cache.keys(layer, head), type, 4 * lanes});
          for (std::size_t d = 0; d < 4; ++d) CHECK(keys[d * lanes + position] == number);
          CHECK(moe::detail::dequantise({cache.values(layer, head) + offset, type, 4}) ==
                std::vector<float>(4, -number));
        }
  }
}
