# SPDX-License-Identifier: Apache-2.0
# SPDX-FileCopyrightText: The propnp authors
"""Arrays of any other library, through `__dlpack__` and `__cuda_array_interface__`."""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import Any

import numpy as np

from ._numpy_arrays import DTYPE_OF_CODE, NUMPY, NumpyBackend, accepted_code
from ._view import Shape, View, contiguous_strides
from .errors import UnavailableError

# Of DLPack's device types those whose memory the CPU reads: CPU, CUDA's pinned and managed memory.
_HOST_DEVICES = (1, 3, 13)
_CUDA_DEVICE = 2


def foreign_backend(array: Any, name: str) -> ForeignBackend | CudaBackend:
    """TypeError for memory that is neither the host's nor a CUDA device's."""
    if hasattr(array, "__cuda_array_interface__"):
        return CudaBackend(array, _cuda_ordinal(array))
    device_type, _ = array.__dlpack_device__()
    if device_type == _CUDA_DEVICE:
        raise UnavailableError(
            f"{name} is a {type(array).__name__} on a CUDA device without "
            "__cuda_array_interface__: pass it as a torch tensor (torch.from_dlpack)"
        )
    if device_type not in _HOST_DEVICES:
        raise TypeError(
            f"{name} is on a device of DLPack's type {device_type}: expected CPU or CUDA"
        )
    return ForeignBackend(array)


def _kind(array: Any) -> str:
    return f"{type(array).__module__}.{type(array).__qualname__}"


def _function_of_library(array: Any, function: str) -> Callable[..., Any] | None:
    """From the namespace that the array names (the array API standard), or the module it is of."""
    if hasattr(array, "__array_namespace__"):
        library = array.__array_namespace__()
    else:
        library = sys.modules.get(type(array).__module__.partition(".")[0])
    return getattr(library, function, None)


class ForeignBackend(NumpyBackend):
    """Host memory. Results go back through the other library's `from_dlpack`, if it has one."""

    def __init__(self, array: Any) -> None:
        self.kind = _kind(array)
        self._from_dlpack = _function_of_library(array, "from_dlpack")

    def view(self, array: Any, name: str, wanted: int) -> View:
        if hasattr(array, "__dlpack__") and not isinstance(array, np.ndarray):
            try:
                array = np.from_dlpack(array)
            except (BufferError, RuntimeError, TypeError) as error:
                raise TypeError(f"{name}: {error}") from None
        return super().view(array, name, wanted)

    def finish(self, array: Any) -> Any:
        return self._from_dlpack(array) if self._from_dlpack else array


class CudaBackend:
    """CUDA memory of a library that speaks __cuda_array_interface__, such as CuPy."""

    def __init__(self, array: Any, device: int) -> None:
        self.kind = _kind(array)
        self.device = device
        self._empty = _function_of_library(array, "empty")
        self._asarray = _function_of_library(array, "asarray")
        self._stream: int | None = None

    def stream(self) -> int | None:
        return self._stream

    def view(self, array: Any, name: str, wanted: int) -> View:
        if not hasattr(array, "__cuda_array_interface__"):
            host = NUMPY.view(array, name, wanted).owner
            array = self._made(self._asarray, "asarray")(host)
        interface = array.__cuda_array_interface__
        dtype = np.dtype(interface["typestr"])
        codes = {known: code for code, known in DTYPE_OF_CODE.items()}
        code = accepted_code(codes.get(dtype, 0), wanted)
        if not code:
            raise TypeError(
                f"{name} is {dtype}, expected {DTYPE_OF_CODE.get(wanted, 'real numbers')}"
            )
        shape = tuple(interface["shape"])
        self._stream = interface.get("stream")
        strides = interface.get("strides")
        if strides is not None and any(stride % dtype.itemsize for stride in strides):
            raise TypeError(f"{name} has strides {strides} that are no multiples of its elements")
        in_elements = tuple(s // dtype.itemsize for s in strides) if strides else None
        pointer = interface["data"][0]
        return View(pointer, code, shape, in_elements or contiguous_strides(shape), array)

    def contiguous(self, view: View, shape: Shape) -> View:
        raise ValueError(
            f"strides {view.strides} cannot be read as {shape}: pass a contiguous array"
        )

    def empty(self, shape: Shape, dtype: int) -> tuple[Any, int]:
        array = self._made(self._empty, "empty")(shape, dtype=DTYPE_OF_CODE[dtype])
        return array, array.__cuda_array_interface__["data"][0]

    def finish(self, array: Any) -> Any:
        return array

    def _made(self, function: Callable[..., Any] | None, name: str) -> Callable[..., Any]:
        if function is None:
            raise UnavailableError(
                f"no `{name}` beside {self.kind}, so results have no memory on CUDA device "
                f"{self.device}: pass torch tensors or CuPy arrays"
            )
        return function


def _cuda_ordinal(array: Any) -> int:
    if hasattr(array, "__dlpack_device__"):
        return int(array.__dlpack_device__()[1])
    return 0
