// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The propnp authors

// The structs that args point to.
#include "tests/c_api/fuzz_case.h"

namespace propnp::fuzz {

const propnp_correspondences* Case::Correspondences() {
  auto c = Initialised(propnp_correspondences_init);
  c.num_objects =
      choices_.Rarely() ? choices_.Of<int64_t>({-1, INT64_MAX, INT64_MIN, 5, 1ll << 59}) : objects_;
  c.x3d = Points(3, {-1, 1});
  c.x2d = Points(2, {0, 640});
  if (!information_ && choices_.Below(4)) c.w2d = Points(2, {0, 2});
  if (information_ || choices_.Rarely()) {
    c.sqrt_info = dense_ ? memory_.Tensor({views_, points_, 2, 2}, {-1, 2})
                         : memory_.Tensor({points_, 2, 2}, {-1, 2});
  }
  if ((dense_ && choices_.Below(3) == 1) || choices_.Rarely()) {
    c.counts = memory_.Tensor({views_}, {0, static_cast<double>(points_)}, PROPNP_INT64);
  }
  if (!dense_ || choices_.Rarely()) {
    c.offsets = memory_.Tensor({views_ + 1}, {0, static_cast<double>(points_), true}, PROPNP_INT64);
  }
  if (rigs_ || choices_.Rarely()) {
    c.view_offsets =
        memory_.Tensor({objects_ + 1}, {0, static_cast<double>(views_), true}, PROPNP_INT64);
    c.view_rig = memory_.Tensor({views_}, {-1, 1}, PROPNP_INT32);
    c.camera_from_rig = memory_.Tensor({2, 7}, {-0.5, 1});
  }
  if (choices_.Below(2)) c.view_camera = memory_.Tensor({views_}, {0, 1}, PROPNP_INT32);
  if (dof_ == 4 && choices_.Below(2)) c.base_rotation = memory_.Tensor({objects_, 4}, {-1, 1});
  if (choices_.Below(4) == 1) c.object_ids = memory_.Tensor({objects_}, {0, 1e9}, PROPNP_UINT64);
  c.id_offset = choices_.Byte();
  return memory_.Copy(c, kFirstSize<propnp_correspondences>);
}

const propnp_cameras* Case::Cameras() {
  auto c = Initialised(propnp_cameras_init);
  const int64_t count = choices_.Of<int64_t>({2, 1, views_, 0});
  const double model = choices_.Below(4);
  c.model = memory_.Tensor({count}, {model, model}, PROPNP_INT32);
  if (choices_.Below(2)) {
    c.parameters = memory_.Tensor({count, choices_.Of<int64_t>({12, 5, 8, 4})}, {-0.1, 0.1});
  } else {
    c.parameters = memory_.Tensor({count, 12}, {100, 600});
  }
  if (choices_.Below(4) == 1) c.box_px = memory_.Tensor({count, 4}, {0, 640});
  if (choices_.Below(4) == 1) c.size_px = memory_.Tensor({count, 2}, {0, 640}, PROPNP_INT32);
  return memory_.Copy(c, kFirstSize<propnp_cameras>);
}

const propnp_prior* Case::Prior() {
  auto p = Initialised(propnp_prior_init);
  p.kind = Option({PROPNP_PRIOR_LOG_DEPTH, PROPNP_PRIOR_DEPTH_RANGE, PROPNP_PRIOR_POSE});
  if (p.kind == PROPNP_PRIOR_LOG_DEPTH || choices_.Rarely()) {
    p.mean = memory_.Tensor({objects_, 3}, {-1, 1});
    if (choices_.Below(2)) {
      p.sigma = memory_.Tensor({objects_, 3}, {0.1, 2});
    } else {
      p.covariance = memory_.Tensor({objects_, 3, 3}, {0.1, 0.2});
    }
  }
  if (p.kind == PROPNP_PRIOR_DEPTH_RANGE || choices_.Rarely()) {
    p.depth = memory_.Tensor({objects_, 2}, {0, 9});
    p.bound = memory_.Tensor({objects_, choices_.Of<int64_t>({2, 4, 3})}, {-1, 1});
  }
  if (p.kind == PROPNP_PRIOR_POSE || choices_.Rarely()) {
    p.pose = Poses();
    p.covariance = memory_.Tensor({objects_, dof_, dof_}, {0.1, 0.2});
  }
  return memory_.Copy(p, kFirstSize<propnp_prior>);
}

const propnp_cost_options* Case::Cost() {
  auto c = Initialised(propnp_cost_options_init);
  c.dof = choices_.Rarely() ? Flag() : static_cast<int32_t>(dof_);
  c.loss =
      Option({PROPNP_LOSS_NONE, PROPNP_LOSS_HUBER, PROPNP_LOSS_ADAPTIVE_HUBER, PROPNP_LOSS_CAUCHY});
  c.delta = Real({1, 0.1, 10});
  c.relative_delta = Real({0.5, 0.1});
  c.z_min = Real({0, 0.1, 1});
  if (choices_.Rarely()) c.yaw_axis[choices_.Below(3)] = Real({1, 0.6, 0.8});
  if (choices_.Below(4) == 1) c.object_delta = memory_.Tensor({objects_}, {0.1, 2});
  c.prior = choices_.Below(2) ? Prior() : nullptr;
  return memory_.Copy(c, kFirstSize<propnp_cost_options>);
}

const propnp_solve_options* Case::SolveOptions() {
  auto o = Initialised(propnp_solve_options_init);
  o.method = Option({0, 1});
  o.max_iterations = Option({5, 20, 0, 1});
  o.tolerance = Real({0, -1, 1e-3, 1});
  o.covariance = Option({0, 1, 2});
  o.scale_covariance = Flag();
  o.num_starts = Option({4, 1, 2, 16});
  o.start_points = Option({16, 3, 4, 7, 256});
  o.start_iterations = Option({2, 0, 5});
  o.num_refined = Option({2, 1, 4, 64});
  o.seed = Seed();
  o.seed_pointer = memory_.SeedPointer();
  o.initial_radius = Real({30, 1, 1e4});
  o.max_radius = Real({1e16, 1e5});
  o.min_diagonal = Real({1e-6, 1e-3});
  o.max_diagonal = Real({1e32, 1});
  o.min_relative_decrease = Real({1e-3, 0.5});
  o.epsilon = Real({1e-5, 1e-10, 1});
  return memory_.Copy(o, kFirstSize<propnp_solve_options>);
}

const propnp_sample_options* Case::SampleOptions() {
  auto o = Initialised(propnp_sample_options_init);
  o.method = Option({PROPNP_SAMPLER_MIXTURE, PROPNP_SAMPLER_MIXTURE_MC, PROPNP_SAMPLER_AMIS,
                     PROPNP_SAMPLER_LAPLACE});
  o.num_samples = choices_.Rarely() ? Flag() : static_cast<int32_t>(samples_);
  o.control_variates = Flag();
  o.second_stage_ess = Real({0.5, 0, 1});
  o.seed = Seed();
  o.seed_pointer = memory_.SeedPointer();
  return memory_.Copy(o, kFirstSize<propnp_sample_options>);
}

const propnp_symmetries* Case::Symmetries() {
  auto s = Initialised(propnp_symmetries_init);
  const int64_t classes = choices_.Below(3), rotations = choices_.Below(4);
  if (choices_.Below(2)) s.rotation = memory_.Tensor({rotations, 4}, {0, 0.5});
  if (choices_.Below(2)) {
    s.offsets =
        memory_.Tensor({classes + 1}, {0, static_cast<double>(rotations), true}, PROPNP_INT64);
  }
  if (choices_.Below(2)) s.axis = memory_.Tensor({classes, 3}, {-1, 1});
  if (choices_.Below(2)) s.centre = memory_.Tensor({classes, 3}, {-1, 1});
  if (choices_.Below(2)) {
    s.object_class =
        memory_.Tensor({objects_}, {-1, static_cast<double>(classes) - 1}, PROPNP_INT32);
  }
  return memory_.Copy(s, kFirstSize<propnp_symmetries>);
}

const propnp_gradients* Case::Gradients() {
  auto g = Initialised(propnp_gradients_init);
  g.hold_delta_fixed = Flag();
  g.x3d = PointOutput(3);
  g.x2d = PointOutput(2);
  if (!information_ || choices_.Rarely()) g.w2d = PointOutput(2);
  if (information_ || choices_.Rarely()) g.sqrt_info = MatrixOutput(2, 2);
  g.delta = Scalars();
  g.relative_delta = Scalars();
  g.camera_parameters = memory_.Output({views_, 12});
  const int64_t size = choices_.Below(2) ? dof_ : 3;
  g.prior_mean = memory_.Output({objects_, size});
  if (choices_.Below(2)) g.prior_sigma = memory_.Output({objects_, 3});
  if (choices_.Below(2)) g.prior_covariance = memory_.Output({objects_, size, size});
  return memory_.Copy(g, kFirstSize<propnp_gradients>);
}

}  // namespace propnp::fuzz
