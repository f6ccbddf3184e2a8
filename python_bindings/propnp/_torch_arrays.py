# SPDX-License-Identifier: Apache-2.0
# SPDX-FileCopyrightText: The propnp authors
"""torch tensors, on the CPU or a CUDA device. Imported only where torch has been."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import torch

from . import _abi
from ._numpy_arrays import NUMPY, accepted_code
from ._view import Shape, View

DTYPE_OF_CODE = {
    _abi.FLOAT32: torch.float32,
    _abi.FLOAT64: torch.float64,
    _abi.INT32: torch.int32,
    _abi.INT64: torch.int64,
    _abi.UINT64: torch.uint64,
}
CODE_OF_DTYPE = {dtype: code for code, dtype in DTYPE_OF_CODE.items()}


class TorchBackend:
    kind = "torch"

    def __init__(self, device: torch.device) -> None:
        self.torch_device = device
        self.device = _abi.CPU_DEVICE if device.type == "cpu" else _ordinal(device)

    def stream(self) -> int | None:
        if self.device == _abi.CPU_DEVICE:
            return None
        return int(torch.cuda.current_stream(self.torch_device).cuda_stream)

    def view(self, array: Any, name: str, wanted: int) -> View:
        if not isinstance(array, torch.Tensor):
            view = NUMPY.view(array, name, wanted)
            if self.device == _abi.CPU_DEVICE:
                return view
            array = torch.as_tensor(view.owner, device=self.torch_device)
        code = accepted_code(CODE_OF_DTYPE.get(array.dtype, 0), wanted)
        if not code or array.layout != torch.strided or array.is_neg():
            array = _converted(array, name, wanted)
            code = CODE_OF_DTYPE[array.dtype]
        return View(array.data_ptr(), code, tuple(array.shape), array.stride(), array)

    def contiguous(self, view: View, shape: Shape) -> View:
        owner = view.owner
        if not isinstance(owner, torch.Tensor):
            return NUMPY.contiguous(view, shape)
        copy = owner.detach().expand(shape).contiguous()
        return View(copy.data_ptr(), view.dtype, shape, copy.stride(), copy)

    def empty(self, shape: Shape, dtype: int) -> tuple[Any, int]:
        array = torch.empty(shape, dtype=DTYPE_OF_CODE[dtype], device=self.torch_device)
        return array, array.data_ptr()

    def finish(self, array: Any) -> Any:
        return array


def _ordinal(device: torch.device) -> int:
    if device.type != "cuda":
        raise TypeError(f"tensors on the device {device.type}: expected cpu or cuda")
    return torch.cuda.current_device() if device.index is None else device.index


def _converted(tensor: torch.Tensor, name: str, wanted: int) -> torch.Tensor:
    if tensor.layout != torch.strided:
        raise TypeError(f"{name} is a {tensor.layout} tensor, expected a dense one")
    is_real = tensor.dtype.is_floating_point
    is_integer = not is_real and not tensor.dtype.is_complex and tensor.dtype != torch.bool
    if not (is_integer or (is_real and wanted == 0)):
        expected = DTYPE_OF_CODE[wanted] if wanted else "torch.float32 or torch.float64"
        raise TypeError(f"{name} is {tensor.dtype}, expected {expected}")
    tensor = tensor.detach().resolve_neg()
    if wanted:
        converted = tensor.to(DTYPE_OF_CODE[wanted])
        if not torch.equal(converted.to(torch.int64), tensor.to(torch.int64)):
            raise ValueError(f"{name} has numbers that {converted.dtype} cannot hold")
        return converted
    if tensor.dtype in (torch.float32, torch.float64):
        return tensor
    return tensor.to(torch.float32 if is_real else torch.float64)


torch_backend = lru_cache(maxsize=None)(TorchBackend)
