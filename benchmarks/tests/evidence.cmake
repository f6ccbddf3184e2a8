# SPDX-License-Identifier: Apache-2.0
# SPDX-FileCopyrightText: The propnp authors
#
# cmake -DBENCH=propnp_bench -DDATA=evidence.json -DWORK_DIR=folder -P evidence.cmake
#
# Runs the evidence command with few seeds and checks what it writes: fields, kinds, and that errors
# are as small as any working sampler's. Then files that it must refuse.
include(${CMAKE_CURRENT_LIST_DIR}/json.cmake)

file(MAKE_DIRECTORY ${WORK_DIR})
set(json_file ${WORK_DIR}/evidence.json)
file(REMOVE ${json_file})
execute_process(COMMAND ${BENCH} evidence ${DATA} --seeds 4 --json ${json_file}
  RESULT_VARIABLE result OUTPUT_VARIABLE output ERROR_VARIABLE errors)
if(NOT result EQUAL 0)
  message(FATAL_ERROR "propnp_bench ends with ${result}: ${errors}")
endif()
if(NOT errors STREQUAL "")
  message(SEND_ERROR "there is no terminal, but it says '${errors}'")
endif()
expect_words("${output}" "mixture, 512 samples, 4 seeds" "family" "well_conditioned_64_0")
file(READ ${json_file} json)

set(figures rmse_log_evidence bias bias_standard_error relative_gradient_error ess khat)
string(JSON num_problems LENGTH "${json}" problems)
string(JSON num_families LENGTH "${json}" families)
file(READ ${DATA} data)
string(JSON num_expected LENGTH "${data}" problems)
if(NOT num_problems EQUAL num_expected OR NOT num_families EQUAL num_expected)
  message(SEND_ERROR "${num_problems} problems and ${num_families} families of ${num_expected}")
endif()
foreach(name_and_value IN ITEMS "samples;512" "seeds;4" "method;mixture" "precision;float32")
  list(GET name_and_value 0 name)
  list(GET name_and_value 1 expected)
  string(JSON value GET "${json}" ${name})
  if(NOT value STREQUAL expected)
    message(SEND_ERROR "${name} is ${value}, not ${expected}")
  endif()
endforeach()

# All figures of a row are numbers; the error of modes may be null.
function(check_row list index)
  foreach(figure IN LISTS figures)
    string(JSON type TYPE "${json}" ${list} ${index} ${figure})
    if(NOT type STREQUAL "NUMBER")
      message(SEND_ERROR "${list} ${index}: ${figure} is of type ${type}")
    endif()
  endforeach()
  string(JSON type TYPE "${json}" ${list} ${index} mode_probability_error)
  if(NOT type MATCHES "^(NUMBER|NULL)$")
    message(SEND_ERROR "${list} ${index}: mode_probability_error is of type ${type}")
  endif()
endfunction()

function(expect_below list index figure limit)
  string(JSON value GET "${json}" ${list} ${index} ${figure})
  if(NOT value LESS limit)
    message(SEND_ERROR "${list} ${index}: ${figure} is ${value}, not below ${limit}")
  endif()
endfunction()

# A wrong constant in log Z is .7 off or more, a gradient without its part of the true pose's cost
# some 100 %; near_line is hard for every sampler. Where the modes are reliable, a lost one or a
# wrong match costs a quarter.
math(EXPR last "${num_problems} - 1")
foreach(i RANGE ${last})
  check_row(problems ${i})
  check_row(families ${i})
  string(JSON name GET "${json}" problems ${i} name)
  string(JSON time GET "${json}" problems ${i} milliseconds)
  if(NOT time GREATER 0)
    message(SEND_ERROR "${name}: no time")
  endif()
  if(name MATCHES "^near_line")
    expect_below(problems ${i} rmse_log_evidence 2)
    string(JSON type TYPE "${json}" problems ${i} mode_probability_error)
    if(NOT type STREQUAL "NULL")
      message(SEND_ERROR "${name} has reliable modes")
    endif()
  else()
    expect_below(problems ${i} rmse_log_evidence 0.3)
    expect_below(problems ${i} relative_gradient_error 0.3)
    expect_below(problems ${i} mode_probability_error 0.25)
  endif()
endforeach()

# One family, in double, with the other method.
execute_process(
  COMMAND ${BENCH} evidence ${DATA} --seeds 2 --samples 128 --method mixture_mc --precision float64
    --threads 1 --only sharp_512 --json ${json_file}
  RESULT_VARIABLE result OUTPUT_VARIABLE output ERROR_VARIABLE errors)
file(READ ${json_file} json)
string(JSON num_problems LENGTH "${json}" problems)
if(NOT result EQUAL 0 OR NOT num_problems EQUAL 2)
  message(SEND_ERROR "--only sharp_512 ends with ${result} and ${num_problems} problems: ${errors}")
endif()
expect_words("${output}" "mixture_mc, 128 samples, 2 seeds a problem, float64, 1 threads")

# The published sampler, whose figures are another's: it wastes seven of eight samples there.
execute_process(
  COMMAND ${BENCH} evidence ${DATA} --seeds 4 --method amis --only sharp_512 --json ${json_file}
  RESULT_VARIABLE result OUTPUT_VARIABLE output ERROR_VARIABLE errors)
expect_words("${output}" "amis, 512 samples, 4 seeds")
file(READ ${json_file} json)
expect_below(problems 0 ess 0.25)
expect_below(problems 0 rmse_log_evidence 0.4)

# Gaussians at the modes, which is all that there is to a sharp posterior.
execute_process(
  COMMAND ${BENCH} evidence ${DATA} --seeds 2 --method laplace --only sharp_512 --json ${json_file}
  RESULT_VARIABLE result OUTPUT_VARIABLE output ERROR_VARIABLE errors)
expect_words("${output}" "laplace, 512 samples, 2 seeds")
file(READ ${json_file} json)
expect_below(problems 0 rmse_log_evidence 0.01)

# refuses(exit code, words that the error must hold, arguments...)
function(refuses code words)
  execute_process(COMMAND ${BENCH} evidence ${ARGN}
    RESULT_VARIABLE result OUTPUT_QUIET ERROR_VARIABLE errors)
  if(NOT result EQUAL code)
    message(SEND_ERROR "'${ARGN}' ends with ${result}, not ${code}: ${errors}")
  endif()
  expect_words("${errors}" ${words})
endfunction()
refuses(1 "cannot open" ${WORK_DIR}/absent.json)
refuses(1 "no problem of;'fresnel'" ${DATA} --only fresnel)
refuses(2 "--samples" ${DATA} --samples 8)
refuses(2 "--seeds" ${DATA} --seeds 1)
refuses(2 "--method" ${DATA} --method guess)
refuses(1 "cannot write" ${DATA} --json ${WORK_DIR}/absent/x.json)

# A file with one problem, of which one thing is wrong.
string(JSON good GET "${data}" problems 4)
function(refuses_problem words)
  string(JSON problem ${ARGN})
  file(WRITE ${WORK_DIR}/bad.json "{\"problems\": [${problem}]}")
  refuses(1 "bad.json;${words}" ${WORK_DIR}/bad.json)
endfunction()
set(here "problem 'few_points_0';problems[0].")
refuses_problem("problems[0].name' is missing" REMOVE "${good}" name)
refuses_problem("problems[0].name' is empty or has control" SET "${good}" name "\"a\\nb\"")
refuses_problem("${here};x3d' is not an array" SET "${good}" x3d "7")
refuses_problem("${here};x3d' has no points" SET "${good}" x3d "[]")
refuses_problem("${here};x2d' is not an array of numbers of shape (4, 2)"
  SET "${good}" x2d 1 "[1, 2, 3]")
refuses_problem("${here};x2d' is not an array of numbers" SET "${good}" x2d 1 "[1, null]")
refuses_problem("${here};w2d' has a negative weight" SET "${good}" w2d 0 0 "-1")
refuses_problem("${here};camera.model' is 'pin'" SET "${good}" camera model "\"pin\"")
refuses_problem("${here};camera.K' is not [fx s cx" SET "${good}" camera K 2 "[0, 0, 2]")
refuses_problem("${here};loss.kind' is 'tukey'" SET "${good}" loss kind "\"tukey\"")
refuses_problem("${here};loss.delta' is not positive" SET "${good}" loss delta "0")
refuses_problem("${here};dof' is neither" SET "${good}" dof "5")
refuses_problem("${here};yaw_axis' is missing" SET "${good}" dof "4")
refuses_problem("${here};pose_true' has a quaternion" SET "${good}" pose_true 3 "7")
refuses_problem("${here};modes_reliable' is missing" REMOVE "${good}" modes_reliable)
refuses_problem("${here};modes[0].probability' is not within" SET "${good}" modes 0 probability "2")
refuses_problem("${here};gradient.w2d' is missing" REMOVE "${good}" gradient w2d)
refuses_problem("${here};log_evidence' is not a number" SET "${good}" log_evidence "\"1\"")

file(WRITE ${WORK_DIR}/bad.json "{\"problems\": [")
refuses(1 "bad.json is not JSON" ${WORK_DIR}/bad.json)
file(WRITE ${WORK_DIR}/bad.json "{\"problems\": [1e999]}")
refuses(1 "bad.json is not JSON" ${WORK_DIR}/bad.json)
file(WRITE ${WORK_DIR}/bad.json "[]")
refuses(1 "expected an object" ${WORK_DIR}/bad.json)
file(WRITE ${WORK_DIR}/bad.json "{\"problems\": []}")
refuses(1 "'problems' is empty" ${WORK_DIR}/bad.json)
string(REPEAT "[" 100000 deep)
file(WRITE ${WORK_DIR}/bad.json "{\"problems\": ${deep}")
refuses(1 "bad.json is not JSON" ${WORK_DIR}/bad.json)
