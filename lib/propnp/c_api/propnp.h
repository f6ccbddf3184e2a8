/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The propnp authors */

/* The C ABI of propnp: the one binary interface, for every language. C99.
 *
 *   propnp_context* context;
 *   propnp_context_create(NULL, &context);
 *   propnp_solve_args args;
 *   propnp_solve_args_init(&args, sizeof args);
 *   ... point args at the correspondences, the cameras, the options and the outputs
 *   if (propnp_solve(context, &args) != PROPNP_OK) puts(propnp_last_error(context));
 *
 * Every function returns PROPNP_OK or a negative code of the list below, and leaves its message
 * with the context and with the calling thread. What goes wrong with one object of a batch is no
 * error: it is in the bits of `status`. No exception crosses, nothing is printed, nothing aborts.
 *
 * Every struct but propnp_tensor begins with its size, which the struct's init function fills in
 * along with the defaults. Fields are only ever appended: a library that is newer than its caller
 * takes the defaults for the fields that the caller does not know; one that is older refuses a call
 * whose unknown fields are not zero.
 *
 * The caller owns all memory. A call without `workspace` allocates one for itself and frees it;
 * with one, no call allocates. Outputs do not overlap each other or an input, unless an operation
 * allows it. Pointers are aligned to what they point to. A context serves one call at a time, and
 * says PROPNP_ERROR_BUSY to a second; any number of contexts work side by side. After a fork the
 * child uses its contexts on, with threads of its own. */
#ifndef PROPNP_C_API_PROPNP_H_
#define PROPNP_C_API_PROPNP_H_

#include "propnp/engine/args.h"
#include "propnp/engine/context_args.h"
#include "propnp/engine/gradient_args.h"
#include "propnp/engine/pose_args.h"
#include "propnp/engine/sample_args.h"
#include "propnp/engine/views.h"

#ifdef __cplusplus
extern "C" {
#endif

#if defined(_WIN32)
#define PROPNP_API __declspec(dllexport)
#else
#define PROPNP_API __attribute__((visibility("default")))
#endif

/* The ABI's version: the file libpropnp_c.so.<major>. The minor number grows with every function or
 * field that is added; a client needs at least the minor number that it was built with. */
enum { PROPNP_ABI_MAJOR = 1, PROPNP_ABI_MINOR = 2 };

enum {
  PROPNP_OK = 0,
  PROPNP_ERROR_INVALID_ARGUMENT = -1,    /* a shape, dtype, option, pointer, callback or size */
  PROPNP_ERROR_WORKSPACE_TOO_SMALL = -2, /* workspace_size is less than the query says */
  PROPNP_ERROR_UNAVAILABLE = -3,         /* the device asked for is not there, or not usable */
  PROPNP_ERROR_OUT_OF_MEMORY = -4,
  PROPNP_ERROR_INTERNAL = -5, /* a defect of the library; please report its message */
  PROPNP_ERROR_BUSY = -6      /* the context is serving another call */
};

/* Threads, the log and memory for the calls that are made on it. Opaque. */
typedef struct propnp_context propnp_context;

PROPNP_API int32_t propnp_context_options_init(propnp_context_options* options,
                                               uint64_t struct_size);
/* `options` may be null: the defaults. `*context` is null on failure. */
PROPNP_API int32_t propnp_context_create(const propnp_context_options* options,
                                         propnp_context** context);
/* Null passes. */
PROPNP_API void propnp_context_destroy(propnp_context* context);

/* A parallel_for on the threads of the process's OpenMP. In a program that computes with OpenMP its
 * threads go on looking for work for some milliseconds after each parallel region and would keep
 * threads of the context's own from the cores. `gomp_parallel`, the user data, is the address of
 * that OpenMP's function GOMP_parallel, which libgomp, libomp and libiomp5 have; null: the calling
 * thread does everything. Not after a fork, which OpenMP's threads do not survive. */
PROPNP_API void propnp_openmp_parallel_for(void* gomp_parallel, int32_t count, propnp_task task,
                                           void* task_data);

/* What the last failed call on this context said; of a null context, the last failed call on this
 * thread. Empty if there was none. Valid until the next call on the context (the thread). */
PROPNP_API const char* propnp_last_error(const propnp_context* context);
/* "PROPNP_ERROR_BUSY"; a static string, also for numbers that are no code. */
PROPNP_API const char* propnp_error_name(int32_t code);

/* PROPNP_ABI_MAJOR * 65536 + PROPNP_ABI_MINOR of the library. */
PROPNP_API uint32_t propnp_abi_version(void);
/* "0.1.0". */
PROPNP_API const char* propnp_version(void);
/* One line: version, compiler, instruction set in use, backends. */
PROPNP_API const char* propnp_build_info(void);
/* Where every field lies in the library's structs, so that a binding can verify its own: a line
 * "struct NAME SIZE" for each struct, then a line "NAME.FIELD OFFSET SIZE" for each of its fields.
 */
PROPNP_API const char* propnp_abi_layout(void);

/* Inputs. Each fills in defaults and `struct_size`; fails if `struct_size` is smaller than the
 * struct was in the first version of this ABI. */
PROPNP_API int32_t propnp_correspondences_init(propnp_correspondences* s, uint64_t struct_size);
PROPNP_API int32_t propnp_cameras_init(propnp_cameras* s, uint64_t struct_size);
PROPNP_API int32_t propnp_prior_init(propnp_prior* s, uint64_t struct_size);
PROPNP_API int32_t propnp_symmetries_init(propnp_symmetries* s, uint64_t struct_size);
PROPNP_API int32_t propnp_cost_options_init(propnp_cost_options* s, uint64_t struct_size);
PROPNP_API int32_t propnp_solve_options_init(propnp_solve_options* s, uint64_t struct_size);
PROPNP_API int32_t propnp_sample_options_init(propnp_sample_options* s, uint64_t struct_size);
PROPNP_API int32_t propnp_gradients_init(propnp_gradients* s, uint64_t struct_size);

/* Operations. Each has an init function for its args, which says as the ones above; a query for the
 * workspace that a call with these args needs on this context; and the call. Outputs are written
 * only where their tensor is given. */

/* The cost at given poses, point by point: propnp_evaluate_args. */
PROPNP_API int32_t propnp_evaluate_args_init(propnp_evaluate_args* args, uint64_t struct_size);
PROPNP_API int32_t propnp_evaluate_workspace_size(propnp_context* context,
                                                  const propnp_evaluate_args* args,
                                                  uint64_t* bytes);
PROPNP_API int32_t propnp_evaluate(propnp_context* context, const propnp_evaluate_args* args);

/* Poses of least cost and their covariances: propnp_solve_args. */
PROPNP_API int32_t propnp_solve_args_init(propnp_solve_args* args, uint64_t struct_size);
PROPNP_API int32_t propnp_solve_workspace_size(propnp_context* context,
                                               const propnp_solve_args* args, uint64_t* bytes);
PROPNP_API int32_t propnp_solve(propnp_context* context, const propnp_solve_args* args);

/* The vector-Jacobian product of the poses that propnp_solve finds: propnp_implicit_gradient_args.
 */
PROPNP_API int32_t propnp_implicit_gradient_args_init(propnp_implicit_gradient_args* args,
                                                      uint64_t struct_size);
PROPNP_API int32_t propnp_implicit_gradient_workspace_size(
    propnp_context* context, const propnp_implicit_gradient_args* args, uint64_t* bytes);
PROPNP_API int32_t propnp_implicit_gradient(propnp_context* context,
                                            const propnp_implicit_gradient_args* args);

/* Posteriors: evidence, modes, samples, gradient: propnp_sample_args. */
PROPNP_API int32_t propnp_sample_args_init(propnp_sample_args* args, uint64_t struct_size);
PROPNP_API int32_t propnp_sample_workspace_size(propnp_context* context,
                                                const propnp_sample_args* args, uint64_t* bytes);
PROPNP_API int32_t propnp_sample(propnp_context* context, const propnp_sample_args* args);

/* Mean translation and expected cost of kept samples: propnp_sample_expectation_args. */
PROPNP_API int32_t propnp_sample_expectation_args_init(propnp_sample_expectation_args* args,
                                                       uint64_t struct_size);
PROPNP_API int32_t propnp_sample_expectation_workspace_size(
    propnp_context* context, const propnp_sample_expectation_args* args, uint64_t* bytes);
PROPNP_API int32_t propnp_sample_expectation(propnp_context* context,
                                             const propnp_sample_expectation_args* args);

/* The vector-Jacobian product of kept samples: propnp_sample_backward_args. */
PROPNP_API int32_t propnp_sample_backward_args_init(propnp_sample_backward_args* args,
                                                    uint64_t struct_size);
PROPNP_API int32_t propnp_sample_backward_workspace_size(propnp_context* context,
                                                         const propnp_sample_backward_args* args,
                                                         uint64_t* bytes);
PROPNP_API int32_t propnp_sample_backward(propnp_context* context,
                                          const propnp_sample_backward_args* args);

/* One Gauss-Newton step from given poses: propnp_pose_plus_args. */
PROPNP_API int32_t propnp_pose_plus_args_init(propnp_pose_plus_args* args, uint64_t struct_size);
PROPNP_API int32_t propnp_pose_plus_workspace_size(propnp_context* context,
                                                   const propnp_pose_plus_args* args,
                                                   uint64_t* bytes);
PROPNP_API int32_t propnp_pose_plus(propnp_context* context, const propnp_pose_plus_args* args);

/* Its vector-Jacobian product: propnp_pose_plus_backward_args. */
PROPNP_API int32_t propnp_pose_plus_backward_args_init(propnp_pose_plus_backward_args* args,
                                                       uint64_t struct_size);
PROPNP_API int32_t propnp_pose_plus_backward_workspace_size(
    propnp_context* context, const propnp_pose_plus_backward_args* args, uint64_t* bytes);
PROPNP_API int32_t propnp_pose_plus_backward(propnp_context* context,
                                             const propnp_pose_plus_backward_args* args);

/* Poses of equal weight from kept samples: propnp_draw_args. */
PROPNP_API int32_t propnp_draw_args_init(propnp_draw_args* args, uint64_t struct_size);
PROPNP_API int32_t propnp_draw_workspace_size(propnp_context* context, const propnp_draw_args* args,
                                              uint64_t* bytes);
PROPNP_API int32_t propnp_draw(propnp_context* context, const propnp_draw_args* args);

/* Tangents of others. These four allocate nothing and take no workspace.
 *
 * Covariances in another tangent: propnp_convert_covariance_args. */
PROPNP_API int32_t propnp_convert_covariance_args_init(propnp_convert_covariance_args* args,
                                                       uint64_t struct_size);
PROPNP_API int32_t propnp_convert_covariance(propnp_context* context,
                                             const propnp_convert_covariance_args* args);

/* Steps from poses, box-plus: propnp_move_pose_args. */
PROPNP_API int32_t propnp_move_pose_args_init(propnp_move_pose_args* args, uint64_t struct_size);
PROPNP_API int32_t propnp_move_pose(propnp_context* context, const propnp_move_pose_args* args);

/* Steps between poses, box-minus: propnp_pose_difference_args. */
PROPNP_API int32_t propnp_pose_difference_args_init(propnp_pose_difference_args* args,
                                                    uint64_t struct_size);
PROPNP_API int32_t propnp_pose_difference(propnp_context* context,
                                          const propnp_pose_difference_args* args);

/* Steps in another tangent: propnp_convert_step_args. */
PROPNP_API int32_t propnp_convert_step_args_init(propnp_convert_step_args* args,
                                                 uint64_t struct_size);
PROPNP_API int32_t propnp_convert_step(propnp_context* context,
                                       const propnp_convert_step_args* args);

#ifdef __cplusplus
}
#endif
#endif /* PROPNP_C_API_PROPNP_H_ */
