# SPDX-License-Identifier: Apache-2.0
# SPDX-FileCopyrightText: The propnp authors
"""Poses and steps, and covariances in the tangents of other software."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal, get_args

from . import _abi
from ._arrays import FLOAT
from ._call import Call
from ._options import choice
from ._pose_call import make_pose_call
from ._structs import SizedStruct
from .errors import InvalidArgumentError

Tangent = Literal[
    "propnp",
    "rotation_vector",
    "half_angle",
    "epropnp",
    "object_side",
    "gtsam",
    "ros",
    "pycolmap",
    "inverse_pose",
]

_TANGENTS = {name: code for code, name in enumerate(get_args(Tangent))}


@dataclass(frozen=True, eq=False)
class CovarianceResult:
    """Attributes: covariance (..., 6, 6), zero of a failed object; status (...) int32."""

    covariance: Any
    status: Any


@dataclass(frozen=True, eq=False)
class PoseResult:
    """Attributes: pose (..., 7) or (..., 4), zero of a failed object; status (...) int32."""

    pose: Any
    status: Any


@dataclass(frozen=True, eq=False)
class StepResult:
    """Attributes: step (..., 6) or (..., 4), zero of a failed object; status (...) int32."""

    step: Any
    status: Any


def convert_covariance(
    pose: Any,
    covariance: Any,
    to: Tangent,
    *,
    source: Tangent = "propnp",
    yaw_axis: Sequence[float] | None = None,
    base_rotation: Any = None,
) -> CovarianceResult:
    """Covariances in another tangent.

    Of a pose cam_from_object = (R, t), with d a step of the translation, phi a rotation vector and
    theta a rotation by Cayley's map, both in radians of full angle (in covariances the same):

        "propnp"           [d, theta]      t + d, R <- cayley(theta) R
        "rotation_vector"  [d, phi]        t + d, R <- exp(phi) R
        "half_angle"       [d, phi / 2]    Ceres' (Eigen)QuaternionManifold
        "epropnp"          [d, -theta / 2] the published EPro-PnP layer
        "object_side"      [d, phi]        t + d, R <- R exp(phi)
        "gtsam"            [omega, v]      GTSAM's Pose3, rotation first
        "ros"              [d, angles]     PoseWithCovariance, about the fixed axes x, y, z
        "pycolmap"         [phi / 2, d]    pycolmap's cam_from_world
        "inverse_pose"     [d, theta]      "propnp" of object_from_cam

    Args:
        pose: (..., 7) [tx ty tz qw qx qy qz]; 4DoF (..., 4) [tx ty tz yaw].
        covariance: (..., 6, 6); 4DoF (..., 4, 4), of [d, yaw].
        to: the tangent of the result.
        source: the tangent of what goes in; 4DoF: "propnp".
        yaw_axis: (3) unit vector of the camera frame, 4DoF only; default +Y.
        base_rotation: (..., 4) [qw qx qy qz], 4DoF only; default: identity.

    Returns:
        A CovarianceResult; of 4DoF the covariance of the whole pose, of rank four.

    Raises:
        TypeError: arrays of two kinds or of a type that is no number.
        ValueError: shapes that do not fit together, or an unknown tangent.

    A pose known to 0.1 in translation and 0.02 rad in rotation, as pycolmap states it:

    >>> import numpy as np
    >>> import propnp
    >>> covariance = np.diag([0.01, 0.01, 0.01, 0.0004, 0.0004, 0.0004])
    >>> converted = propnp.convert_covariance([0, 0, 5, 1, 0, 0, 0], covariance, "pycolmap")
    >>> np.diagonal(converted.covariance)
    array([0.0001, 0.0001, 0.0001, 0.01  , 0.01  , 0.01  ])
    """
    call = make_pose_call(
        {
            "pose": (pose, (None,), FLOAT),
            "covariance": (covariance, (None, None), FLOAT),
            "base_rotation": (base_rotation, (4,), FLOAT),
        }
    )
    _size(call, "pose")
    args = _abi.ConvertCovarianceArgs.new()
    _set_tangents(args, source, to)
    if yaw_axis is not None:
        setattr(args, "yaw_axis", tuple(float(x) for x in yaw_axis))
    return CovarianceResult(*_run(call, "convert_covariance", args, {"result": (6, 6)}))


def move_pose(pose: Any, step: Any, *, tangent: Tangent = "propnp") -> PoseResult:
    """The pose after a step, box-plus, exactly as the tangent says.

    Args:
        pose: (..., 7) [tx ty tz qw qx qy qz]; 4DoF (..., 4) [tx ty tz yaw].
        step: (..., 6); 4DoF (..., 4) [d, yaw]. Translation in the unit of the pose, radians.
        tangent: see propnp.convert_covariance; 4DoF: "propnp".

    Returns:
        A PoseResult; quaternions are normalised.

    Raises:
        TypeError: arrays of two kinds or of a type that is no number.
        ValueError: shapes that do not fit together, or an unknown tangent.

    >>> import numpy as np
    >>> import propnp
    >>> quarter_turn = [0, 0, 1, 0, 0, np.pi / 2]
    >>> propnp.move_pose([0, 0, 5, 1, 0, 0, 0], quarter_turn, tangent="rotation_vector").pose
    array([0.        , 0.        , 6.        , 0.70710678, 0.        ,
           0.        , 0.70710678])
    """
    call = make_pose_call({"pose": (pose, (None,), FLOAT), "step": (step, (None,), FLOAT)})
    size, _ = _size(call, "pose")
    args = _abi.MovePoseArgs.new()
    setattr(args, "tangent", choice("tangent", tangent, _TANGENTS))
    return PoseResult(*_run(call, "move_pose", args, {"moved": (size,)}))


def pose_difference(from_pose: Any, to_pose: Any, *, tangent: Tangent = "propnp") -> StepResult:
    """The step that leads from one pose to another, box-minus, the shorter way round.

    Args:
        from_pose: (..., 7) [tx ty tz qw qx qy qz]; 4DoF (..., 4) [tx ty tz yaw].
        to_pose: the same.
        tangent: see propnp.convert_covariance; 4DoF: "propnp".

    Returns:
        A StepResult; half a turn has no step in Cayley's tangents, and its status says so.

    Raises:
        TypeError: arrays of two kinds or of a type that is no number.
        ValueError: shapes that do not fit together, or an unknown tangent.

    >>> import propnp
    >>> propnp.pose_difference([0, 0, 5, 1, 0, 0, 0], [0.1, 0, 5, 1, 0, 0, 0]).step
    array([0.1, 0. , 0. , 0. , 0. , 0. ])
    """
    call = make_pose_call({"from": (from_pose, (None,), FLOAT), "to": (to_pose, (None,), FLOAT)})
    _, dof = _size(call, "from")
    args = _abi.PoseDifferenceArgs.new()
    setattr(args, "tangent", choice("tangent", tangent, _TANGENTS))
    return StepResult(*_run(call, "pose_difference", args, {"step": (dof,)}))


def convert_step(pose: Any, step: Any, to: Tangent, *, source: Tangent = "propnp") -> StepResult:
    """A step in another tangent: the one that leads to the same pose.

    Args:
        pose: (..., 7) [tx ty tz qw qx qy qz], where the steps begin.
        step: (..., 6), translation in the unit of the pose, radians.
        to: the tangent of the result, see propnp.convert_covariance.
        source: the tangent of what goes in.

    Returns:
        A StepResult.

    Raises:
        TypeError: arrays of two kinds or of a type that is no number.
        ValueError: shapes that do not fit together, or an unknown tangent.

    >>> import propnp
    >>> step = [0.1, 0, 0, 0, 0, 0.2]
    >>> propnp.convert_step([0, 0, 5, 1, 0, 0, 0], step, "epropnp").step[[0, 5]]
    array([ 0.1, -0.1])
    """
    call = make_pose_call({"pose": (pose, (7,), FLOAT), "step": (step, (6,), FLOAT)})
    args = _abi.ConvertStepArgs.new()
    _set_tangents(args, source, to)
    return StepResult(*_run(call, "convert_step", args, {"result": (6,)}))


def _size(call: Call, name: str) -> tuple[int, int]:
    """Numbers of a pose, and its degrees of freedom."""
    shape = call.given.views[name].shape
    if shape[-1] not in (4, 7):
        raise InvalidArgumentError(f"{name} has shape {shape}, expected (..., 7) or (..., 4)")
    return shape[-1], 6 if shape[-1] == 7 else 4


def _set_tangents(args: SizedStruct, source: str, to: str) -> None:
    setattr(args, "from", choice("source", source, _TANGENTS))
    setattr(args, "to", choice("to", to, _TANGENTS))


def _run(
    call: Call, verb: str, args: SizedStruct, output: dict[str, tuple[int, ...]]
) -> tuple[Any, Any]:
    call.attach(args)
    for name in call.given.views:
        call.input(args, name)
    ((name, core),) = output.items()
    result = call.output(args, name, core)
    status = call.output(args, "status", (), _abi.INT32)
    _abi.call(verb, args)
    return call.finish(result), call.finish(status)
