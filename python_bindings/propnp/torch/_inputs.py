# SPDX-License-Identifier: Apache-2.0
# SPDX-FileCopyrightText: The propnp authors
"""From what a user has at hand to a Problem and its encoded Config."""

from __future__ import annotations

from typing import Any, Optional, Union

import torch
from torch import Tensor

from ..camera import Camera
from ..errors import InvalidArgumentError
from ..prior import Prior
from ._config import changed, option
from ._problem import Problem, has_information, num_objects, num_views

_PRIOR_FIELDS = {
    "log_depth": ("mean", "sigma"),
    "depth_range": ("depth", "bound"),
    "pose": ("pose", "covariance"),
}
# fx fy cx cy skew in a row-major 3x3 matrix.
_PINHOLE_ENTRIES = [0, 4, 2, 5, 1]


def make_problem(
    config: str,
    x3d: Tensor,
    x2d: Tensor,
    w2d: Optional[Tensor],
    camera: Union[Tensor, Camera],
    *,
    sqrt_info: Optional[Tensor] = None,
    delta: Optional[Tensor] = None,
    prior: Optional[Prior] = None,
    box_px: Optional[Tensor] = None,
    counts: Optional[Tensor] = None,
    offsets: Optional[Tensor] = None,
    base_rotation: Optional[Tensor] = None,
    object_ids: Optional[Tensor] = None,
    view_offsets: Optional[Tensor] = None,
    view_camera: Optional[Tensor] = None,
    view_rig: Optional[Tensor] = None,
    camera_from_rig: Optional[Tensor] = None,
) -> tuple[Problem, str]:
    """The tensors of a call and what its operators are told."""
    if w2d is not None and sqrt_info is not None:
        raise InvalidArgumentError("w2d and sqrt_info are both given, expected one of them")
    parameters, model, box = _camera_tensors(camera, x3d)
    config = changed(
        config, ("camera_model", "prior"), (model, None if prior is None else prior.kind)
    )
    ends = offsets if view_offsets is None else view_offsets
    objects = x3d.shape[0] if ends is None else ends.shape[0] - 1
    first, second = _PRIOR_FIELDS[prior.kind] if prior is not None else ("", "")
    problem = Problem(
        as_real(x3d),
        as_real(x2d),
        _optional_real(w2d if sqrt_info is None else sqrt_info),
        parameters,
        None if delta is None else as_real(delta).expand(objects),
        _prior_tensor(prior, first, x3d, objects),
        _prior_tensor(prior, second, x3d, objects),
        _integers(counts, torch.int64),
        _integers(offsets, torch.int64),
        _table(box_px if box_px is not None else box, x3d),
        _optional_real(base_rotation),
        _integers(object_ids, torch.int64),
        _integers(view_offsets, torch.int64),
        _integers(view_camera, torch.int32),
        _integers(view_rig, torch.int32),
        _optional_real(camera_from_rig),
    )
    return problem, config


def with_own_delta(problem: Problem, config: str) -> tuple[Problem, str]:
    """With the scale of an adaptive Huber loss as a tensor that autograd has seen made.

    What an operator stores of a gradient in its forward pass takes the scale for given.
    """
    if option(config, "loss") != "adaptive_huber":
        return problem, config
    relative = option(config, "relative_delta") if problem.delta is None else problem.delta
    problem = problem._replace(delta=adaptive_delta(problem, relative))
    return problem, changed(config, ("loss",), ("huber",))


def as_real(tensor: Tensor) -> Tensor:
    """Half precision, as a network under autocast leaves it, to float32."""
    if tensor.dtype is torch.float16 or tensor.dtype is torch.bfloat16:
        return tensor.float()
    return tensor


def _optional_real(tensor: Optional[Tensor]) -> Optional[Tensor]:
    return None if tensor is None else as_real(tensor)


def _integers(tensor: Optional[Tensor], dtype: torch.dtype) -> Optional[Tensor]:
    return None if tensor is None else tensor.to(dtype)


def _tensor_of(values: Any, like: Tensor) -> Tensor:
    if isinstance(values, Tensor):
        return as_real(values)
    return torch.as_tensor(values, dtype=as_real(like).dtype, device=like.device)


def _table(values: Any, like: Tensor) -> Optional[Tensor]:
    """With a row axis."""
    if values is None:
        return None
    tensor = _tensor_of(values, like)
    return tensor if tensor.dim() == 2 else tensor.reshape(-1, tensor.shape[-1])


def _camera_tensors(camera: Any, like: Tensor) -> tuple[Tensor, str, Any]:
    """Parameters (C, M), models, box."""
    if isinstance(camera, Camera):
        model = camera.model if isinstance(camera.model, str) else " ".join(camera.model)
        parameters = _table(camera.parameters, like)
        assert parameters is not None
        return parameters, model, camera.box_px
    matrix = _tensor_of(camera, like)
    if matrix.shape[-2:] != (3, 3):
        raise InvalidArgumentError(
            f"camera has shape {tuple(matrix.shape)}, expected matrices (..., 3, 3) or a Camera"
        )
    return pinhole_parameters(matrix), "pinhole", None


def pinhole_parameters(matrices: Tensor) -> Tensor:
    """(..., 3, 3) to (C, 5) fx fy cx cy skew."""
    device = matrices.device
    entries = None if torch.compiler.is_compiling() else _entries_on.get(device)
    if entries is None:
        entries = torch.tensor(_PINHOLE_ENTRIES, device=device)
        if not torch.compiler.is_compiling():
            _entries_on[device] = entries
    return matrices.reshape(-1, 9).index_select(1, entries)


_entries_on: dict[torch.device, Tensor] = {}


def _prior_tensor(
    prior: Optional[Prior], field: str, like: Tensor, objects: int
) -> Optional[Tensor]:
    """A row an object, also of one for all."""
    if prior is None:
        return None
    tensor = _tensor_of(getattr(prior, field), like)
    own = 2 if field == "covariance" else 1
    return tensor.expand(objects, *tensor.shape[-own:]) if tensor.dim() == own else tensor


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
    return (deviation.square().sum((-2, -1)) / max(x2d.shape[-2] - 1, 1)).sqrt()


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
