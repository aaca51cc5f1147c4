#include "detail/core/dequantise.hpp"
#include "detail/core/dtype.hpp"
#include "detail/model/kv_cache.hpp"
#include "support/message_of.hpp"

#include <doctest/doctest.h>

#include <cstddef>
#include <cstdint>
#include <vector>

TEST_CASE("kv cache: a stored key and value are found at their layer, head and position") {
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

TEST_CASE("kv cache: a size that no object can have is refused") {
  const auto bytes_for = [](std::size_t layers, std::size_t positions) {
    return [=] { return moe::detail::KvCache::bytes_for(layers, 8, 128, positions, moe::DType::f16); };
  };
  CHECK(bytes_for(48, 4096)() == std::size_t{2} * 48 * 8 * 128 * 4096 * 2);
  for (const std::size_t positions : {std::size_t{1} << 58, SIZE_MAX - 7, SIZE_MAX})
    check_error(bytes_for(48, positions), {"sequence: KV cache", "bytes"});
}
