# SPDX-License-Identifier: Apache-2.0
# SPDX-FileCopyrightText: The propnp authors
"""Small mathematics in the kind of array that comes, NumPy or torch, there differentiably."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from typing import Any

import numpy as np

from ._view import Shape, broadcast_shapes
from .errors import InvalidArgumentError


def is_torch(array: Any) -> bool:
    torch = sys.modules.get("torch")
    return torch is not None and isinstance(array, torch.Tensor)


def as_array(values: Any) -> Any:
    if is_torch(values) or hasattr(values, "__cuda_array_interface__"):
        return values
    array = np.from_dlpack(values) if _is_foreign(values) else np.asarray(values)
    return array if array.dtype.kind == "f" else array.astype(np.float64)


def _is_foreign(values: Any) -> bool:
    return hasattr(values, "__dlpack__") and not isinstance(values, (np.ndarray, np.generic))


def _concatenate(arrays: Sequence[Any]) -> Any:
    """Along the last axis; the others broadcast."""
    lead: Shape | None = ()
    for array in arrays:
        lead = None if lead is None else broadcast_shapes(lead, tuple(array.shape[:-1]))
    if lead is None:
        shapes = " and ".join(str(tuple(array.shape)) for array in arrays)
        raise InvalidArgumentError(f"shapes {shapes} do not broadcast together")
    if any(is_torch(array) for array in arrays):
        import torch

        tensors = [torch.as_tensor(array) for array in arrays]
        return torch.cat([tensor.expand(*lead, tensor.shape[-1]) for tensor in tensors], dim=-1)
    return np.concatenate([np.broadcast_to(a, (*lead, a.shape[-1])) for a in arrays], axis=-1)


def stack_last(matrix: Any, places: Sequence[tuple[int, int]], tail: Any = None) -> Any:
    """(..., n): elements of matrices (..., 3, 3) at these (row, column), then those of `tail`."""
    matrix = as_array(matrix)
    if tuple(matrix.shape[-2:]) != (3, 3):
        raise InvalidArgumentError(f"matrix has shape {tuple(matrix.shape)}, expected (..., 3, 3)")
    elements = [matrix[..., row, column, None] for row, column in places]
    return _concatenate(elements if tail is None else [*elements, as_array(tail)])


def last_axis_of(values: Any, name: str, fewest: int, most: int) -> Any:
    """(..., most): `values` (..., n) with zeros appended."""
    array = as_array(values)
    count = array.shape[-1] if array.ndim else 0
    if not fewest <= count <= most:
        raise InvalidArgumentError(
            f"{name} have shape {tuple(array.shape)}, expected {fewest} to {most} in the last axis"
        )
    if count == most:
        return array
    if is_torch(array):
        return _concatenate([array, array.new_zeros(most - count)])
    return _concatenate([array, np.zeros(most - count, array.dtype)])
