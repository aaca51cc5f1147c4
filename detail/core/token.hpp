#pragma once
#include <cstdint>

namespace moe {

/// The number of a token in a vocabulary.
using TokenId = std::uint32_t;

}  // namespace moe
