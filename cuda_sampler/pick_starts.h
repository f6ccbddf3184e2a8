// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The propnp authors

// Chooses among an object's starts: best first, each away in rotation from those before.
#ifndef PROPNP_CUDA_SAMPLER_PICK_STARTS_H_
#define PROPNP_CUDA_SAMPLER_PICK_STARTS_H_

#include "cuda_sampler/starts.h"
#include "cuda_sampler/team_cost.h"

namespace propnp::gpu {

// Starts nearer than this in rotation are one (rad), as on the CPU.
constexpr double kStartDistance = 0.35;

// The starts of one object, looked at by all threads of a warp together. Those that are taken, or
// near one that is, are marked by a cost of infinity.
template <int kDof, typename T>
class StartList {
 public:
  PROPNP_DEVICE StartList(StartPose<T>* starts, int count) : starts_(starts), count_(count) {}

  // Takes the best that is left; false if there is none. Every lane gets the pose.
  PROPNP_DEVICE bool Take(const WarpTeam& team, StartPose<T>* taken) {
    T best = std::numeric_limits<T>::infinity();
    int32_t index = count_;
    for (int s = team.rank(); s < count_; s += team.size()) {
      if (starts_[s].cost < best) best = starts_[s].cost, index = s;
    }
    for (int mask = 1; mask < kWarpSize; mask *= 2) {
      const T other = shuffle_xor(best, mask);
      const int32_t other_index = shuffle_xor(index, mask);
      const bool better = other < best || (other == best && other_index < index);
      best = better ? other : best;
      index = better ? other_index : index;
    }
    if (!(best < std::numeric_limits<T>::infinity())) return false;
    *taken = starts_[index];
    team.barrier();
    Remove(taken->pose, team);
    return true;
  }

  // A start given by the caller, before the first is taken. There must be room.
  PROPNP_DEVICE void Add(const T* pose, T cost, const WarpTeam& team) {
    if (team.rank() == 0) {
      StartPose<T>& start = starts_[count_];
      for (int k = 0; k < 7; ++k)
        start.pose[k] = k < DofPolicyOf<kDof, T>::kStorage ? pose[k] : T(0);
      start.cost = cost;
    }
    ++count_;
    team.barrier();
  }

 private:
  PROPNP_DEVICE void Remove(const T* pose, const WarpTeam& team) {
    for (int s = team.rank(); s < count_; s += team.size()) {
      if (!(rotation_distance(DofPolicyOf<kDof, T>(), starts_[s].pose, pose) > T(kStartDistance))) {
        starts_[s].cost = std::numeric_limits<T>::infinity();
      }
    }
    team.barrier();
  }

  StartPose<T>* starts_;
  int count_;
};

}  // namespace propnp::gpu

#endif  // PROPNP_CUDA_SAMPLER_PICK_STARTS_H_
