// SPDX-License-Identifier: MIT
#pragma once

// Includes <windows.h> without its macros min and max. Only .ipp files include this header.
#if defined(_WIN32)
#if !defined(WIN32_LEAN_AND_MEAN)
#define WIN32_LEAN_AND_MEAN
#endif
#if !defined(NOMINMAX)
#define NOMINMAX
#endif
#include <windows.h>
#endif
