# One check of the library with one compiler:  cmake -DCHECK=... -DCOMPILER=... -DFLAGS=... -DSOURCE=<moe> -DWORK=... -P check.cmake
cmake_minimum_required(VERSION 3.25)
separate_arguments(FLAGS)
set(consume ${SOURCE}/tests/consume)
set(here ${SOURCE}/tests/compilers)
file(MAKE_DIRECTORY ${WORK})

# Clang's -Weverything, without these warnings:
set(everything -Weverything
  -Wno-c++98-compat -Wno-c++98-compat-pedantic  # the library needs C++20
  -Wno-c++20-compat                             # the same
  -Wno-pre-c++20-compat-pedantic -Wno-pre-c++17-compat -Wno-unknown-warning-option  # the same, by the names of newer versions
  -Wno-system-headers          # asks for warnings of the standard library
  -Wno-ctad-maybe-unsupported  # std::lock_guard and other classes of the standard library, which support it
  -Wno-comma                   # one statement in place of a block
  -Wno-double-promotion        # sums of floats are computed in double on purpose
  -Wno-format-nonliteral       # one function passes a format of its callers to snprintf
  -Wno-tautological-type-limit-compare  # a comparison that can be false where std::size_t has 32 bits
  -Wno-zero-as-null-pointer-constant    # the standard library's way to compare the result of <=>
  -Wno-documentation-unknown-command -Wno-documentation-html  # regular expressions and markers in comments
  -Wno-padded                  # gaps between the members of a struct are no mistake
  -Wno-float-equal             # comparisons with 0 and with values that are copied are exact on purpose
  -Wno-switch-enum -Wno-switch-default -Wno-covered-switch-default  # contradict each other
  -Wno-global-constructors -Wno-exit-time-destructors  # function-local statics are constructed at their first use
  -Wno-unsafe-buffer-usage     # kernels use pointer arithmetic
  -Wno-missing-prototypes      # asks for declarations of the consumer's own functions
  -Wno-weak-vtables            # a header-only library has no source file for a vtable
  -Wno-unused-macros)          # the macros of other.cpp are there to be harmful

if(NOT COMPILER)
  message("SKIPPED: the compiler is not installed")
  return()
endif()
file(WRITE ${WORK}/empty.cpp "#include <version>\n")
execute_process(COMMAND ${COMPILER} ${FLAGS} -std=c++20 -fsyntax-only ${WORK}/empty.cpp RESULT_VARIABLE status ERROR_QUIET)
if(NOT status EQUAL 0)
  message("SKIPPED: the standard library of ${FLAGS} is not installed")
  return()
endif()

# Clang 15 and newer warn of std::get_temporary_buffer in std::stable_sort of libstdc++ 12, wherever a program calls it.
if(COMPILER MATCHES "clang" AND NOT FLAGS MATCHES "libc")
  list(APPEND FLAGS -Wno-deprecated-declarations)
endif()

# compile(OPTION...): fails with the messages of the compiler if the compiler fails.
function(compile)
  execute_process(COMMAND ${COMPILER} ${FLAGS} -I${SOURCE} ${ARGN} RESULT_VARIABLE status OUTPUT_VARIABLE text ERROR_VARIABLE errors)
  if(NOT status EQUAL 0)
    message(FATAL_ERROR "${COMPILER} ${FLAGS} ${ARGN}\n${errors}")
  endif()
  set(text "${text}" PARENT_SCOPE)
endfunction()

if(CHECK STREQUAL "warnings")
  set(careful -Wall -Wextra -Wpedantic -Wconversion -Wshadow)
  if(COMPILER MATCHES "clang")
    set(careful ${everything})
  endif()
  compile(-std=c++20 -fsyntax-only -Werror ${careful} ${consume}/other.cpp)
elseif(CHECK STREQUAL "cxx23")
  compile(-std=c++2b -fsyntax-only -Wall -Wextra -Werror ${consume}/main.cpp)
elseif(CHECK STREQUAL "no_rtti")
  compile(-std=c++20 -fno-rtti -fsyntax-only -Wall -Wextra -Werror ${consume}/main.cpp)
elseif(CHECK STREQUAL "unity")
  compile(-std=c++20 -fsyntax-only -Wall -Wextra -Werror ${here}/unity.cpp)
elseif(CHECK STREQUAL "unity_of_the_library")  # all units of moe::compiled as one
  file(GLOB units ${LAYERS}/*.cpp)
  list(TRANSFORM units REPLACE "(.+)" "#include \"\\1\"\n")
  string(JOIN "" includes ${units})
  file(WRITE ${WORK}/layers.cpp "${includes}")
  compile(-std=c++20 -fsyntax-only -DMOE_HEADER_ONLY=0 -Wall -Wextra -Werror ${WORK}/layers.cpp)
elseif(CHECK STREQUAL "macros")  # those that remain after the include are documented and at most 12
  file(WRITE ${WORK}/include.cpp "#include <moe.hpp>\n")
  compile(-std=c++20 -dM -E ${WORK}/include.cpp)
  string(REGEX MATCHALL "#define MOE_[A-Z0-9_]+" remaining "${text}")
  list(TRANSFORM remaining REPLACE "#define " "")
  list(LENGTH remaining count)
  file(READ ${SOURCE}/detail/core/config.hpp documentation)
  foreach(name IN LISTS remaining)
    if(NOT documentation MATCHES "\n//   ${name}[ (\n]")
      message(FATAL_ERROR "${name} remains after the include, and detail/core/config.hpp does not document it")
    endif()
  endforeach()
  if(count GREATER 12 OR count EQUAL 0)
    message(FATAL_ERROR "expected 1 to 12 macros after the include, found ${count}: ${remaining}")
  endif()
elseif(CHECK STREQUAL "examples")  # all but the one that needs MPI
  file(GLOB examples ${SOURCE}/examples/*.cpp ${SOURCE}/examples/executors/*.cpp ${SOURCE}/examples/providers/*.cpp)
  list(FILTER examples EXCLUDE REGEX "/mpi_generate.cpp$")
  foreach(example IN LISTS examples)
    compile(-std=c++20 -fsyntax-only -DMOE_HEADER_ONLY=0 -I${SOURCE}/examples -Wall -Wextra -Werror ${example})
  endforeach()
elseif(CHECK STREQUAL "program")
  compile(-std=c++20 -O0 -Wall -Wextra -Werror ${consume}/main.cpp ${consume}/other.cpp -pthread -o ${WORK}/program)
  execute_process(COMMAND ${WORK}/program ${SOURCE}/examples/data/babel-10m RESULT_VARIABLE status ERROR_VARIABLE errors)
  if(NOT status EQUAL 0)
    message(FATAL_ERROR "the program ends with ${status}: ${errors}")
  endif()
else()
  message(FATAL_ERROR "CHECK is '${CHECK}'")
endif()
