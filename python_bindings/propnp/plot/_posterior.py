# SPDX-License-Identifier: Apache-2.0
# SPDX-FileCopyrightText: The propnp authors
"""One object's posterior in NumPy, ready to be drawn."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from .._rotations import rotation_matrix
from ..errors import InvalidArgumentError
from ..sample_result import SampleResult

Array = np.ndarray[Any, Any]

# Modes with less of the posterior than this are not drawn.
_SMALLEST_MODE = 0.005
_FIELDS = (
    "sample_pose",
    "sample_log_weight",
    "mode_count",
    "mode_pose",
    "mode_covariance",
    "mode_probability",
    "mode_cost",
)


@dataclass(frozen=True)
class OneMode:
    """A pose that fits."""

    letter: str
    probability: float
    translation: Array  # (3)
    rotation: Array  # (3, 3)
    covariance: Array  # (6, 6), or (4, 4) of [tx ty tz yaw]
    cost: float
    pose: Array  # as stored


@dataclass(frozen=True)
class OnePosterior:
    """Weighted samples and modes of one object."""

    translation: Array  # (S, 3)
    rotation: Array  # (S, 3, 3)
    weight: Array  # (S), of sum one
    modes: list[OneMode]


def as_numpy(array: Any) -> Array:
    if hasattr(array, "detach"):
        array = array.detach().cpu()
    if isinstance(array, np.ndarray) or not hasattr(array, "__dlpack__"):
        return np.asarray(array)
    return np.from_dlpack(array)


def one_posterior(
    result: SampleResult,
    index: int | tuple[int, ...] | None,
    yaw_axis: Any = (0, 1, 0),
    base_rotation: Any = (1, 0, 0, 0),
) -> OnePosterior:
    """Of object `index` of a batch. ValueError if samples or modes are missing, or have failed."""
    if result.sample_pose is None or result.mode_pose is None:
        raise InvalidArgumentError("the posterior has no samples or no modes: ask sample for both")
    fields = {name: _at(as_numpy(getattr(result, name)), index) for name in _FIELDS}
    if fields["mode_count"].ndim != 0:
        raise InvalidArgumentError(
            f"index is {index}, of a batch {result.mode_count.shape}: expected one object"
        )
    count = int(fields["mode_count"])
    weight = np.exp(fields["sample_log_weight"] - fields["sample_log_weight"].max())
    if count == 0 or not weight.sum() > 0:
        raise InvalidArgumentError("the posterior of this object has failed, see its status")
    probability = fields["mode_probability"]
    drawn = [
        m for m in range(min(count, len(probability))) if m == 0 or probability[m] >= _SMALLEST_MODE
    ]

    def rotations(pose: Array) -> Array:
        return _rotations(pose, np.asarray(yaw_axis, float), np.asarray(base_rotation, float))

    modes = [
        OneMode(
            "ABCDEFGHIJKLMNOP"[m],
            float(probability[m]),
            fields["mode_pose"][m, :3],
            rotations(fields["mode_pose"][m]),
            fields["mode_covariance"][m],
            float(fields["mode_cost"][m]),
            fields["mode_pose"][m],
        )
        for m in drawn
    ]
    pose = fields["sample_pose"]
    return OnePosterior(pose[:, :3], rotations(pose), weight / weight.sum(), modes)


def _at(array: Array, index: int | tuple[int, ...] | None) -> Array:
    return array if index is None else array[index]


def _rotations(pose: Array, yaw_axis: Array, base_rotation: Array) -> Array:
    """(..., 3, 3) of poses of either kind."""
    if pose.shape[-1] == 7:
        return np.asarray(rotation_matrix(pose[..., 3:]))
    half = pose[..., 3:] / 2
    yaw = np.concatenate([np.cos(half), np.sin(half) * yaw_axis], axis=-1)
    return np.asarray(rotation_matrix(yaw) @ rotation_matrix(base_rotation))
