# What a package of the SDK holds, in an empty prefix: the component "sdk", hobctl and the kit.
file(REMOVE_RECURSE ${PREFIX})
execute_process(COMMAND ${CMAKE_COMMAND} --install ${BUILD_DIR} --component sdk --prefix ${PREFIX}
  OUTPUT_QUIET COMMAND_ERROR_IS_FATAL ANY)
foreach(program hobctl hob-plugin-kit)
  file(COPY ${PROGRAMS_DIR}/${program} DESTINATION ${PREFIX}/bin)
endforeach()
