# Compiles a case and checks the errors:  cmake -DCOMPILER=... -DCASE=n -DERROR=regex -DINCLUDE=... -P expect_error.cmake
# ERROR is "^$" if there must be no error.
execute_process(
  COMMAND ${COMPILER} -std=c++20 -fsyntax-only -DMOE_HEADER_ONLY=0 -DCASE=${CASE} -I${INCLUDE}
          ${CMAKE_CURRENT_LIST_DIR}/cases.cpp
  RESULT_VARIABLE status ERROR_VARIABLE output OUTPUT_QUIET)
string(REPLACE ";" "," output "${output}")  # a semicolon would separate the elements of a list
string(REGEX MATCHALL "[^\n]* error: [^\n]*" errors "${output}")
list(LENGTH errors count)
if(ERROR STREQUAL "^$")
  if(NOT status EQUAL 0)
    message(FATAL_ERROR "expected no error, found:\n${output}")
  endif()
elseif(status EQUAL 0)
  message(FATAL_ERROR "expected an error, found none")
elseif(NOT count EQUAL 1 OR NOT errors MATCHES "${ERROR}")
  message(FATAL_ERROR "expected one error with \"${ERROR}\", found ${count}:\n${output}")
endif()
