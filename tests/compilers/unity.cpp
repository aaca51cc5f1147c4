// SPDX-License-Identifier: MIT
// A unity build joins all units of a program.
#include "../consume/main.cpp"
#include "../consume/other.cpp"
