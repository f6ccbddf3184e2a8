# SPDX-License-Identifier: Apache-2.0
# SPDX-FileCopyrightText: The propnp authors
"""What propnp.sample returns."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from .status import Status


@dataclass(frozen=True, eq=False)
class InputGradients:
    """Gradients with respect to the inputs, zero for padding and for failed objects.

    Where an input was broadcast, its gradient is of the full shape: sum over the axes that it did
    not have. What does not apply is None.

    An adaptive Huber loss has delta = relative_delta x mean weight x spread of x2d. With
    `through_delta`, w2d and sqrt_info hold both terms of the chain rule, at fixed delta and
    d/d delta x d delta/d weight; without it, the first alone. The spread is a constant for x2d
    either way, as in EPro-PnP (Chen et al., CVPR 2022).

    Attributes:
        x3d: (..., N, 3).
        x2d: (..., N, 2).
        w2d: (..., N, 2), of weights; see above.
        sqrt_info: (..., N, 2, 2), of square-root information; see above.
        delta: (...) of the delta of the loss, adaptive or not.
        relative_delta: (...) of that of an adaptive Huber loss.
        prior_mean: (..., 3) of a log-depth prior; (..., D) of a pose prior, in its tangent.
        prior_sigma: (..., 3) of a log-depth prior with sigma.
        prior_covariance: (..., 3, 3) of a log-depth prior with a covariance; (..., D, D) of a pose
            prior. Symmetric: a change of both of two mirrored entries counts half for each.
        prior_depth: (..., 2) of a depth range: what its ends let in or shut out, and its normaliser.
        prior_bound: (..., 2) or (..., 4), as the bound of a depth range.
    """

    x3d: Any
    x2d: Any
    w2d: Any = None
    sqrt_info: Any = None
    delta: Any = None
    relative_delta: Any = None
    prior_mean: Any = None
    prior_sigma: Any = None
    prior_covariance: Any = None
    prior_depth: Any = None
    prior_bound: Any = None


@dataclass(frozen=True, eq=False)
class SampleResult:
    """Posteriors. Arrays of the caller's kind; "..." is the batch; None: not asked for.

    D = 6 or 4 degrees of freedom, poses of D' = 7 or 4 numbers [tx ty tz qw qx qy qz] or
    [tx ty tz yaw]. Covariances are in the tangent [tx ty tz rx ry rz] ([tx ty tz yaw]):
    translation in the unit of x3d, rotation in radians on the camera (rig) side. Densities are with
    respect to dt dtheta, all rotations having the volume 8 pi^2.

    Attributes:
        log_evidence: (...) log of the integral of exp(-cost) prior.
        standard_error: (...) of log_evidence; infinite where khat exceeds .7.
        ess: (...) effective sample size over the number of samples, 0 to 1.
        khat: (...) Pareto shape of the weights: below .5 good, above .7 not to be trusted.
        stages: (...) int32: 2 where a second proposal was fitted, else 1.
        status: (...) int32, bits of Status.
        cost_target: (...) at pose_target.
        pose: (..., D') the most probable mode; without one, no rotation at depth 1.
        mode_count: (...) int32: converged minima, up to symmetries.
        mode_pose: (..., M, D') most probable first; unused rows are zero.
        mode_covariance: (..., M, D, D) shape of the posterior there.
        mode_probability: (..., M) posterior mass whose descent ends there.
        mode_cost: (..., M).
        mode_mean: (..., M, D') mean pose of each mode's basin.
        mode_moment_covariance: (..., M, D, D) about it.
        mean_pose: (..., D') from it the mean step to the samples vanishes; of two modes, a pose
            that nobody has.
        covariance: (..., D, D) of the steps from mean_pose.
        sample_pose: (..., S, D').
        sample_log_weight: (..., S) log(exp(-cost) prior / proposal density).
        quantiles: (..., Q, D) of each coordinate of the steps from the most probable mode.
        region_log_density: (..., R) where -cost - log_evidence is above it lies this share.
        draws: (..., K, D') poses of equal weight.
        gradients: InputGradients.
    """

    log_evidence: Any
    standard_error: Any
    ess: Any
    khat: Any
    stages: Any
    status: Any
    cost_target: Any = None
    pose: Any = None
    mode_count: Any = None
    mode_pose: Any = None
    mode_covariance: Any = None
    mode_probability: Any = None
    mode_cost: Any = None
    mode_mean: Any = None
    mode_moment_covariance: Any = None
    mean_pose: Any = None
    covariance: Any = None
    sample_pose: Any = None
    sample_log_weight: Any = None
    quantiles: Any = None
    region_log_density: Any = None
    draws: Any = None
    gradients: InputGradients | None = None

    @property
    def failed(self) -> Any:
        """(...) bool: nothing of the object must be used."""
        return (self.status & int(Status.FAILED)) != 0
