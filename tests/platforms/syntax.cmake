# Compiles moe.hpp without output, and compares the messages:
#   cmake -DCOMMAND=compiler;options -DEXPECTED=regex -DSOURCE=directory -P syntax.cmake
# EXPECTED is "^$" if there must be no message. Prints SKIPPED if the compiler is not installed.
list(GET COMMAND 0 compiler)
find_program(path ${compiler})
if(NOT path)
  message(STATUS "SKIPPED: ${compiler} is not installed")
  return()
endif()
execute_process(COMMAND ${COMMAND} -std=c++20 -fsyntax-only -I${SOURCE} -include moe.hpp -x c++ /dev/null
                RESULT_VARIABLE status ERROR_VARIABLE output)
if(NOT output MATCHES "${EXPECTED}" OR (EXPECTED STREQUAL "^$" AND NOT status EQUAL 0))
  message(FATAL_ERROR "expected \"${EXPECTED}\", found status ${status}:\n${output}")
endif()
