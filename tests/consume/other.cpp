// SPDX-License-Identifier: MIT
// A second unit that includes the library, twice, after macros that headers of Windows and of old programs define.
#define min(a, b) ((a) < (b) ? (a) : (b))
#define max(a, b) ((a) > (b) ? (a) : (b))
#define small char
#define ERROR 0
#define near
#define far
#define interface struct
#include <moe.hpp>
#include <moe.hpp>

#if !defined(small) || !defined(ERROR) || !defined(near) || !defined(far) || !defined(interface)
#error "the library has undefined a macro of the program"
#endif

bool decodes_what_it_encodes(const moe::Tokenizer& tokenizer) {
  return tokenizer.decode(tokenizer.encode("one unit more")) == "one unit more";
}
