# SPDX-License-Identifier: Apache-2.0
# SPDX-FileCopyrightText: The propnp authors
"""Arrays of the caller's kind: which kind a call works in, views of its inputs, its outputs.

A call takes NumPy arrays, torch tensors, anything with `__dlpack__` or `__cuda_array_interface__`,
and lists of numbers. Lists and NumPy arrays mix with any other kind; of the other kinds a call has
one, on one device, and its results are of that kind on that device.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable
from typing import Any, Protocol

import numpy as np

from . import _abi
from ._numpy_arrays import NUMPY
from ._view import Shape, View

# What a quantity may be: real numbers, or integers of one type.
FLOAT, INT32, INT64, UINT64 = 0, _abi.INT32, _abi.INT64, _abi.UINT64


class Backend(Protocol):
    """One kind of arrays on one device."""

    kind: str
    device: int  # _abi.CPU_DEVICE, or the ordinal of a CUDA device

    def stream(self) -> int | None:
        """The CUDA stream of this moment; None on the CPU."""

    def view(self, array: Any, name: str, wanted: int) -> View:
        """Of an array of this kind, a NumPy array or numbers; converted only where it must be."""

    def contiguous(self, view: View, shape: Shape) -> View:
        """A row-major copy of what `view.owner` holds, broadcast to `shape`."""

    def empty(self, shape: Shape, dtype: int) -> tuple[Any, int]:
        """A new row-major array and where it lies."""

    def finish(self, array: Any) -> Any:
        """What `empty` made and a call has filled, as the caller's kind."""


_PLAIN_TYPES = (np.ndarray, np.generic, list, tuple, int, float)
_PLAIN = frozenset(_PLAIN_TYPES + (type(None),))


def backend_of(array: Any, name: str) -> Backend:
    """The backend that an array asks for; NUMPY for what mixes with every kind."""
    if isinstance(array, _PLAIN_TYPES):
        return NUMPY
    torch = sys.modules.get("torch")
    if torch is not None and isinstance(array, torch.Tensor):
        from ._torch_arrays import torch_backend

        return torch_backend(array.device)
    if hasattr(array, "__cuda_array_interface__") or hasattr(array, "__dlpack__"):
        from ._foreign_arrays import foreign_backend

        return foreign_backend(array, name)
    return NUMPY


def choose_backend(named: Iterable[tuple[str, Any]]) -> Backend:
    """The backend of all arrays of a call. TypeError if they are of two kinds or devices."""
    chosen: Backend = NUMPY
    chosen_by = ""
    for name, array in named:
        if type(array) in _PLAIN:
            continue
        backend = backend_of(array, name)
        if backend is NUMPY or backend is chosen:
            continue
        if chosen is not NUMPY:
            if backend.kind == chosen.kind and backend.device == chosen.device:
                continue
            raise TypeError(
                f"{name} is {_place(backend)}, but {chosen_by} is {_place(chosen)}: "
                "expected one kind of arrays on one device"
            )
        chosen, chosen_by = backend, name
    return chosen


def _place(backend: Backend) -> str:
    device = "the CPU" if backend.device == _abi.CPU_DEVICE else f"CUDA device {backend.device}"
    return f"of kind {backend.kind} on {device}"
