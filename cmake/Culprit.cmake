# The three rules every folder uses: culprit_library, culprit_test, culprit_fuzz; and the tools that
# speed the build up where they are present (ccache, mold).
include_guard()

find_program(CULPRIT_CCACHE ccache)
if(CULPRIT_CCACHE AND NOT CMAKE_CXX_COMPILER_LAUNCHER)
  set(CMAKE_CXX_COMPILER_LAUNCHER "${CULPRIT_CCACHE}")
endif()
find_program(CULPRIT_MOLD mold)
if(CULPRIT_MOLD)
  add_link_options(-fuse-ld=mold)
endif()

add_library(culprit_flags INTERFACE)
target_include_directories(culprit_flags INTERFACE "${CMAKE_SOURCE_DIR}" "${CMAKE_BINARY_DIR}/gen")
# Scores are compared bit by bit between runs: no contraction, no fast-math (ROOT_CAUSE 1).
target_compile_options(culprit_flags INTERFACE -Wall -Wextra -Wshadow -Wnon-virtual-dtor -Wno-missing-field-initializers
                       -ffp-contract=off)

# culprit_library(NAME SOURCES a.cc ... DEPS public... PRIVATE_DEPS private...)
# Makes target culprit_<NAME>, alias culprit::<NAME>. No SOURCES: header-only.
function(culprit_library name)
  cmake_parse_arguments(arg "" "" "SOURCES;DEPS;PRIVATE_DEPS" ${ARGN})
  if(arg_SOURCES)
    add_library(culprit_${name} STATIC ${arg_SOURCES})
    target_link_libraries(culprit_${name} PUBLIC culprit_flags ${arg_DEPS} PRIVATE ${arg_PRIVATE_DEPS})
  else()
    add_library(culprit_${name} INTERFACE)
    target_link_libraries(culprit_${name} INTERFACE culprit_flags ${arg_DEPS})
  endif()
  add_library(culprit::${name} ALIAS culprit_${name})
endfunction()

# culprit_test(NAME SOURCES a_test.cc ... DEPS culprit::x ...): one GoogleTest binary, one ctest entry.
# CULPRIT_SOURCE_DIR is defined for fixtures; CULPRIT_DATA_DIR (environment) may name evaluation data.
function(culprit_test name)
  cmake_parse_arguments(arg "" "TIMEOUT" "SOURCES;DEPS;LABELS" ${ARGN})
  add_executable(${name} ${arg_SOURCES})
  target_link_libraries(${name} PRIVATE culprit_flags ${arg_DEPS} GTest::gmock_main)
  target_compile_definitions(${name} PRIVATE CULPRIT_SOURCE_DIR="${CMAKE_SOURCE_DIR}")
  add_test(NAME ${name} COMMAND ${name})
  if(NOT arg_TIMEOUT)
    set(arg_TIMEOUT 600)
  endif()
  set_tests_properties(${name} PROPERTIES TIMEOUT ${arg_TIMEOUT} LABELS "${arg_LABELS}")
endfunction()

# For SKIP_REGULAR_EXPRESSION: the last words of a GoogleTest binary that skipped some tests and failed none. A failure
# among its tests must not count as skipped.
set(CULPRIT_ONLY_SKIPPED "\\[  SKIPPED \\] [^\n ]*\n*$")

# culprit_fuzz(NAME SOURCE x_fuzz.cc DEPS ...): with CULPRIT_FUZZERS a libFuzzer binary; otherwise a
# plain test that replays tests/fuzz/corpus/<NAME>/ through the same entry point. Target `fuzzers`
# builds them all and nothing else.
function(culprit_fuzz name)
  cmake_parse_arguments(arg "" "SOURCE" "DEPS" ${ARGN})
  if(CULPRIT_FUZZERS)
    add_executable(${name} ${arg_SOURCE})
    target_link_libraries(${name} PRIVATE culprit_flags ${arg_DEPS})
    target_link_options(${name} PRIVATE -fsanitize=fuzzer)
    if(NOT TARGET fuzzers)
      add_custom_target(fuzzers)
    endif()
    add_dependencies(fuzzers ${name})
  else()
    add_executable(${name}_replay ${arg_SOURCE} "${CMAKE_SOURCE_DIR}/tests/fuzz/replay_main.cc")
    target_link_libraries(${name}_replay PRIVATE culprit_flags ${arg_DEPS})
    add_test(NAME ${name}_replay
             COMMAND ${name}_replay "${CMAKE_SOURCE_DIR}/tests/fuzz/corpus/${name}")
  endif()
endfunction()
