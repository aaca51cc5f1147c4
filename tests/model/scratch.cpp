#include "detail/model/config.hpp"
#include "detail/model/scratch.hpp"
#include "support/checkpoints.hpp"
#include "support/message_of.hpp"
#include "support/tiny_checkpoint.hpp"

#include <doctest/doctest.h>

#include <cstddef>
#include <cstdint>

TEST_CASE("scratch: its bytes grow with the chunk") {
  const moe::ModelConfig config{moe::Checkpoint(golden("plain-bf16"))};
  CHECK(moe::detail::Scratch(config, 20, 1, false).bytes() >
        moe::detail::Scratch(config, 10, 1, false).bytes());
}

TEST_CASE("scratch: a chunk whose arrays no object can hold is refused") {
  const moe::ModelConfig config{moe::Checkpoint(golden("plain-bf16"))};
  for (const std::size_t chunk : {std::size_t{1} << 55, std::size_t{1} << 60, SIZE_MAX})
    check_error([&] { return moe::detail::Scratch(config, chunk, 1, false); },
                {"sequence: intermediate results", "bytes"});
}

TEST_CASE("scratch: a chunk of experts whose width no object can hold is refused") {
  TinyCheckpoint tiny;
  tiny.edit("\"moe_intermediate_size\": 32", "\"moe_intermediate_size\": 2000000000");
  const moe::ModelConfig config(tiny.open());
  check_error([&] { return moe::detail::Scratch(config, std::size_t{1} << 30, 1, false); },
              {"sequence: intermediate results", "bytes"});
}
