# SPDX-License-Identifier: Apache-2.0
# SPDX-FileCopyrightText: The propnp authors
#
# cmake -DPYTHON=python3 -DPEERS=peers.py -DBENCH=propnp_bench -DWORK_DIR=folder -P peers.cmake
#
# Runs peers.py where it finds none of its packages: it says so and compares what there is.
include(${CMAKE_CURRENT_LIST_DIR}/json.cmake)

if(NOT PYTHON)
  message("SKIPPED: no Python interpreter")
  return()
endif()
file(MAKE_DIRECTORY ${WORK_DIR})
set(json_file ${WORK_DIR}/peers.json)
file(REMOVE ${json_file})
# Isolated, and without site-packages.
execute_process(
  COMMAND ${PYTHON} -I -S ${PEERS} --bench ${BENCH} --passes 2 --repetitions 1 --json ${json_file}
  RESULT_VARIABLE result OUTPUT_VARIABLE output ERROR_VARIABLE errors)
if(NOT result EQUAL 0)
  message(FATAL_ERROR "peers.py ends with ${result}: ${errors}")
endif()
expect_words("${output}" "propnp, 5 iterations, covariance" "solvePnPRefineLM, 5 iterations"
  "not found: PoseLib" "not found: COLMAP" "not found: OpenCV")
file(READ ${json_file} json)
check_schema("${json}")
expect_row("${json}" "propnp, one iteration" double "^$")

execute_process(COMMAND ${PYTHON} -I -S ${PEERS} --bench ${WORK_DIR}/absent
  RESULT_VARIABLE result OUTPUT_QUIET ERROR_VARIABLE errors)
if(NOT result EQUAL 2)
  message(SEND_ERROR "without propnp_bench peers.py ends with ${result}, not 2")
endif()
expect_words("${errors}" "build propnp_bench")
