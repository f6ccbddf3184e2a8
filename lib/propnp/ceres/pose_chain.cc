// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The propnp authors
#include "propnp/ceres/pose_chain.h"

namespace propnp {
namespace {

const RigidTransform<double> kIdentity{{{1, 0, 0}, {0, 1, 0}, {0, 0, 1}}, {0, 0, 0}};

Mat3<double> Negated(const Mat3<double>& m) {
  return {-1.0 * m.row0, -1.0 * m.row1, -1.0 * m.row2};
}

// The row of one residual in the blocks of one link.
void WriteLinkRow(const LinkMap& link, const double* gradient, int row, double** jacobians) {
  const PoseLayout& layout = *link.layout;
  double ignored[2][7];
  double* blocks[2];
  for (int i = 0; i < layout.num_blocks(); ++i) {
    double* const block = jacobians[link.first_block + i];
    blocks[i] = block == nullptr ? ignored[i] : block + row * layout.block_size(i);
  }
  const Vec3<double> step = link.b * Vec3<double>{gradient[0], gradient[1], gradient[2]};
  const Vec3<double> turn = link.b * Vec3<double>{gradient[3], gradient[4], gradient[5]} +
                            cross(link.arm_from_point.translation, step);
  const PosePointers<double> out = LocatePose<double>(layout, blocks);
  out.translation[0] = step.x, out.translation[1] = step.y, out.translation[2] = step.z;
  for (int j = 0; j < layout.rotation_size(); ++j) {
    out.rotation[j] = dot(link.angle_columns[j], turn);
  }
}

bool IsIdentity(const std::array<double, 7>& pose) {
  return pose[0] == 0 && pose[1] == 0 && pose[2] == 0 && pose[4] == 0 && pose[5] == 0 &&
         pose[6] == 0;
}

}  // namespace

PoseChain::PoseChain(const PoseChainOptions& options) {
  // Blocks are numbered in the order of the options, links in the order of the chain.
  int next_block = 0;
  const auto take_blocks = [&next_block](const PoseLayout& layout) {
    const int first = next_block;
    next_block += layout.num_blocks();
    return Link{layout, first, kIdentity};
  };
  std::vector<Link> behind_rig;
  behind_rig.push_back(take_blocks(options.pose));
  if (options.world_from_object) behind_rig.push_back(take_blocks(*options.world_from_object));
  if (options.cam_from_rig_block) {
    links_.push_back(take_blocks(*options.cam_from_rig_block));
  } else if (!IsIdentity(options.cam_from_rig)) {
    links_.push_back({PoseLayout(), -1, SixDof<double>().transform(options.cam_from_rig.data())});
  }
  links_.insert(links_.end(), behind_rig.begin(), behind_rig.end());
}

std::vector<int> PoseChain::block_sizes() const {
  std::vector<int> sizes;
  for (const Link& link : links_) {
    if (link.first_block < 0) continue;
    const size_t needed = link.first_block + link.layout.num_blocks();
    if (sizes.size() < needed) sizes.resize(needed);
    for (int i = 0; i < link.layout.num_blocks(); ++i) {
      sizes[link.first_block + i] = link.layout.block_size(i);
    }
  }
  return sizes;
}

bool PoseChain::Evaluate(double const* const* parameters, State* state) const {
  const int num_links = static_cast<int>(links_.size());
  PoseState stored[kMaxLinks];
  RigidTransform<double> transforms[kMaxLinks];
  for (int k = 0; k < num_links; ++k) {
    const Link& link = links_[k];
    if (link.first_block < 0) {
      transforms[k] = link.constant;
      continue;
    }
    if (!ReadPose(link.layout, parameters + link.first_block, &stored[k])) return false;
    transforms[k] = stored[k].transform;
    if (link.layout.inverse) transforms[k] = inverse(transforms[k]);
  }

  // suffix[k] = L_k ... L_n.
  RigidTransform<double> suffix[kMaxLinks + 1];
  suffix[num_links] = kIdentity;
  for (int k = num_links - 1; k >= 0; --k) {
    suffix[k] = k == num_links - 1 ? transforms[k] : transforms[k] * suffix[k + 1];
  }
  state->cam_from_point = suffix[0];

  state->num_links = 0;
  Mat3<double> prefix_transposed = kIdentity.rotation;
  for (int k = 0; k < num_links; ++k) {
    const Link& link = links_[k];
    if (link.first_block >= 0) {
      LinkMap& map = state->links[state->num_links++];
      const RigidTransform<double>& pose = stored[k].transform;
      map.first_block = link.first_block;
      map.layout = &link.layout;
      map.b_is_identity = k == 0 && !link.layout.inverse;
      if (link.layout.inverse) {
        map.b = Negated(pose.rotation * prefix_transposed);
        map.arm_from_point = {suffix[k + 1].rotation, suffix[k + 1].translation - pose.translation};
      } else {
        map.b = prefix_transposed;
        map.arm_from_point = {suffix[k].rotation, suffix[k].translation - pose.translation};
      }
      for (int j = 0; j < link.layout.rotation_size(); ++j) {
        map.angle_columns[j] = stored[k].angle_columns[j];
      }
    }
    prefix_transposed = transposed(transforms[k].rotation) * prefix_transposed;
  }
  return true;
}

void WriteChainJacobian(const PoseChain::State& chain, const double* gradients, int num_rows,
                        double** jacobians) {
  for (int k = 0; k < chain.num_links; ++k) {
    for (int row = 0; row < num_rows; ++row) {
      WriteLinkRow(chain.links[k], gradients + 6 * row, row, jacobians);
    }
  }
}

}  // namespace propnp
