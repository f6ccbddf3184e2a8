# SPDX-License-Identifier: Apache-2.0
# SPDX-FileCopyrightText: The propnp authors
"""What each operator does on real tensors, and the shapes of what it returns.

An operator takes the tensors of a Problem, then its own, then the encoded Config. What was not
asked for is None here; as operators return none, `without_none` makes tensors without elements of it.
"""

from __future__ import annotations

from typing import Any, Callable, Optional, Sequence

import torch
from torch import Tensor

from ._calls import prepare, run_for_gradients
from ._config import Config, decode
from ._outputs import (
    allocate,
    evaluate_shapes,
    known_sample_shapes,
    sample_room,
    sample_shapes,
    solve_shapes,
)
from ._prior import from_tangent, tangent_room
from ._problem import NUM_DIFFERENTIABLE, NUM_TENSORS, Problem, num_objects

Outputs = tuple[Optional[Tensor], ...]


def without_none(kernel: Callable[..., Outputs]) -> Callable[..., tuple[Tensor, ...]]:
    def run(*args: Any) -> tuple[Tensor, ...]:
        return tuple(args[0].new_empty((0,)) if x is None else x for x in kernel(*args))

    return run


def split(args: Sequence[Any]) -> tuple[Problem, Sequence[Any]]:
    """An operator's arguments as the problem and the rest."""
    return Problem(*args[:NUM_TENSORS]), args[NUM_TENSORS:]


def _stored_gradients(problem: Problem, config: Config) -> list[Optional[Tensor]]:
    """Templates of what the forward pass differentiates to: the camera is left to the replay."""
    if config.gradient == "none":
        return [None] * NUM_DIFFERENTIABLE
    return [
        problem.x3d,
        problem.x2d,
        problem.weights,
        None,
        problem.delta,
        problem.prior_a if config.prior_gradient else None,
        problem.prior_b if config.prior_gradient else None,
    ]


def _room(templates: Sequence[Optional[Tensor]], problem: Problem) -> list[Optional[Tensor]]:
    ragged = problem.counts is not None or problem.offsets is not None
    make = torch.zeros_like if ragged else torch.empty_like
    return [
        None if x is None else make(x, memory_format=torch.contiguous_format) for x in templates
    ]


def sample(*args: Any) -> Outputs:
    """The posterior; with it, after SAMPLE_OUTPUTS, the stored gradients of the first seven."""
    problem, (pose_target, seed, object_class, encoded) = split(args)
    config = decode(encoded)
    shapes = known_sample_shapes(encoded, num_objects(problem), pose_target is not None)
    outputs = sample_room(config, shapes, problem.x3d)
    stored = _room(_stored_gradients(problem, config), problem)
    given = dict(outputs)
    loss, pose = given.pop("loss"), given.pop("most_probable_pose")
    call = prepare("sample", encoded)
    call.set_problem(problem)
    call.set_seed(seed)
    call.set_tensors(pose_target=pose_target, pose=pose, **given)
    call.set_object_class(object_class)
    of_mean = tangent_room(config.prior, stored[5])
    call.set_gradients(problem, [*stored[:5], of_mean, stored[6]], "grad_")
    call.run(problem.x3d.device)
    from_tangent(problem.prior_a, of_mean, stored[5])
    if loss is not None:
        torch.add(outputs["cost_target"], outputs["log_evidence"], out=loss)  # type: ignore[arg-type]
    return (*outputs.values(), *stored)


def sample_fake(*args: Any) -> Outputs:
    problem, (pose_target, _, _, encoded) = split(args)
    config = decode(encoded)
    shapes = sample_shapes(config, num_objects(problem), pose_target is not None)
    outputs = sample_room(config, shapes, problem.x3d)
    stored = _room(_stored_gradients(problem, config), problem)
    return (*outputs.values(), *stored)


def _needs(mask: int) -> list[bool]:
    return [bool(mask >> k & 1) for k in range(NUM_DIFFERENTIABLE)]


def _gradient_outputs(problem: Problem, gradients: Sequence[Optional[Tensor]]) -> Outputs:
    """One row a camera instead of one a view."""
    camera = gradients[3]
    return (*gradients[:3], None if camera is None else _of_cameras(problem, camera), *gradients[4:])


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
        else None
        for tensor, wanted in zip(problem[:NUM_DIFFERENTIABLE], needed)
    )


def sample_vjp(*args: Any) -> Outputs:
    """Cotangents of log weights and of expectations over kept samples to gradients."""
    problem, (pose, log_weight, c_log_weight, c_translation, c_cost, needed, encoded) = split(args)
    call = prepare("sample_backward", encoded)
    call.set_problem(problem)
    call.set_tensors(
        sample_pose=pose,
        sample_log_weight=log_weight,
        log_weight_cotangent=c_log_weight,
        mean_translation_cotangent=c_translation,
        expected_cost_cotangent=c_cost,
    )
    gradients = run_for_gradients(call, problem, _needs(needed))
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
    call.set_tensors(pose=pose, pose_plus_cotangent=cotangent)
    gradients = run_for_gradients(call, problem, _needs(needed))
    return _gradient_outputs(problem, gradients)


def solve(*args: Any) -> Outputs:
    """SOLVE_OUTPUTS."""
    problem, (pose_init, pose_target, seed, encoded) = split(args)
    shapes = solve_shapes(decode(encoded), num_objects(problem))
    outputs = allocate(shapes, problem.x3d)
    call = prepare("solve", encoded)
    call.set_problem(problem)
    call.set_seed(seed)
    call.set_tensors(pose_init=pose_init, pose_target=pose_target, **outputs)
    call.run(problem.x3d.device)
    return tuple(outputs.values())


def solve_fake(*args: Any) -> Outputs:
    problem, (_, _, _, encoded) = split(args)
    shapes = solve_shapes(decode(encoded), num_objects(problem))
    return tuple(allocate(shapes, problem.x3d).values())


def implicit_vjp(*args: Any) -> Outputs:
    problem, (pose, cotangent, needed, encoded) = split(args)
    call = prepare("implicit_gradient", encoded)
    call.set_problem(problem)
    call.set_tensors(pose=pose, pose_cotangent=cotangent)
    gradients = run_for_gradients(call, problem, _needs(needed))
    return _gradient_outputs(problem, gradients)


def evaluate(*args: Any) -> Outputs:
    """EVALUATE_OUTPUTS."""
    problem, (pose, encoded) = split(args)
    outputs = allocate(evaluate_shapes(decode(encoded), problem), problem.x3d, zero=True)
    call = prepare("evaluate", encoded)
    call.set_problem(problem)
    call.set_tensors(pose=pose, **outputs)
    call.run(problem.x3d.device)
    return tuple(outputs.values())


def evaluate_fake(*args: Any) -> Outputs:
    problem, (_, encoded) = split(args)
    return tuple(allocate(evaluate_shapes(decode(encoded), problem), problem.x3d).values())
