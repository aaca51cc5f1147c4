#pragma once
#if defined(_WIN32)
#include "system_windows.ipp"
#else
#include "system_posix.ipp"
#endif
