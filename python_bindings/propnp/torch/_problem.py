# SPDX-License-Identifier: Apache-2.0
# SPDX-FileCopyrightText: The propnp authors
"""The tensors that describe the objects of a batch, in the order in which every operator takes them."""

from __future__ import annotations

from typing import NamedTuple, Optional

from torch import Tensor


class Problem(NamedTuple):
    """B objects with their points, cameras and prior. V views (V = B without view_offsets).

    The first seven may carry gradients.
    """

    x3d: Tensor
    """(V, N, 3), or (P, 3) with offsets: points in the object frame."""
    x2d: Tensor
    """(V, N, 2) or (P, 2): pixels, the centre of the top-left one at (0, 0)."""
    weights: Optional[Tensor]
    """(V, N, 2) or (P, 2): 1/sigma in 1/px; or one axis more: 2x2 square-root information."""
    camera: Tensor
    """(C, M): parameters, C = 1 or V or with view_camera."""
    delta: Optional[Tensor] = None
    """(B): scale of the loss of each object; of adaptive Huber, the relative one."""
    prior_a: Optional[Tensor] = None
    """The first tensor of a prior: log depth: mean (B, 3); depth range: depth (B, 2); pose: pose
    (B, 7 or 4)."""
    prior_b: Optional[Tensor] = None
    """The second: log depth: sigma (B, 3) or covariance (B, 3, 3); depth range: bound (B, 2 or 4);
    pose: covariance (B, D, D)."""
    counts: Optional[Tensor] = None
    """(V) int64: points of each row that are real."""
    offsets: Optional[Tensor] = None
    """(V + 1) int64: view v has the points [offsets[v], offsets[v + 1])."""
    box: Optional[Tensor] = None
    """(C or 1, 4): u_min v_min u_max v_max in pixels, to which projections are clamped."""
    base_rotation: Optional[Tensor] = None
    """(B, 4): qw qx qy qz, 4DoF only."""
    object_ids: Optional[Tensor] = None
    """(B) int64: keys of the random streams."""
    view_offsets: Optional[Tensor] = None
    """(B + 1) int64: object b has the views [view_offsets[b], view_offsets[b + 1])."""
    view_camera: Optional[Tensor] = None
    """(V) int32: row of `camera`."""
    view_rig: Optional[Tensor] = None
    """(V) int32: row of camera_from_rig, -1 for identity."""
    camera_from_rig: Optional[Tensor] = None
    """(E, 7): tx ty tz qw qx qy qz."""


NUM_DIFFERENTIABLE = 7
NUM_TENSORS = len(Problem._fields)
SCHEMA = ", ".join(
    f"Tensor {name}" if name in ("x3d", "x2d", "camera") else f"Tensor? {name}"
    for name in Problem._fields
)


def num_views(problem: Problem) -> int:
    if problem.offsets is not None:
        return problem.offsets.shape[0] - 1
    return problem.x3d.shape[0]


def num_objects(problem: Problem) -> int:
    if problem.view_offsets is not None:
        return problem.view_offsets.shape[0] - 1
    return num_views(problem)


def has_information(problem: Problem) -> bool:
    """Whether the weights are 2x2 square-root information."""
    return problem.weights is not None and problem.weights.dim() > problem.x2d.dim()
