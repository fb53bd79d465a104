# Compiler, linker and compile cache: everything that is true of the whole build.
#
# Flags are set on directories, so that none of them travels to a user of the library.
include_guard(DIRECTORY)

set(CMAKE_CXX_STANDARD 20)
set(CMAKE_CXX_STANDARD_REQUIRED ON)
set(CMAKE_CXX_EXTENSIONS OFF)
set(CMAKE_POSITION_INDEPENDENT_CODE ON)
if(NOT PROJECT_IS_TOP_LEVEL)
  return()
endif()

set(CMAKE_EXPORT_COMPILE_COMMANDS ON)
set(CMAKE_RUNTIME_OUTPUT_DIRECTORY ${PROJECT_BINARY_DIR}/bin)
if(NOT CMAKE_BUILD_TYPE)
  set(CMAKE_BUILD_TYPE Release CACHE STRING "Build type" FORCE)
endif()

include(CheckPIESupported)
check_pie_supported(LANGUAGES CXX)

# ccache caches a compilation that uses a precompiled header only with this sloppiness.
find_program(STRATA_CCACHE ccache)
if(STRATA_CCACHE AND NOT CMAKE_CXX_COMPILER_LAUNCHER)
  set(CMAKE_CXX_COMPILER_LAUNCHER env
    CCACHE_SLOPPINESS=pch_defines,time_macros,include_file_mtime,include_file_ctime
    ${STRATA_CCACHE})
endif()

find_program(STRATA_MOLD mold)
find_program(STRATA_LLD ld.lld)
if(STRATA_MOLD)
  add_link_options(-fuse-ld=mold)
elseif(STRATA_LLD)
  add_link_options(-fuse-ld=lld)
endif()

add_compile_options(
  -Wall -Wextra -Wshadow -Wnon-virtual-dtor -Woverloaded-virtual -Wimplicit-fallthrough
  -Wextra-semi -Wold-style-cast
  # Designated initialisers name what differs from the defaults; the rest is meant to be left out.
  -Wno-missing-field-initializers)
if(CMAKE_CXX_COMPILER_ID MATCHES Clang)
  # libstdc++'s own mutexes carry no annotations; ours do (core/mutex.h).
  add_compile_options(-Wthread-safety)
else()
  # False alarms on std::string concatenation: https://gcc.gnu.org/PR105651
  add_compile_options(-Wno-restrict -Wno-array-bounds -Wno-stringop-overflow -Wno-stringop-overread)
endif()
if(STRATA_WARNINGS_AS_ERRORS)
  add_compile_options(-Werror)
endif()

if(STRATA_SANITIZE)
  add_compile_options(
    -fsanitize=${STRATA_SANITIZE} -fno-sanitize-recover=all -fno-omit-frame-pointer)
  string(REPLACE "fuzzer-no-link," "" link_sanitizers ${STRATA_SANITIZE})
  add_link_options(-fsanitize=${link_sanitizers})
  if(NOT CMAKE_CXX_COMPILER_ID MATCHES Clang)
    # The instrumentation hides initialisations from the optimiser, and the thread sanitizer
    # warns of every fence; both are false alarms.
    add_compile_options(-Wno-maybe-uninitialized -Wno-tsan)
  endif()
elseif(STRATA_HARDENING AND CMAKE_BUILD_TYPE STREQUAL "Release")
  add_compile_options(
    -D_FORTIFY_SOURCE=2 -D_GLIBCXX_ASSERTIONS -fstack-protector-strong -fstack-clash-protection)
  if(CMAKE_SYSTEM_PROCESSOR MATCHES "x86_64|AMD64|i.86")
    add_compile_options(-fcf-protection)
  endif()
  add_link_options(-Wl,-z,relro -Wl,-z,now)
else()
  add_compile_options(-D_GLIBCXX_ASSERTIONS)
endif()
