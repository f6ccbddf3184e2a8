# SPDX-License-Identifier: Apache-2.0
# SPDX-FileCopyrightText: The propnp authors
#
# cmake -DSCRIPT=layering.cmake -DWORK_DIR=folder -P layering_finds.cmake
#
# Shows the layering test one wrong include at a time: it must refuse each, and pass what is right.

function(expect outcome file include)
  file(REMOVE_RECURSE ${WORK_DIR})
  file(WRITE ${WORK_DIR}/${file} "#include ${include}\n")
  execute_process(COMMAND ${CMAKE_COMMAND} -DROOT=${WORK_DIR} -P ${SCRIPT}
    RESULT_VARIABLE result OUTPUT_QUIET ERROR_QUIET)
  if(result EQUAL 0)
    set(actual allowed)
  else()
    set(actual refused)
  endif()
  if(NOT actual STREQUAL outcome)
    message(SEND_ERROR "${include} in ${file} is ${actual}, it should be ${outcome}")
  endif()
endfunction()

expect(allowed lib/propnp/math/a.h "<cmath>")
expect(allowed lib/propnp/math/a.h "\"propnp/math/b.h\"")
expect(refused lib/propnp/math/a.h "<vector>")
expect(refused lib/propnp/math/a.h "<Eigen/Core>")
expect(refused lib/propnp/math/a.h "\"propnp/engine/views.h\"")
expect(allowed lib/propnp/engine/a.cc "\"propnp/math/b.h\"")
expect(refused lib/propnp/engine/a.cc "\"propnp/ceres/b.h\"")
expect(refused lib/propnp/engine/a.cc "<ceres/jet.h>")
expect(allowed lib/propnp/c_api/a.cc "\"propnp/engine/b.h\"")
expect(refused lib/propnp/c_api/a.cc "\"propnp/math/b.h\"")
expect(allowed lib/propnp/ceres/a.cc "<ceres/problem.h>")
expect(refused lib/propnp/ceres/a.cc "\"propnp/engine/b.h\"")
expect(allowed lib/propnp/io/a.cc "\"propnp/engine/views.h\"")
expect(refused lib/propnp/io/a.cc "\"propnp/engine/solve.h\"")
expect(refused lib/propnp/io/a.cc "<opencv2/core.hpp>")
expect(allowed apps/a.cc "<opencv2/core.hpp>")
expect(refused apps/a.cc "\"propnp/math/b.h\"")
expect(allowed python_bindings/a.c "\"propnp.h\"")
expect(refused python_bindings/a.c "\"propnp/engine/views.h\"")
