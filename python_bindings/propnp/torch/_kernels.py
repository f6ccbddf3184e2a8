# SPDX-License-Identifier: Apache-2.0
# SPDX-FileCopyrightText: The propnp authors
"""What each operator does on real tensors, and the shapes of what it returns.

An operator takes the tensors of a Problem, then its own, then the encoded Config. What was not
asked for comes back as a tensor without elements, for operators return no None.
"""

from __future__ import annotations

from typing import Any, Optional, Sequence

import torch
from torch import Tensor

from ._calls import gradients_of, prepare
from ._config import Config, decode
from ._problem import NUM_DIFFERENTIABLE, NUM_TENSORS, Problem, has_information, num_objects

Outputs = tuple[Tensor, ...]

SAMPLE_OUTPUTS = (
    "log_evidence",
    "cost_target",
    "loss",
    "sample_log_weight",
    "sample_pose",
    "standard_error",
    "ess",
    "khat",
    "mode_count",
    "mode_pose",
    "mode_covariance",
    "mode_probability",
    "mode_cost",
    "status",
    "stages",
    "mean_pose",
    "covariance",
)
SOLVE_OUTPUTS = (
    "pose",
    "cost_after",
    "cost_before",
    "covariance",
    "status",
    "iterations",
    "rank",
    "behind_fraction",
    "variance_factor",
)
EVALUATE_OUTPUTS = ("cost_value", "residual", "pixel_error", "loss_weight", "jacobian", "status")
_INTEGERS = {"mode_count", "status", "stages", "iterations", "rank"}


def split(args: Sequence[Any]) -> tuple[Problem, Sequence[Any]]:
    """An operator's arguments as the problem and the rest."""
    return Problem(*args[:NUM_TENSORS]), args[NUM_TENSORS:]


def _sample_shapes(
    config: Config, objects: Any, has_target: bool
) -> dict[str, Optional[tuple[Any, ...]]]:
    b, d, p, s, m = objects, config.dof, config.pose_size, config.num_samples, config.num_modes
    kept, modes, moments = config.keep_samples, m > 0, config.moments
    return {
        "log_evidence": (b,),
        "cost_target": (b,) if has_target else None,
        "loss": (b,) if has_target else None,
        "sample_log_weight": (b, s) if kept else None,
        "sample_pose": (b, s, p) if kept else None,
        "standard_error": (b,),
        "ess": (b,),
        "khat": (b,),
        "mode_count": (b,),
        "mode_pose": (b, m, p) if modes else None,
        "mode_covariance": (b, m, d, d) if modes else None,
        "mode_probability": (b, m) if modes else None,
        "mode_cost": (b, m) if modes else None,
        "status": (b,),
        "stages": (b,),
        "mean_pose": (b, p) if moments else None,
        "covariance": (b, d, d) if moments else None,
    }


def _solve_shapes(config: Config, objects: Any) -> dict[str, Optional[tuple[Any, ...]]]:
    shapes: dict[str, Optional[tuple[Any, ...]]] = dict.fromkeys(SOLVE_OUTPUTS, (objects,))
    shapes["pose"] = (objects, config.pose_size)
    shapes["covariance"] = (objects, config.dof, config.dof)
    return shapes


def _evaluate_shapes(config: Config, problem: Problem) -> dict[str, Optional[tuple[Any, ...]]]:
    points = tuple(problem.x2d.shape[:-1])
    objects = num_objects(problem)
    return {
        "cost_value": (objects,),
        "residual": (*points, 2),
        "pixel_error": (*points, 2),
        "loss_weight": points,
        "jacobian": (*points, 2, config.dof),
        "status": (objects,),
    }


def _allocate(
    shapes: dict[str, Optional[tuple[Any, ...]]], like: Tensor, zero: bool = False
) -> dict[str, Tensor]:
    """`zero` where an output of the library has rows that it leaves alone."""
    make = torch.zeros if zero else torch.empty
    dtype, device = like.dtype, like.device
    return {
        name: make(
            (0,) if shape is None else shape,
            dtype=torch.int32 if name in _INTEGERS else dtype,
            device=device,
        )
        for name, shape in shapes.items()
    }


def _sample_room(config: Config, shapes: dict[str, Any], like: Tensor) -> dict[str, Tensor]:
    if not (config.samples_first and config.keep_samples):
        return _allocate(shapes, like)
    (b, s, p), names = shapes["sample_pose"], ("sample_pose", "sample_log_weight")
    outputs = _allocate({**shapes, names[0]: (s, b, p), names[1]: (s, b)}, like)
    return {**outputs, **{name: outputs[name].transpose(0, 1) for name in names}}


def _given(outputs: dict[str, Tensor], shapes: dict[str, Any]) -> dict[str, Optional[Tensor]]:
    return {name: None if shapes[name] is None else out for name, out in outputs.items()}


def _stored_gradients(problem: Problem, config: Config) -> list[Optional[Tensor]]:
    """Templates of what the forward pass differentiates to: the camera is left to the replay."""
    if config.gradient == "none":
        return [None] * NUM_DIFFERENTIABLE
    log_depth = config.prior == "log_depth"
    return [
        problem.x3d,
        problem.x2d,
        problem.weights,
        None,
        problem.delta,
        problem.prior_a if log_depth else None,
        problem.prior_b if log_depth else None,
    ]


def _room(templates: Sequence[Optional[Tensor]], problem: Problem) -> list[Tensor]:
    ragged = problem.counts is not None or problem.offsets is not None
    make = torch.zeros if ragged else torch.empty
    return [
        make(
            (0,) if template is None else template.shape,
            dtype=problem.x3d.dtype if template is None else template.dtype,
            device=problem.x3d.device,
        )
        for template in templates
    ]


def sample(*args: Any) -> Outputs:
    """The posterior; with it, after SAMPLE_OUTPUTS, the stored gradients of the first seven."""
    problem, (pose_target, seed, encoded) = split(args)
    config = decode(encoded)
    shapes = _sample_shapes(config, num_objects(problem), pose_target is not None)
    outputs = _sample_room(config, shapes, problem.x3d)
    templates = _stored_gradients(problem, config)
    stored = _room(templates, problem)
    given = _given(outputs, shapes)
    loss = given.pop("loss")
    call = prepare("sample", encoded)
    call.set_problem(problem)
    call.set_seed(seed)
    call.set_tensors(pose_target=pose_target, **given)
    room = [None if template is None else out for template, out in zip(templates, stored)]
    information = has_information(problem)
    call.set_tensors(
        grad_x3d=room[0],
        grad_x2d=room[1],
        grad_w2d=None if information else room[2],
        grad_sqrt_info=room[2] if information else None,
        grad_delta=room[4],
        grad_prior_mean=room[5],
        grad_prior_sigma=room[6],
    )
    call.run(problem.x3d.device)
    if loss is not None:
        torch.add(outputs["cost_target"], outputs["log_evidence"], out=loss)
    return (*outputs.values(), *stored)


def sample_fake(*args: Any) -> Outputs:
    problem, (pose_target, _, encoded) = split(args)
    config = decode(encoded)
    shapes = _sample_shapes(config, num_objects(problem), pose_target is not None)
    outputs = _sample_room(config, shapes, problem.x3d)
    stored = _room(_stored_gradients(problem, config), problem)
    return (*outputs.values(), *stored)


def _needs(mask: int) -> list[bool]:
    return [bool(mask >> k & 1) for k in range(NUM_DIFFERENTIABLE)]


def _gradient_outputs(problem: Problem, gradients: Sequence[Optional[Tensor]]) -> Outputs:
    """One row a camera instead of one a view, and something for what was not asked for."""
    filled = [problem.x3d.new_empty((0,)) if g is None else g for g in gradients]
    if gradients[3] is not None:
        filled[3] = _of_cameras(problem, filled[3])
    return tuple(filled)


def _of_cameras(problem: Problem, of_views: Tensor) -> Tensor:
    count = problem.camera.shape[0]
    if problem.view_camera is not None:
        rows = of_views.new_zeros((count, of_views.shape[1]))
        return rows.index_add_(0, problem.view_camera.long(), of_views)
    return of_views.sum(0, keepdim=True) if count == 1 else of_views


def gradients_fake(*args: Any) -> Outputs:
    """Of every operator whose last arguments are `needed` and the encoded Config."""
    problem = Problem(*args[:NUM_TENSORS])
    needed = _needs(args[-2])
    return tuple(
        torch.empty_like(tensor, memory_format=torch.contiguous_format)
        if tensor is not None and wanted
        else problem.x3d.new_empty((0,))
        for tensor, wanted in zip(problem[:NUM_DIFFERENTIABLE], needed)
    )


def sample_vjp(*args: Any) -> Outputs:
    """Cotangents of log weights and of expectations over kept samples to gradients."""
    problem, (pose, log_weight, c_log_weight, c_translation, c_cost, needed, encoded) = split(args)
    call = prepare("sample_backward", encoded)
    call.set_problem(problem)
    gradients = gradients_of(call, problem, _needs(needed))
    call.set_tensors(
        sample_pose=pose,
        sample_log_weight=log_weight,
        log_weight_cotangent=c_log_weight,
        mean_translation_cotangent=c_translation,
        expected_cost_cotangent=c_cost,
    )
    call.run(problem.x3d.device)
    return _gradient_outputs(problem, gradients)


def expectation(*args: Any) -> Outputs:
    """Costs of samples (B, S), their mean translation (B, 3), expected cost (B), status (B)."""
    problem, (pose, log_weight, encoded) = split(args)
    outputs = _expectation_room(problem, pose)
    call = prepare("sample_expectation", encoded)
    call.set_problem(problem)
    call.set_tensors(
        sample_pose=pose,
        sample_log_weight=log_weight,
        sample_cost=outputs[0],
        mean_translation=outputs[1],
        expected_cost=outputs[2],
        status=outputs[3],
    )
    call.run(problem.x3d.device)
    return outputs


def expectation_fake(*args: Any) -> Outputs:
    problem, (pose, _, _) = split(args)
    return _expectation_room(problem, pose)


def _expectation_room(problem: Problem, pose: Tensor) -> Outputs:
    x3d, (b, s) = problem.x3d, pose.shape[:2]
    return (
        x3d.new_empty((b, s)),
        x3d.new_empty((b, 3)),
        x3d.new_empty((b,)),
        x3d.new_empty((b,), dtype=torch.int32),
    )


def pose_plus(*args: Any) -> Outputs:
    """Pose after one Gauss-Newton step (B, 7 or 4), and the status (B)."""
    problem, (pose, encoded) = split(args)
    outputs = pose_plus_fake(*args)
    call = prepare("pose_plus", encoded)
    call.set_problem(problem)
    call.set_tensors(pose=pose, pose_plus=outputs[0], status=outputs[1])
    call.run(problem.x3d.device)
    return outputs


def pose_plus_fake(*args: Any) -> Outputs:
    problem, (pose, _) = split(args)
    plus = torch.empty(tuple(pose.shape), dtype=problem.x3d.dtype, device=pose.device)
    return plus, torch.empty((pose.shape[0],), dtype=torch.int32, device=pose.device)


def pose_plus_vjp(*args: Any) -> Outputs:
    problem, (pose, cotangent, needed, encoded) = split(args)
    call = prepare("pose_plus_backward", encoded)
    call.set_problem(problem)
    gradients = gradients_of(call, problem, _needs(needed))
    call.set_tensors(pose=pose, pose_plus_cotangent=cotangent)
    call.run(problem.x3d.device)
    return _gradient_outputs(problem, gradients)


def solve(*args: Any) -> Outputs:
    """SOLVE_OUTPUTS."""
    problem, (pose_init, pose_target, seed, encoded) = split(args)
    shapes = _solve_shapes(decode(encoded), num_objects(problem))
    outputs = _allocate(shapes, problem.x3d)
    call = prepare("solve", encoded)
    call.set_problem(problem)
    call.set_seed(seed)
    call.set_tensors(pose_init=pose_init, pose_target=pose_target, **outputs)
    call.run(problem.x3d.device)
    return tuple(outputs.values())


def solve_fake(*args: Any) -> Outputs:
    problem, (_, _, _, encoded) = split(args)
    shapes = _solve_shapes(decode(encoded), num_objects(problem))
    return tuple(_allocate(shapes, problem.x3d).values())


def implicit_vjp(*args: Any) -> Outputs:
    problem, (pose, cotangent, needed, encoded) = split(args)
    call = prepare("implicit_gradient", encoded)
    call.set_problem(problem)
    gradients = gradients_of(call, problem, _needs(needed))
    call.set_tensors(pose=pose, pose_cotangent=cotangent)
    call.run(problem.x3d.device)
    return _gradient_outputs(problem, gradients)


def evaluate(*args: Any) -> Outputs:
    """EVALUATE_OUTPUTS."""
    problem, (pose, encoded) = split(args)
    outputs = _allocate(_evaluate_shapes(decode(encoded), problem), problem.x3d, zero=True)
    call = prepare("evaluate", encoded)
    call.set_problem(problem)
    call.set_tensors(pose=pose, **outputs)
    call.run(problem.x3d.device)
    return tuple(outputs.values())


def evaluate_fake(*args: Any) -> Outputs:
    problem, (_, encoded) = split(args)
    return tuple(_allocate(_evaluate_shapes(decode(encoded), problem), problem.x3d).values())
