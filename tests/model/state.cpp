// SPDX-License-Identifier: MIT
#include "detail/model/state.hpp"
#include "detail/core/dtype.hpp"
#include "detail/core/load_as.hpp"
#include "detail/generate/random.hpp"
#include "detail/model/kv_rows.hpp"
#include "detail/simd/kernels.hpp"
#include "support/message_of.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <vector>

namespace {

using moe::detail::SequenceState;
using moe::detail::StateOptions;

moe::ModelSpec spec_of(std::vector<moe::MixerSpec> mixers) {
  moe::ModelSpec spec;
  spec.hidden_size = 8;
  for (moe::MixerSpec& mixer : mixers) spec.layers.push_back({.mixer = std::move(mixer)});
  return spec;
}

moe::AttentionSpec attention(std::size_t window = 0) {
  return {.heads = 4, .kv_heads = 2, .head_dim = 32, .window = window};
}

moe::DeltaNetSpec delta_net() {
  return {.key_heads = 1, .value_heads = 2, .key_dim = 4, .value_dim = 4, .kernel = 3};
}

/// Fills the next states of the first layer with a number, and commits.
void step(SequenceState& state, float number) {
  state.begin_step(1);
  for (std::size_t i = 0; i < 2 * 16; ++i) state.fixed(0, 1).next[i] = number;
  state.commit(1);
}

float current(SequenceState& state) { return state.fixed(0, 1).current[5]; }

/// A state of one layer of attention in f32, and the number that fills the rows of each position.
struct NumberedRows {
  SequenceState state;
  std::vector<float> numbers = {};

  void append(std::size_t count, float number) {
    state.begin_step(count);
    const moe::detail::KvRows kv = state.kv(0);
    const std::vector<float> row(kv.head_dim, number);
    for (std::size_t i = 0; i < count; ++i, numbers.push_back(number))
      for (std::size_t head = 0; head < kv.heads; ++head)
        store(moe::detail::simd::kernels(), kv, head, numbers.size(), row.data(), row.data());
    state.commit(count);
  }

  void rewind(std::size_t position) { numbers.resize(state.rewind(position)); }

  NumberedRows fork() { return {state.fork(), numbers}; }

  bool right() {
    const moe::detail::KvRows kv = state.kv(0);
    constexpr std::size_t lanes = moe::detail::simd::key_lanes;
    for (std::size_t head = 0; head < kv.heads; ++head)
      for (std::size_t p = 0; p < numbers.size(); ++p) {
        const std::byte* keys = kv.keys + head * kv.plane_bytes + p / lanes * lanes * kv.head_dim * 4;
        const std::byte* value = kv.values + head * kv.plane_bytes + p * kv.head_dim * 4;
        for (std::size_t i = 0; i < kv.head_dim; ++i) {
          if (moe::detail::load_as<float>(keys + (i * lanes + p % lanes) * 4) != numbers[p]) return false;
          if (moe::detail::load_as<float>(value + i * 4) != numbers[p]) return false;
        }
      }
    return state.position() == numbers.size();
  }
};

}  // namespace

TEST_CASE("state: attention stores keys and values of all positions, in whole blocks") {
  const moe::ModelSpec spec = spec_of({attention(), attention()});
  for (const moe::DType type : {moe::DType::f16, moe::DType::f32}) {
    const StateOptions options{.context = 100, .chunk = 8, .kv_type = type};
    CHECK(SequenceState::bytes_for(spec, options) == 2 * 2 * 2 * 128 * 32 * moe::detail::bytes_of(type, 1));
    CHECK(SequenceState(spec, options).bytes() == SequenceState::bytes_for(spec, options));
  }
}

TEST_CASE("state: a KV cache of q8_0 takes 34 bytes for 32 numbers") {
  const StateOptions options{.context = 64, .chunk = 8, .kv_type = moe::DType::q8_0};
  CHECK(SequenceState::bytes_for(spec_of({attention()}), options) == 2 * 2 * 64 * 34);
}

TEST_CASE("state: a window takes memory for its positions and for the positions of one step only") {
  const StateOptions options{.context = 100'000, .chunk = 64, .kv_type = moe::DType::f32};
  const std::size_t bytes = SequenceState::bytes_for(spec_of({attention(128)}), options);
  CHECK(bytes == 2 * 2 * (128 + 64 + 64) * 32 * 4);
}

TEST_CASE("state: latents take one row per position") {
  const moe::LatentAttentionSpec latent{
      .heads = 3, .kv_rank = 20, .nope_dim = 8, .rope_dim = 4, .value_dim = 8, .rope = {}};
  const StateOptions options{.context = 64, .chunk = 1, .kv_type = moe::DType::f16};
  CHECK(SequenceState::bytes_for(spec_of({latent}), options) == 64 * 24 * 2);
}

TEST_CASE("state: a stored key and value are found at their layer, head and position") {
  for (const moe::DType type : {moe::DType::f16, moe::DType::f32}) {
    SequenceState state(spec_of({attention(), attention()}), {.context = 70, .chunk = 8, .kv_type = type});
    const auto number = [](std::size_t layer, std::size_t head, std::size_t position) {
      return static_cast<float>((layer * 2 + head) * 100 + position);
    };
    for (std::size_t layer = 0; layer < 2; ++layer)
      for (std::size_t head = 0; head < 2; ++head)
        for (std::size_t position = 0; position < 70; ++position) {
          const std::vector<float> key(32, number(layer, head, position)), value(32, -key[0]);
          store(moe::detail::simd::kernels(), state.kv(layer), head, position, key.data(), value.data());
        }
    constexpr std::size_t lanes = moe::detail::simd::key_lanes;
    const std::size_t size = moe::detail::bytes_of(type, 1);
    const auto at = [&](const std::byte* bytes) {
      return type == moe::DType::f16 ? moe::detail::load_f16(bytes) : moe::detail::load_as<float>(bytes);
    };
    for (std::size_t layer = 0; layer < 2; ++layer)
      for (std::size_t head = 0; head < 2; ++head)
        for (std::size_t position = 0; position < 70; ++position) {
          const moe::detail::KvRows rows = state.kv(layer);
          const std::byte* key = rows.keys + head * rows.plane_bytes +
                                 ((position / lanes * 32 + 7) * lanes + position % lanes) * size;
          const std::byte* value = rows.values + head * rows.plane_bytes + (position * 32 + 7) * size;
          CHECK(at(key) == number(layer, head, position));
          CHECK(at(value) == -number(layer, head, position));
        }
  }
}

TEST_CASE("state: without a commit the current states stay") {
  SequenceState state(spec_of({delta_net()}), {.context = 10, .chunk = 4});
  step(state, 1);
  state.begin_step(1);
  state.fixed(0, 1).next[5] = 2;
  CHECK(current(state) == 1);
  CHECK(state.position() == 1);
  state.commit(1);
  CHECK(current(state) == 2);
  CHECK(state.position() == 2);
}

TEST_CASE("state: rows can be rewound to any position") {
  SequenceState state(spec_of({attention()}), {.context = 100, .chunk = 50});
  state.begin_step(50);
  state.commit(50);
  CHECK(state.rewind(60) == 50);
  CHECK(state.rewind(17) == 17);
  CHECK(state.position() == 17);
}

TEST_CASE("state: a recurrent state returns to the newest snapshot that is not after the position") {
  SequenceState state(spec_of({delta_net()}), {.context = 100, .chunk = 4});
  for (int i = 1; i <= 20; ++i) {
    step(state, static_cast<float>(i));
    if (i == 6) state.take_snapshot(SequenceState::SnapshotKind::prompt_end);
    if (i % 8 == 0) state.take_snapshot(SequenceState::SnapshotKind::periodic);
  }
  CHECK(state.rewind(19) == 16);
  CHECK(current(state) == 16);
  CHECK(state.rewind(15) == 8);
  CHECK(current(state) == 8);
  CHECK(state.rewind(7) == 6);
  CHECK(current(state) == 6);
  CHECK(state.rewind(5) == 0);
  CHECK(current(state) == 0);
}

TEST_CASE("state: a rewind drops the snapshots of later positions, since another text follows") {
  SequenceState state(spec_of({delta_net()}), {.context = 100, .chunk = 4});
  for (int i = 1; i <= 10; ++i) {
    step(state, static_cast<float>(i));
    if (i == 4 || i == 9) state.take_snapshot(SequenceState::SnapshotKind::periodic);
  }
  CHECK(state.rewind(5) == 4);
  for (int i = 5; i <= 10; ++i) step(state, 100);
  CHECK(state.rewind(9) == 4);
}

TEST_CASE("state: periodic snapshots never replace snapshots of prompt ends") {
  SequenceState state(spec_of({delta_net()}), {.context = 100, .chunk = 4});
  for (int i = 1; i <= 50; ++i) {
    step(state, static_cast<float>(i));
    state.take_snapshot(i == 3 ? SequenceState::SnapshotKind::prompt_end
                               : SequenceState::SnapshotKind::periodic);
  }
  CHECK(state.rewind(48) == 3);
}

TEST_CASE("state: a window rewinds while its positions are stored, and to the beginning otherwise") {
  const StateOptions options{.context = 10'000, .chunk = 64, .kv_type = moe::DType::f32};
  const auto filled = [&](std::size_t steps) {
    SequenceState state(spec_of({attention(128)}), options);
    for (std::size_t i = 0; i < steps; ++i) {
      state.begin_step(64);
      state.commit(64);
    }
    return state;
  };
  // 256 positions have room, of which a window needs 128.
  CHECK(filled(10).rewind(640 - 128) == 640 - 128);
  CHECK(filled(10).rewind(640 - 130) == 0);
  CHECK(filled(4).rewind(1) == 1);  // nothing is overwritten yet
}

TEST_CASE("state: beside a window, a recurrent state returns to no snapshot whose window is overwritten") {
  SequenceState state(spec_of({attention(128), delta_net()}),
                      {.context = 10'000, .chunk = 64, .kv_type = moe::DType::f32});
  for (std::size_t i = 0; i < 10; ++i) {
    state.begin_step(64);
    state.commit(64);
    if (i == 0) state.take_snapshot(SequenceState::SnapshotKind::prompt_end);
    if (i == 8) state.take_snapshot(SequenceState::SnapshotKind::periodic);
  }
  CHECK(state.rewind(600) == 576);  // 9 · 64: the second snapshot
  CHECK(state.rewind(570) == 0);  // the positions before 64, which the first snapshot needs, are overwritten
}

TEST_CASE("state: a fork is an independent copy") {
  SequenceState state(spec_of({delta_net(), attention()}), {.context = 100, .chunk = 4});
  step(state, 1);
  SequenceState copy = state.fork();
  step(state, 2);
  CHECK(copy.position() == 1);
  CHECK(current(copy) == 1);
  CHECK(current(state) == 2);
}

TEST_CASE("state: forks of long texts continue, rewind and fork again independently") {
  const StateOptions options{.context = 8192, .chunk = 4096, .kv_type = moe::DType::f32};
  std::vector<NumberedRows> states;
  states.push_back({SequenceState(spec_of({attention()}), options)});
  states[0].append(3001, 0.5f);  // above the size from which pages are shared
  float number = 1;
  moe::Random random(1);
  const auto below = [&random](std::size_t n) { return static_cast<std::size_t>(random.next() % n); };
  for (int i = 0; i < 40; ++i, ++number) {
    const std::size_t chosen = below(states.size());
    switch (below(3)) {
      case 0: {
        const std::size_t room = options.context - states[chosen].numbers.size();
        if (room > 0) states[chosen].append(1 + below(std::min<std::size_t>(room, 700)), number);
        break;
      }
      case 1: states[chosen].rewind(below(states[chosen].numbers.size() + 1)); break;
      default:
        if (states.size() < 5) states.push_back(states[chosen].fork());
    }
    for (NumberedRows& state : states) REQUIRE(state.right());
  }
  CHECK(states.size() == 5);
}

TEST_CASE("state: a size that no object can have is refused") {
  for (const std::size_t context : {std::size_t{1} << 58, SIZE_MAX - 7, SIZE_MAX})
    check_error(
        [&] { return SequenceState::bytes_for(spec_of({attention()}), {.context = context, .chunk = 1}); },
        {"sequence: state", "bytes"});
}
