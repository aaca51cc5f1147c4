# Builds the tests of tests/platforms/program for another platform, and runs them:
#   cmake -DPLATFORM=name of a toolchain -DNEEDS=programs -DFOLDERS=folders -DEXAMPLES=examples -DBUILD=directory -P cross.cmake
# Prints SKIPPED, which CTest shows as such, if a program of NEEDS is not installed.
cmake_path(SET source NORMALIZE ${CMAKE_CURRENT_LIST_DIR}/../..)
foreach(program IN LISTS NEEDS)
  find_program(path ${program} PATHS /usr/lib/wine NO_CACHE)
  if(NOT path)
    message(STATUS "SKIPPED: ${program} is not installed")
    return()
  endif()
  unset(path)
endforeach()
find_program(CCACHE ccache)
if(CCACHE)
  set(launcher -DCMAKE_CXX_COMPILER_LAUNCHER=${CCACHE})
endif()

# A list is one argument of run() only without semicolons.
string(REPLACE ";" "," FOLDERS "${FOLDERS}")
string(REPLACE ";" "," EXAMPLES_LIST "${EXAMPLES}")

function(run)
  execute_process(COMMAND ${ARGV} COMMAND_ERROR_IS_FATAL ANY)
endfunction()

find_program(NINJA ninja REQUIRED)
run(${CMAKE_COMMAND} -S ${CMAKE_CURRENT_LIST_DIR}/program -B ${BUILD} -G Ninja -DCMAKE_BUILD_TYPE=None
  "-DCMAKE_CXX_FLAGS=-O1 -Wall -Wextra" -DCMAKE_TOOLCHAIN_FILE=${source}/cmake/toolchains/${PLATFORM}.cmake ${launcher}
  "-DFOLDERS=${FOLDERS}" "-DEXAMPLES=${EXAMPLES_LIST}")
run(${CMAKE_COMMAND} --build ${BUILD} --target moe_tests consumer ${EXAMPLES})
run(${CMAKE_CTEST_COMMAND} --test-dir ${BUILD} --output-on-failure --no-tests=error)
