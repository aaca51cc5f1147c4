// <sys/sysctl.h> of macOS, as far as moe uses it.
#pragma once
#include <cstddef>
extern "C" int sysctlbyname(const char* name, void* old_value, std::size_t* old_size, void* new_value, std::size_t new_size);
