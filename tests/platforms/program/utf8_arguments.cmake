# Runs the example generate with a model in a folder whose name is not ASCII:
#   cmake -DGENERATE=program -DMODEL=directory -DEMULATOR=wine -P utf8_arguments.cmake
set(folder "${CMAKE_CURRENT_BINARY_DIR}/модель-ü")
file(REMOVE_RECURSE "${folder}")
file(MAKE_DIRECTORY "${folder}")
file(GLOB files "${MODEL}/*")
foreach(file IN LISTS files)
  cmake_path(GET file FILENAME name)
  file(CREATE_LINK "${file}" "${folder}/${name}" SYMBOLIC)
endforeach()
execute_process(COMMAND ${EMULATOR} ${GENERATE} "${folder}" "<|endoftext|>And God said unto" --max-tokens 8 --temperature 0
                OUTPUT_VARIABLE out ERROR_VARIABLE errors RESULT_VARIABLE status)
file(REMOVE_RECURSE "${folder}")
if(NOT status EQUAL 0 OR NOT out MATCHES "him, Let my lord now go")
  message(FATAL_ERROR "expected \" him, Let my lord now go\", found status ${status}: ${out}${errors}")
endif()
