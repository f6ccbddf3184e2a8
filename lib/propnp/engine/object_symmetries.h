// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The propnp authors

// Rotations of an object that leave it as it is: poses that differ by one of them are the same
// pose.
//
//   image of (R, t) under S:   R S,   t + R (c - S c)     c the point that S leaves in place
//
// S is one of the caller's rotations, or none, before a turn by any angle about the caller's axis.
// With four degrees of freedom only rotations about the yaw axis make an image; others are not
// used.
#ifndef PROPNP_ENGINE_OBJECT_SYMMETRIES_H_
#define PROPNP_ENGINE_OBJECT_SYMMETRIES_H_

#include "propnp/engine/posterior_modes.h"
#include "propnp/engine/sample_args.h"

namespace propnp {

// Shapes, indices and rotations of the table; null passes.
Status CheckSymmetries(const Problem& problem, const propnp_symmetries* symmetries);

// The symmetries of one object.
template <int kDof>
class ObjectSymmetries {
 public:
  // `symmetries` may be null: there are none then.
  ObjectSymmetries(const propnp_symmetries* symmetries, int64_t object, const DofPolicy<kDof>& dof);

  bool empty() const { return end_ == begin_ && !has_axis_; }

  // The pose itself, or the image of it that is nearer in rotation to `reference`. `image` must not
  // be `pose`.
  void Nearest(const double* reference, const double* pose, double* image) const;

  // The squared Mahalanobis distance from a mode to the nearest image of another, both their
  // uncertainties taken together; infinite if it has no image but itself.
  double DistanceToImage(const PosteriorMode<kDof>& mode, const PosteriorMode<kDof>& other) const;

 private:
  struct Found {
    double angle;  // from the reference; infinite if there is no image
    double pose[7];
    Vec3<double> shift;  // R (c - S c)
  };

  Found NearestImage(const double* reference, const double* pose) const;
  bool Image(const Quaternion<double>& rotation, const double* pose, double* image,
             Vec3<double>* shift) const;
  Quaternion<double> BestTurn(const double* reference, const double* pose,
                              const Quaternion<double>& rotation) const;

  const propnp_symmetries* table_;
  DofPolicy<kDof> dof_;
  int64_t begin_ = 0, end_ = 0;  // of the rotations
  bool has_axis_ = false;
  Vec3<double> axis_{0, 0, 0}, centre_{0, 0, 0};
};

// Fills representative[m] for every mode: the mode that stands for all those that are one with it,
// of which it is the converged one nearest in rotation to `reference`. Two are one if the image of
// the one is nearer to the other than to any third mode, and within four standard deviations.
template <int kDof>
void FoldModes(const ObjectSymmetries<kDof>& symmetries, const DofPolicy<kDof>& dof,
               const PosteriorMode<kDof>* modes, int num_modes, const double* reference,
               int* representative);

}  // namespace propnp

#endif  // PROPNP_ENGINE_OBJECT_SYMMETRIES_H_
