// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The propnp authors

// The loops over points that second derivatives and the gradient to camera parameters take, in
// double precision. Directions and Hessian are in six coordinates of the rig's frame, translation
// and rotation, whatever the degrees of freedom: a yaw is a rotation about the axis.
#ifndef PROPNP_ENGINE_KERNELS_DERIVATIVE_KERNELS_H_
#define PROPNP_ENGINE_KERNELS_DERIVATIVE_KERNELS_H_

#include "propnp/engine/kernels/object_kernels.h"
#include "propnp/math/twist_curvature.h"

namespace propnp {

constexpr int kMaxKernelParameters = 12;  // of a camera

// The directions lambda and Delta of math/second_derivatives.h.
struct TwistPair {
  double lambda[kTwist], delta[kTwist];
};

// Gradient with respect to the inputs of one view, added to. Columns are padded like the points;
// wxy and wyx are touched only with a square-root information, the camera only if asked for.
struct InputGradientColumns {
  double *x, *y, *z;  // of point_in_object
  double *u, *v;
  double *wxx, *wyy, *wxy, *wyx;
  double loss_delta;  // a sum over points
  int32_t with_camera;
  double camera[kMaxKernelParameters];  // a sum over points
};

// Gradient and the lower triangle of the Hessian, row by row.
struct TwistCurvature {
  double gradient[kTwist];
  double hessian[kTwistTriangle];
};

struct DerivativeKernels {
  // Adds d F / d inputs, F = lambda^T (g + H Delta), see math/second_derivatives.h.
  void (*add_newton_product)(const PackedView<double>&, const KernelPose<double>&,
                             const KernelModel<double>&, const TwistPair&, InputGradientColumns*);
  // Adds the view's gradient and its Hessian in the chart of the retraction, nothing left out.
  void (*add_curvature)(const PackedView<double>&, const KernelPose<double>&,
                        const KernelModel<double>&, TwistCurvature*);
  // Adds weight * d cost / d camera parameters.
  void (*add_camera_gradient)(const PackedView<double>&, const KernelPose<double>&,
                              const KernelModel<double>&, double weight, double* camera);
};

const DerivativeKernels& GetDerivativeKernels();

}  // namespace propnp

#endif  // PROPNP_ENGINE_KERNELS_DERIVATIVE_KERNELS_H_
