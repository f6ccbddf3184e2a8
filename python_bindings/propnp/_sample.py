# SPDX-License-Identifier: Apache-2.0
# SPDX-FileCopyrightText: The propnp authors
"""propnp.sample: posteriors of poses, with modes, evidence, samples and gradients."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal

from . import _abi
from ._arrays import FLOAT, INT32, INT64
from ._keywords import Precision
from ._make_problem import Input, make_problem, pose_size
from ._operation import Progress, operation, run, split_options
from ._options import LOSSES, PRECISIONS, SAMPLERS, START_OPTIONS, choice, set_number
from ._problem import Problem
from .errors import InvalidArgumentError
from .sample_result import InputGradients, SampleResult
from .symmetries import Symmetries

if TYPE_CHECKING:
    from typing_extensions import Unpack

    from ._keywords import SampleKeywords

_START_OPTIONS = [*sorted(START_OPTIONS), "max_iterations"]
_OWN_OPTIONS = ["sampler", "num_samples", "control_variates", "second_stage_ess", "seed"]
_GRADIENTS = {None: -1, "log_evidence": 0, "loss": 1}


@operation(_OWN_OPTIONS + _START_OPTIONS, _abi.SampleOptions, _abi.SolveOptions)
def sample(
    x3d: Any,
    x2d: Any,
    w2d: Any = None,
    *,
    camera: Any,
    pose_target: Any = None,
    num_modes: int = 4,
    samples: bool = True,
    draws: int = 0,
    moments: bool = True,
    quantile_levels: Any = None,
    region_shares: Any = None,
    symmetries: Symmetries | None = None,
    gradients: Literal["log_evidence", "loss"] | None = None,
    through_delta: bool = True,
    precision: Precision | None = None,
    progress: Progress = False,
    **options: Unpack[SampleKeywords],
) -> SampleResult:
    """The posterior exp(-cost) [x prior] of every object's pose, by weighted samples.

    Args:
        x3d: (..., N, 3) points in the object frame, any one unit of length.
        x2d: (..., N, 2) where they are seen, px, the centre of the top-left pixel at (0, 0).
        w2d: weights 1/sigma, 1/px, of shape (..., N, 2) or anything that broadcasts to it, such as
            one number; 0 removes a point. Default 1.
        camera: a Camera, or a pinhole camera's matrix (3, 3).
        pose_target: (..., 7) or (..., 4): one more start, and the target of the loss.
        num_modes: how many modes at most are returned, up to 16; 0: none, which saves their time.
        samples: whether the weighted samples themselves are returned.
        draws: how many poses of equal weight are drawn from the samples.
        moments: whether mean pose and covariance are returned, of the whole and of every mode.
        quantile_levels: (Q) shares, 0 to 1.
        region_shares: (R) shares, 0 to 1, of highest-density regions.
        symmetries: rotations that leave the object as it is.
        gradients: "log_evidence": of it with respect to the inputs; "loss": of cost_target +
            log_evidence, the Monte Carlo pose loss.
        through_delta: whether the gradients of w2d and sqrt_info hold what flows to them through
            the delta of an adaptive_huber loss, as in propnp.torch; False: delta is held fixed.
            The other losses have a delta that does not depend on the weights.
        precision: of the loops over samples and points; default: that of x3d.
        progress: True: a line on standard error, for long batches; or a function (done, total).

    Options:
        sampler: "mixture" (around every mode, scrambled Sobol points), "mixture_mc" (random
            points), "amis" (as published with EPro-PnP) or "laplace" (Gaussians at the modes).
        num_samples: S, at least 32; with "amis" a multiple of 4.
        control_variates: correct evidence, means and gradient with them; mixtures only.
        second_stage_ess: below this ess a second proposal is fitted; 0: never; mixtures only.
        seed: of the random numbers, with object_ids.
        num_starts, start_points, start_iterations, num_refined, max_iterations, initial_radius,
            max_radius, min_diagonal, max_diagonal, min_relative_decrease, epsilon: of the search
            for modes, as in propnp.solve.
    {problem}

    Returns:
        A SampleResult; fields that were not asked for are None. Results carry no torch gradient:
        see propnp.torch.

    Raises:
        TypeError: an unknown option, arrays of two kinds or of a type that is no number.
        ValueError: shapes that do not fit together, or an option out of its range.

    A small square seen from afar has two poses that fit:

    >>> import propnp
    >>> corners = [[-0.025, -0.025, 0], [0.025, -0.025, 0], [0.025, 0.025, 0], [-0.025, 0.025, 0]]
    >>> pixels = [[324.35, 211.79], [353.76, 215.73], [351.56, 244.11], [322.69, 239.93]]
    >>> camera = propnp.Camera("pinhole", [600, 600, 320, 240])
    >>> posterior = propnp.sample(corners, pixels, 3.0, camera=camera)
    >>> int(posterior.mode_count)
    2
    >>> posterior.mode_probability.round(1)
    array([0.8, 0.2, 0. , 0. ])
    """
    own, keywords = split_options(dict(options), "sample")
    size = pose_size(keywords.get("dof", 6))
    inputs = {"pose_target": Input(pose_target, (size,))}
    if symmetries is not None:
        inputs["object_class"] = Input(symmetries.object_class, (), INT32)
    problem = make_problem(x3d, x2d, w2d, camera, inputs=inputs, **keywords)
    args = _abi.SampleArgs.new()
    problem.attach(args)
    setattr(args, "precision", choice("precision", precision, PRECISIONS))
    count = _set_options(args, problem, own)
    problem.input(args, "pose_target")
    if symmetries is not None:
        _set_symmetries(args, problem, symmetries)
    outputs = _diagnostics(args, problem)
    if pose_target is not None:
        outputs["cost_target"] = problem.output(args, "cost_target", ())
    if num_modes:
        outputs.update(_modes(args, problem, num_modes, moments))
    if moments:
        dof = problem.dof
        outputs["mean_pose"] = problem.output(args, "mean_pose", (size,))
        outputs["covariance"] = problem.output(args, "covariance", (dof, dof))
    if samples:
        outputs["sample_pose"] = problem.output(args, "sample_pose", (count, size))
        outputs["sample_log_weight"] = problem.output(args, "sample_log_weight", (count,))
    outputs.update(_summaries(args, problem, quantile_levels, region_shares, draws))
    gradient_outputs = _gradients(args, problem, gradients, through_delta)
    run("sample", args, problem, progress)
    results = {name: problem.finish(array) for name, array in outputs.items()}
    if gradient_outputs is not None:
        finished = {name: problem.finish(array) for name, array in gradient_outputs.items()}
        results["gradients"] = InputGradients(**finished)
    return SampleResult(**results)


def _set_options(args: _abi.SizedStruct, problem: Problem, given: dict[str, Any]) -> int:
    """Returns the number of samples."""
    start = _abi.SolveOptions.new()
    own = _abi.SampleOptions.new()
    for name, value in given.items():
        if name == "sampler":
            setattr(own, "method", choice(name, value, SAMPLERS))
        else:
            set_number(start if name in _START_OPTIONS else own, name, value)
    setattr(start, "seed", getattr(own, "seed"))
    args.set_pointer("start_options", start)
    args.set_pointer("options", own)
    problem.keep(start, own)
    return max(0, int(getattr(own, "num_samples")))


def _set_symmetries(args: _abi.SizedStruct, problem: Problem, given: Symmetries) -> None:
    struct = _abi.Symmetries.new()
    problem.table(struct, "rotation", given.rotation, 2, FLOAT)
    problem.table(struct, "offsets", given.offsets, 1, INT64)
    problem.table(struct, "axis", given.axis, 2, FLOAT)
    problem.table(struct, "centre", given.centre, 2, FLOAT)
    problem.input(struct, "object_class")
    args.set_pointer("symmetries", struct)
    problem.keep(struct)


def _diagnostics(args: _abi.SizedStruct, problem: Problem) -> dict[str, Any]:
    outputs = {
        name: problem.output(args, name, ())
        for name in ("log_evidence", "standard_error", "ess", "khat")
    }
    for name in ("stages", "status"):
        outputs[name] = problem.output(args, name, (), _abi.INT32)
    return outputs


def _modes(args: _abi.SizedStruct, problem: Problem, count: int, moments: bool) -> dict[str, Any]:
    if not 0 < count <= _abi.MAX_MODES:
        raise InvalidArgumentError(f"num_modes is {count}, expected 0 to {_abi.MAX_MODES}")
    dof, size = problem.dof, problem.pose_size
    cores: dict[str, tuple[int, ...]] = {
        "mode_pose": (size,),
        "mode_covariance": (dof, dof),
        "mode_probability": (),
        "mode_cost": (),
    }
    if moments:
        cores.update(mode_mean=(size,), mode_moment_covariance=(dof, dof))
    outputs = {name: problem.output(args, name, (count, *core)) for name, core in cores.items()}
    outputs["pose"] = problem.output(args, "pose", (size,))
    outputs["mode_count"] = problem.output(args, "mode_count", (), _abi.INT32)
    return outputs


def _summaries(
    args: _abi.SizedStruct, problem: Problem, levels: Any, shares: Any, draws: int
) -> dict[str, Any]:
    outputs = {}
    if levels is not None:
        extent = problem.table(args, "quantile_levels", levels, 1, FLOAT)
        outputs["quantiles"] = problem.output(args, "quantiles", (*extent, problem.dof))
    if shares is not None:
        extent = problem.table(args, "region_shares", shares, 1, FLOAT)
        outputs["region_log_density"] = problem.output(args, "region_log_density", extent)
    if draws < 0:
        raise InvalidArgumentError(f"draws is {draws}, expected 0 or more")
    if draws:
        outputs["draws"] = problem.output(args, "draws", (draws, problem.pose_size))
    return outputs


def _gradients(
    args: _abi.SizedStruct, problem: Problem, wanted: str | None, through_delta: bool
) -> dict[str, Any] | None:
    code = choice("gradients", wanted, _GRADIENTS)
    if code < 0:
        return None
    setattr(args, "loss_gradient", code)
    setattr(args, "through_delta", bool(through_delta))
    outputs = {
        "x3d": problem.point_output(args, "grad_x3d", (3,)),
        "x2d": problem.point_output(args, "grad_x2d", (2,)),
        "delta": problem.output(args, "grad_delta", ()),
    }
    if "sqrt_info" in problem.given:
        outputs["sqrt_info"] = problem.point_output(args, "grad_sqrt_info", (2, 2))
    elif "w2d" in problem.given:
        outputs["w2d"] = problem.point_output(args, "grad_w2d", (2,))
    if getattr(problem.cost, "loss") == LOSSES["adaptive_huber"]:
        outputs["relative_delta"] = problem.output(args, "grad_relative_delta", ())
    for name, core in _prior_gradients(problem).items():
        outputs[name] = problem.output(args, f"grad_{name}", core)
    return outputs


def _prior_gradients(problem: Problem) -> dict[str, tuple[int, ...]]:
    prior = problem.prior
    if prior is None:
        return {}
    if prior.kind == "depth_range":
        bounds = problem.given.views["prior.bound"].shape[-1]
        return {"prior_depth": (2,), "prior_bound": (bounds,)}
    size = 3 if prior.kind == "log_depth" else problem.dof
    if prior.sigma is not None:
        return {"prior_mean": (size,), "prior_sigma": (size,)}
    return {"prior_mean": (size,), "prior_covariance": (size, size)}
