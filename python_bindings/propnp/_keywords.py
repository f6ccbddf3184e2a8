# SPDX-License-Identifier: Apache-2.0
# SPDX-FileCopyrightText: The propnp authors
"""The keywords that operations share: what they mean, for readers and for type checkers."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Literal, TypedDict

from .prior import Prior

Precision = Literal["float32", "float64"]
Loss = Literal["none", "huber", "adaptive_huber", "cauchy"]

PROBLEM_TEXT = """
    The points, cost and cameras (shared by all operations; leading axes "..." broadcast together):
        sqrt_info: (..., N, 2, 2) instead of w2d: e = L (proj - x2d), 1/px.
        loss: "none", "huber", "adaptive_huber" or "cauchy"; rho of s = |e|.
        delta: (...) scale of huber and cauchy, in sigmas.
        relative_delta: (...) of adaptive_huber: delta = it x mean weight x spread of x2d.
        z_min: smallest depth to divide by, unit of x3d; 0: 1e-3 x rms radius of the points.
        dof: 6, poses (..., 7) [tx ty tz qw qx qy qz]; or 4, poses (..., 4) [tx ty tz yaw].
        yaw_axis: (3) unit vector of the camera frame, 4DoF only.
        base_rotation: (..., 4) [qw qx qy qz], 4DoF only: R = Rot(yaw_axis, yaw) base_rotation.
        prior: a Prior of the pose.
        counts: (...) integers: points of each object; the rest of N is padding and never read.
        offsets: (B + 1) integers, x3d (P, 3): object b has points offsets[b] to offsets[b + 1].
        view_offsets: (B + 1) integers: object b is seen by views view_offsets[b] to
            view_offsets[b + 1]; points are then (V, N, 3), or (P, 3) with offsets (V + 1).
        view_camera: (V) integers: row of the camera table of each view.
        view_rig: (V) integers: row of camera_from_rig of each view, -1: identity. The pose is then
            rig_from_object.
        camera_from_rig: (E, 7) [tx ty tz qw qx qy qz].
        object_ids: (...) integers that key the random numbers, so that an object draws the same in
            any batch; default: its index + id_offset.
        id_offset: see object_ids.
"""


class ProblemKeywords(TypedDict, total=False):
    """What every operation takes of points, cost and cameras; see PROBLEM_TEXT."""

    sqrt_info: Any
    loss: Loss
    delta: Any
    relative_delta: Any
    z_min: float
    dof: Literal[4, 6]
    yaw_axis: Sequence[float]
    base_rotation: Any
    prior: Prior | None
    counts: Any
    offsets: Any
    view_offsets: Any
    view_camera: Any
    view_rig: Any
    camera_from_rig: Any
    object_ids: Any
    id_offset: int


class StartKeywords(ProblemKeywords, total=False):
    """Of random-sample starts and damping."""

    num_starts: int
    start_points: int
    start_iterations: int
    num_refined: int
    initial_radius: float
    max_radius: float
    min_diagonal: float
    max_diagonal: float
    min_relative_decrease: float
    epsilon: float


class SolveKeywords(StartKeywords, total=False):
    """Of propnp.solve."""

    method: Literal["levenberg_marquardt", "gauss_newton"]
    max_iterations: int
    tolerance: float
    covariance: Literal["posterior", "gauss_newton", "sandwich"]
    scale_covariance: bool
    seed: int


class SampleKeywords(StartKeywords, total=False):
    """Of propnp.sample."""

    sampler: Literal["mixture", "mixture_mc", "amis", "laplace"]
    max_iterations: int
    num_samples: int
    control_variates: bool
    second_stage_ess: float
    seed: int
