# cmake --install <build> [--prefix DIR]: programs, shipped rules, documents, a configuration to begin
# with, and what systemd reads. DESTDIR is honoured. deploy/ is written for /usr/local; another prefix
# takes its place at install time. Nothing below /etc, /var or /run is touched: systemd-sysusers and
# systemd-tmpfiles make users and folders (docs/operations.md).
set(CMAKE_SKIP_INSTALL_ALL_DEPENDENCY ON)  # tests are no part of it

get_property(programs GLOBAL PROPERTY LAZARET_PROGRAMS)
install(TARGETS ${programs} RUNTIME DESTINATION bin)
install(DIRECTORY "${CMAKE_BINARY_DIR}/share/lazaret/rules" DESTINATION share/lazaret)
install(FILES deploy/config/lazaret.yaml deploy/config/policy.yaml DESTINATION share/lazaret/config)
# As in the source tree, so that links between the texts lead somewhere (tests/installed_links.py).
install(FILES README.md CHANGELOG.md CONTRIBUTING.md SECURITY.md LICENSE DESTINATION share/doc/lazaret)
install(DIRECTORY docs deploy DESTINATION share/doc/lazaret)

# lazaret_install_for_prefix(SOURCE TARGET): TARGET is below the prefix.
function(lazaret_install_for_prefix source target)
  install(CODE "
    file(READ \"${CMAKE_SOURCE_DIR}/${source}\" text)
    string(REPLACE \"/usr/local/\" \"\${CMAKE_INSTALL_PREFIX}/\" text \"\${text}\")
    set(file \"\$ENV{DESTDIR}\${CMAKE_INSTALL_PREFIX}/${target}\")
    message(STATUS \"Installing: \${file}\")
    file(WRITE \"\${file}\" \"\${text}\")
    file(CHMOD \"\${file}\" PERMISSIONS OWNER_READ OWNER_WRITE GROUP_READ WORLD_READ)")
endfunction()
lazaret_install_for_prefix(deploy/systemd/lazaretd.service lib/systemd/system/lazaretd.service)
lazaret_install_for_prefix(deploy/systemd/sysusers.conf lib/sysusers.d/lazaret.conf)
lazaret_install_for_prefix(deploy/systemd/tmpfiles.conf lib/tmpfiles.d/lazaret.conf)
