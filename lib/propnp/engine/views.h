/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The propnp authors */

/* What goes into the engine: plain C99 structs of pointers, shapes and strides.
 *
 * They are the one set of view types of the project: the C++ engine, the C ABI and the CUDA backend
 * read these very structs. A struct that may grow begins with `struct_size` and is passed by
 * pointer; propnp_tensor is embedded and frozen. Nothing here owns memory.
 *
 *   objects (B) -> views (V) -> points (P)
 *
 * An object is one pose to find. It is seen by one view or, on a rig, by several; a view is one
 * camera and a range of points. One view an object is the common case: leave every view field empty
 * and view b is object b.
 *
 * Frames and units: point_in_cam = R point_in_object + t with the pose `cam_from_object` (on a rig:
 * `rig_from_object`); x3d in any one unit of length, which t then has too; x2d in pixels with the
 * centre of the top-left pixel at (0, 0), as OpenCV counts. */
#ifndef PROPNP_ENGINE_VIEWS_H_
#define PROPNP_ENGINE_VIEWS_H_

#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Values of propnp_tensor::dtype. */
enum {
  PROPNP_FLOAT32 = 1,
  PROPNP_FLOAT64 = 2,
  PROPNP_INT32 = 3,
  PROPNP_INT64 = 4,
  PROPNP_UINT64 = 5
};

/* A strided array of up to four dimensions. `data` null means "not given". Strides count elements,
 * not bytes; they may be zero or negative. */
typedef struct propnp_tensor {
  void* data;
  int32_t dtype;
  int32_t ndim;
  int64_t shape[4];
  int64_t stride[4];
} propnp_tensor;

/* Values of propnp_cameras::model, with the order of their parameters (focal lengths and principal
 * point in pixels). */
enum {
  PROPNP_CAMERA_PINHOLE = 0,       /* fx fy cx cy skew */
  PROPNP_CAMERA_SIMPLE_RADIAL = 1, /* f cx cy k1 k2 */
  PROPNP_CAMERA_OPENCV = 2,        /* fx fy cx cy k1 k2 p1 p2 k3 k4 k5 k6 */
  PROPNP_CAMERA_FISHEYE = 3,       /* fx fy cx cy k1 k2 k3 k4 (Kannala-Brandt) */
  PROPNP_NUM_CAMERA_MODELS = 4
};

/* The largest number of parameters of a camera model. */
enum { PROPNP_MAX_CAMERA_PARAMETERS = 12 };

/* The table of C cameras. */
typedef struct propnp_cameras {
  uint64_t struct_size;
  propnp_tensor model;      /* (C) int32, PROPNP_CAMERA_* */
  propnp_tensor parameters; /* (C, M) float, M at least the number that each row's model has */
  propnp_tensor size_px;    /* (C, 2) int32 width, height; optional, carried for outputs */
  propnp_tensor box_px; /* (C, 4) float: u_min v_min u_max v_max to clamp projections; optional */
} propnp_cameras;

/* The correspondences of B objects.
 *
 * Points come dense, x3d (V, N, 3) with `counts` saying how many of a row are real (padding is
 * never read), or packed, x3d (P, 3) with `offsets`. Every point belongs to one view. */
typedef struct propnp_correspondences {
  uint64_t struct_size;
  int64_t num_objects;
  propnp_tensor x3d;       /* (V, N, 3) or (P, 3) float, object frame */
  propnp_tensor x2d;       /* (V, N, 2) or (P, 2) float, pixels */
  propnp_tensor w2d;       /* (V, N, 2) or (P, 2) float, 1/sigma in 1/px, >= 0; optional: 1 */
  propnp_tensor sqrt_info; /* (V, N, 2, 2) or (P, 2, 2) float, instead of w2d: e = L (proj - x2d) */
  propnp_tensor counts;    /* (V) int64, dense layout: points of each view; optional: N */
  propnp_tensor
      offsets; /* (V + 1) int64, packed layout: view v has points [offsets[v], offsets[v+1]) */

  propnp_tensor view_offsets; /* (B + 1) int64: object b has views [view_offsets[b],
                                 view_offsets[b+1]); optional: one view an object */
  propnp_tensor view_camera;  /* (V) int32 row of the camera table; optional: row v if C == V, else
                                 row 0 if C == 1 */
  propnp_tensor
      view_rig; /* (V) int32 row of camera_from_rig, -1 for identity; optional: identity */
  propnp_tensor camera_from_rig; /* (E, 7) float [tx ty tz qw qx qy qz] */

  propnp_tensor base_rotation; /* (B, 4) float qw qx qy qz, 4DoF only; optional: identity */
  propnp_tensor object_ids; /* (B) uint64 keys of the random streams; optional: index + id_offset */
  uint64_t id_offset;
} propnp_correspondences;

/* Values of propnp_cost_options::loss: rho as a function of s, the norm of the weighted residual.
 */
enum {
  PROPNP_LOSS_NONE = 0,           /* s^2 / 2 */
  PROPNP_LOSS_HUBER = 1,          /* s^2 / 2 up to delta, delta s - delta^2 / 2 beyond */
  PROPNP_LOSS_ADAPTIVE_HUBER = 2, /* Huber, delta = relative_delta x mean weight x spread of x2d */
  PROPNP_LOSS_CAUCHY = 3          /* delta^2 / 2 log(1 + s^2 / delta^2) */
};

/* Values of propnp_prior::kind, see math/prior.h. */
enum {
  PROPNP_PRIOR_LOG_DEPTH = 0,   /* Gaussian in (x/z, y/z, log z) of the translation */
  PROPNP_PRIOR_DEPTH_RANGE = 1, /* the translation is uniform in a frustum, and nowhere else */
  PROPNP_PRIOR_POSE = 2         /* Gaussian in the tangent of a mean pose */
};

/* A prior density of the pose. It adds -log density, which is normalised with respect to dt (of the
 * pose: dt dtheta), to the cost of every object. The tensors of its kind are given, and no others.
 * An object whose numbers make no density fails with PROPNP_STATUS_NON_FINITE_INPUT. */
typedef struct propnp_prior {
  uint64_t struct_size;
  propnp_tensor mean;  /* (B, 3) float: log depth */
  propnp_tensor sigma; /* (B, 3) float, positive: log depth, of independent components; or
                          covariance */
  int32_t kind;        /* PROPNP_PRIOR_* */
  propnp_tensor depth; /* (B, 2) float: depth range, 0 <= nearest < farthest */
  propnp_tensor bound; /* (B, 2) float: depth range, the largest |x/z| and |y/z|; or (B, 4): from
                          and to of x/z, from and to of y/z */
  propnp_tensor pose;  /* (B, D') float: pose */
  propnp_tensor covariance; /* (B, D, D) float: pose, in the tangent; standard deviations of
                               rotations below one radian (6DoF); or (B, 3, 3): log depth */
} propnp_prior;

/* What is minimised: the sum over the points of rho(|w (proj - x2d)|). */
typedef struct propnp_cost_options {
  uint64_t struct_size;
  int32_t dof;           /* 6, or 4: translation and yaw about yaw_axis */
  int32_t loss;          /* PROPNP_LOSS_* */
  double delta;          /* scale of Huber and Cauchy, in units of s (sigmas) */
  double relative_delta; /* of adaptive Huber, without unit */
  double z_min; /* smallest depth to divide by, unit of x3d; 0: 1e-3 x rms radius of the points */
  double yaw_axis[3];         /* unit vector of the camera (rig) frame; 4DoF only */
  propnp_tensor object_delta; /* (B) float: delta, or relative_delta, of each object; optional */
  const propnp_prior* prior;  /* null: none */
} propnp_cost_options;

#ifdef __cplusplus
}
#endif
#endif /* PROPNP_ENGINE_VIEWS_H_ */
