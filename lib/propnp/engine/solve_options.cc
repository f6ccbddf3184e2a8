// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The propnp authors

#include "propnp/engine/solve_options.h"

#include <cmath>

#include "propnp/engine/check_args.h"

namespace propnp {
namespace {

Status CheckPositive(const char* name, double value) {
  if (value > 0 && std::isfinite(value)) return Status();
  return Status::InvalidArgument(std::string("options.") + name + " is " + std::to_string(value) +
                                 ", expected a positive number");
}

Status CheckAtMost(const char* name, double value, const char* bound_name, double bound) {
  if (value <= bound) return Status();
  return Status::InvalidArgument(std::string("options.") + name + " is " + std::to_string(value) +
                                 ", expected at most " + bound_name + ", " + std::to_string(bound));
}

Status CheckRange(const char* name, int64_t value, int64_t low, int64_t high) {
  if (value >= low && value <= high) return Status();
  return Status::InvalidArgument(std::string("options.") + name + " is " + std::to_string(value) +
                                 ", expected " + std::to_string(low) + " to " +
                                 std::to_string(high));
}

}  // namespace

Status CheckSolveOptions(const propnp_solve_options* options) {
  if (!options) return Status::InvalidArgument("options is null");
  PROPNP_RETURN_IF_ERROR(CheckStructSize("options", *options));
  PROPNP_RETURN_IF_ERROR(CheckSeedPointer(options->seed_pointer));
  const propnp_solve_options& o = *options;
  constexpr int kMany = 1 << 20;
  PROPNP_RETURN_IF_ERROR(CheckRange("method", o.method, 0, 1));
  PROPNP_RETURN_IF_ERROR(CheckRange("max_iterations", o.max_iterations, 0, kMany));
  PROPNP_RETURN_IF_ERROR(CheckRange("covariance", o.covariance, 0, 2));
  PROPNP_RETURN_IF_ERROR(CheckRange("num_starts", o.num_starts, 1, kMany));
  PROPNP_RETURN_IF_ERROR(CheckRange("start_points", o.start_points, 3, PROPNP_MAX_START_POINTS));
  PROPNP_RETURN_IF_ERROR(CheckRange("start_iterations", o.start_iterations, 0, kMany));
  PROPNP_RETURN_IF_ERROR(CheckRange("num_refined", o.num_refined, 1, PROPNP_MAX_REFINED));
  if (!std::isfinite(o.tolerance))
    return Status::InvalidArgument("options.tolerance is not finite");
  PROPNP_RETURN_IF_ERROR(CheckPositive("initial_radius", o.initial_radius));
  PROPNP_RETURN_IF_ERROR(CheckPositive("max_radius", o.max_radius));
  PROPNP_RETURN_IF_ERROR(CheckPositive("min_diagonal", o.min_diagonal));
  PROPNP_RETURN_IF_ERROR(CheckPositive("max_diagonal", o.max_diagonal));
  PROPNP_RETURN_IF_ERROR(CheckPositive("min_relative_decrease", o.min_relative_decrease));
  PROPNP_RETURN_IF_ERROR(CheckPositive("epsilon", o.epsilon));
  PROPNP_RETURN_IF_ERROR(
      CheckAtMost("min_diagonal", o.min_diagonal, "max_diagonal", o.max_diagonal));
  PROPNP_RETURN_IF_ERROR(
      CheckAtMost("initial_radius", o.initial_radius, "max_radius", o.max_radius));
  return CheckAtMost("epsilon", o.epsilon, "max_radius", o.max_radius);
}

}  // namespace propnp
