# The package: headers, libraries, strataConfig.cmake for find_package() and strata.pc.
#
# Both files name only the third-party packages that the built parts link.
include_guard(GLOBAL)

get_property(parts GLOBAL PROPERTY STRATA_INSTALLED_PARTS)
get_property(libraries GLOBAL PROPERTY STRATA_INSTALLED_LIBRARIES)
get_property(links GLOBAL PROPERTY STRATA_USED_LINKS)
list(REMOVE_DUPLICATES links)

# strata::strata is everything that a user links.
add_library(strata_strata INTERFACE)
add_library(strata::strata ALIAS strata_strata)
set_target_properties(strata_strata PROPERTIES EXPORT_NAME strata)
# strata.h includes most parts: a build of a few cannot check it.
if(PROJECT_IS_TOP_LEVEL AND STRATA_PARTS STREQUAL STRATA_ALL_PARTS)
  set_target_properties(strata_strata PROPERTIES VERIFY_INTERFACE_HEADER_SETS ON)
endif()
file(GLOB umbrella_headers CONFIGURE_DEPENDS
  ${PROJECT_SOURCE_DIR}/include/strata/*.h ${PROJECT_SOURCE_DIR}/include/strata/testing/*.h)
target_sources(strata_strata INTERFACE
  FILE_SET HEADERS BASE_DIRS ${PROJECT_SOURCE_DIR}/include FILES ${umbrella_headers})
target_compile_features(strata_strata INTERFACE cxx_std_20)
list(TRANSFORM parts PREPEND strata_ OUTPUT_VARIABLE part_targets)
target_link_libraries(strata_strata INTERFACE ${part_targets})

if(NOT STRATA_INSTALL)
  return()
endif()

include(CMakePackageConfigHelpers)
include(GNUInstallDirs)
set(package_folder ${CMAKE_INSTALL_LIBDIR}/cmake/strata)

install(TARGETS ${part_targets} strata_strata
  EXPORT strataTargets
  ARCHIVE DESTINATION ${CMAKE_INSTALL_LIBDIR}
  FILE_SET HEADERS DESTINATION ${CMAKE_INSTALL_INCLUDEDIR})
install(EXPORT strataTargets NAMESPACE strata:: DESTINATION ${package_folder})

set(STRATA_FIND_DEPENDENCIES "")
set(STRATA_PC_REQUIRES "")
foreach(link IN LISTS links)
  string(MAKE_C_IDENTIFIER ${link} key)
  get_property(known GLOBAL PROPERTY STRATA_FIND_${key} SET)
  if(NOT known)
    message(FATAL_ERROR "strata: add a strata_dependency() row for ${link}")
  endif()
  get_property(find_line GLOBAL PROPERTY STRATA_FIND_${key})
  get_property(pc_name GLOBAL PROPERTY STRATA_PC_${key})
  string(APPEND STRATA_FIND_DEPENDENCIES "${find_line}\n")
  string(APPEND STRATA_PC_REQUIRES " ${pc_name}")
endforeach()
string(STRIP "${STRATA_PC_REQUIRES}" STRATA_PC_REQUIRES)

# A static library comes before those that it uses.
list(REVERSE libraries)
list(TRANSFORM libraries PREPEND -l)
list(JOIN libraries " " STRATA_PC_LIBRARIES)
# Relative to itself, so that the installed tree can be moved.
cmake_path(RELATIVE_PATH CMAKE_INSTALL_FULL_INCLUDEDIR
  BASE_DIRECTORY ${CMAKE_INSTALL_FULL_LIBDIR} OUTPUT_VARIABLE STRATA_PC_INCLUDE_FROM_LIB)

configure_package_config_file(
  ${PROJECT_SOURCE_DIR}/cmake/strataConfig.cmake.in ${PROJECT_BINARY_DIR}/strataConfig.cmake
  INSTALL_DESTINATION ${package_folder})
write_basic_package_version_file(
  ${PROJECT_BINARY_DIR}/strataConfigVersion.cmake COMPATIBILITY SameMinorVersion)
configure_file(
  ${PROJECT_SOURCE_DIR}/cmake/strata.pc.in ${PROJECT_BINARY_DIR}/strata.pc @ONLY)
install(FILES
  ${PROJECT_BINARY_DIR}/strataConfig.cmake ${PROJECT_BINARY_DIR}/strataConfigVersion.cmake
  DESTINATION ${package_folder})
install(FILES ${PROJECT_BINARY_DIR}/strata.pc DESTINATION ${CMAKE_INSTALL_LIBDIR}/pkgconfig)
