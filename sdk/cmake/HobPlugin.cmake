# hob_add_plugin(NAME source... [LIBRARIES lib...] [MANIFEST plugin.json]): a loadable Hob plugin NAME.so that
# exports hob_plugin_entry alone, with its plugin.json copied beside it, in ${HOB_PLUGIN_OUTPUT_DIR}/NAME/
# (by default below the binary folder).
#
# Works in Hob's own tree and from the installed package; HOB_SDK_DIR is the folder of this file in both.

set(HOB_SDK_CMAKE_DIR ${CMAKE_CURRENT_LIST_DIR})

# Boost.JSON, compiled once a project and linked hidden into each plugin: a plugin needs no Boost library at run time.
function(hob_plugin_json)
  if(TARGET hob_plugin_json)
    return()
  endif()
  find_package(Boost 1.75 REQUIRED)
  add_library(hob_plugin_json STATIC ${HOB_SDK_CMAKE_DIR}/plugin_json.cpp)
  target_compile_definitions(hob_plugin_json PUBLIC BOOST_ALL_NO_LIB)
  target_compile_options(hob_plugin_json PRIVATE -ffunction-sections -fdata-sections)
  target_link_libraries(hob_plugin_json PUBLIC Boost::headers)
  target_compile_features(hob_plugin_json PUBLIC cxx_std_20)
  set_target_properties(hob_plugin_json PROPERTIES
    POSITION_INDEPENDENT_CODE ON CXX_VISIBILITY_PRESET hidden VISIBILITY_INLINES_HIDDEN ON EXCLUDE_FROM_ALL ON)
endfunction()

function(hob_add_plugin name)
  cmake_parse_arguments(ARG "" "MANIFEST;OUTPUT_DIR" "LIBRARIES" ${ARGN})
  if(NOT ARG_MANIFEST)
    set(ARG_MANIFEST ${CMAKE_CURRENT_SOURCE_DIR}/plugin.json)
  endif()
  if(NOT EXISTS ${ARG_MANIFEST})
    message(FATAL_ERROR "hob_add_plugin(${name}): write plugin.json, the plugin's manifest: there is no ${ARG_MANIFEST}")
  endif()
  if(NOT ARG_OUTPUT_DIR)
    set(ARG_OUTPUT_DIR ${HOB_PLUGIN_OUTPUT_DIR})
  endif()
  if(NOT ARG_OUTPUT_DIR)
    set(ARG_OUTPUT_DIR ${CMAKE_BINARY_DIR})
  endif()
  set(folder ${ARG_OUTPUT_DIR}/${name})
  set(exports ${HOB_SDK_CMAKE_DIR}/plugin.map)

  add_library(${name} MODULE ${ARG_UNPARSED_ARGUMENTS})
  target_link_libraries(${name} PRIVATE Hob::Sdk ${ARG_LIBRARIES})
  get_target_property(sources ${name} SOURCES)
  if(sources MATCHES "\\.(cpp|cc|cxx)")
    hob_plugin_json()
    target_link_libraries(${name} PRIVATE hob_plugin_json)
    target_compile_features(${name} PRIVATE cxx_std_20)
    target_compile_options(${name} PRIVATE $<$<AND:$<COMPILE_LANGUAGE:CXX>,$<CXX_COMPILER_ID:GNU>>:-fno-gnu-unique>)
  endif()
  if(TARGET hob_warnings)
    target_link_libraries(${name} PRIVATE hob_warnings)
  endif()
  target_compile_options(${name} PRIVATE -ffunction-sections -fdata-sections)
  target_link_options(${name} PRIVATE -Wl,-z,defs -Wl,--exclude-libs,ALL -Wl,--gc-sections
    -Wl,--version-script=${exports})
  set_target_properties(${name} PROPERTIES
    PREFIX "" OUTPUT_NAME ${name} SUFFIX .so LIBRARY_OUTPUT_DIRECTORY ${folder}
    POSITION_INDEPENDENT_CODE ON LINK_DEPENDS ${exports}
    C_VISIBILITY_PRESET hidden CXX_VISIBILITY_PRESET hidden VISIBILITY_INLINES_HIDDEN ON)

  add_custom_command(OUTPUT ${folder}/plugin.json
    COMMAND ${CMAKE_COMMAND} -E copy ${ARG_MANIFEST} ${folder}/plugin.json
    DEPENDS ${ARG_MANIFEST} VERBATIM)
  add_custom_target(${name}_manifest DEPENDS ${folder}/plugin.json)
  add_dependencies(${name} ${name}_manifest)
endfunction()

# hob_add_plugin_test(NAME source... PLUGIN target [LIBRARIES lib...]): a test program for the plugin `target`, written with
# <hob/testkit.hpp>, that ctest runs. hob::test::Host finds the library by itself. The program is C++20, whatever the plugin is
# written in.
function(hob_add_plugin_test name)
  cmake_parse_arguments(ARG "" "PLUGIN" "LIBRARIES" ${ARGN})
  if(NOT TARGET "${ARG_PLUGIN}")
    message(FATAL_ERROR "hob_add_plugin_test(${name}): PLUGIN must name a target of hob_add_plugin()")
  endif()
  find_package(Threads REQUIRED)
  add_executable(${name} ${ARG_UNPARSED_ARGUMENTS})
  target_compile_features(${name} PRIVATE cxx_std_20)
  target_compile_definitions(${name} PRIVATE HOB_PLUGIN_FILE="$<TARGET_FILE:${ARG_PLUGIN}>")
  target_link_libraries(${name} PRIVATE Hob::Sdk Threads::Threads ${CMAKE_DL_LIBS} ${ARG_LIBRARIES})
  add_dependencies(${name} ${ARG_PLUGIN})
  add_test(NAME ${name} COMMAND ${name})
endfunction()
