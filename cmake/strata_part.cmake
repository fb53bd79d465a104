# strata_part() and its relatives: every target of the project is made by one of them.
#
#   strata_part(<name>            a part: library, headers, unit tests, install rules
#     HEADERS ...                   public headers, relative to include/strata/<name>/
#     SOURCES ...                   .cc files, relative to src/<name>/; none: header-only
#     TESTS ...                     x_test.cc files beside the sources -> strata_<name>_test
#     USES ...                      parts above it in layers.toml, visible to its users
#     LINKS ...                     third-party targets, private
#     PUBLIC_LINKS ...              third-party targets that its public headers need
#     TEST_LINKS ...                third-party targets that only the tests need
#     INTERNAL)                     not installed
#   strata_program(<name> SOURCES ... USES ... LINKS ... [INSTALL])
#   strata_suite(<name> SOURCES ... USES ... LINKS ... [LABEL contract] [TIMEOUT 180])
#     a gtest program of a technique (contract, model, fault, ...); label `unit` by default
#   strata_fuzz(<name> SOURCES ... USES ... [CORPUS folder] [SECONDS 10])
#     a libFuzzer target; without STRATA_BUILD_FUZZ the same code runs its corpus and mutations
#   strata_benchmark(<name> SOURCES ... USES ... LINKS ...)
#     a program of bench/ that takes --smoke; placed in bin/bench/
#
# Targets are strata_<name> (alias strata::<name>). Includes read "strata/<part>/x.h" (public)
# and "<part>/x.h" (private, from src/).
include_guard(GLOBAL)

function(strata_apply_mutants target scope)
  if(STRATA_MUTANTS)
    target_compile_definitions(${target} ${scope}
      $<BUILD_INTERFACE:STRATA_MUTANTS=1> $<BUILD_INTERFACE:STRATA_YIELD_POINTS=1>)
  endif()
endfunction()

# Two precompiled headers, shared by everything that compiles with the same flags: libraries are
# position independent, programs are position independent executables, and the test header is
# the library header and gtest.
add_library(strata_pch STATIC EXCLUDE_FROM_ALL ${PROJECT_SOURCE_DIR}/cmake/pch/empty.cc)
target_precompile_headers(strata_pch PRIVATE ${PROJECT_SOURCE_DIR}/cmake/pch/std.h)
strata_apply_mutants(strata_pch PRIVATE)

if(STRATA_BUILD_TESTS)
  add_executable(strata_test_pch EXCLUDE_FROM_ALL ${PROJECT_SOURCE_DIR}/cmake/pch/empty.cc)
  target_precompile_headers(strata_test_pch PRIVATE
    ${PROJECT_SOURCE_DIR}/cmake/pch/std.h ${PROJECT_SOURCE_DIR}/cmake/pch/gtest.h)
  target_link_libraries(strata_test_pch PRIVATE GTest::gmock_main)
  strata_apply_mutants(strata_test_pch PRIVATE)

  # What tests share: "testkit/x.h" resolves against tests/. tests/testkit may extend it.
  add_library(strata_testkit INTERFACE)
  target_include_directories(strata_testkit INTERFACE ${PROJECT_SOURCE_DIR}/tests)
endif()

# Every library without its tests: what clang's thread safety analysis is run on.
add_custom_target(strata_libraries)

function(strata_link_parts target scope)
  foreach(part IN LISTS ARGN)
    if(TARGET strata_${part})
      target_link_libraries(${target} ${scope} strata_${part})
    else()
      message(FATAL_ERROR "strata: ${target} uses part '${part}', which is not part of this build")
    endif()
  endforeach()
endfunction()

# A gtest program and its ctest entries.
function(strata_add_test_program target label timeout)
  target_include_directories(${target} PRIVATE ${PROJECT_SOURCE_DIR}/src)
  target_link_libraries(${target} PRIVATE strata_testkit GTest::gmock GTest::gmock_main)
  strata_apply_mutants(${target} PRIVATE)
  target_precompile_headers(${target} REUSE_FROM strata_test_pch)
  include(GoogleTest)
  gtest_discover_tests(${target}
    DISCOVERY_MODE PRE_TEST
    DISCOVERY_TIMEOUT 60
    PROPERTIES LABELS ${label} TIMEOUT ${timeout})
endfunction()

function(strata_part name)
  cmake_parse_arguments(PARSE_ARGV 1 arg "INTERNAL" ""
    "HEADERS;SOURCES;TESTS;USES;LINKS;PUBLIC_LINKS;TEST_LINKS")
  if(arg_UNPARSED_ARGUMENTS)
    message(FATAL_ERROR "strata_part(${name}): unknown argument ${arg_UNPARSED_ARGUMENTS}")
  endif()
  set(target strata_${name})
  list(TRANSFORM arg_HEADERS PREPEND ${PROJECT_SOURCE_DIR}/include/strata/${name}/)

  if(arg_SOURCES)
    add_library(${target} STATIC ${arg_SOURCES})
    set(public PUBLIC)
    target_include_directories(${target} PRIVATE ${PROJECT_SOURCE_DIR}/src)
    target_link_libraries(${target} PRIVATE ${arg_LINKS})
    target_precompile_headers(${target} REUSE_FROM strata_pch)
    add_dependencies(strata_libraries ${target})
  else()
    add_library(${target} INTERFACE)
    set(public INTERFACE)
    target_link_libraries(${target} INTERFACE ${arg_LINKS})
  endif()
  add_library(strata::${name} ALIAS ${target})

  target_sources(${target} ${public}
    FILE_SET HEADERS BASE_DIRS ${PROJECT_SOURCE_DIR}/include FILES ${arg_HEADERS})
  target_compile_features(${target} ${public} cxx_std_20)
  target_include_directories(${target} ${public}
    $<BUILD_INTERFACE:${PROJECT_SOURCE_DIR}/include>)
  target_link_libraries(${target} ${public} ${arg_PUBLIC_LINKS} Threads::Threads)
  strata_link_parts(${target} ${public} ${arg_USES})
  strata_apply_mutants(${target} ${public})
  set_target_properties(${target} PROPERTIES
    EXPORT_NAME ${name}
    VERIFY_INTERFACE_HEADER_SETS ${PROJECT_IS_TOP_LEVEL})

  if(NOT arg_INTERNAL)
    set_property(GLOBAL APPEND PROPERTY STRATA_INSTALLED_PARTS ${name})
    set_property(GLOBAL APPEND PROPERTY STRATA_USED_LINKS
      Threads::Threads ${arg_LINKS} ${arg_PUBLIC_LINKS})
    if(arg_SOURCES)
      set_property(GLOBAL APPEND PROPERTY STRATA_INSTALLED_LIBRARIES ${target})
    endif()
  endif()

  if(STRATA_BUILD_TESTS AND arg_TESTS
     AND (NOT STRATA_TESTED_PARTS OR name IN_LIST STRATA_TESTED_PARTS))
    add_executable(${target}_test ${arg_TESTS})
    target_link_libraries(${target}_test PRIVATE ${target} ${arg_TEST_LINKS} ${arg_LINKS})
    strata_add_test_program(${target}_test unit 180)
  endif()
endfunction()

function(strata_program name)
  cmake_parse_arguments(PARSE_ARGV 1 arg "INSTALL" "" "SOURCES;USES;LINKS")
  # A part and its program may share a name: the program's target takes the suffix.
  add_executable(${name}_program ${arg_SOURCES})
  set_target_properties(${name}_program PROPERTIES OUTPUT_NAME ${name})
  target_include_directories(${name}_program PRIVATE ${PROJECT_SOURCE_DIR}/src)
  target_link_libraries(${name}_program PRIVATE ${arg_LINKS})
  strata_link_parts(${name}_program PRIVATE ${arg_USES})
  if(arg_INSTALL AND STRATA_INSTALL)
    install(TARGETS ${name}_program RUNTIME DESTINATION bin)
  endif()
endfunction()

# Sets `result` to the first of the parts that this build leaves out, or to nothing.
function(strata_missing_part result)
  set(${result} "" PARENT_SCOPE)
  foreach(part IN LISTS ARGN)
    if(NOT TARGET strata_${part})
      set(${result} ${part} PARENT_SCOPE)
      return()
    endif()
  endforeach()
endfunction()

function(strata_suite name)
  cmake_parse_arguments(PARSE_ARGV 1 arg "" "LABEL;TIMEOUT" "SOURCES;USES;LINKS")
  strata_missing_part(missing ${arg_USES})
  if(missing)
    message(STATUS "strata: suite ${name} is left out: it needs part '${missing}'")
    return()
  endif()
  if(NOT arg_LABEL)
    set(arg_LABEL unit)
  endif()
  if(NOT arg_TIMEOUT)
    set(arg_TIMEOUT 180)
  endif()
  add_executable(${name} ${arg_SOURCES})
  target_link_libraries(${name} PRIVATE ${arg_LINKS})
  strata_link_parts(${name} PRIVATE ${arg_USES})
  strata_add_test_program(${name} ${arg_LABEL} ${arg_TIMEOUT})
endfunction()

function(strata_fuzz name)
  cmake_parse_arguments(PARSE_ARGV 1 arg "" "CORPUS;SECONDS" "SOURCES;USES;LINKS")
  strata_missing_part(missing ${arg_USES})
  if(missing)
    message(STATUS "strata: fuzz target ${name} is left out: it needs part '${missing}'")
    return()
  endif()
  if(NOT arg_SECONDS)
    set(arg_SECONDS 10)
  endif()
  set(corpus)
  if(arg_CORPUS)
    cmake_path(ABSOLUTE_PATH arg_CORPUS OUTPUT_VARIABLE corpus)
  endif()

  add_executable(${name} ${arg_SOURCES})
  target_include_directories(${name} PRIVATE ${PROJECT_SOURCE_DIR}/src)
  target_link_libraries(${name} PRIVATE ${arg_LINKS})
  strata_link_parts(${name} PRIVATE ${arg_USES})
  if(STRATA_BUILD_FUZZ)
    target_link_options(${name} PRIVATE -fsanitize=fuzzer)
    # New inputs go to a folder of the build; the checked-in corpus is only read. A check tries the
    # same inputs every time: what it finds was changed. Who looks for more runs the program itself.
    set(found ${PROJECT_BINARY_DIR}/fuzz/${name})
    file(MAKE_DIRECTORY ${found})
    add_test(NAME ${name}
      COMMAND ${name} -seed=1 -max_total_time=${arg_SECONDS} -timeout=10 -rss_limit_mb=1024
              -artifact_prefix=${found}/ ${found} ${corpus})
  else()
    target_sources(${name} PRIVATE ${PROJECT_SOURCE_DIR}/tests/fuzz/smoke_main.cc)
    add_test(NAME ${name} COMMAND ${name} ${corpus})
  endif()
  math(EXPR timeout "${arg_SECONDS} + 60")
  set_tests_properties(${name} PROPERTIES LABELS fuzz-smoke TIMEOUT ${timeout})
  if(NOT TARGET strata_fuzz_targets)
    add_custom_target(strata_fuzz_targets)
  endif()
  add_dependencies(strata_fuzz_targets ${name})
endfunction()

function(strata_benchmark name)
  cmake_parse_arguments(PARSE_ARGV 1 arg "" "" "SOURCES;USES;LINKS")
  strata_missing_part(missing ${arg_USES})
  if(missing)
    message(STATUS "strata: benchmark ${name} is left out: it needs part '${missing}'")
    return()
  endif()
  add_executable(${name} ${arg_SOURCES})
  set_target_properties(${name} PROPERTIES
    RUNTIME_OUTPUT_DIRECTORY ${PROJECT_BINARY_DIR}/bin/bench)
  target_include_directories(${name} PRIVATE ${PROJECT_SOURCE_DIR}/src ${PROJECT_SOURCE_DIR}/bench)
  target_link_libraries(${name} PRIVATE ${arg_LINKS} benchmark::benchmark)
  strata_link_parts(${name} PRIVATE ${arg_USES})
  strata_apply_mutants(${name} PRIVATE)
  if(STRATA_BUILD_TESTS)
    add_test(NAME bench.${name} COMMAND ${name} --smoke)
    set_tests_properties(bench.${name} PROPERTIES LABELS bench-smoke TIMEOUT 120)
  endif()
endfunction()
