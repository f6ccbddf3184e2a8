/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The propnp authors */

/* What a backend for another device gives the engine: a table of functions, one an operation, with
 * the arguments of the CPU's. The table crosses from one shared library to another, so it is plain
 * C and has a version; the CUDA plugin exports a function `propnp_cuda_backend` that returns it.
 *
 * The engine has checked the arguments before it calls: shapes, types and options, and that a
 * workspace which is given is aligned. It has not read what the tensors hold: their data, and
 * seed_pointer, are the device's. An index that leads nowhere (an offset beyond the points, a
 * camera beyond the table) is the caller's fault and gives its object
 * PROPNP_STATUS_NON_FINITE_INPUT.
 *
 * Work goes to the caller's stream and the call returns without waiting for it. With a workspace of
 * the size that the operation's other function tells, nothing is allocated, and the call may be
 * captured in a graph; without one, memory is taken from and given back to the stream. */
#ifndef PROPNP_ENGINE_BACKEND_H_
#define PROPNP_ENGINE_BACKEND_H_

#include "propnp/engine/gradient_args.h"
#include "propnp/engine/sample_args.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Counts the changes of propnp_backend and of the structs that it passes on. */
enum { PROPNP_BACKEND_VERSION = 3 };

/* Why a function of the table returned something else than 0. */
typedef struct propnp_backend_error {
  char message[512]; /* ends with a zero */
} propnp_backend_error;

/* Every function returns 0, or a number of propnp::StatusCode with a message. */
typedef struct propnp_backend {
  uint64_t struct_size;
  uint64_t version;

  /* Whether there are a driver and a device of this ordinal. */
  int32_t (*check_device)(int32_t device, propnp_backend_error*);

#define PROPNP_BACKEND_OPERATION(name)                                 \
  int32_t (*name)(const propnp_##name##_args*, propnp_backend_error*); \
  int32_t (*name##_workspace_size)(const propnp_##name##_args*, uint64_t*, propnp_backend_error*)
  PROPNP_BACKEND_OPERATION(evaluate);
  PROPNP_BACKEND_OPERATION(solve);
  PROPNP_BACKEND_OPERATION(sample);
  PROPNP_BACKEND_OPERATION(sample_expectation);
  PROPNP_BACKEND_OPERATION(sample_backward);
  PROPNP_BACKEND_OPERATION(pose_plus);
  PROPNP_BACKEND_OPERATION(pose_plus_backward);
  PROPNP_BACKEND_OPERATION(implicit_gradient);
#undef PROPNP_BACKEND_OPERATION
} propnp_backend;

/* The one symbol of the CUDA plugin. */
#define PROPNP_CUDA_BACKEND_SYMBOL "propnp_cuda_backend"
const propnp_backend* propnp_cuda_backend(void);

#ifdef __cplusplus
}
#endif
#endif /* PROPNP_ENGINE_BACKEND_H_ */
