# SPDX-License-Identifier: Apache-2.0
# SPDX-FileCopyrightText: The propnp authors
"""propnp.evaluate: the cost at given poses, point by point."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from . import _abi
from ._keywords import Precision
from ._make_problem import Input, make_problem, pose_size
from ._operation import Progress, operation, run, split_options
from ._options import PRECISIONS, choice
from .status import Status

if TYPE_CHECKING:
    from typing_extensions import Unpack

    from ._keywords import ProblemKeywords


@dataclass(frozen=True, eq=False)
class EvaluateResult:
    """The cost and what it is made of. Arrays of the caller's kind; "..." is the batch.

    Rows of points are laid out as x2d: (..., N) here; (P) with offsets, (V, N) with view_offsets.
    Those of padding and of failed objects are zero. D = 6 or 4, in the tangent [tx ty tz rx ry rz]
    ([tx ty tz yaw]).

    Attributes:
        cost: (...) sum of rho(|e|), and -log prior.
        delta: (...) the scale of the loss that was used.
        pixel_error: (..., N, 2) proj - x2d, px.
        residual: (..., N, 2) e = w (proj - x2d).
        loss_weight: (..., N) rho'(s) / s.
        jacobian: (..., N, 2, D) d e / d tangent; None unless derivatives were asked for.
        gradient: (..., D) d cost / d tangent; likewise.
        hessian: (..., D, D) of the robust cost, without the projection's curvature; likewise.
        status: (...) int32, bits of Status.
    """

    cost: Any
    delta: Any
    pixel_error: Any
    residual: Any
    loss_weight: Any
    jacobian: Any
    gradient: Any
    hessian: Any
    status: Any

    @property
    def failed(self) -> Any:
        """(...) bool: the numbers of the object must not be used."""
        return (self.status & int(Status.FAILED)) != 0


@operation([])
def evaluate(
    x3d: Any,
    x2d: Any,
    w2d: Any = None,
    *,
    camera: Any,
    pose: Any,
    derivatives: bool = False,
    drop_clamped_rows: bool = False,
    precision: Precision | None = None,
    progress: Progress = False,
    **options: Unpack[ProblemKeywords],
) -> EvaluateResult:
    """The cost at given poses.

    Args:
        x3d: (..., N, 3) points in the object frame, any one unit of length.
        x2d: (..., N, 2) where they are seen, px, the centre of the top-left pixel at (0, 0).
        w2d: weights 1/sigma, 1/px, of shape (..., N, 2) or anything that broadcasts to it, such as
            one number; 0 removes a point. Default 1.
        camera: a Camera, or a pinhole camera's matrix (3, 3).
        pose: (..., 7) cam_from_object [tx ty tz qw qx qy qz]; 4DoF (..., 4) [tx ty tz yaw].
        derivatives: whether Jacobians, gradient and Hessian are returned too.
        drop_clamped_rows: derivatives of points clamped in depth are zero, as in the solver.
        precision: of the arithmetic; default: that of x3d.
        progress: True: a line on standard error, for long batches; or a function (done, total).
    {problem}

    Returns:
        An EvaluateResult.

    Raises:
        TypeError: an unknown option, arrays of two kinds or of a type that is no number.
        ValueError: shapes that do not fit together, or an option out of its range.

    >>> import propnp
    >>> camera = propnp.Camera("pinhole", [600, 600, 320, 240])
    >>> x3d, x2d = [[0.0, 0.0, 0.0], [1.0, 0.0, 0.0]], [[321.0, 240.0], [440.0, 238.0]]
    >>> result = propnp.evaluate(x3d, x2d, camera=camera, pose=[0, 0, 5, 1, 0, 0, 0])
    >>> result.residual
    array([[-1.,  0.],
           [ 0.,  2.]])
    >>> float(result.cost)
    2.5
    """
    _, keywords = split_options(dict(options), "evaluate")
    size = pose_size(keywords.get("dof", 6))
    problem = make_problem(x3d, x2d, w2d, camera, inputs={"pose": Input(pose, (size,))}, **keywords)
    args = _abi.EvaluateArgs.new()
    problem.attach(args)
    setattr(args, "precision", choice("precision", precision, PRECISIONS))
    setattr(args, "drop_clamped_rows", int(drop_clamped_rows))
    problem.input(args, "pose")
    dof = problem.dof
    outputs = {
        "cost": problem.output(args, "cost_value", ()),
        "delta": problem.output(args, "delta", ()),
        "pixel_error": problem.point_output(args, "pixel_error", (2,)),
        "residual": problem.point_output(args, "residual", (2,)),
        "loss_weight": problem.point_output(args, "loss_weight", ()),
        "status": problem.output(args, "status", (), _abi.INT32),
    }
    if derivatives:
        outputs["jacobian"] = problem.point_output(args, "jacobian", (2, dof))
        outputs["gradient"] = problem.output(args, "gradient", (dof,))
        outputs["hessian"] = problem.output(args, "hessian", (dof, dof))
    run("evaluate", args, problem, progress)
    nothing = {"jacobian": None, "gradient": None, "hessian": None}
    return EvaluateResult(
        **{**nothing, **{name: problem.finish(array) for name, array in outputs.items()}}
    )
