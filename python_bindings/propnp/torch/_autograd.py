# SPDX-License-Identifier: Apache-2.0
# SPDX-FileCopyrightText: The propnp authors
"""Derivatives of the operators.

    log evidence, loss     stored by the forward pass, O(B N); without it the pass is run again
    log weights, costs,    replay of the poses in the backward pass, O(B (S + N))
    expectations
    pose_plus              its vector-Jacobian product
    solve                  the implicit function theorem; its cost, the derivative at fixed pose

Poses and proposals that go into an operator carry no gradient. There are no second derivatives.
"""

from __future__ import annotations

from typing import Any, Optional, Sequence

import torch
from torch import Tensor
from torch.autograd.function import once_differentiable

from . import _direct, _ops
from ._config import changed, option
from ._outputs import SAMPLE_OUTPUTS
from ._problem import NUM_DIFFERENTIABLE, NUM_TENSORS, Problem

Gradient = Optional[Tensor]
# Of no use to a gradient.
_SUMMARIES = {
    "num_modes": 0, "moments": False, "quantile_levels": (), "region_shares": (), "draws": 0,
    "symmetries": "",
}
_CAMERA_BIT = 1 << Problem._fields.index("camera")
_PRIOR_BITS = sum(1 << Problem._fields.index(name) for name in ("prior_a", "prior_b"))


def _save(ctx: Any, inputs: Sequence[Any], *more: Optional[Tensor]) -> None:
    """`inputs` of the operator: all its tensors, and the rest as it is."""
    ctx.set_materialize_grads(False)
    tensors = [x if isinstance(x, Tensor) else None for x in inputs]
    ctx.constants = [None if isinstance(x, Tensor) else x for x in inputs]
    ctx.save_for_backward(*tensors, *more)


def _restore(ctx: Any) -> tuple[Problem, list[Any], list[Any]]:
    """The problem, the operator's own inputs, and what else was saved."""
    saved = list(ctx.saved_tensors)
    count = len(ctx.constants)
    inputs = [x if c is None else c for x, c in zip(saved[:count], ctx.constants)]
    return Problem(*inputs[:NUM_TENSORS]), inputs[NUM_TENSORS:], saved[count:]


def _mask(needed: Sequence[bool]) -> int:
    return sum(1 << k for k, wanted in enumerate(needed[:NUM_DIFFERENTIABLE]) if wanted)


def _needed(ctx: Any, problem: Problem) -> int:
    return _mask(
        [
            wanted and tensor is not None
            for wanted, tensor in zip(ctx.needs_input_grad, problem[:NUM_DIFFERENTIABLE])
        ]
    )


def _wanted(mask: int, gradients: Sequence[Gradient]) -> list[Gradient]:
    return [g if mask >> k & 1 else None for k, g in enumerate(gradients)]


def _sum(a: Sequence[Gradient], b: Sequence[Gradient]) -> list[Gradient]:
    return [y if x is None else x if y is None else x + y for x, y in zip(a, b)]


def _filled(ctx: Any, gradients: Sequence[Gradient]) -> tuple[Gradient, ...]:
    """With None for the inputs that carry no gradient."""
    return (*gradients, *[None] * (len(ctx.needs_input_grad) - len(gradients)))


_NONE: list[Gradient] = [None] * NUM_DIFFERENTIABLE


def _of_objects(cotangent: Tensor, problem: Problem, tensor: Tensor) -> Tensor:
    """(B) as a factor of a tensor with a row an object, a view or a point."""
    rows = cotangent
    if tensor.shape[0] != cotangent.shape[0] or problem.offsets is not None:
        rows = _rows_of_views(rows, problem.view_offsets)
        if problem.offsets is not None and tensor.shape[0] == problem.x2d.shape[0]:
            # Points outside of every view have no gradient, whatever the factor.
            index = torch.arange(tensor.shape[0], device=tensor.device)
            view = torch.searchsorted(problem.offsets, index, right=True) - 1
            rows = rows[view.clamp(0, rows.shape[0] - 1)] if rows.shape[0] else rows
    return rows.reshape(-1, *[1] * (tensor.dim() - 1))


def _rows_of_views(rows: Tensor, view_offsets: Optional[Tensor]) -> Tensor:
    if view_offsets is None:
        return rows
    return rows.repeat_interleave(view_offsets.diff(), 0)


def _scaled(
    cotangent: Tensor, problem: Problem, stored: Sequence[Gradient], mask: int
) -> list[Gradient]:
    """What the forward pass stored, times the cotangent of each object."""
    result: list[Gradient] = []
    for k, gradient in enumerate(stored):
        input = problem[k]
        if not mask >> k & 1 or input is None or gradient is None:
            result.append(None)
        elif gradient.numel() == 0 and input.numel() != 0:  # an operator's None
            result.append(None)
        elif k < 3:
            result.append(gradient * _of_objects(cotangent, problem, gradient))
        else:
            result.append(gradient * cotangent.reshape(-1, *[1] * (gradient.dim() - 1)))
    return result


def _replay(
    problem: Problem, pose: Tensor, cotangent: Tensor, mask: int, config: str
) -> list[Gradient]:
    """From cotangents (B, S) of the log weights of poses (B, S, 7 or 4)."""
    gradients = _direct.sample_vjp(*problem, pose, None, cotangent, None, None, mask, config)
    return _wanted(mask, gradients)


def _setup_sample(ctx: Any, inputs: Sequence[Any], output: Sequence[Tensor]) -> None:
    n = len(SAMPLE_OUTPUTS)
    named = dict(zip(SAMPLE_OUTPUTS, output))
    _save(ctx, inputs, named["sample_pose"], named["sample_log_weight"], *output[n:])
    ctx.mark_non_differentiable(*[x for x in output[4:] if x is not None])


def _sample_backward(ctx: Any, *cotangents: Gradient) -> tuple[Gradient, ...]:
    problem, (target_pose, seed, _, config), (sample_pose, log_weight, *stored) = _restore(ctx)
    evidence, target, loss, of_weights = cotangents[:4]
    mask = _needed(ctx, problem)
    if not mask:
        return _filled(ctx, _NONE)
    if loss is not None:
        evidence = loss if evidence is None else evidence + loss
        target = loss if target is None else target + loss
    to_camera, to_others = mask & _CAMERA_BIT, mask & ~_CAMERA_BIT
    result, rest = list(_NONE), target
    if evidence is not None:
        kind = option(config, "gradient")
        if kind == "none" or (to_camera and not option(config, "keep_samples")):
            kind = "evidence" if target is None else "loss"
            again = changed(
                config,
                ("gradient", "prior_gradient", "keep_samples", *_SUMMARIES),
                (kind, bool(mask & _PRIOR_BITS), True, *_SUMMARIES.values()),
            )
            outputs = _ops.sample(*problem, target_pose, seed, None, again)
            log_weight, sample_pose = outputs[3:5]
            stored = list(outputs[len(SAMPLE_OUTPUTS) :])
        result = _scaled(evidence, problem, stored, to_others)
        if kind == "loss":  # the target's cost is in it already, times `evidence`
            rest = None if target is evidence else _difference(target, evidence)
        if to_camera:
            of_samples = evidence[:, None] * torch.softmax(log_weight, 1)
            result = _sum(result, _replay(problem, sample_pose, of_samples, to_camera, config))
    if rest is not None and to_others:
        result = _sum(result, _of_target(problem, target_pose, rest, to_others, config))
    if target is not None and to_camera:
        result = _sum(result, _of_target(problem, target_pose, target, to_camera, config))
    if of_weights is not None:
        result = _sum(result, _replay(problem, sample_pose, of_weights, mask, config))
    return _filled(ctx, result)


def _difference(a: Gradient, b: Tensor) -> Tensor:
    return -b if a is None else a - b


def _of_target(problem: Problem, pose: Tensor, cotangent: Tensor, mask: int, config: str) -> Any:
    """From cotangents (B) of the cost at one pose an object."""
    return _replay(problem, pose[:, None], -cotangent[:, None], mask, config)


def _setup_expectation(ctx: Any, inputs: Sequence[Any], output: Sequence[Tensor]) -> None:
    _save(ctx, inputs)
    ctx.mark_non_differentiable(output[3])


def _expectation_backward(ctx: Any, *cotangents: Gradient) -> tuple[Gradient, ...]:
    problem, (pose, log_weight, config), _ = _restore(ctx)
    cost, translation, expected = cotangents[:3]
    mask = _needed(ctx, problem)
    if not mask or (cost is None and translation is None and expected is None):
        return _filled(ctx, _NONE)
    minus = None if cost is None else -cost
    gradients = _direct.sample_vjp(
        *problem, pose, log_weight, minus, translation, expected, mask, config
    )
    return _filled(ctx, _wanted(mask, gradients))


def _setup_pose_plus(ctx: Any, inputs: Sequence[Any], output: Sequence[Tensor]) -> None:
    _save(ctx, inputs)
    ctx.mark_non_differentiable(output[1])


def _pose_plus_backward(ctx: Any, *cotangents: Gradient) -> tuple[Gradient, ...]:
    problem, (pose, config), _ = _restore(ctx)
    mask = _needed(ctx, problem)
    if not mask or cotangents[0] is None:
        return _filled(ctx, _NONE)
    gradients = _direct.pose_plus_vjp(*problem, pose, cotangents[0], mask, config)
    return _filled(ctx, _wanted(mask, gradients))


def _setup_solve(ctx: Any, inputs: Sequence[Any], output: Sequence[Tensor]) -> None:
    _save(ctx, inputs, output[0])
    ctx.mark_non_differentiable(*output[2:])


def _solve_backward(ctx: Any, *cotangents: Gradient) -> tuple[Gradient, ...]:
    problem, (_, _, _, config), (pose,) = _restore(ctx)
    mask = _needed(ctx, problem)
    result = list(_NONE)
    if mask and cotangents[0] is not None:
        gradients = _direct.implicit_vjp(*problem, pose, cotangents[0], mask, config)
        result = _wanted(mask, gradients)
    if mask and cotangents[1] is not None:
        result = _sum(result, _of_target(problem, pose, cotangents[1], mask, config))
    return _filled(ctx, result)


class Differentiable:
    """An operator with its derivative.

    What torch.library makes of a derivative serves torch.compile. It does not know torch.func.grad
    and its kin, and in eager mode it spends more time on the arguments than the operator does; so
    these two go through Functions of their own, to the same kernels.
    """

    def __init__(self, name: str, setup: Any, backward: Any) -> None:
        op, direct = getattr(_ops, name), _direct.Direct(name)
        torch.library.register_autograd(f"propnp::{name}", backward, setup_context=setup)

        def forward(ctx: Any, *args: Any) -> Any:
            output = direct(*args)
            setup(ctx, args, output)
            return output

        def setup_context(ctx: Any, inputs: Any, output: Any) -> None:
            setup(ctx, inputs, output)

        self._op, self._direct = op, direct
        self._eager = _function(name, forward=forward, backward=once_differentiable(backward))
        self._transformed = _function(
            name,
            forward=lambda *args: op(*args),
            setup_context=setup_context,
            backward=backward,
        )
        self._transformed.generate_vmap_rule = True

    def __call__(self, *args: Any) -> Any:
        if torch.compiler.is_compiling():
            return self._op(*args)
        if torch._C._are_functorch_transforms_active():
            return self._transformed.apply(*args)
        if torch.is_grad_enabled() and any(
            isinstance(x, Tensor) and x.requires_grad for x in args[:NUM_DIFFERENTIABLE]
        ):
            return self._eager.apply(*args)
        with torch.no_grad():
            return self._direct(*args)


def _function(name: str, **members: Any) -> Any:
    static = {key: staticmethod(member) for key, member in members.items()}
    return type(name, (torch.autograd.Function,), static)


sample = Differentiable("sample", _setup_sample, _sample_backward)
expectation = Differentiable("expectation", _setup_expectation, _expectation_backward)
pose_plus = Differentiable("pose_plus", _setup_pose_plus, _pose_plus_backward)
solve = Differentiable("solve", _setup_solve, _solve_backward)
