# SPDX-License-Identifier: Apache-2.0
# SPDX-FileCopyrightText: The propnp authors
#
# Installs the libraries as components of the CMake package `propnp`, and propnp.pc (C++) and
# propnp_c.pc (the C ABI) for everybody else. Each component has an export file of its own, so that find_package() asks for the
# dependencies of those components only that are used.
include(CMakePackageConfigHelpers)

set(package_dir ${CMAKE_INSTALL_LIBDIR}/cmake/propnp)

# propnp_install_component(COMPONENT TARGET FOLDER...) installs TARGET as propnp::COMPONENT with the
# headers of the folders FOLDER... of lib/propnp/
function(propnp_install_component component target)
  install(TARGETS ${target} EXPORT propnp-${component}
    ARCHIVE COMPONENT development
    LIBRARY COMPONENT development
    RUNTIME COMPONENT development)
  install(EXPORT propnp-${component}
    NAMESPACE propnp:: DESTINATION ${package_dir} COMPONENT development)
  foreach(folder IN LISTS ARGN)
    install(DIRECTORY ${PROJECT_SOURCE_DIR}/lib/propnp/${folder}
      DESTINATION ${CMAKE_INSTALL_INCLUDEDIR}/propnp COMPONENT development
      FILES_MATCHING PATTERN "*.h" PATTERN kernels EXCLUDE)
  endforeach()
endfunction()

propnp_install_component(math propnp_math math)
install(FILES ${PROJECT_SOURCE_DIR}/lib/propnp/version.h
  DESTINATION ${CMAKE_INSTALL_INCLUDEDIR}/propnp COMPONENT development)
if(TARGET propnp)
  propnp_install_component(propnp propnp engine)
endif()
if(TARGET propnp_c)
  propnp_install_component(c propnp_c)
  install(FILES ${PROJECT_SOURCE_DIR}/lib/propnp/c_api/propnp.h
    DESTINATION ${CMAKE_INSTALL_INCLUDEDIR}/propnp/c_api COMPONENT development)
endif()
if(TARGET propnp_ceres)
  propnp_install_component(ceres propnp_ceres ceres)
endif()
if(TARGET propnp_io)
  propnp_install_component(io propnp_io io)
endif()

configure_package_config_file(${CMAKE_CURRENT_LIST_DIR}/propnpConfig.cmake.in
  ${PROJECT_BINARY_DIR}/propnpConfig.cmake
  INSTALL_DESTINATION ${package_dir} NO_SET_AND_CHECK_MACRO)
# Before 1.0 a minor version may break what was there.
write_basic_package_version_file(${PROJECT_BINARY_DIR}/propnpConfigVersion.cmake
  COMPATIBILITY SameMinorVersion)
install(FILES
  ${PROJECT_BINARY_DIR}/propnpConfig.cmake ${PROJECT_BINARY_DIR}/propnpConfigVersion.cmake
  DESTINATION ${package_dir} COMPONENT development)

if(NOT TARGET propnp)
  return()
endif()
# Relative to the file itself, so that the prefix may be chosen, or moved, after the build.
if(IS_ABSOLUTE ${CMAKE_INSTALL_LIBDIR})
  set(pc_prefix ${CMAKE_INSTALL_PREFIX})
  set(pc_libdir ${CMAKE_INSTALL_LIBDIR})
else()
  file(RELATIVE_PATH up /prefix/${CMAKE_INSTALL_LIBDIR}/pkgconfig /prefix)
  string(REGEX REPLACE "/$" "" up ${up})
  set(pc_prefix "\${pcfiledir}/${up}")
  set(pc_libdir "\${prefix}/${CMAKE_INSTALL_LIBDIR}")
endif()
# A C program that links the archive needs what the archive needs; a shared library brings it.
if(NOT BUILD_SHARED_LIBS)
  set(pc_static_libs " -lstdc++ -lm -ldl -pthread")
endif()
foreach(package IN ITEMS propnp propnp_c)
  configure_file(${CMAKE_CURRENT_LIST_DIR}/${package}.pc.in ${PROJECT_BINARY_DIR}/${package}.pc @ONLY)
endforeach()
install(FILES ${PROJECT_BINARY_DIR}/propnp.pc ${PROJECT_BINARY_DIR}/propnp_c.pc
  DESTINATION ${CMAKE_INSTALL_LIBDIR}/pkgconfig COMPONENT development)
