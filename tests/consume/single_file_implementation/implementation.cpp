// SPDX-License-Identifier: MIT
// The one unit of a program with MOE_HEADER_ONLY=0 that contains the definitions of the library.
#define MOE_IMPLEMENTATION
#include <moe.hpp>
