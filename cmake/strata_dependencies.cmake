# Third-party packages. One row per CMake target that a part may name in LINKS:
# how an installed strata finds it again, and its pkg-config name.
include_guard(GLOBAL)

find_package(PkgConfig REQUIRED)

function(strata_dependency target find_line pkg_config_name)
  string(MAKE_C_IDENTIFIER ${target} key)
  set_property(GLOBAL PROPERTY STRATA_FIND_${key} "${find_line}")
  set_property(GLOBAL PROPERTY STRATA_PC_${key} "${pkg_config_name}")
endfunction()

find_package(Threads REQUIRED)
strata_dependency(Threads::Threads "find_dependency(Threads)" "")

macro(strata_find_for parts)
  set(strata_wanted FALSE)
  foreach(part ${parts})
    if(${part} IN_LIST STRATA_PARTS AND EXISTS ${PROJECT_SOURCE_DIR}/src/${part}/CMakeLists.txt)
      set(strata_wanted TRUE)
    endif()
  endforeach()
endmacro()

# Each package is looked for only if a part that uses it is built.
strata_find_for("core")
if(strata_wanted)
  pkg_check_modules(libxxhash REQUIRED IMPORTED_TARGET GLOBAL libxxhash)
  strata_dependency(PkgConfig::libxxhash
    "find_dependency(PkgConfig)\npkg_check_modules(libxxhash REQUIRED IMPORTED_TARGET libxxhash)"
    libxxhash)
endif()

strata_find_for("sqlite;sources")
if(strata_wanted)
  find_package(SQLite3 REQUIRED)
  strata_dependency(SQLite::SQLite3 "find_dependency(SQLite3)" sqlite3)
endif()

strata_find_for("http_source")
if(strata_wanted)
  find_package(CURL REQUIRED)
  strata_dependency(CURL::libcurl "find_dependency(CURL)" libcurl)
endif()

strata_find_for("codecs;http_source;simulate")
if(strata_wanted)
  find_package(ZLIB REQUIRED)
  strata_dependency(ZLIB::ZLIB "find_dependency(ZLIB)" zlib)
endif()

strata_find_for("codecs;simulate")
if(strata_wanted)
  pkg_check_modules(libzstd REQUIRED IMPORTED_TARGET GLOBAL libzstd)
  strata_dependency(PkgConfig::libzstd
    "find_dependency(PkgConfig)\npkg_check_modules(libzstd REQUIRED IMPORTED_TARGET libzstd)"
    libzstd)
endif()

strata_find_for("codecs")
if(strata_wanted)
  pkg_check_modules(liblz4 REQUIRED IMPORTED_TARGET GLOBAL liblz4)
  strata_dependency(PkgConfig::liblz4
    "find_dependency(PkgConfig)\npkg_check_modules(liblz4 REQUIRED IMPORTED_TARGET liblz4)"
    liblz4)
  pkg_check_modules(libsodium REQUIRED IMPORTED_TARGET GLOBAL libsodium)
  strata_dependency(PkgConfig::libsodium
    "find_dependency(PkgConfig)\npkg_check_modules(libsodium REQUIRED IMPORTED_TARGET libsodium)"
    libsodium)
endif()

strata_find_for("codecs;cli")
if(strata_wanted)
  find_package(nlohmann_json REQUIRED)
  strata_dependency(nlohmann_json::nlohmann_json "find_dependency(nlohmann_json)" nlohmann_json)
endif()

strata_find_for("config")
if(strata_wanted)
  find_package(yaml-cpp REQUIRED)
  strata_dependency(yaml-cpp "find_dependency(yaml-cpp)" yaml-cpp)
endif()

strata_find_for("cli")
if(strata_wanted)
  find_package(fmt REQUIRED)
  strata_dependency(fmt::fmt "find_dependency(fmt)" fmt)
  find_package(CLI11 REQUIRED)
  strata_dependency(CLI11::CLI11 "find_dependency(CLI11)" CLI11)
endif()

if(STRATA_BUILD_TESTS)
  find_package(GTest REQUIRED)
  find_package(rapidcheck REQUIRED)
endif()

if(STRATA_BUILD_BENCH)
  find_package(benchmark REQUIRED)
endif()
