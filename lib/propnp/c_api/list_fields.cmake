# SPDX-License-Identifier: Apache-2.0
# SPDX-FileCopyrightText: The propnp authors

# propnp_list_fields(OUTPUT HEADER...) writes the structs that C headers declare, in their order, as
#
#   PROPNP_STRUCT(propnp_tensor)
#   PROPNP_FIELD(propnp_tensor, data)
function(propnp_list_fields output)
  set(table "// Made by list_fields.cmake.\n")
  foreach(header IN LISTS ARGN)
    set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS ${header})
    file(READ ${header} text)
    string(REGEX REPLACE "/\\*[^*]*\\*+([^/*][^*]*\\*+)*/" "" text "${text}")
    string(REGEX REPLACE "\\[[0-9]+\\]" "" text "${text}")
    # Semicolons separate the elements of CMake's lists.
    string(REPLACE ";" "," text "${text}")
    string(REGEX MATCHALL "typedef struct [a-z_]+ {[^}]*}" structs "${text}")
    foreach(struct IN LISTS structs)
      string(REGEX MATCH "struct ([a-z_]+) {([^}]*)}" matched "${struct}")
      set(name ${CMAKE_MATCH_1})
      string(APPEND table "PROPNP_STRUCT(${name})\n")
      # The last word of each declarator.
      string(REGEX MATCHALL "[a-z0-9_]+[ \n]*," fields "${CMAKE_MATCH_2}")
      foreach(field IN LISTS fields)
        string(REGEX REPLACE "[ \n,]" "" field "${field}")
        string(APPEND table "PROPNP_FIELD(${name}, ${field})\n")
      endforeach()
    endforeach()
  endforeach()
  file(GENERATE OUTPUT ${output} CONTENT "${table}")
endfunction()
