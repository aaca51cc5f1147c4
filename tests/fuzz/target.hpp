#pragma once
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>

// What every target defines: libFuzzer calls it with inputs that it makes up, replay.cpp with those of the corpus. An input
// may be refused with a moe::Error; whatever else happens is a fault.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);

/// Ends the program unless it holds.
#define FUZZ_CHECK(condition)                                                            \
  do {                                                                                   \
    if (!(condition)) {                                                                  \
      std::fprintf(stderr, "%s:%d: %s does not hold\n", __FILE__, __LINE__, #condition); \
      std::abort();                                                                      \
    }                                                                                    \
  } while (false)
