# How every target of the project is made. Each leaf folder is one library that links only what its
# trust zone may touch (docs/ARCHITECTURE.md), so an executable gets its own zone and nothing else.
find_package(PkgConfig REQUIRED)
find_package(Threads REQUIRED)

add_library(lazaret_flags INTERFACE)
target_include_directories(lazaret_flags INTERFACE "${CMAKE_SOURCE_DIR}")
target_compile_options(lazaret_flags INTERFACE -Wall -Wextra -Werror -Wshadow -Wnon-virtual-dtor
  -Wimplicit-fallthrough -fno-omit-frame-pointer)
if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
  # GCC 12 sees overlaps in std::string's operator+ that are not there (GCC bug 105651).
  target_compile_options(lazaret_flags INTERFACE -Wno-restrict)
endif()
if(LAZARET_SANITIZE)
  target_compile_options(lazaret_flags INTERFACE -fsanitize=${LAZARET_SANITIZE} -fno-sanitize-recover=all)
  target_link_options(lazaret_flags INTERFACE -fsanitize=${LAZARET_SANITIZE})
  target_compile_definitions(lazaret_flags INTERFACE LAZARET_SANITIZED=1)
  if(LAZARET_FUZZ)
    target_compile_options(lazaret_flags INTERFACE -fsanitize=fuzzer-no-link)
  endif()
  # -O1 keeps sanitized tests fast enough and stack traces readable.
  target_compile_options(lazaret_flags INTERFACE -O1)
elseif(CMAKE_BUILD_TYPE STREQUAL "Release")
  target_compile_options(lazaret_flags INTERFACE -fstack-protector-strong -fstack-clash-protection
    -fcf-protection -U_FORTIFY_SOURCE -D_FORTIFY_SOURCE=2)
  # now: nothing is bound lazily, so a confined worker never needs to map code.
  target_link_options(lazaret_flags INTERFACE -Wl,-z,relro,-z,now)
endif()
if(LAZARET_COVERAGE)
  target_compile_options(lazaret_flags INTERFACE -fprofile-instr-generate -fcoverage-mapping)
  target_link_options(lazaret_flags INTERFACE -fprofile-instr-generate)
endif()

# lazaret_library(NAME SOURCES a.cc ... [LINK libs...] [PKG pkg-config-modules...])
# PKG modules are linked PRIVATE: a third-party header belongs to one folder.
function(lazaret_library name)
  cmake_parse_arguments(A "" "" "SOURCES;LINK;PKG" ${ARGN})
  if(A_SOURCES)
    add_library(${name} STATIC ${A_SOURCES})
    target_link_libraries(${name} PUBLIC lazaret_flags ${A_LINK})
  else()
    add_library(${name} INTERFACE)
    target_link_libraries(${name} INTERFACE lazaret_flags ${A_LINK})
  endif()
  foreach(module ${A_PKG})
    string(MAKE_C_IDENTIFIER "PKG_${module}" key)
    if(NOT TARGET PkgConfig::${key})
      pkg_check_modules(${key} REQUIRED IMPORTED_TARGET GLOBAL ${module})
    endif()
    target_link_libraries(${name} PRIVATE PkgConfig::${key})
  endforeach()
endfunction()

# lazaret_executable(NAME SOURCES ... [LINK libs...]): a shipped program in <build>/bin.
function(lazaret_executable name)
  cmake_parse_arguments(A "" "" "SOURCES;LINK" ${ARGN})
  add_executable(${name} ${A_SOURCES})
  target_link_libraries(${name} PRIVATE lazaret_flags ${A_LINK})
  set_target_properties(${name} PROPERTIES RUNTIME_OUTPUT_DIRECTORY "${CMAKE_BINARY_DIR}/bin")
  target_link_options(${name} PRIVATE -Wl,--as-needed -pie)
  if(NOT TARGET lazaret_programs)
    add_custom_target(lazaret_programs)  # what scripts/demo builds: everything shipped, no test
  endif()
  add_dependencies(lazaret_programs ${name})
  set_property(GLOBAL APPEND PROPERTY LAZARET_PROGRAMS ${name})
endfunction()

# lazaret_test(FOLDER SOURCES ... [LINK libs...]): one Catch2 executable for a folder, one CTest entry.
# -w NoTests: an executable that runs no test case fails.
function(lazaret_test folder)
  cmake_parse_arguments(A "" "" "SOURCES;LINK" ${ARGN})
  string(REPLACE "/" "_" id ${folder})
  add_executable(test_${id} ${A_SOURCES})
  target_link_libraries(test_${id} PRIVATE lazaret_catch_main ${A_LINK})
  if(NOT LAZARET_UNIT_TESTS)
    set_target_properties(test_${id} PROPERTIES EXCLUDE_FROM_ALL ON)
    return()
  endif()
  add_test(NAME ${folder} COMMAND test_${id} -w NoTests)
  set_tests_properties(${folder} PROPERTIES TIMEOUT 300 LABELS unit)
endfunction()

# lazaret_fuzz(NAME SOURCE file.cc [LINK libs...]): a libFuzzer target; CTest runs it for 10 seconds on
# the seeds in tests/fuzz/corpus/NAME and on new inputs.
function(lazaret_fuzz name)
  if(NOT LAZARET_FUZZ)
    return()
  endif()
  cmake_parse_arguments(A "" "SOURCE" "LINK" ${ARGN})
  add_executable(fuzz_${name} ${A_SOURCE})
  target_link_libraries(fuzz_${name} PRIVATE lazaret_flags ${A_LINK})
  target_link_options(fuzz_${name} PRIVATE -fsanitize=fuzzer)
  set(seeds "${CMAKE_SOURCE_DIR}/tests/fuzz/corpus/${name}")
  set(found "${CMAKE_BINARY_DIR}/fuzz/${name}")
  file(MAKE_DIRECTORY "${found}")
  if(NOT EXISTS "${seeds}")
    set(seeds "")
  endif()
  add_test(NAME fuzz/${name} COMMAND fuzz_${name} -max_total_time=10 -timeout=10 -rss_limit_mb=2048
    -print_final_stats=0 -verbosity=0 -artifact_prefix=${found}- "${found}" ${seeds})
  set_tests_properties(fuzz/${name} PROPERTIES TIMEOUT 120 LABELS fuzz)
endfunction()
