# SPDX-License-Identifier: Apache-2.0
# SPDX-FileCopyrightText: The propnp authors
"""torch.func.vmap over the operators: the mapped axis joins that of the objects.

Object b of slice v is object v B + b of one larger batch, whose random stream it has too. Not
defined for packed points and rigs, whose offsets count rows of one batch.
"""

from __future__ import annotations

from typing import Any, Callable, Optional, Sequence

import torch
from torch import Tensor

from . import _ops
from ._problem import NUM_TENSORS, Problem

_PACKED = ("offsets", "view_offsets", "view_camera", "view_rig", "camera_from_rig")
_CAMERA = Problem._fields.index("camera")
_BOX = Problem._fields.index("box")


def _joined(tensor: Tensor, dim: Optional[int], slices: int) -> Tensor:
    """(slices, B, ...) as (slices B, ...)."""
    if dim is None:
        tensor = tensor.expand(slices, *tensor.shape)
    else:
        tensor = tensor.movedim(dim, 0)
    return tensor.flatten(0, 1)


def _with_rows(tensor: Tensor, dim: Optional[int], rows: int) -> tuple[Tensor, Optional[int]]:
    """A table's one row for every object."""
    axis = 0 if dim is None else 1
    if dim is not None:
        tensor, dim = tensor.movedim(dim, 0), 0
    if tensor.shape[axis] == 1 and rows != 1:
        shape = list(tensor.shape)
        shape[axis] = rows
        tensor = tensor.expand(shape)
    return tensor, dim


def _map(op: Callable[..., Any], gives_gradients: bool) -> Callable[..., Any]:
    def rule(info: Any, in_dims: Sequence[Optional[int]], *args: Any) -> Any:
        slices = info.batch_size
        problem = Problem(*args[:NUM_TENSORS])
        dims = dict(zip(Problem._fields, in_dims))
        if any(getattr(problem, name) is not None for name in _PACKED):
            raise RuntimeError(
                "propnp: vmap over packed points (offsets) or rigs (views) is not defined: "
                "use the dense layout with counts, or one larger batch"
            )
        axis = 0 if dims["x3d"] != 0 else 1
        objects = problem.x3d.shape[axis]
        one_camera = problem.camera.shape[0 if dims["camera"] != 0 else 1] == 1
        mapped: list[Any] = []
        for k, (value, dim) in enumerate(zip(args, in_dims)):
            if not isinstance(value, Tensor):
                mapped.append(value)
            elif value.dtype is torch.int64 and _is_seed(op, k):
                mapped.append(value if dim is None else value.select(dim, 0))
            else:
                if k in (_CAMERA, _BOX):
                    value, dim = _with_rows(value, dim, objects)
                mapped.append(_joined(value, dim, slices))
        outputs = []
        for output in op(*mapped):
            absent = output.dim() == 1 and output.shape[0] == 0 and objects != 0
            shape = (slices, 0) if absent else (slices, objects)
            outputs.append(output.reshape(*shape, *output.shape[1:]))
        if gives_gradients and one_camera and outputs[_CAMERA].dim() > 2:
            outputs[_CAMERA] = outputs[_CAMERA].sum(1, keepdim=True)
        return tuple(outputs), (0,) * len(outputs)

    return rule


def _is_seed(op: Any, k: int) -> bool:
    return bool(op._schema.arguments[k].name == "seed")


for name, gives_gradients in (
    ("sample", False),
    ("sample_vjp", True),
    ("expectation", False),
    ("pose_plus", False),
    ("pose_plus_vjp", True),
    ("solve", False),
    ("implicit_vjp", True),
    ("evaluate", False),
):
    torch.library.register_vmap(
        f"propnp::{name}", _map(getattr(_ops, name), gives_gradients)
    )
