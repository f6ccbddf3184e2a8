# SPDX-License-Identifier: Apache-2.0
# SPDX-FileCopyrightText: The propnp authors
#
# Checks of the results that propnp_bench and peers.py write.

set(fields workload method peer precision threads isa median_ms min_ms max_ms peak_mb extra_mb
  workspace_mb)
set(workload_is STRING)
set(method_is STRING)
set(peer_is "STRING|NULL")
set(precision_is STRING)
set(threads_is NUMBER)
set(isa_is STRING)
set(median_ms_is NUMBER)
set(min_ms_is NUMBER)
set(max_ms_is NUMBER)
set(peak_mb_is "NUMBER|NULL")  # unknown without /proc
set(extra_mb_is "NUMBER|NULL")
set(workspace_mb_is "NUMBER|NULL")  # of calls that have one

# {"workloads": [row...]}, nothing beside it, and in every row all fields and no others.
function(check_schema json)
  string(JSON members LENGTH "${json}")
  string(JSON num_rows LENGTH "${json}" workloads)
  if(NOT members EQUAL 1 OR num_rows EQUAL 0)
    message(FATAL_ERROR "${members} members, ${num_rows} rows")
  endif()
  list(LENGTH fields num_fields)
  math(EXPR last "${num_rows} - 1")
  foreach(i RANGE ${last})
    string(JSON length LENGTH "${json}" workloads ${i})
    if(NOT length EQUAL num_fields)
      message(SEND_ERROR "row ${i} has ${length} fields, not ${num_fields}")
    endif()
    foreach(field IN LISTS fields)
      string(JSON type TYPE "${json}" workloads ${i} ${field})
      if(NOT type MATCHES "^(${${field}_is})$")
        message(SEND_ERROR "${field} of row ${i} is of type ${type}, not ${${field}_is}")
      endif()
    endforeach()
  endforeach()
endfunction()

# There is a row with this method and precision, and its peer (empty for ours) matches `peer`.
function(expect_row json method precision peer)
  string(JSON num_rows LENGTH "${json}" workloads)
  math(EXPR last "${num_rows} - 1")
  foreach(i RANGE ${last})
    string(JSON row_method GET "${json}" workloads ${i} method)
    string(JSON row_precision GET "${json}" workloads ${i} precision)
    string(JSON row_peer GET "${json}" workloads ${i} peer)
    if(row_method STREQUAL method AND row_precision STREQUAL precision AND row_peer MATCHES "${peer}")
      return()
    endif()
  endforeach()
  message(SEND_ERROR "no row '${method}' in ${precision} by a peer like '${peer}'")
endfunction()

function(expect_words text)
  foreach(words IN LISTS ARGN)
    string(FIND "${text}" "${words}" position)
    if(position EQUAL -1)
      message(SEND_ERROR "'${words}' is not in what was printed:\n${text}")
    endif()
  endforeach()
endfunction()
