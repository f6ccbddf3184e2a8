# SPDX-License-Identifier: Apache-2.0
# SPDX-FileCopyrightText: The propnp authors
"""propnp.pose_plus: one Gauss-Newton step from given poses."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from . import _abi
from ._make_problem import Input, make_problem, pose_size
from ._operation import Progress, operation, run, split_options
from ._options import set_number
from .status import Status

if TYPE_CHECKING:
    from typing_extensions import Unpack

    from ._keywords import ProblemKeywords


@dataclass(frozen=True, eq=False)
class PosePlusResult:
    """Poses one step further. Arrays of the caller's kind; "..." is the batch.

    Attributes:
        pose_plus: (..., 7) [tx ty tz qw qx qy qz]; 4DoF (..., 4) [tx ty tz yaw].
        step: (..., D) in the tangent [tx ty tz rx ry rz] ([tx ty tz yaw]): translation in the unit
            of x3d, rotation in radians on the camera side.
        status: (...) int32, bits of Status.
    """

    pose_plus: Any
    step: Any
    status: Any

    @property
    def failed(self) -> Any:
        """(...) bool: the step must not be used."""
        return (self.status & int(Status.FAILED)) != 0


@operation([])
def pose_plus(
    x3d: Any,
    x2d: Any,
    w2d: Any = None,
    *,
    camera: Any,
    pose: Any,
    epsilon: float | None = None,
    progress: Progress = False,
    **options: Unpack[ProblemKeywords],
) -> PosePlusResult:
    """One Gauss-Newton step: H = J^T J + epsilon I, step = -H^-1 J^T r (Chen et al., CVPR 2022).

    J and r are reweighted by the loss, rows of points clamped in depth are dropped, and epsilon I is
    in the half-angle tangent. In training, propnp.torch differentiates it.

    Args:
        x3d: (..., N, 3) points in the object frame, any one unit of length.
        x2d: (..., N, 2) where they are seen, px, the centre of the top-left pixel at (0, 0).
        w2d: weights 1/sigma, 1/px, of shape (..., N, 2) or anything that broadcasts to it, such as
            one number; 0 removes a point. Default 1.
        camera: a Camera, or a pinhole camera's matrix (3, 3).
        pose: (..., 7) cam_from_object [tx ty tz qw qx qy qz]; 4DoF (..., 4) [tx ty tz yaw].
        epsilon: see above; default 1e-5.
        progress: True: a line on standard error, for long batches; or a function (done, total).
    {problem}

    Returns:
        A PosePlusResult.

    Raises:
        TypeError: an unknown option, arrays of two kinds or of a type that is no number.
        ValueError: shapes that do not fit together, or an option out of its range.

    >>> import numpy as np
    >>> import propnp
    >>> x3d = np.array([[-1, -1, 0], [1, -1, 0], [1, 1, 0.5], [-1, 1, 0], [0, 0, 1]])
    >>> point_in_cam = x3d + [0.2, 0.1, 5]
    >>> x2d = 600 * point_in_cam[:, :2] / point_in_cam[:, 2:] + [320, 240]
    >>> camera = propnp.Camera("pinhole", [600, 600, 320, 240])
    >>> result = propnp.pose_plus(x3d, x2d, camera=camera, pose=[0.19, 0.1, 5.02, 1, 0, 0, 0])
    >>> result.pose_plus[:3].round(3)
    array([0.2, 0.1, 5. ])
    """
    _, keywords = split_options(dict(options), "pose_plus")
    size = pose_size(keywords.get("dof", 6))
    problem = make_problem(x3d, x2d, w2d, camera, inputs={"pose": Input(pose, (size,))}, **keywords)
    args = _abi.PosePlusArgs.new()
    problem.attach(args)
    if epsilon is not None:
        set_number(args, "epsilon", epsilon)
    problem.input(args, "pose")
    outputs = {
        "pose_plus": problem.output(args, "pose_plus", (size,)),
        "step": problem.output(args, "step", (problem.dof,)),
        "status": problem.output(args, "status", (), _abi.INT32),
    }
    run("pose_plus", args, problem, progress)
    return PosePlusResult(**{name: problem.finish(array) for name, array in outputs.items()})
