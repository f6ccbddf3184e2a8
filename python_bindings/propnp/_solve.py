# SPDX-License-Identifier: Apache-2.0
# SPDX-FileCopyrightText: The propnp authors
"""propnp.solve: poses of least cost and their covariances."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from . import _abi
from ._keywords import Precision
from ._make_problem import Input, make_problem, pose_size
from ._operation import Progress, operation, run, split_options
from ._options import COVARIANCES, METHODS, PRECISIONS, choice, set_number
from .status import Status

if TYPE_CHECKING:
    from typing_extensions import Unpack

    from ._keywords import SolveKeywords


@dataclass(frozen=True, eq=False)
class SolveResult:
    """Poses and how sure they are. Arrays of the caller's kind; "..." is the batch.

    D = 6 or 4 degrees of freedom, in the tangent [tx ty tz rx ry rz] ([tx ty tz yaw]): translation
    in the unit of x3d, rotation in radians on the camera (rig) side.

    Attributes:
        pose: (..., 7) cam_from_object [tx ty tz qw qx qy qz]; 4DoF (..., 4) [tx ty tz yaw].
        covariance: (..., D, D); zero where the status says there is none.
        cost_before: (...) at the start that was refined.
        cost_after: (...) at `pose`.
        variance_factor: (...) sum of rho'(s) s / (2 points - D), 1 for true weights.
        behind_fraction: (...) of the weighted points, behind the camera.
        null_space: (..., D, D) the first D - rank rows are the directions that no point determines.
        rank: (...) int32.
        iterations: (...) int32.
        status: (...) int32, bits of Status.
    """

    pose: Any
    covariance: Any
    cost_before: Any
    cost_after: Any
    variance_factor: Any
    behind_fraction: Any
    null_space: Any
    rank: Any
    iterations: Any
    status: Any

    @property
    def failed(self) -> Any:
        """(...) bool: pose or covariance of the object must not be used."""
        return (self.status & int(Status.FAILED)) != 0


_NUMBERS = (
    "max_iterations tolerance scale_covariance num_starts start_points start_iterations num_refined "
    "seed initial_radius max_radius min_diagonal max_diagonal min_relative_decrease epsilon"
).split()


def _options(given: dict[str, Any]) -> _abi.SizedStruct:
    struct = _abi.SolveOptions.new()
    for name, value in given.items():
        if name == "method":
            setattr(struct, name, choice(name, value, METHODS))
        elif name == "covariance":
            setattr(struct, name, choice(name, value, COVARIANCES))
        else:
            set_number(struct, name, value)
    return struct


@operation(["method", "covariance", *_NUMBERS], _abi.SolveOptions)
def solve(
    x3d: Any,
    x2d: Any,
    w2d: Any = None,
    *,
    camera: Any,
    pose_init: Any = None,
    pose_target: Any = None,
    precision: Precision | None = None,
    progress: Progress = False,
    **options: Unpack[SolveKeywords],
) -> SolveResult:
    """The pose of least cost of every object, with its covariance.

    Args:
        x3d: (..., N, 3) points in the object frame, any one unit of length.
        x2d: (..., N, 2) where they are seen, px, the centre of the top-left pixel at (0, 0).
        w2d: weights 1/sigma, 1/px, of shape (..., N, 2) or anything that broadcasts to it, such as
            one number; 0 removes a point. Default 1.
        camera: a Camera, or a pinhole camera's matrix (3, 3).
        pose_init: (..., 7) or (..., 4) where to start; default: random-sample starts.
        pose_target: the same, one more start, as in training.
        precision: of the arithmetic; default: that of x3d.
        progress: True: a line on standard error, for long batches; or a function (done, total).

    Options:
        method: "levenberg_marquardt", or "gauss_newton": every step taken, undamped.
        max_iterations: of the refinement on all points; 0 only evaluates.
        tolerance: stop within this many standard deviations of the minimum; 0: 1e-9 (float32:
            1e-4); negative: never stop early.
        covariance: "posterior" (inverse of the robust Hessian), "gauss_newton" (of the reweighted
            J^T J) or "sandwich" (right under outliers). Residual curvature is left out.
        scale_covariance: multiply it by the a-posteriori variance factor.
        num_starts, start_points, start_iterations, num_refined, seed: random subsets tried, points
            of each, iterations on each, and how many of the best are refined on all points.
        initial_radius, max_radius, min_diagonal, max_diagonal, min_relative_decrease, epsilon: of
            Levenberg-Marquardt's damping, in the half-angle tangent.
    {problem}

    Returns:
        A SolveResult. What goes wrong with one object is in its `status`, and raises nothing.
        Results carry no torch gradient: see propnp.torch.

    Raises:
        TypeError: an unknown option, arrays of two kinds or of a type that is no number.
        ValueError: shapes that do not fit together, or an option out of its range.

    >>> import numpy as np
    >>> import propnp
    >>> x3d = np.array([[-1, -1, 0], [1, -1, 0], [1, 1, 0.5], [-1, 1, 0], [0, 0, 1]])
    >>> point_in_cam = x3d + [0.2, -0.1, 5]  # no rotation
    >>> x2d = 600 * point_in_cam[:, :2] / point_in_cam[:, 2:] + [320, 240]
    >>> camera = propnp.Camera("pinhole", [600, 600, 320, 240])
    >>> result = propnp.solve(x3d, x2d, 2.0, camera=camera)  # sigma = half a pixel
    >>> np.abs(result.pose.round(6))
    array([0.2, 0.1, 5. , 1. , 0. , 0. , 0. ])
    >>> propnp.Status(int(result.status))
    <Status.CONVERGED: 1>
    """
    own, keywords = split_options(dict(options), "solve")
    size = pose_size(keywords.get("dof", 6))
    inputs = {"pose_init": Input(pose_init, (size,)), "pose_target": Input(pose_target, (size,))}
    problem = make_problem(x3d, x2d, w2d, camera, inputs=inputs, **keywords)
    args = _abi.SolveArgs.new()
    problem.attach(args)
    setattr(args, "precision", choice("precision", precision, PRECISIONS))
    struct = _options(own)
    args.set_pointer("options", struct)
    problem.keep(struct)
    problem.input(args, "pose_init")
    problem.input(args, "pose_target")
    dof = problem.dof
    outputs = {
        "pose": problem.output(args, "pose", (size,)),
        "covariance": problem.output(args, "covariance", (dof, dof)),
        "cost_before": problem.output(args, "cost_before", ()),
        "cost_after": problem.output(args, "cost_after", ()),
        "variance_factor": problem.output(args, "variance_factor", ()),
        "behind_fraction": problem.output(args, "behind_fraction", ()),
        "null_space": problem.output(args, "null_space", (dof, dof)),
        "rank": problem.output(args, "rank", (), _abi.INT32),
        "iterations": problem.output(args, "iterations", (), _abi.INT32),
        "status": problem.output(args, "status", (), _abi.INT32),
    }
    run("solve", args, problem, progress)
    return SolveResult(**{name: problem.finish(array) for name, array in outputs.items()})
