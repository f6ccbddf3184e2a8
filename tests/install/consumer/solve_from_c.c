/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The propnp authors */

/* The C ABI of an installed propnp: one object of eight points without noise, solved from nothing.
 */
#include <math.h>
#include <propnp/c_api/propnp.h>
#include <stdio.h>

static const double kTrueTranslation[3] = {0.1, -0.2, 4.0}; /* the true rotation is the identity */
static double kIntrinsics[5] = {800, 800, 320, 240, 0};

static propnp_tensor tensor(void* data, int32_t dtype, int32_t ndim, int64_t a, int64_t b,
                            int64_t c) {
  propnp_tensor t = {0};
  t.data = data;
  t.dtype = dtype;
  t.ndim = ndim;
  t.shape[0] = a, t.shape[1] = b, t.shape[2] = c;
  t.stride[ndim - 1] = 1;
  for (int axis = ndim - 2; axis >= 0; --axis) {
    t.stride[axis] = t.stride[axis + 1] * t.shape[axis + 1];
  }
  return t;
}

int main(void) {
  double x3d[8 * 3], x2d[8 * 2], pose[7];
  int32_t model = PROPNP_CAMERA_PINHOLE, status = 0;
  for (int corner = 0; corner < 8; ++corner) {
    double* x = x3d + 3 * corner;
    x[0] = corner & 1 ? 0.5 : -0.5;
    x[1] = corner & 2 ? 0.4 : -0.4;
    x[2] = corner & 4 ? 0.3 : -0.3;
    for (int i = 0; i < 2; ++i) {
      const double ray = (x[i] + kTrueTranslation[i]) / (x[2] + kTrueTranslation[2]);
      x2d[2 * corner + i] = kIntrinsics[i] * ray + kIntrinsics[2 + i];
    }
  }

  propnp_correspondences correspondences;
  propnp_correspondences_init(&correspondences, sizeof correspondences);
  correspondences.num_objects = 1;
  correspondences.x3d = tensor(x3d, PROPNP_FLOAT64, 3, 1, 8, 3);
  correspondences.x2d = tensor(x2d, PROPNP_FLOAT64, 3, 1, 8, 2);
  propnp_cameras cameras;
  propnp_cameras_init(&cameras, sizeof cameras);
  cameras.model = tensor(&model, PROPNP_INT32, 1, 1, 0, 0);
  cameras.parameters = tensor(kIntrinsics, PROPNP_FLOAT64, 2, 1, 5, 0);
  propnp_cost_options cost;
  propnp_cost_options_init(&cost, sizeof cost);
  propnp_solve_options options;
  propnp_solve_options_init(&options, sizeof options);

  propnp_solve_args args;
  propnp_solve_args_init(&args, sizeof args);
  args.correspondences = &correspondences;
  args.cameras = &cameras;
  args.cost = &cost;
  args.options = &options;
  args.pose = tensor(pose, PROPNP_FLOAT64, 2, 1, 7, 0);
  args.status = tensor(&status, PROPNP_INT32, 1, 1, 0, 0);

  propnp_context* context = NULL;
  if (propnp_context_create(NULL, &context) != PROPNP_OK ||
      propnp_solve(context, &args) != PROPNP_OK || status != PROPNP_STATUS_CONVERGED) {
    printf("not solved: %s, status bits %d\n", propnp_last_error(context), (int)status);
    return 1;
  }
  propnp_context_destroy(context);

  double error = fabs(fabs(pose[3]) - 1);
  for (int i = 0; i < 3; ++i) error = fmax(error, fabs(pose[i] - kTrueTranslation[i]));
  printf("%s: largest deviation from the true pose %.1e\n", propnp_build_info(), error);
  return error < 1e-8 ? 0 : 1;
}
