# Where things go on Debian: cmake --install, cpack -G DEB.
#
# The SDK's own rules are in sdk/. The prefix is /usr unless another is given; with /usr the config goes to /etc, with another
# to etc in it, and the unit starts the hobd of that prefix.
if(CMAKE_INSTALL_PREFIX_INITIALIZED_TO_DEFAULT)
  set(CMAKE_INSTALL_PREFIX /usr CACHE PATH "Where cmake --install puts Hob" FORCE)
endif()

set(HOB_UNIT_DIR lib/systemd/system)
set(HOB_DOC ${CMAKE_INSTALL_DATADIR}/doc/hob)
# Beside lib/hob/plugins, not lib/<triplet>: hobd looks for its plugins relative to its own place, bin/../lib/hob.
set(HOB_PLUGIN_INSTALL_DIR lib/hob/plugins)

foreach(program hobd hobctl hob-plugin-host)
  if(TARGET ${program})
    install(TARGETS ${program} RUNTIME DESTINATION ${CMAKE_INSTALL_BINDIR})
  endif()
endforeach()

# Each plugin is a folder of <name>.so and plugin.json.
install(DIRECTORY ${HOB_PLUGIN_OUTPUT_DIR}/ DESTINATION ${HOB_PLUGIN_INSTALL_DIR}
  OPTIONAL FILES_MATCHING PATTERN "*.so" PATTERN "plugin.json")

# The prefix may be chosen at install time (cmake --install --prefix, cpack), so these two look at it then.
# A hob.yaml that is there already is its owner's.
install(CODE "
  set(etc \"\${CMAKE_INSTALL_PREFIX}/etc\")
  if(CMAKE_INSTALL_PREFIX STREQUAL \"/usr\")
    set(etc /etc)
  endif()
  if(EXISTS \"\$ENV{DESTDIR}\${etc}/hob/hob.yaml\")
    message(STATUS \"Kept: \$ENV{DESTDIR}\${etc}/hob/hob.yaml\")
  else()
    file(INSTALL \"${CMAKE_SOURCE_DIR}/config/hob.yaml\" DESTINATION \"\${etc}/hob\"
      PERMISSIONS OWNER_READ OWNER_WRITE GROUP_READ)
  endif()
  file(READ \"${CMAKE_SOURCE_DIR}/systemd/hobd.service\" unit)
  string(REPLACE /usr/bin/hobd \"\${CMAKE_INSTALL_PREFIX}/bin/hobd\" unit \"\${unit}\")
  file(WRITE \"${CMAKE_BINARY_DIR}/systemd/hobd.service\" \"\${unit}\")
  file(INSTALL \"${CMAKE_BINARY_DIR}/systemd/hobd.service\" DESTINATION \"\${CMAKE_INSTALL_PREFIX}/${HOB_UNIT_DIR}\"
    PERMISSIONS OWNER_READ OWNER_WRITE GROUP_READ WORLD_READ)
")
install(FILES systemd/hobd.socket DESTINATION ${HOB_UNIT_DIR})
install(FILES systemd/hob.sysusers DESTINATION lib/sysusers.d RENAME hob.conf)
install(FILES systemd/hob.tmpfiles DESTINATION lib/tmpfiles.d RENAME hob.conf)
# With the links of README.md alive, and as Debian wants man pages and changelogs: compressed.
install(FILES README.md LICENSE CONTRIBUTING.md DESTINATION ${HOB_DOC})
install(FILES LICENSE DESTINATION ${HOB_DOC} RENAME copyright)
install(DIRECTORY docs DESTINATION ${HOB_DOC} FILES_MATCHING PATTERN "*.md")
install(FILES config/hob.yaml config/quickstart.yaml config/models.json DESTINATION ${HOB_DOC}/config)
install(FILES sdk/README.md DESTINATION ${HOB_DOC}/sdk)
find_program(HOB_GZIP gzip REQUIRED)
function(hob_install_compressed source destination name)
  install(CODE "
    set(compressed \"${CMAKE_BINARY_DIR}/compressed/${name}.gz\")
    file(MAKE_DIRECTORY \"${CMAKE_BINARY_DIR}/compressed\")
    execute_process(COMMAND \"${HOB_GZIP}\" -9nc \"${CMAKE_SOURCE_DIR}/${source}\" OUTPUT_FILE \"\${compressed}\"
      COMMAND_ERROR_IS_FATAL ANY)
    file(INSTALL \"\${compressed}\" DESTINATION \"\${CMAKE_INSTALL_PREFIX}/${destination}\"
      PERMISSIONS OWNER_READ OWNER_WRITE GROUP_READ WORLD_READ)
  ")
endfunction()
hob_install_compressed(packaging/man/hobd.8 ${CMAKE_INSTALL_MANDIR}/man8 hobd.8)
hob_install_compressed(packaging/man/hob-plugin-host.8 ${CMAKE_INSTALL_MANDIR}/man8 hob-plugin-host.8)
hob_install_compressed(packaging/man/hobctl.1 ${CMAKE_INSTALL_MANDIR}/man1 hobctl.1)
hob_install_compressed(packaging/man/hob.yaml.5 ${CMAKE_INSTALL_MANDIR}/man5 hob.yaml.5)
hob_install_compressed(CHANGELOG.md ${HOB_DOC} changelog)

# They ask the running daemon for its commands, so they need no new version when it learns one.
install(FILES packaging/completion/hobctl.bash DESTINATION ${CMAKE_INSTALL_DATADIR}/bash-completion/completions RENAME hobctl)
install(FILES packaging/completion/_hobctl DESTINATION ${CMAKE_INSTALL_DATADIR}/zsh/vendor-completions)
install(FILES packaging/completion/hobctl.fish DESTINATION ${CMAKE_INSTALL_DATADIR}/fish/vendor_completions.d)

set(CPACK_PACKAGE_NAME hob)
set(CPACK_PACKAGE_VENDOR "The Hob authors")
set(CPACK_PACKAGE_CONTACT "The Hob authors <hob@localhost>")
set(CPACK_PACKAGE_DESCRIPTION_SUMMARY "personal assistant that runs as a daemon on a machine you own")
set(CPACK_PACKAGE_DESCRIPTION
  "Hob is talked to in a terminal, a browser, over HTTP, a WebSocket or any program that speaks the OpenAI wire format.
It keeps what was said and finds it again, also with no language model connected, and uses the models and tools that
plugins in C++, C and Lua bring. The headers for writing plugins are included.")
set(CPACK_PACKAGING_INSTALL_PREFIX /usr)
set(CPACK_STRIP_FILES ON)
set(CPACK_DEBIAN_FILE_NAME DEB-DEFAULT)
set(CPACK_DEBIAN_PACKAGE_SECTION net)
set(CPACK_DEBIAN_PACKAGE_SHLIBDEPS ON)
set(CPACK_DEBIAN_PACKAGE_DEPENDS "ca-certificates, systemd, libcurl4")
set(CPACK_DEBIAN_PACKAGE_RECOMMENDS "tzdata")
set(CPACK_DEBIAN_PACKAGE_CONTROL_STRICT_PERMISSION ON)
set(CPACK_DEBIAN_PACKAGE_CONTROL_EXTRA
  ${CMAKE_SOURCE_DIR}/packaging/debian/postinst ${CMAKE_SOURCE_DIR}/packaging/debian/prerm
  ${CMAKE_SOURCE_DIR}/packaging/debian/postrm ${CMAKE_SOURCE_DIR}/packaging/debian/conffiles)
set(CPACK_GENERATOR DEB)
include(CPack)
