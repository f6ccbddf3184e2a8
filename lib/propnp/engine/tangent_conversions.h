// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The propnp authors

// Covariances and steps of poses in the tangents of others (math/tangent.h, math/finite_step.h),
// for whole batches. args in pose_args.h. None of these allocates.
#ifndef PROPNP_ENGINE_TANGENT_CONVERSIONS_H_
#define PROPNP_ENGINE_TANGENT_CONVERSIONS_H_

#include "propnp/engine/context.h"
#include "propnp/engine/pose_args.h"
#include "propnp/engine/status.h"
#include "propnp/engine/tensor.h"

namespace propnp {

struct ConvertCovarianceArgs : propnp_convert_covariance_args {
  ConvertCovarianceArgs() : propnp_convert_covariance_args{} {
    struct_size = sizeof(propnp_convert_covariance_args);
    device = -1;
    yaw_axis[1] = 1;
  }
};

struct MovePoseArgs : propnp_move_pose_args {
  MovePoseArgs() : propnp_move_pose_args{} {
    struct_size = sizeof(propnp_move_pose_args);
    device = -1;
  }
};

struct PoseDifferenceArgs : propnp_pose_difference_args {
  PoseDifferenceArgs() : propnp_pose_difference_args{} {
    struct_size = sizeof(propnp_pose_difference_args);
    device = -1;
  }
};

struct ConvertStepArgs : propnp_convert_step_args {
  ConvertStepArgs() : propnp_convert_step_args{} {
    struct_size = sizeof(propnp_convert_step_args);
    device = -1;
  }
};

Status ConvertCovariance(Context& context, const propnp_convert_covariance_args& args);
Status MovePose(Context& context, const propnp_move_pose_args& args);
Status PoseDifference(Context& context, const propnp_pose_difference_args& args);
Status ConvertStep(Context& context, const propnp_convert_step_args& args);

}  // namespace propnp

#endif  // PROPNP_ENGINE_TANGENT_CONVERSIONS_H_
