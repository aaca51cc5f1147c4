// <sys/mman.h> as macOS has it, as far as moe uses it: without huge pages.
#pragma once
#include_next <sys/mman.h>
#undef MADV_HUGEPAGE
#undef MADV_NOHUGEPAGE
