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

std::size_t tokens_of_another_unit(const moe::Tokenizer& tokenizer) {
  return tokenizer.encode("one unit more").size();
}
