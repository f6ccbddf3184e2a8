# SPDX-License-Identifier: Apache-2.0
# SPDX-FileCopyrightText: The propnp authors
"""Strided views of anybody's arrays, as the C ABI takes them, and the geometry of batch axes.

Broadcasting and flattening are done on shapes and strides alone, so they are the same for every
kind of array and copy nothing unless the strides leave no choice.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from math import prod
from typing import Any

Shape = tuple[int, ...]

# Of an array without elements; never read. A null pointer would say "not given".
NOWHERE = 64

_ZEROS = (0, 0, 0, 0)


class View:
    """Memory, type (_abi.FLOAT32 ...), extents and strides (in elements) of an array."""

    __slots__ = ("dtype", "owner", "pointer", "shape", "strides")

    def __init__(
        self, pointer: int, dtype: int, shape: Shape, strides: Shape, owner: object
    ) -> None:
        self.pointer = pointer
        self.dtype = dtype
        self.shape = shape
        self.strides = strides
        self.owner = owner  # keeps the memory alive

    def description(self) -> tuple[int, ...]:
        """For SizedStruct.set_tensor; at most four axes."""
        ndim = len(self.shape)
        padding = _ZEROS[ndim:]
        return (
            self.pointer or NOWHERE,
            self.dtype,
            ndim,
            *self.shape,
            *padding,
            *self.strides,
            *padding,
        )


@lru_cache(maxsize=1024)
def contiguous_strides(shape: Shape) -> Shape:
    """Of a row-major array.

    >>> contiguous_strides((4, 3, 2))
    (6, 2, 1)
    """
    strides = []
    stride = 1
    for extent in reversed(shape):
        strides.append(stride)
        stride *= extent
    return tuple(reversed(strides))


@lru_cache(maxsize=1024)
def contiguous_description(dtype: int, shape: Shape) -> tuple[int, ...]:
    """Of a row-major array, without its address."""
    return View(0, dtype, shape, contiguous_strides(shape), None).description()[1:]


def broadcast_shapes(first: Shape, second: Shape) -> Shape | None:
    """The shape that both fit, by NumPy's rules; None if there is none.

    >>> broadcast_shapes((5, 1), (3,))
    (5, 3)
    """
    if first == second or not second:
        return first
    if not first:
        return second
    if len(first) < len(second):
        first, second = second, first
    lead = len(first) - len(second)
    extents = list(first[:lead])
    for a, b in zip(first[lead:], second):
        if a != b and a != 1 and b != 1:
            return None
        extents.append(b if a == 1 else a)
    return tuple(extents)


def broadcast_strides(shape: Shape, strides: Shape, target: Shape) -> Shape | None:
    """The strides with which an array of `shape` reads as `target`; None if it does not fit."""
    if shape == target:
        return strides
    lead = len(target) - len(shape)
    if lead < 0:
        return None
    result = [0] * lead
    for extent, stride, wanted in zip(shape, strides, target[lead:]):
        if extent != wanted and extent != 1:
            return None
        result.append(stride if extent == wanted else 0)
    return tuple(result)


def merged_stride(shape: Shape, strides: Shape) -> int | None:
    """The one stride of all these axes taken as one; None if there is none.

    >>> merged_stride((4, 5), (15, 3)), merged_stride((4, 5), (3, 12)), merged_stride((4, 5), (0, 0))
    (3, None, 0)
    """
    merged: int | None = None
    span = 0
    for extent, stride in zip(reversed(shape), reversed(strides)):
        if extent == 1:
            continue
        if merged is None:
            merged = stride
        elif stride != span:
            return None
        span = extent * stride
    return merged or 0


def with_one_batch_axis(view: View, batch_shape: Shape, core: int, backend: Any) -> View | None:
    """The view as (batch, *core axes): broadcast to `batch_shape`, which becomes one axis.

    None if its leading axes do not fit. Copied by the backend where no strides describe it.
    """
    lead = len(view.shape) - core
    shape = view.shape[:lead]
    if len(batch_shape) == 1 and shape == batch_shape:
        return view
    strides = broadcast_strides(shape, view.strides[:lead], batch_shape)
    if strides is None:
        return None
    core_shape = view.shape[lead:]
    merged = merged_stride(batch_shape, strides)
    if merged is None:
        copy: View = backend.contiguous(view, batch_shape + core_shape)
        return with_one_batch_axis(copy, batch_shape, core, backend)
    return View(
        view.pointer,
        view.dtype,
        (prod(batch_shape), *core_shape),
        (merged, *view.strides[lead:]),
        view.owner,
    )


def shapes_text(named: Sequence[tuple[str, Shape]]) -> str:
    """For messages.

    >>> shapes_text([("x3d", (4, 3)), ("x2d", (5, 2))])
    'x3d (4, 3), x2d (5, 2)'
    """
    return ", ".join(f"{name} {shape}" for name, shape in named)
