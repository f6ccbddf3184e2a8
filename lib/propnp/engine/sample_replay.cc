// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The propnp authors

#include "propnp/engine/sample_replay.h"

#include <cmath>
#include <iterator>
#include <limits>
#include <numeric>

#include "propnp/engine/check_args.h"
#include "propnp/engine/load_pose.h"
#include "propnp/engine/load_weights.h"

namespace propnp {

Status CheckSamplePose(const Problem& problem, const propnp_tensor& sample_pose) {
  PROPNP_RETURN_IF_ERROR(CheckTensor("sample_pose", sample_pose,
                                     {problem.num_objects, -1, problem.pose_size()}, false));
  if (sample_pose.shape[1] >= 1) {
    return CheckCount("sample_pose", sample_pose, sample_pose.shape[1]);
  }
  return Status::InvalidArgument("sample_pose has shape " + ShapeString(sample_pose) +
                                 ", expected at least one sample");
}

template <int kDof, typename T>
SampleReplay<kDof, T> SampleReplay<kDof, T>::Allocate(const Problem& problem, int64_t num_samples,
                                                      Arena* arena) {
  SampleReplay replay = {};
  replay.num_samples_ = num_samples;
  replay.poses_ = arena->Take<double>(7 * num_samples);
  replay.weights_ = arena->Take<double>(num_samples);
  replay.costs_ = arena->Take<double>(num_samples);
  replay.bases_ = arena->Take<int32_t>(num_samples);
  replay.records_ = arena->Take<T>(kBlock * kSampleRecord);
  replay.block_ = arena->Take<int64_t>(kBlock);
  replay.all_ = arena->Take<int32_t>(kBlock);
  replay.base_object_ = BaseObject<T>::Allocate(problem, kBlock, arena);
  return replay;
}

template <int kDof, typename T>
bool SampleReplay<kDof, T>::LoadPoses(const propnp_tensor& sample_pose, int64_t object) {
  const propnp_tensor rows = RowsOfObject(sample_pose, object);
  // T holds the difference of two.
  constexpr double kFarthest = 0.5 * static_cast<double>(std::numeric_limits<T>::max());
  bool valid = true;
  for (int64_t s = 0; s < num_samples_; ++s) {
    double* const pose = poses_ + 7 * s;
    valid &= LoadPose<kDof>(rows, s, pose) && AllWithin(pose, 3, kFarthest);
  }
  return valid;
}

template <int kDof, typename T>
bool SampleReplay<kDof, T>::LoadWeights(const propnp_tensor& sample_log_weight, int64_t object) {
  return propnp::LoadWeights(sample_log_weight, object, num_samples_, weights_);
}

template <int kDof, typename T>
void SampleReplay<kDof, T>::AssignTo(int64_t base) {
  base_samples_[num_bases_] = base;
  const bool last = num_bases_ + 1 == kReplayBases<T>;
  for (int64_t s = 0; s < num_samples_; ++s) {
    if (bases_[s] >= 0) continue;
    if (last || s == base || is_near_base(dof_, pose(base), pose(s))) bases_[s] = num_bases_;
  }
}

template <int kDof, typename T>
void SampleReplay<kDof, T>::FillRecordOf(int64_t base, int64_t sample, double factor,
                                         T* record) const {
  const Mat3<double> m = rotation_minus_identity(turn_between(dof_, pose(base), pose(sample)));
  const Vec3<double> shift = shift_between(pose(base), pose(sample));
  const double values[] = {m.row0.x, m.row0.y, m.row0.z, m.row1.x, m.row1.y, m.row1.z, m.row2.x,
                           m.row2.y, m.row2.z, shift.x,  shift.y,  shift.z,  factor};
  std::transform(std::begin(values), std::end(values), record,
                 [](double value) { return static_cast<T>(value); });
  SetRecordDiagonal(record);
}

template <int kDof, typename T>
int SampleReplay<kDof, T>::MoveToFront(int count) {
  int front = 0;
  for (int k = 0; k < count; ++k) {
    T* const record = records_ + k * kSampleRecord;
    if (!base_object_.InFront(record)) continue;
    if (k > front) {
      std::swap_ranges(record, record + kSampleRecord, records_ + front * kSampleRecord);
      std::swap(block_[k], block_[front]);
    }
    ++front;
  }
  return front;
}

template <int kDof, typename T>
template <typename Use, typename Factor, typename Run>
void SampleReplay<kDof, T>::ForEachBlock(const ObjectCost<kDof, double>& cost, const Use& use,
                                         const Factor& factor, const Run& run) {
  for (int b = 0; b < num_bases_; ++b) {
    base_object_.Set(cost, pose(base_samples_[b]), Vec3<double>{0, 0, 0});
    int count = 0;
    const auto run_block = [&] { run(count, MoveToFront(count)); };
    for (int64_t s = 0; s < num_samples_; ++s) {
      if (bases_[s] != b || !use(s)) continue;
      FillRecordOf(base_samples_[b], s, factor(s), records_ + count * kSampleRecord);
      block_[count++] = s;
      if (count < kBlock) continue;
      run_block();
      count = 0;
    }
    if (count > 0) run_block();
  }
}

template <int kDof, typename T>
void SampleReplay<kDof, T>::EvaluateCosts(const ObjectCost<kDof, double>& cost) {
  const PriorDensity<double>& prior = cost.object().prior;
  double costs[kBlock];
  ForEachBlock(
      cost, [](int64_t) { return true; }, [](int64_t) { return 0.0; },
      [&](int count, int in_front) {
        base_object_.Costs(records_, count, in_front, kNoPlace, costs);
        for (int k = 0; k < count; ++k) costs_[block_[k]] = costs[k];
      });
  for (int64_t s = 0; prior.active() && s < num_samples_; ++s) {
    costs_[s] += prior.cost(cost.dof(), pose(s));
  }
}

template <int kDof, typename T>
void SampleReplay<kDof, T>::AddGradient(const ObjectCost<kDof, double>& cost, const double* factors,
                                        bool with_camera, InputGradient* gradient) {
  std::iota(all_, all_ + kBlock, 0);
  const PackedObject<double>& object = cost.object();
  ForEachBlock(
      cost, [&](int64_t s) { return factors[s] != 0; }, [&](int64_t s) { return factors[s]; },
      [&](int count, int in_front) {
        base_object_.AddGradient(records_, {all_, count, in_front}, kNoPlace, &gradient->points);
      });
  const KernelModel<double> model = cost.Model(Curvature::kIrls, ClampedRows::kExact);
  for (int64_t s = 0; s < num_samples_; ++s) {
    if (factors[s] == 0) continue;
    object.prior.add_parameter_gradient(cost.dof(), pose(s), factors[s], &gradient->prior);
    if (!with_camera) continue;
    const KernelPose<double> kernel_pose = cost.ToKernel(pose(s));
    for (int64_t v = 0; v < object.num_views; ++v) {
      GetDerivativeKernels().add_camera_gradient(object.views[v], kernel_pose, model, factors[s],
                                                 gradient->camera + v * kMaxKernelParameters);
    }
  }
}

template class SampleReplay<6, float>;
template class SampleReplay<6, double>;
template class SampleReplay<4, float>;
template class SampleReplay<4, double>;

}  // namespace propnp
