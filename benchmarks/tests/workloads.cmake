# SPDX-License-Identifier: Apache-2.0
# SPDX-FileCopyrightText: The propnp authors
#
# cmake -DBENCH=propnp_bench -DWORK_DIR=folder -P workloads.cmake
#
# Runs W4 once and checks what is written: the fields of the JSON and their kinds, never a time.
include(${CMAKE_CURRENT_LIST_DIR}/json.cmake)

file(MAKE_DIRECTORY ${WORK_DIR})
set(json_file ${WORK_DIR}/w4.json)
file(REMOVE ${json_file})
execute_process(
  COMMAND ${BENCH} workloads --only W4 --repetitions 1 --threads 2 --json ${json_file}
  RESULT_VARIABLE result OUTPUT_VARIABLE output ERROR_VARIABLE errors)
if(NOT result EQUAL 0)
  message(FATAL_ERROR "propnp_bench ends with ${result}: ${errors}")
endif()
expect_words("${output}" "W4:" "ratio" "OpenCV" "Ceres" "Not found: PoseLib, pycolmap")

file(READ ${json_file} json)
check_schema("${json}")
expect_row("${json}" "propnp, 5 iterations, covariance" double "^$")
expect_row("${json}" "propnp, 5 iterations, covariance" float "^$")
expect_row("${json}" "propnp, one iteration" double "^$")
expect_row("${json}" "solvePnPRefineLM, 5 iterations" double "^OpenCV ")
expect_row("${json}" "autodiff, 5 iterations, Covariance" double "^Ceres ")

# A training step through the posterior, with a workspace.
execute_process(
  COMMAND ${BENCH} workloads --only W1 --repetitions 1 --threads 2 --json ${json_file}
  RESULT_VARIABLE result OUTPUT_VARIABLE output ERROR_VARIABLE errors)
if(NOT result EQUAL 0)
  message(FATAL_ERROR "propnp_bench ends with ${result}: ${errors}")
endif()
file(READ ${json_file} json)
check_schema("${json}")
expect_row("${json}" "propnp, 512 samples" float "^$")
expect_row("${json}" "propnp, 128 samples" float "^$")
string(JSON workspace GET "${json}" workloads 0 workspace_mb)
string(JSON extra GET "${json}" workloads 0 extra_mb)
if(NOT workspace GREATER 0.01 OR NOT extra GREATER workspace)
  message(SEND_ERROR "a workspace of ${workspace} MB in ${extra} MB")
endif()

# One line that says what is wrong, and exit code 2.
foreach(arguments IN ITEMS "workloads;--only;W0" "workloads;--isa;none" "workloads;--threads;0" "")
  execute_process(COMMAND ${BENCH} ${arguments}
    RESULT_VARIABLE result OUTPUT_QUIET ERROR_VARIABLE errors)
  if(NOT result EQUAL 2 OR errors STREQUAL "")
    message(SEND_ERROR "'${arguments}' ends with ${result} and says '${errors}'")
  endif()
endforeach()

# The numbers of the workload.
execute_process(COMMAND ${BENCH} problem --only W4 OUTPUT_VARIABLE problem RESULT_VARIABLE result)
foreach(field_and_length IN ITEMS "camera;5" "x3d;500" "x2d;500" "pose_init;7" "pose_optimum;7")
  list(GET field_and_length 0 field)
  list(GET field_and_length 1 expected)
  string(JSON length LENGTH "${problem}" ${field})
  if(NOT length EQUAL expected)
    message(SEND_ERROR "${field} of the problem has ${length} items, not ${expected}")
  endif()
endforeach()
