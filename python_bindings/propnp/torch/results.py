# SPDX-License-Identifier: Apache-2.0
# SPDX-FileCopyrightText: The propnp authors
"""What the functions of propnp.torch return."""

from __future__ import annotations

import math
from typing import NamedTuple, Optional

import torch
from torch import Tensor

from ._constants import constant

# Bits of a status after which an object's numbers must not be used: see propnp.Status.
FAILED = 0b1111110


class Posterior(NamedTuple):
    """The pose posteriors of B objects. D = 6 or 4 degrees of freedom, stored in D' = 7 or 4
    numbers [tx ty tz qw qx qy qz] or [tx ty tz yaw]: cam_from_object.

    Covariances are in the tangent [tx ty tz rx ry rz] (4DoF [tx ty tz yaw]), rotation in radians on
    the camera side. log_evidence, cost_target, loss and sample_log_weight carry gradients.
    """

    log_evidence: Tensor
    """(B) log of the integral of exp(-cost) dt dtheta, corrected by control variates."""
    cost_target: Optional[Tensor]
    """(B) cost at the target pose, if one was given."""
    loss: Optional[Tensor]
    """(B) cost_target + log_evidence: the Monte Carlo pose loss."""
    sample_log_weight: Optional[Tensor]
    """(B, S) plain importance log weights; their mean in linear space estimates the evidence."""
    sample_pose: Optional[Tensor]
    """(B, S, D') samples."""
    standard_error: Tensor
    """(B) of log_evidence; infinite where khat exceeds 0.7."""
    ess: Tensor
    """(B) effective sample size over S."""
    khat: Tensor
    """(B) Pareto k-hat of the weights."""
    mode_count: Tensor
    """(B) int32: converged minima."""
    mode_pose: Optional[Tensor]
    """(B, M, D') most probable first; unused rows are zero."""
    mode_covariance: Optional[Tensor]
    """(B, M, D, D)."""
    mode_probability: Optional[Tensor]
    """(B, M)."""
    mode_cost: Optional[Tensor]
    """(B, M)."""
    status: Tensor
    """(B) int32, bits of propnp.Status."""
    stages: Tensor
    """(B) int32: 2 where a second proposal was needed, else 1."""
    mean_pose: Optional[Tensor]
    """(B, D') with moments=True."""
    covariance: Optional[Tensor]
    """(B, D, D) about mean_pose, with moments=True."""
    mode_mean: Optional[Tensor]
    """(B, M, D') mean pose of each mode's basin, with moments=True."""
    mode_moment_covariance: Optional[Tensor]
    """(B, M, D, D) about mode_mean, with moments=True."""
    quantiles: Optional[Tensor]
    """(B, Q, D) with quantile_levels: of the steps (dt, rotation vector) from the most probable
    mode, 4DoF (dt, yaw)."""
    region_log_density: Optional[Tensor]
    """(B, R) with region_shares: where -cost - log_evidence is above it lies this share."""
    draws: Optional[Tensor]
    """(B, K, D') with draws=K: poses of equal weight."""
    most_probable_pose: Optional[Tensor]
    """(B, D') as `pose`, which is never None: there is none if num_modes is 0."""

    @property
    def pose(self) -> Tensor:
        """(B, D') the most probable mode; without one, no rotation at depth 1."""
        assert self.most_probable_pose is not None, "num_modes is 0"
        return self.most_probable_pose

    @property
    def least_cost_pose(self) -> Tensor:
        """(B, D') the mode of least cost of those returned, what a solver finds; without one, no
        rotation at depth 1."""
        return self.least_cost()[0]

    @torch.no_grad()
    def least_cost(self) -> tuple[Tensor, Tensor]:
        """least_cost_pose (B, D') and its cost (B), zero without one."""
        assert self.mode_pose is not None and self.mode_cost is not None, "num_modes is 0"
        unused = (self.mode_pose == 0).all(-1)
        cost, index = self.mode_cost.masked_fill(unused, math.inf).min(1)
        rows = torch.arange(len(index), device=index.device)
        pose = without_gaps(self.mode_pose[rows, index])
        return pose, cost.masked_fill(cost == math.inf, 0)

    @property
    def failed(self) -> Tensor:
        """(B) bool: objects whose numbers must not be used."""
        return (self.status & FAILED) != 0


class Solution(NamedTuple):
    """Poses of least cost. pose and cost carry gradients."""

    pose: Tensor
    """(B, D')."""
    cost: Tensor
    """(B) at the pose."""
    cost_before: Tensor
    """(B) at the start that was refined."""
    covariance: Tensor
    """(B, D, D) in the tangent, see Posterior; zero where the status says there is none."""
    status: Tensor
    """(B) int32, bits of propnp.Status."""
    iterations: Tensor
    """(B) int32."""
    rank: Tensor
    """(B) int32 of the Hessian."""
    behind_fraction: Tensor
    """(B) weighted points behind the camera."""
    variance_factor: Tensor
    """(B) a-posteriori variance factor, 1 for true weights."""


class Expectation(NamedTuple):
    """Costs of weighted poses and what they expect. All but status carry gradients."""

    sample_cost: Tensor
    """(B, S)."""
    mean_translation: Tensor
    """(B, 3), unit of x3d."""
    expected_cost: Tensor
    """(B)."""
    status: Tensor
    """(B) int32, bits of propnp.Status."""


class Evaluation(NamedTuple):
    """The cost of poses, point by point; no gradients. Rows of points follow the layout of x2d."""

    cost: Tensor
    """(B)."""
    residual: Tensor
    """(V, N, 2) or (P, 2): weighted."""
    pixel_error: Tensor
    """(V, N, 2) or (P, 2): projection - x2d in pixels."""
    loss_weight: Tensor
    """(V, N) or (P): rho'(s) / s."""
    jacobian: Tensor
    """(V, N, 2, D) or (P, 2, D): of the residual, in the tangent."""
    status: Tensor
    """(B) int32, bits of propnp.Status."""


def without_gaps(pose: Tensor) -> Tensor:
    """Poses (B, D') with no rotation at depth 1 where there is none, so that what is made of them
    stays finite."""
    neutral = (0.0, 0.0, 1.0, 1.0, 0.0, 0.0, 0.0) if pose.shape[-1] == 7 else (0.0, 0.0, 1.0, 0.0)
    size = pose.abs().sum(-1, keepdim=True)
    exists = (size > 0) & (size < math.inf)
    return torch.where(exists, pose, constant(neutral, pose.dtype, pose.device))
