# Where things go on Debian: cmake --install, cpack -G DEB.
#
# The SDK's own rules are in sdk/. The prefix is /usr unless another is given; with /usr the config goes to /etc, with another
# to etc in it, and the unit starts the hobd of that prefix.
if(CMAKE_INSTALL_PREFIX_INITIALIZED_TO_DEFAULT)
  set(CMAKE_INSTALL_PREFIX /usr CACHE PATH "Where cmake --install puts Hob" FORCE)
endif()

set(HOB_UNIT_DIR lib/systemd/system)
set(HOB_SHARE ${CMAKE_INSTALL_DATADIR}/hob)
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
install(DIRECTORY ${CMAKE_BINARY_DIR}/share/hob/lua/ DESTINATION ${HOB_SHARE}/lua OPTIONAL)

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
install(FILES packaging/man/hobd.8 packaging/man/hob-plugin-host.8 DESTINATION ${CMAKE_INSTALL_MANDIR}/man8)
install(FILES packaging/man/hobctl.1 DESTINATION ${CMAKE_INSTALL_MANDIR}/man1)
install(FILES packaging/man/hob.yaml.5 DESTINATION ${CMAKE_INSTALL_MANDIR}/man5)
install(FILES README.md config/quickstart.yaml DESTINATION ${HOB_DOC})
install(FILES LICENSE DESTINATION ${HOB_DOC} RENAME copyright)

set(CPACK_PACKAGE_NAME hob)
set(CPACK_PACKAGE_VENDOR "The Hob authors")
set(CPACK_PACKAGE_CONTACT "The Hob authors <hob@localhost>")
set(CPACK_PACKAGE_DESCRIPTION_SUMMARY "personal assistant that runs as a daemon on a machine you own")
set(CPACK_PACKAGE_DESCRIPTION
  "Hob is talked to over a terminal, HTTP, chat services or SMS. It remembers, uses tools and keeps to a budget.")
set(CPACK_PACKAGING_INSTALL_PREFIX /usr)
set(CPACK_STRIP_FILES ON)
set(CPACK_DEBIAN_FILE_NAME DEB-DEFAULT)
set(CPACK_DEBIAN_PACKAGE_SECTION net)
set(CPACK_DEBIAN_PACKAGE_SHLIBDEPS ON)
set(CPACK_DEBIAN_PACKAGE_DEPENDS "ca-certificates, systemd")
set(CPACK_DEBIAN_PACKAGE_RECOMMENDS "bubblewrap, git, tzdata")
set(CPACK_DEBIAN_PACKAGE_CONTROL_STRICT_PERMISSION ON)
set(CPACK_DEBIAN_PACKAGE_CONTROL_EXTRA
  ${CMAKE_SOURCE_DIR}/packaging/debian/postinst ${CMAKE_SOURCE_DIR}/packaging/debian/prerm
  ${CMAKE_SOURCE_DIR}/packaging/debian/postrm ${CMAKE_SOURCE_DIR}/packaging/debian/conffiles)
set(CPACK_GENERATOR DEB)
include(CPack)
