# How a folder of Hob is built: warnings are errors, ccache when present, one library a folder.

find_program(HOB_CCACHE ccache)
if(HOB_CCACHE AND NOT CMAKE_CXX_COMPILER_LAUNCHER)
  set(CMAKE_C_COMPILER_LAUNCHER ${HOB_CCACHE})
  set(CMAKE_CXX_COMPILER_LAUNCHER ${HOB_CCACHE})
endif()

find_package(PkgConfig REQUIRED)
find_package(Threads REQUIRED)
find_package(OpenSSL REQUIRED)
find_package(CURL REQUIRED)  # its headers: hobd loads the library itself
find_package(fmt REQUIRED)
find_package(yaml-cpp REQUIRED)
find_package(Boost 1.81 REQUIRED COMPONENTS json url)
pkg_check_modules(SQLITE3 REQUIRED IMPORTED_TARGET sqlite3)
pkg_check_modules(LUA REQUIRED IMPORTED_TARGET lua5.4-c++)
pkg_check_modules(SECCOMP REQUIRED IMPORTED_TARGET libseccomp)

add_library(hob_warnings INTERFACE)
target_compile_options(hob_warnings INTERFACE -Wall -Wextra -Wpedantic -Werror)
if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU" AND CMAKE_CXX_COMPILER_VERSION VERSION_LESS 13)
  # g++ 12 at -O2 and above calls "text" + std::string an overlapping copy, wrongly (GCC bug 105651).
  target_compile_options(hob_warnings INTERFACE -Wno-restrict)
endif()

# g++ 12 takes Asio's pair of operators for coroutine frames for a mismatched one when it inlines one of them. Only for the
# targets where it does: elsewhere the warning is right.
set(HOB_COROUTINE_FRAMES -Wno-mismatched-new-delete)

if(HOB_SANITIZE)
  # g++ 12 with a sanitizer sees uninitialised std::function members in std::regex, wrongly, inlines coroutine frames anywhere,
  # and can't see through the fences of Asio.
  target_compile_options(hob_warnings INTERFACE -Wno-maybe-uninitialized ${HOB_COROUTINE_FRAMES} -Wno-tsan)
  add_compile_options(-fsanitize=${HOB_SANITIZE} -fno-sanitize-recover=all -fno-omit-frame-pointer)
  add_link_options(-fsanitize=${HOB_SANITIZE})
endif()

# Asio and Beast, compiled once. Whoever links this includes declarations only.
add_library(hob_boost STATIC ${CMAKE_SOURCE_DIR}/cmake/boost_src.cpp)
target_compile_definitions(hob_boost PUBLIC
  BOOST_ASIO_SEPARATE_COMPILATION BOOST_BEAST_SEPARATE_COMPILATION BOOST_ASIO_NO_DEPRECATED
  BOOST_DLL_USE_STD_FS)
target_link_libraries(hob_boost PUBLIC Boost::headers Boost::json Boost::url OpenSSL::SSL OpenSSL::Crypto Threads::Threads)

# hob_folder(store LINKS hob_base PkgConfig::SQLITE3): the library hob_store of all .cpp files in this folder but EXCEPT. LINKS
# holds lower floors and outside libraries only.
function(hob_folder name)
  cmake_parse_arguments(ARG "" "" "LINKS;EXCEPT" ${ARGN})
  file(GLOB sources CONFIGURE_DEPENDS ${CMAKE_CURRENT_SOURCE_DIR}/*.cpp)
  foreach(source ${ARG_EXCEPT})
    cmake_path(ABSOLUTE_PATH source)
    list(REMOVE_ITEM sources ${source})
  endforeach()
  if(sources)
    add_library(hob_${name} STATIC ${sources})
    target_include_directories(hob_${name} PUBLIC ${CMAKE_SOURCE_DIR}/daemon ${CMAKE_SOURCE_DIR}/sdk/include)
    target_link_libraries(hob_${name} PUBLIC ${ARG_LINKS} PRIVATE hob_warnings)
  else()
    add_library(hob_${name} INTERFACE)
    target_include_directories(hob_${name} INTERFACE ${CMAKE_SOURCE_DIR}/daemon ${CMAKE_SOURCE_DIR}/sdk/include)
    target_link_libraries(hob_${name} INTERFACE ${ARG_LINKS})
  endif()
endfunction()
