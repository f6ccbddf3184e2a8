# SPDX-License-Identifier: Apache-2.0
# SPDX-FileCopyrightText: The propnp authors
"""The scale of the adaptive Huber loss as PyTorch computes it, of any layout of the points."""

from __future__ import annotations

import math
from typing import Union

import torch
from torch import Tensor

from ._config import changed, option
from ._problem import Problem, has_information, num_objects, num_views


def has_plain_weights(problem: Problem) -> bool:
    """Whether there are weights w2d (B, N, 2), all real, of one view an object."""
    return (
        problem.weights is not None
        and problem.counts is None
        and problem.offsets is None
        and problem.view_offsets is None
        and not has_information(problem)
    )


def with_own_delta(problem: Problem, config: str) -> tuple[Problem, str]:
    """With the scale of an adaptive Huber loss as a tensor that autograd has seen made, unless the
    operator `sample` differentiates it itself.
    """
    if option(config, "loss") != "adaptive_huber" or has_plain_weights(problem):
        return problem, config
    relative = option(config, "relative_delta") if problem.delta is None else problem.delta
    problem = problem._replace(delta=adaptive_delta(problem, relative))
    return problem, changed(config, ("loss",), ("huber",))


def adaptive_delta(problem: Problem, relative: Union[float, Tensor]) -> Tensor:
    """Scale (B) of the adaptive Huber loss: relative x mean weight x spread of x2d.

    Means and the unbiased variance are over all points of an object, weighted or not. The gradient
    flows to the weights and to `relative`, not to x2d.
    """
    x2d = problem.x2d.detach()
    if problem.counts is None and problem.offsets is None and problem.view_offsets is None:
        mean_size, spread = _mean_size(problem), spread_of(x2d)
    else:
        mean_size, spread = _of_ragged(problem, x2d)
    # An object that is not finite gets its status from the library. Its gradient is zero there, and
    # must not become NaN here.
    return relative * torch.nan_to_num(mean_size) * torch.nan_to_num(spread)


def spread_of(x2d: Tensor) -> Tensor:
    """sqrt of the sum of both axes' unbiased variances, (B, N, 2) to (B); 0 of one point.

    By hand: PyTorch's var over this axis takes four times as long.
    """
    deviation = x2d - x2d.mean(-2, keepdim=True)
    norm: Tensor = torch.linalg.vector_norm(deviation, dim=(-2, -1))
    return norm / math.sqrt(max(x2d.shape[-2] - 1, 1))


def _sizes(problem: Problem) -> Tensor:
    """The size of each point's weight: their mean over the axes."""
    weights = problem.weights
    if weights is None:
        x2d = problem.x2d
        return torch.ones(x2d.shape[:-1], dtype=x2d.dtype, device=x2d.device)
    if has_information(problem):
        return weights.square().sum((-2, -1)).mul(0.5).sqrt()
    return weights.mean(-1)


def _mean_size(problem: Problem) -> Tensor:
    if problem.weights is not None and not has_information(problem):
        return problem.weights.mean((-2, -1))
    return _sizes(problem).mean(-1)


def _of_ragged(problem: Problem, x2d: Tensor) -> tuple[Tensor, Tensor]:
    """Mean size of the weights and spread of x2d over the points of each object."""
    objects = num_objects(problem)
    index, real = _object_of_points(problem)
    flat = x2d.reshape(-1, 2)[real]
    count = _sum_by(index, torch.ones_like(flat[:, 0]), objects)
    mean = _sum_by(index, flat, objects) / count[:, None]
    deviation = (flat - mean[index]).square().sum(-1)
    mean_size = _sum_by(index, _sizes(problem).reshape(-1)[real], objects) / count
    return mean_size, (_sum_by(index, deviation, objects) / (count - 1)).sqrt()


def _sum_by(index: Tensor, values: Tensor, count: int) -> Tensor:
    return values.new_zeros((count, *values.shape[1:])).index_add(0, index, values)


def _object_of_points(problem: Problem) -> tuple[Tensor, Tensor]:
    """Which rows of the points, flat, are real, and the object of each of those."""
    device = problem.x2d.device
    if problem.offsets is not None:
        lengths = problem.offsets.diff()
        row = torch.arange(int(lengths.sum()), device=device) + problem.offsets[0]
    else:
        columns = torch.arange(problem.x2d.shape[1], device=device)
        limit = problem.counts
        if limit is None:
            limit = torch.full((problem.x2d.shape[0],), problem.x2d.shape[1], device=device)
        row = (columns < limit[:, None]).reshape(-1).nonzero()[:, 0]
        lengths = limit
    view = torch.arange(num_views(problem), device=device).repeat_interleave(lengths)
    if problem.view_offsets is None:
        return view, row
    owner = torch.arange(num_objects(problem), device=device)
    return owner.repeat_interleave(problem.view_offsets.diff())[view], row
