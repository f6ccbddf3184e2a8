// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The propnp authors

// The chain of rigid transforms from a point to the camera, and how each of its links moves the
// point. Internal to the cost functions.
//
// Write the chain L_1 ... L_n x, and link k as L_k = P or P^-1 with P = (R, t) the stored pose. Let
// A be the rotation of L_1 ... L_{k-1}, s = L_{k+1} ... L_n x the point that enters the link, and g
// the gradient of f with respect to point_in_cam. A step [dt, dtheta] of P (P <- dP P, pose.h)
// moves the point that leaves the link by
//
//   L = P:     dt + dtheta x (R s)
//   L = P^-1:  -R^T (dt + dtheta x (s - t))
//
// so that with h = B g the gradient with respect to the step is [h, arm x h], where
//
//   L = P:     B = A^T,      arm = R s
//   L = P^-1:  B = -R A^T,   arm = s - t
//
// The chain as a whole is a pose too. With the arm a of the far end's origin, the step of P is the
// step [tau, eta] = [B^T (dt + dtheta x a), B^T dtheta] of the chain on the camera's side.
#ifndef PROPNP_CERES_POSE_CHAIN_H_
#define PROPNP_CERES_POSE_CHAIN_H_

#include <array>
#include <vector>

#include "propnp/ceres/pose_chain_options.h"

namespace propnp {

// One link, ready for a loop over points.
struct LinkMap {
  int first_block;  // index of its first parameter block
  const PoseLayout* layout;
  Mat3<double> b;  // B of the formulas
  bool b_is_identity;
  RigidTransform<double> arm_from_point;      // arm = arm_from_point * point
  std::array<Vec3<double>, 4> angle_columns;  // PoseState::angle_columns
};

class PoseChain {
 public:
  static constexpr int kMaxLinks = 3;

  // The options must be valid.
  explicit PoseChain(const PoseChainOptions& options);

  // Sizes of the parameter blocks of the links, in their order.
  std::vector<int> block_sizes() const;

  // Everything at one value of the parameters.
  struct State {
    RigidTransform<double> cam_from_point;
    int num_links;  // that are parameter blocks
    LinkMap links[kMaxLinks];
  };

  // False if a quaternion is zero or a parameter is not finite. The state points into the chain.
  bool Evaluate(double const* const* parameters, State* state) const;

 private:
  struct Link {
    PoseLayout layout;
    int first_block;  // -1: constant
    RigidTransform<double> constant;
  };

  std::vector<Link> links_;  // from the camera outwards
};

// Writes the Jacobian of rows that depend on the chain as a whole. gradients: num_rows x 6
// row-major, d row / d [tau, eta]; `jacobians` as in ceres::CostFunction::Evaluate, of the chain's
// blocks.
void WriteChainJacobian(const PoseChain::State& chain, const double* gradients, int num_rows,
                        double** jacobians);

}  // namespace propnp

#endif  // PROPNP_CERES_POSE_CHAIN_H_
