// SPDX-License-Identifier: MIT
#pragma once
#include "hash.hpp"

#include <bit>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <memory>
#include <string_view>

namespace moe::inline MOE_ABI::detail {

MOE_INLINE HashKey random_hash_key() {
  const auto number = [](const void* address) { return reinterpret_cast<std::uintptr_t>(address); };
  const auto ticks = [](auto clock) { return static_cast<std::uint64_t>(clock.time_since_epoch().count()); };
  const std::unique_ptr<int> on_heap(new int(0));
  const int on_stack = 0;
  const std::uint64_t first = mix(ticks(std::chrono::steady_clock::now()) ^ mix(number(on_heap.get())));
  const std::uint64_t second = mix(ticks(std::chrono::system_clock::now()) ^ mix(number(&on_stack)));
  return {mix(first + second), mix(first ^ ~second)};
}

/// The four words of state of SipHash.
struct SipState {
  std::uint64_t a, b, c, d;

  explicit SipState(HashKey key)
      : a(key.first ^ 0x736f6d6570736575u),
        b(key.second ^ 0x646f72616e646f6du),
        c(key.first ^ 0x6c7967656e657261u),
        d(key.second ^ 0x7465646279746573u) {}

  void round() {
    a += b, b = std::rotl(b, 13) ^ a, a = std::rotl(a, 32);
    c += d, d = std::rotl(d, 16) ^ c;
    a += d, d = std::rotl(d, 21) ^ a;
    c += b, b = std::rotl(b, 17) ^ c, c = std::rotl(c, 32);
  }

  void absorb(std::uint64_t word) {
    d ^= word;
    round();
    a ^= word;
  }
};

MOE_INLINE std::uint64_t keyed_hash(std::string_view bytes, HashKey key) {
  SipState state(key);
  const char* data = bytes.data();
  std::size_t left = bytes.size();
  for (; left >= 8; data += 8, left -= 8) {
    std::uint64_t eight;
    std::memcpy(&eight, data, 8);
    state.absorb(eight);
  }
  // The last word, as in the original SipHash: up to seven bytes, and the length in the highest byte.
  std::uint64_t last = std::uint64_t{bytes.size() & 0xff} << 56;
  for (std::size_t i = 0; i < left; ++i)
    last |= std::uint64_t{static_cast<unsigned char>(data[i])} << (8 * i);
  state.absorb(last);
  state.c ^= 0xff;
  for (int i = 0; i < 3; ++i) state.round();
  return state.a ^ state.b ^ state.c ^ state.d;
}

}  // namespace moe::inline MOE_ABI::detail
