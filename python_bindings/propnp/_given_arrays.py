# SPDX-License-Identifier: Apache-2.0
# SPDX-FileCopyrightText: The propnp authors
"""The arrays of a call by name: views with their own axes checked, and their leading axes."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, NamedTuple

from ._arrays import FLOAT, Backend
from ._view import Shape, View, broadcast_shapes, broadcast_strides, with_one_batch_axis
from .errors import InvalidArgumentError

# Extents of an array's own axes; None: any.
Core = tuple[Any, ...]


class Input(NamedTuple):
    """An array with a leading batch."""

    array: Any
    core: Core
    wanted: int = FLOAT  # or INT32 ..., see _arrays.py


class GivenArrays:
    """Views by name. An array's axes are leading ones, which broadcast, and its own."""

    def __init__(self, backend: Backend) -> None:
        self.backend = backend
        self.views: dict[str, View] = {}
        self._own_axes: dict[str, int] = {}

    def __contains__(self, name: str) -> bool:
        return name in self.views

    def read(self, name: str, array: Any, core: Core, wanted: int = FLOAT) -> None:
        """ValueError with both shapes if its own axes are not `core`."""
        view = self.backend.view(array, name, wanted)
        shape, count = view.shape, len(core)
        own = shape[len(shape) - count :] if len(shape) >= count else None
        if own is None or (own != core and any(a != b for a, b in zip(core, own) if a is not None)):
            extents = ", ".join("any" if extent is None else str(extent) for extent in core)
            raise InvalidArgumentError(f"{name} has shape {shape}, expected (..., {extents})")
        self.views[name] = view
        self._own_axes[name] = count

    def read_weights(self, array: Any) -> None:
        """w2d, broadcast to x2d: one number, one an axis, or one a point as (..., N, 1)."""
        view = self.backend.view(array, "w2d", FLOAT)
        points = self.views["x2d"].shape
        lead = max(0, len(view.shape) - 2)
        strides = broadcast_strides(view.shape[lead:], view.strides[lead:], points[-2:])
        if strides is None:
            raise InvalidArgumentError(
                f"w2d has shape {view.shape}, which does not broadcast to {points} of x2d"
            )
        shape = view.shape[:lead] + points[-2:]
        strides = view.strides[:lead] + strides
        self.views["w2d"] = View(view.pointer, view.dtype, shape, strides, view.owner)
        self._own_axes["w2d"] = 2

    def leading(self, name: str) -> Shape:
        shape = self.views[name].shape
        return shape[: len(shape) - self._own_axes[name]]

    def has_no_leading_axes(self, name: str) -> bool:
        return len(self.views[name].shape) == self._own_axes[name]

    def broadcast(self, names: Iterable[str]) -> Shape:
        """The leading axes of all these together. ValueError with shapes if they do not fit."""
        together: Shape = ()
        seen: list[str] = []
        for name in names:
            own = self.leading(name)
            if own != together:
                wider = broadcast_shapes(together, own)
                if wider is None:
                    others = ", ".join(f"{other} {self.views[other].shape}" for other in seen)
                    raise InvalidArgumentError(
                        f"{name} has shape {self.views[name].shape}, whose leading axes {own} do "
                        f"not broadcast with {together} of {others}"
                    )
                together = wider
            seen.append(name)
        return together

    def flat(self, name: str, batch_shape: Shape) -> View:
        """(batch, own axes): broadcast to `batch_shape`, which becomes one axis."""
        view = self.views[name]
        flat = with_one_batch_axis(view, batch_shape, self._own_axes[name], self.backend)
        if flat is None:
            raise InvalidArgumentError(
                f"{name} has shape {view.shape}, expected leading axes that broadcast to "
                f"{batch_shape}"
            )
        return flat
