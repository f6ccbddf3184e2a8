/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The propnp authors */

/* What a context takes from its user, as a plain C99 struct that begins with its size. C++ users
 * take the filled-in version of engine/context.h. */
#ifndef PROPNP_ENGINE_CONTEXT_ARGS_H_
#define PROPNP_ENGINE_CONTEXT_ARGS_H_

#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Levels of the log, from what stopped a call to what a call did. */
enum { PROPNP_LOG_ERROR = 1, PROPNP_LOG_WARNING = 2, PROPNP_LOG_INFO = 3, PROPNP_LOG_DEBUG = 4 };

/* One line without its end; valid during the callback only. Called on the thread that makes the
 * call of propnp, which waits. */
typedef void (*propnp_log_function)(void* user_data, int32_t level, const char* message);

/* Memory of at least `bytes` bytes at an address that is a multiple of `alignment`, or null. */
typedef void* (*propnp_allocate_function)(void* user_data, uint64_t bytes, uint64_t alignment);
/* Gives back what the allocate function gave for `bytes` bytes. */
typedef void (*propnp_deallocate_function)(void* user_data, void* memory, uint64_t bytes);

/* A part of the work, one for every index. Any thread may run it; it does not throw. */
typedef void (*propnp_task)(void* task_data, int32_t index);
/* Runs task(task_data, index) for index = 0 .. count - 1, each once, in any order, at once if it
 * likes, and returns when all have run. */
typedef void (*propnp_parallel_for_function)(void* user_data, int32_t count, propnp_task task,
                                             void* task_data);

/* The callbacks may be null: no log, the C library's memory, threads of the context's own. None is
 * called after the context is destroyed, and none may call back into its own context. */
typedef struct propnp_context_options {
  uint64_t struct_size;
  int32_t num_threads; /* of the CPU; 0: one a hardware thread. With parallel_for the number of
                          parts that work is cut into. Results never depend on it */

  propnp_log_function log;
  void* log_user_data;
  int32_t log_level; /* PROPNP_LOG_*: this level and those below are logged */

  propnp_allocate_function
      allocate; /* for workspaces that the caller does not give; both or none */
  propnp_deallocate_function deallocate;
  void* allocator_user_data;

  propnp_parallel_for_function parallel_for; /* instead of the context's own threads */
  void* parallel_for_user_data;
} propnp_context_options;

#ifdef __cplusplus
}
#endif
#endif /* PROPNP_ENGINE_CONTEXT_ARGS_H_ */
