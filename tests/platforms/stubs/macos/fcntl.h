// <fcntl.h> as macOS has it, as far as moe uses it: without O_DIRECT, with F_NOCACHE.
#pragma once
#include_next <fcntl.h>
#undef O_DIRECT
#define F_NOCACHE 48
