# Fails unless each source file states its licence in its first line:  cmake -P check_spdx.cmake
# With -DFIX=ON before -P, it writes the line where it is missing.
cmake_minimum_required(VERSION 3.25)
get_filename_component(root "${CMAKE_CURRENT_LIST_DIR}" DIRECTORY)

file(GLOB_RECURSE sources RELATIVE ${root} ${root}/detail/*.[hi]pp ${root}/detail/*.inl ${root}/examples/*.[ch]pp
     ${root}/tests/*.[ch]pp)
list(APPEND sources moe.hpp)
set(expected "// SPDX-License-Identifier: MIT")
foreach(source IN LISTS sources)
  file(STRINGS ${root}/${source} first LIMIT_COUNT 1)
  if(first STREQUAL expected)
    continue()
  endif()
  if(FIX)
    file(READ ${root}/${source} text)
    file(WRITE ${root}/${source} "${expected}\n" "${text}")
  else()
    message(SEND_ERROR "${source}: line 1: expected ${expected}, found ${first}")
  endif()
endforeach()
list(LENGTH sources count)
message(STATUS "${count} source files")
