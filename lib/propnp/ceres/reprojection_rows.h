// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The propnp authors

// Residuals and Jacobian rows of a few points at a time, in columns that the compiler turns into
// vector instructions. Internal to the reprojection costs: a whole object runs in chunks of
// kChunk points, a single point in chunks of one, through the same functions.
//
// The robust residual of a point with e = W (proj - x2d), s = |e|, n = e / s is
//
//   r = n sqrt(2 rho(s)),   d r = (a I + c e e^T) d e
//   a = sqrt(2 rho) / s,    c = (b - a) / s^2,   b = d sqrt(2 rho) / ds = (rho'/s) / a
//
// so that |r|^2 / 2 = rho(s). At s = 0 a is 1 and c e e^T is 0.
#ifndef PROPNP_CERES_REPROJECTION_ROWS_H_
#define PROPNP_CERES_REPROJECTION_ROWS_H_

#include "propnp/ceres/pose_chain.h"
#include "propnp/math/camera.h"
#include "propnp/math/residual.h"

namespace propnp {

// Columns of a chunk's points. Every column has kCapacity readable numbers.
struct PointColumns {
  const double *x, *y, *z;  // in the frame at the far end of the chain
  const double *u, *v;      // px
  const double* w[4];       // a diagonal weight's x, y; or xx, xy, yx, yy of a 2x2
};

template <int kCapacity>
struct ReprojectionRows {
  double ex[kCapacity], ey[kCapacity];
  // Gradients of the two residuals with respect to point_in_cam, with the loss after ApplyLoss.
  double ux[kCapacity], uy[kCapacity], uz[kCapacity];
  double vx[kCapacity], vy[kCapacity], vz[kCapacity];
  // a and c of the loss.
  double scale[kCapacity], rank_one[kCapacity];
};

inline DiagonalWeight<double> WeightAt(const PointColumns& p, int i, DiagonalWeight<double>) {
  return {p.w[0][i], p.w[1][i]};
}
inline SqrtInformation<double> WeightAt(const PointColumns& p, int i, SqrtInformation<double>) {
  return {p.w[0][i], p.w[1][i], p.w[2][i], p.w[3][i]};
}

// Whether there is a box and whether gradients are wanted is known to the compiler, or it would not
// vectorise the loop.
template <typename Weight, bool kHasBox, bool kWithGradient, typename Camera, int kCapacity>
void ProjectPointsLoop(const ViewModel<Camera, double>& shared_model,
                       const RigidTransform<double>& shared_transform, const PointColumns& shared,
                       ReprojectionRows<kCapacity>* __restrict rows) {
  // Copies, so that no store to `rows` can be taken for a change of them.
  ViewModel<Camera, double> model = shared_model;
  model.box.active = kHasBox;
  const RigidTransform<double> cam_from_point = shared_transform;
  const PointColumns points = shared;
  for (int i = 0; i < kCapacity; ++i) {
    const Vec3<double> p = cam_from_point * Vec3<double>{points.x[i], points.y[i], points.z[i]};
    const Vec2<double> x2d{points.u[i], points.v[i]};
    const Weight weight = WeightAt(points, i, Weight());
    if (!kWithGradient) {
      const Vec2<double> e = weighted_residual(model, p, x2d, weight);
      rows->ex[i] = e.x, rows->ey[i] = e.y;
      continue;
    }
    const PointResidual<double> r = residual_with_jacobian(model, p, x2d, weight);
    rows->ex[i] = r.e.x, rows->ey[i] = r.e.y;
    rows->ux[i] = r.x_gradient.x, rows->uy[i] = r.x_gradient.y, rows->uz[i] = r.x_gradient.z;
    rows->vx[i] = r.y_gradient.x, rows->vy[i] = r.y_gradient.y, rows->vz[i] = r.y_gradient.z;
  }
}

// Fills ex, ey and, if asked for, the gradients.
template <typename Weight, typename Camera, int kCapacity>
void ProjectPoints(const ViewModel<Camera, double>& model,
                   const RigidTransform<double>& cam_from_point, const PointColumns& points,
                   bool with_gradient, ReprojectionRows<kCapacity>* rows) {
  if (model.box.active && with_gradient) {
    ProjectPointsLoop<Weight, true, true>(model, cam_from_point, points, rows);
  } else if (model.box.active) {
    ProjectPointsLoop<Weight, true, false>(model, cam_from_point, points, rows);
  } else if (with_gradient) {
    ProjectPointsLoop<Weight, false, true>(model, cam_from_point, points, rows);
  } else {
    ProjectPointsLoop<Weight, false, false>(model, cam_from_point, points, rows);
  }
}

template <LossKind kKind, int kCapacity>
void LossFactors(double delta, ReprojectionRows<kCapacity>* __restrict rows) {
  RobustLoss<double> loss;
  loss.kind = kKind;
  loss.delta = delta;
  for (int i = 0; i < kCapacity; ++i) {
    const double squared = rows->ex[i] * rows->ex[i] + rows->ey[i] * rows->ey[i];
    const LossValue<double> value = loss.evaluate(squared);
    // Below this the loss is quadratic to rounding, and its quotients would be those of zeros.
    const bool regular = 1e-290 < value.rho;
    const double safe = select(regular, squared, 1.0);
    const double a = sqrt(select(regular, 2 * value.rho, 1.0) / safe);
    rows->scale[i] = a;
    rows->rank_one[i] = select(regular, (value.weight / a - a) / safe, 0.0);
  }
}

template <int kCapacity>
void ApplyLossToGradients(ReprojectionRows<kCapacity>* __restrict rows) {
  for (int i = 0; i < kCapacity; ++i) {
    const double ex = rows->ex[i], ey = rows->ey[i], a = rows->scale[i];
    const double cx = rows->rank_one[i] * ex, cy = rows->rank_one[i] * ey;
    const double along_x = ex * rows->ux[i] + ey * rows->vx[i];
    const double along_y = ex * rows->uy[i] + ey * rows->vy[i];
    const double along_z = ex * rows->uz[i] + ey * rows->vz[i];
    rows->ux[i] = a * rows->ux[i] + cx * along_x;
    rows->uy[i] = a * rows->uy[i] + cx * along_y;
    rows->uz[i] = a * rows->uz[i] + cx * along_z;
    rows->vx[i] = a * rows->vx[i] + cy * along_x;
    rows->vy[i] = a * rows->vy[i] + cy * along_y;
    rows->vz[i] = a * rows->vz[i] + cy * along_z;
  }
}

// Fills scale and rank_one, and applies them to the gradients. False, with nothing done, where the
// loss is quadratic for every point of the chunk.
template <int kCapacity>
bool ApplyLoss(const RobustLoss<double>& loss, bool with_gradient,
               ReprojectionRows<kCapacity>* rows) {
  if (loss.kind == LossKind::kNone) return false;
  if (loss.kind == LossKind::kHuber) {
    bool beyond = false;
    for (int i = 0; i < kCapacity; ++i) {
      beyond |= loss.delta * loss.delta < rows->ex[i] * rows->ex[i] + rows->ey[i] * rows->ey[i];
    }
    if (!beyond) return false;
    LossFactors<LossKind::kHuber>(loss.delta, rows);
  } else {
    LossFactors<LossKind::kCauchy>(loss.delta, rows);
  }
  if (with_gradient) ApplyLossToGradients(rows);
  return true;
}

// Columns of the Jacobian over a pose's blocks, in the blocks' order: [residual][column][point].
template <int kCapacity>
struct PoseColumns {
  double at[2][7][kCapacity];
};

template <int kRotationSize, bool kIdentity, int kCapacity>
void FillPoseColumns(const LinkMap& shared_map, const PointColumns& shared_points,
                     const ReprojectionRows<kCapacity>& rows, int translation, int rotation,
                     PoseColumns<kCapacity>* __restrict columns) {
  const LinkMap map = shared_map;
  const PointColumns points = shared_points;
  for (int i = 0; i < kCapacity; ++i) {
    const Vec3<double> arm =
        map.arm_from_point * Vec3<double>{points.x[i], points.y[i], points.z[i]};
    Vec3<double> u{rows.ux[i], rows.uy[i], rows.uz[i]};
    Vec3<double> v{rows.vx[i], rows.vy[i], rows.vz[i]};
    if (!kIdentity) u = map.b * u, v = map.b * v;
    const Vec3<double> u_torque = cross(arm, u), v_torque = cross(arm, v);
    columns->at[0][translation][i] = u.x, columns->at[1][translation][i] = v.x;
    columns->at[0][translation + 1][i] = u.y, columns->at[1][translation + 1][i] = v.y;
    columns->at[0][translation + 2][i] = u.z, columns->at[1][translation + 2][i] = v.z;
    for (int j = 0; j < kRotationSize; ++j) {
      columns->at[0][rotation + j][i] = dot(map.angle_columns[j], u_torque);
      columns->at[1][rotation + j][i] = dot(map.angle_columns[j], v_torque);
    }
  }
}

// Interleaves kColumns columns from `first_column` on into the row-major block `jacobian`.
template <int kColumns, int kCapacity>
void ScatterColumns(const PoseColumns<kCapacity>& columns, int first_column, int count,
                    double* __restrict jacobian) {
  for (int i = 0; i < count; ++i) {
    for (int row = 0; row < 2; ++row) {
      for (int j = 0; j < kColumns; ++j) *jacobian++ = columns.at[row][first_column + j][i];
    }
  }
}

// Writes the rows of `count` points into the blocks of one pose. `jacobians` and `first_row` as in
// ceres::CostFunction::Evaluate; blocks that are null are left out.
template <int kCapacity>
void WritePoseJacobian(const LinkMap& map, const PointColumns& points,
                       const ReprojectionRows<kCapacity>& rows, int first_row, int count,
                       double** jacobians) {
  double** const blocks = jacobians + map.first_block;
  const PoseLayout& layout = *map.layout;
  const bool separate = layout.storage == PoseStorage::kSeparateBlocks;
  if (blocks[0] == nullptr && !(separate && blocks[1] != nullptr)) return;
  const bool rotation_first = separate || layout.storage == PoseStorage::kQuaternionTranslation;
  const int translation = rotation_first ? 4 : 0, rotation = rotation_first ? 0 : 3;

  PoseColumns<kCapacity> columns;
  if (layout.four_dof()) {
    FillPoseColumns<1, false>(map, points, rows, translation, rotation, &columns);
    ScatterColumns<4>(columns, 0, count, blocks[0] + first_row * 4);
    return;
  }
  if (map.b_is_identity) {
    FillPoseColumns<4, true>(map, points, rows, translation, rotation, &columns);
  } else {
    FillPoseColumns<4, false>(map, points, rows, translation, rotation, &columns);
  }
  if (!separate) {
    ScatterColumns<7>(columns, 0, count, blocks[0] + first_row * 7);
    return;
  }
  if (blocks[0] != nullptr) ScatterColumns<4>(columns, 0, count, blocks[0] + first_row * 4);
  if (blocks[1] != nullptr) ScatterColumns<3>(columns, 4, count, blocks[1] + first_row * 3);
}

}  // namespace propnp

#endif  // PROPNP_CERES_REPROJECTION_ROWS_H_
