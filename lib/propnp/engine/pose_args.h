/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The propnp authors */

/* Operations on poses alone, without correspondences, as plain C99 structs that begin with their
 * size. C++ users take the filled-in versions of engine/draw.h and engine/tangent_conversions.h.
 * B objects; D = 6 or 4 degrees of freedom, stored in D' = 7 [tx ty tz qw qx qy qz] or 4 [tx ty tz
 * yaw] numbers, as the extent of the pose tensor says. Arithmetic is in float64. Outputs may be
 * the inputs of the same shape and type. An object with a number that is not finite, a zero
 * quaternion or no answer that its outputs can hold gets zeros and PROPNP_STATUS_NON_FINITE_INPUT.
 */
#ifndef PROPNP_ENGINE_POSE_ARGS_H_
#define PROPNP_ENGINE_POSE_ARGS_H_

#include "propnp/engine/args.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Draws poses of equal weight from weighted samples, such as propnp_sample gives, by systematic
 * resampling: a sample of normalised weight w is drawn floor or ceil of K w times, in random order.
 * Every single draw, and every few of them, then have the distribution of the samples. They depend
 * on seed and object id alone and are those that propnp_sample itself gives (but where rounding of
 * the weights moves one). */
typedef struct propnp_draw_args {
  uint64_t struct_size;
  int32_t device; /* -1: CPU */
  void* stream;
  void* workspace; /* at least propnp_draw_workspace_size bytes, aligned to 64; null: the call
                      allocates */
  uint64_t workspace_size;
  uint64_t seed;
  const uint64_t* seed_pointer; /* read instead of `seed` when not null */
  uint64_t id_offset;
  propnp_tensor object_ids; /* (B) uint64 keys of the random streams; optional: index + id_offset */

  propnp_tensor sample_pose;       /* (B, S, D') float; not read for `chosen` */
  propnp_tensor sample_log_weight; /* (B, S) float; minus infinity is a weight of zero */

  propnp_tensor draws;  /* (B, K, D') float: the stored numbers of the drawn samples */
  propnp_tensor chosen; /* (B, K) int32: which samples they are; -1 of a failed object */
  propnp_tensor status; /* (B) int32, PROPNP_STATUS_* */
} propnp_draw_args;

/* Tangents of a pose cam_from_object = (R, t), by who uses them: six numbers, of which d stands for
 * the translation's and phi (a rotation vector) or theta (full angle, Cayley's) for the rotation's.
 * For covariances only their first order matters, where phi and theta are the same. */
enum {
  PROPNP_TANGENT_PROPNP = 0,          /* [d, theta]: t + d, R <- cayley(theta) R */
  PROPNP_TANGENT_ROTATION_VECTOR = 1, /* [d, phi]: t + d, R <- exp(phi) R */
  PROPNP_TANGENT_HALF_ANGLE = 2,      /* [d, phi / 2]: Ceres' (Eigen)QuaternionManifold */
  PROPNP_TANGENT_EPROPNP = 3,         /* [d, -theta / 2]: the published EPro-PnP layer */
  PROPNP_TANGENT_OBJECT_SIDE = 4,     /* [d, phi]: t + d, R <- R exp(phi) */
  PROPNP_TANGENT_GTSAM = 5,           /* [omega, v]: the pose <- the pose exp([omega, v]), Pose3 */
  PROPNP_TANGENT_ROS = 6,             /* [d, angles]: geometry_msgs/PoseWithCovariance, rotation
                                         about the fixed axes x, then y, then z */
  PROPNP_TANGENT_PYCOLMAP = 7,        /* [phi / 2, d]: pycolmap's cam_from_world */
  PROPNP_TANGENT_INVERSE_POSE = 8,    /* PROPNP_TANGENT_PROPNP of object_from_cam */
  PROPNP_NUM_TANGENTS = 9
};

/* Covariances in another tangent. With 4DoF, `from` is PROPNP_TANGENT_PROPNP: what goes in is (B,
 * 4, 4) of [d, yaw], and what comes out (B, 6, 6) of rank four, the uncertainty of the whole pose,
 * whose rotation can only turn about yaw_axis. */
typedef struct propnp_convert_covariance_args {
  uint64_t struct_size;
  int32_t device; /* -1: CPU */
  int32_t from;   /* PROPNP_TANGENT_* */
  int32_t to;     /* PROPNP_TANGENT_* */
  void* stream;
  double yaw_axis[3];          /* unit vector of the camera (rig) frame; 4DoF only */
  propnp_tensor base_rotation; /* (B, 4) float qw qx qy qz, 4DoF only; optional: identity */

  propnp_tensor pose;       /* (B, D') float */
  propnp_tensor covariance; /* (B, D, D) float, in the tangent `from` at the pose */

  propnp_tensor result; /* (B, 6, 6) float, in the tangent `to` */
  propnp_tensor status; /* (B) int32, PROPNP_STATUS_* */
} propnp_convert_covariance_args;

/* A step from a pose, exactly as its tangent says: box-plus. Quaternions come out normalised. With
 * 4DoF the tangent is PROPNP_TANGENT_PROPNP, [d, yaw]. */
typedef struct propnp_move_pose_args {
  uint64_t struct_size;
  int32_t device;  /* -1: CPU */
  int32_t tangent; /* PROPNP_TANGENT_* */
  void* stream;

  propnp_tensor pose; /* (B, D') float */
  propnp_tensor step; /* (B, D) float */

  propnp_tensor moved;  /* (B, D') float */
  propnp_tensor status; /* (B) int32, PROPNP_STATUS_* */
} propnp_move_pose_args;

/* The step that leads from one pose to another, the shorter way round: box-minus. With 4DoF the
 * yaw's is within half a turn. Half a turn has no step in Cayley's tangents. */
typedef struct propnp_pose_difference_args {
  uint64_t struct_size;
  int32_t device;  /* -1: CPU */
  int32_t tangent; /* PROPNP_TANGENT_* */
  void* stream;

  propnp_tensor from; /* (B, D') float */
  propnp_tensor to;   /* (B, D') float */

  propnp_tensor step;   /* (B, D) float */
  propnp_tensor status; /* (B) int32, PROPNP_STATUS_* */
} propnp_pose_difference_args;

/* A step in another tangent: the one that leads to the same pose. 6DoF. Small steps keep all their
 * digits, however far away the pose is. */
typedef struct propnp_convert_step_args {
  uint64_t struct_size;
  int32_t device; /* -1: CPU */
  int32_t from;   /* PROPNP_TANGENT_* */
  int32_t to;     /* PROPNP_TANGENT_* */
  void* stream;

  propnp_tensor pose; /* (B, 7) float, where the steps begin */
  propnp_tensor step; /* (B, 6) float */

  propnp_tensor result; /* (B, 6) float */
  propnp_tensor status; /* (B) int32, PROPNP_STATUS_* */
} propnp_convert_step_args;

#ifdef __cplusplus
}
#endif
#endif /* PROPNP_ENGINE_POSE_ARGS_H_ */
