# The shipped rules beside the executables: <build>/share/lazaret/rules, where programs run from the build
# tree look for them. Copied when a pack changes; a pack that is gone is gone from there, too.
file(GLOB packs CONFIGURE_DEPENDS "${CMAKE_SOURCE_DIR}/rules/packs/*.yaml")
set(staged "${CMAKE_BINARY_DIR}/share/lazaret/rules")
add_custom_command(OUTPUT "${CMAKE_BINARY_DIR}/share/lazaret/rules.stamp"
  COMMAND ${CMAKE_COMMAND} -E rm -rf "${staged}"
  COMMAND ${CMAKE_COMMAND} -E make_directory "${staged}"
  COMMAND ${CMAKE_COMMAND} -E copy ${packs} "${staged}"
  COMMAND ${CMAKE_COMMAND} -E touch "${CMAKE_BINARY_DIR}/share/lazaret/rules.stamp"
  DEPENDS ${packs} COMMENT "Staging the shipped rules" VERBATIM)
add_custom_target(lazaret_shipped_rules ALL DEPENDS "${CMAKE_BINARY_DIR}/share/lazaret/rules.stamp")
if(NOT TARGET lazaret_programs)
  add_custom_target(lazaret_programs)
endif()
add_dependencies(lazaret_programs lazaret_shipped_rules)
