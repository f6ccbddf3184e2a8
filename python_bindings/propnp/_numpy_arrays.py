# SPDX-License-Identifier: Apache-2.0
# SPDX-FileCopyrightText: The propnp authors
"""NumPy arrays, and whatever NumPy takes for one: lists, numbers, buffers."""

from __future__ import annotations

from typing import Any

import numpy as np

from . import _abi
from ._view import Shape, View, contiguous_strides

NumpyArray = np.ndarray[Any, Any]

DTYPE_OF_CODE: dict[int, np.dtype[Any]] = {
    _abi.FLOAT32: np.dtype(np.float32),
    _abi.FLOAT64: np.dtype(np.float64),
    _abi.INT32: np.dtype(np.int32),
    _abi.INT64: np.dtype(np.int64),
    _abi.UINT64: np.dtype(np.uint64),
}
CODE_OF_DTYPE = {dtype: code for code, dtype in DTYPE_OF_CODE.items()}


def accepted_code(code: int, wanted: int) -> int:
    """The code under which elements of type `code` are taken as they are for `wanted`; 0: not."""
    if wanted == 0:  # real numbers
        return code if code in (_abi.FLOAT32, _abi.FLOAT64) else 0
    if wanted == _abi.UINT64 and code == _abi.INT64:
        return wanted  # keys: the same bits serve
    return wanted if code == wanted else 0


class NumpyBackend:
    kind = "numpy"
    device = _abi.CPU_DEVICE

    def stream(self) -> int | None:
        return None

    def view(self, array: Any, name: str, wanted: int) -> View:
        if type(array) is not np.ndarray:
            array = _as_numpy(array, name)
        code = accepted_code(CODE_OF_DTYPE.get(array.dtype, 0), wanted)
        if not code:
            array = _converted(array, name, wanted)
            code = CODE_OF_DTYPE[array.dtype]
        return _view(array, code)

    def contiguous(self, view: View, shape: Shape) -> View:
        owner = np.ascontiguousarray(np.broadcast_to(np.asarray(view.owner), shape))
        return _view(owner, view.dtype)

    def empty(self, shape: Shape, dtype: int) -> tuple[Any, int]:
        array = np.empty(shape, DTYPE_OF_CODE[dtype])
        return array, array.__array_interface__["data"][0]

    def finish(self, array: Any) -> Any:
        return array


def _view(array: NumpyArray, code: int) -> View:
    flags = array.flags
    if flags.c_contiguous and flags.aligned:
        strides = contiguous_strides(array.shape)
    else:
        itemsize = array.itemsize
        if not flags.aligned or any(stride % itemsize for stride in array.strides):
            array = array.copy()
        strides = tuple(stride // itemsize for stride in array.strides)
    return View(array.__array_interface__["data"][0], code, array.shape, strides, array)


def _as_numpy(array: Any, name: str) -> NumpyArray:
    if isinstance(array, np.ma.MaskedArray):
        raise TypeError(f"{name} is a masked array: expected weights of zero, or counts, instead")
    try:
        return np.asarray(array)
    except ValueError as error:
        raise ValueError(f"{name} is no array of numbers: {error}") from None


def _converted(array: NumpyArray, name: str, wanted: int) -> NumpyArray:
    """Real numbers without loss (longdouble aside), integers of the same values."""
    kind = array.dtype.kind
    if wanted == 0:
        if kind not in "iuf":
            raise TypeError(f"{name} is {array.dtype}, expected float32 or float64")
        small = kind == "f" and array.itemsize <= 4
        return array.astype(np.float32 if small else np.float64)
    target = DTYPE_OF_CODE[wanted]
    if kind not in "iu" and array.size > 0:
        raise TypeError(f"{name} is {array.dtype}, expected {target}")
    converted: NumpyArray = array.astype(target)
    if not np.array_equal(converted, array):
        raise ValueError(f"{name} has numbers that {target} cannot hold")
    return converted


NUMPY = NumpyBackend()
