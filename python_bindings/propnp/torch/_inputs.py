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
from ._config import changed
from ._constants import constant
from ._prior import form_of, rows_of
from ._problem import Problem

# fx fy cx cy skew in a row-major 3x3 matrix.
_PINHOLE_ENTRIES = (0, 4, 2, 5, 1)


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
        config, ("camera_model", "prior"), (model, form_of(prior))
    )
    ends = offsets if view_offsets is None else view_offsets
    objects = x3d.shape[0] if ends is None else ends.shape[0] - 1
    problem = Problem(
        as_real(x3d),
        as_real(x2d),
        _optional_real(w2d if sqrt_info is None else sqrt_info),
        parameters,
        None if delta is None else as_real(delta).expand(objects),
        rows_of(prior, 0, objects, lambda values: _tensor_of(values, x3d)),
        rows_of(prior, 1, objects, lambda values: _tensor_of(values, x3d)),
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
    entries = constant(_PINHOLE_ENTRIES, torch.int64, matrices.device)
    return matrices.reshape(-1, 9).index_select(1, entries)
