/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The propnp authors */

/* A C99 program that sees the header and the shared library only: solve, posterior, covariances. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "propnp/c_api/propnp.h"

enum { kPoints = 12, kSamples = 256, kDraws = 32 };

#define REQUIRE(condition)                                                         \
  do {                                                                             \
    if (!(condition)) {                                                            \
      printf("line %d: %s (%s)\n", __LINE__, #condition, propnp_last_error(NULL)); \
      return 1;                                                                    \
    }                                                                              \
  } while (0)

static propnp_tensor tensor(const void* data, int32_t dtype, int32_t ndim, int64_t a, int64_t b,
                            int64_t c) {
  propnp_tensor t;
  int axis;
  memset(&t, 0, sizeof t);
  t.data = (void*)data;
  t.dtype = dtype;
  t.ndim = ndim;
  t.shape[0] = a, t.shape[1] = b, t.shape[2] = c;
  t.stride[ndim - 1] = 1;
  for (axis = ndim - 2; axis >= 0; --axis) {
    t.stride[axis] = t.stride[axis + 1] * t.shape[axis + 1];
  }
  return t;
}

/* One object of twelve points at the identity, seen with sigma of half a pixel. */
typedef struct scene {
  double x3d[kPoints * 3], x2d[kPoints * 2], w2d[kPoints * 2], intrinsics[5], translation[3];
  int32_t model;
  propnp_correspondences correspondences;
  propnp_cameras cameras;
  propnp_cost_options cost;
  propnp_solve_options solve;
  propnp_sample_options sample;
} scene;

static int make_scene(scene* s) {
  static const double intrinsics[5] = {800, 800, 320, 240, 0}, translation[3] = {0.1, -0.2, 4};
  int i;
  memcpy(s->intrinsics, intrinsics, sizeof intrinsics);
  memcpy(s->translation, translation, sizeof translation);
  s->model = PROPNP_CAMERA_PINHOLE;
  for (i = 0; i < kPoints; ++i) {
    double* x = s->x3d + 3 * i;
    x[0] = sin(3.0 * i), x[1] = cos(5.0 * i), x[2] = sin(7.0 * i + 1);
    s->x2d[2 * i] = 800 * (x[0] + translation[0]) / (x[2] + translation[2]) + 320;
    s->x2d[2 * i + 1] = 800 * (x[1] + translation[1]) / (x[2] + translation[2]) + 240;
    s->w2d[2 * i] = s->w2d[2 * i + 1] = 2;
  }
  REQUIRE(propnp_correspondences_init(&s->correspondences, sizeof s->correspondences) == 0);
  s->correspondences.num_objects = 1;
  s->correspondences.x3d = tensor(s->x3d, PROPNP_FLOAT64, 3, 1, kPoints, 3);
  s->correspondences.x2d = tensor(s->x2d, PROPNP_FLOAT64, 3, 1, kPoints, 2);
  s->correspondences.w2d = tensor(s->w2d, PROPNP_FLOAT64, 3, 1, kPoints, 2);
  REQUIRE(propnp_cameras_init(&s->cameras, sizeof s->cameras) == 0);
  s->cameras.model = tensor(&s->model, PROPNP_INT32, 1, 1, 0, 0);
  s->cameras.parameters = tensor(s->intrinsics, PROPNP_FLOAT64, 2, 1, 5, 0);
  REQUIRE(propnp_cost_options_init(&s->cost, sizeof s->cost) == 0);
  REQUIRE(propnp_solve_options_init(&s->solve, sizeof s->solve) == 0);
  REQUIRE(propnp_sample_options_init(&s->sample, sizeof s->sample) == 0);
  s->sample.num_samples = kSamples;
  return 0;
}

static int test_solve(propnp_context* context, const scene* s, double* pose, double* covariance) {
  propnp_solve_args args;
  uint64_t bytes = 0;
  void* memory;
  int32_t status = -1;
  int i;
  REQUIRE(propnp_solve_args_init(&args, sizeof args) == 0);
  args.correspondences = &s->correspondences;
  args.cameras = &s->cameras;
  args.cost = &s->cost;
  args.options = &s->solve;
  args.pose = tensor(pose, PROPNP_FLOAT64, 2, 1, 7, 0);
  args.covariance = tensor(covariance, PROPNP_FLOAT64, 3, 1, 6, 6);
  args.status = tensor(&status, PROPNP_INT32, 1, 1, 0, 0);
  REQUIRE(propnp_solve_workspace_size(context, &args, &bytes) == 0);
  memory = malloc(bytes + 64);
  args.workspace = (char*)memory + (64 - (uintptr_t)memory % 64);
  args.workspace_size = bytes;
  REQUIRE(propnp_solve(context, &args) == 0);
  free(memory);
  REQUIRE(status == PROPNP_STATUS_CONVERGED);
  for (i = 0; i < 3; ++i) REQUIRE(fabs(pose[i] - s->translation[i]) < 1e-9);
  REQUIRE(fabs(fabs(pose[3]) - 1) < 1e-9);
  for (i = 0; i < 6; ++i) REQUIRE(covariance[7 * i] > 0);
  return 0;
}

/* The posterior agrees with the solver where it is nearly Gaussian, and can be drawn from. */
static int test_sample(propnp_context* context, const scene* s, const double* pose,
                       const double* covariance) {
  static double samples[kSamples * 7], log_weight[kSamples], draws[kDraws * 7];
  double log_evidence = 0, mean[7], spread[36];
  int32_t status = -1;
  propnp_sample_args args;
  propnp_draw_args draw;
  int i;
  REQUIRE(propnp_sample_args_init(&args, sizeof args) == 0);
  args.correspondences = &s->correspondences;
  args.cameras = &s->cameras;
  args.cost = &s->cost;
  args.start_options = &s->solve;
  args.options = &s->sample;
  args.log_evidence = tensor(&log_evidence, PROPNP_FLOAT64, 1, 1, 0, 0);
  args.mean_pose = tensor(mean, PROPNP_FLOAT64, 2, 1, 7, 0);
  args.covariance = tensor(spread, PROPNP_FLOAT64, 3, 1, 6, 6);
  args.sample_pose = tensor(samples, PROPNP_FLOAT64, 3, 1, kSamples, 7);
  args.sample_log_weight = tensor(log_weight, PROPNP_FLOAT64, 2, 1, kSamples, 0);
  args.status = tensor(&status, PROPNP_INT32, 1, 1, 0, 0);
  REQUIRE(propnp_sample(context, &args) == 0);
  REQUIRE((status & PROPNP_STATUS_FAILED) == 0);
  REQUIRE(isfinite(log_evidence));
  for (i = 0; i < 6; ++i) {
    /* 256 quasi-random samples know a standard deviation to a tenth. */
    REQUIRE(fabs(sqrt(spread[7 * i] / covariance[7 * i]) - 1) < 0.1);
  }
  for (i = 0; i < 3; ++i) REQUIRE(fabs(mean[i] - pose[i]) < sqrt(covariance[7 * i]));
  REQUIRE(propnp_draw_args_init(&draw, sizeof draw) == 0);
  draw.sample_pose = args.sample_pose;
  draw.sample_log_weight = args.sample_log_weight;
  draw.draws = tensor(draws, PROPNP_FLOAT64, 3, 1, kDraws, 7);
  REQUIRE(propnp_draw(context, &draw) == 0);
  for (i = 0; i < kDraws; ++i) REQUIRE(fabs(draws[7 * i + 2] - pose[2]) < 0.5);
  return 0;
}

/* The camera's position has the covariance that its rotation's uncertainty makes of it. */
static int test_covariance(propnp_context* context, const double* pose, const double* covariance) {
  double of_camera[36];
  propnp_convert_covariance_args args;
  REQUIRE(propnp_convert_covariance_args_init(&args, sizeof args) == 0);
  args.to = PROPNP_TANGENT_INVERSE_POSE;
  args.pose = tensor(pose, PROPNP_FLOAT64, 2, 1, 7, 0);
  args.covariance = tensor(covariance, PROPNP_FLOAT64, 3, 1, 6, 6);
  args.result = tensor(of_camera, PROPNP_FLOAT64, 3, 1, 6, 6);
  REQUIRE(propnp_convert_covariance(context, &args) == 0);
  REQUIRE(of_camera[0] > 2 * covariance[0]); /* four units away: sideways, angles matter more */
  REQUIRE(fabs(of_camera[35] - covariance[35]) < 1e-9 * covariance[35]);
  return 0;
}

int main(void) {
  static scene s;
  double pose[7], covariance[36];
  propnp_context* context = NULL;
  propnp_context_options options;
  REQUIRE(propnp_abi_version() >> 16 == PROPNP_ABI_MAJOR);
  REQUIRE(propnp_context_options_init(&options, sizeof options) == 0);
  options.num_threads = 2;
  REQUIRE(propnp_context_create(&options, &context) == 0);
  if (make_scene(&s) || test_solve(context, &s, pose, covariance) ||
      test_sample(context, &s, pose, covariance) || test_covariance(context, pose, covariance)) {
    return 1;
  }
  propnp_context_destroy(context);
  puts(propnp_build_info());
  return 0;
}
