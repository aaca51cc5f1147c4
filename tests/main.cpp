// Runs all tests with the instruction set that MOE_ISA names; ends with 77 (skipped) if the CPU lacks it.
#define DOCTEST_CONFIG_IMPLEMENT
#include <doctest/doctest.h>

int main(int argc, char** argv) { return doctest::Context(argc, argv).run(); }
