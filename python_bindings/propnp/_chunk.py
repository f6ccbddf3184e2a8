# SPDX-License-Identifier: Apache-2.0
# SPDX-FileCopyrightText: The propnp authors
"""Args for a range of objects of a call: the same structs with their tensors narrowed, no copies."""

from __future__ import annotations

import ctypes
from typing import TypeVar

from . import _abi
from ._problem import Problem
from ._structs import SizedStruct, Tensor
from .errors import UnavailableError

Struct = TypeVar("Struct", bound=SizedStruct)

_BYTES = {_abi.FLOAT32: 4, _abi.FLOAT64: 8, _abi.INT32: 4, _abi.INT64: 8, _abi.UINT64: 8}

_POINTS = frozenset(
    "x3d x2d w2d sqrt_info pixel_error residual loss_weight jacobian "
    "grad_x3d grad_x2d grad_w2d grad_sqrt_info".split()
)
_VIEWS = frozenset(["counts", "view_camera", "view_rig"])
_OFFSETS = frozenset(["offsets", "view_offsets"])
# Read whole by every chunk.
_TABLES = frozenset("camera_from_rig quantile_levels region_shares rotation axis centre".split())


def _narrow(tensor: Tensor, begin: int, end: int) -> None:
    tensor.data += begin * tensor.stride[0] * _BYTES[tensor.dtype]
    tensor.shape[0] = end - begin


def _list_of(tensor: Tensor) -> list[int]:
    """Integers of a one-dimensional int64 tensor on the CPU."""
    step = tensor.stride[0] * _BYTES[tensor.dtype]
    return [
        ctypes.c_int64.from_address(tensor.data + i * step).value for i in range(tensor.shape[0])
    ]


class Chunks:
    """Narrows the args of one call again and again. The call's arrays are on the CPU."""

    def __init__(self, args: SizedStruct, problem: Problem) -> None:
        if problem.backend.device != _abi.CPU_DEVICE:
            raise UnavailableError("progress is shown of calls on the CPU only")
        self.args = args
        self.problem = problem
        given = problem.correspondences
        self.offsets = _list_of(given.offsets) if given.offsets.data else None
        self.view_offsets = _list_of(given.view_offsets) if given.view_offsets.data else None
        self.cameras_of_views = problem.cameras.model.shape[0] > 1 and not given.view_camera.data
        self._kept: list[object] = []

    def args_of(self, begin: int, end: int) -> SizedStruct:
        """Valid until the next call of this function."""
        self._kept = []
        views = self._views(begin, end)
        points = self._points(*views)
        args = self._copy(self.args)
        self._narrow_all(args, (begin, end), views, points)
        correspondences = self._correspondences((begin, end), views, points)
        args.set_pointer("correspondences", correspondences)
        args.set_pointer("cost", self._cost(begin, end))
        if self.cameras_of_views:
            args.set_pointer("cameras", self._cameras(*views))
        if "symmetries" in args.offset_of and args.symmetries:
            args.set_pointer("symmetries", self._symmetries(args.symmetries, begin, end))
        return args

    def _copy(self, struct: Struct) -> Struct:
        copy = type(struct).from_buffer_copy(struct)
        self._kept.append(copy)
        return copy

    def _views(self, begin: int, end: int) -> tuple[int, int]:
        if self.view_offsets is None:
            return begin, end
        return self.view_offsets[begin], self.view_offsets[end]

    def _points(self, begin: int, end: int) -> tuple[int, int]:
        """Rows of x3d: views, or points where these are packed."""
        if self.offsets is None:
            return begin, end
        return self.offsets[begin], self.offsets[end]

    def _narrow_all(
        self,
        struct: SizedStruct,
        objects: tuple[int, int],
        views: tuple[int, int],
        points: tuple[int, int],
    ) -> None:
        for name in struct.tensor_names:
            tensor = getattr(struct, name)
            if not tensor.data or name in _TABLES or name in _OFFSETS:
                continue
            _narrow(tensor, *(points if name in _POINTS else views if name in _VIEWS else objects))

    def _correspondences(
        self, objects: tuple[int, int], views: tuple[int, int], points: tuple[int, int]
    ) -> SizedStruct:
        made = self._copy(self.problem.correspondences)
        self._narrow_all(made, objects, views, points)
        made.num_objects = objects[1] - objects[0]
        if not made.object_ids.data:
            made.id_offset += objects[0]
        if self.offsets is not None:
            self._set_offsets(made, "offsets", self.offsets[views[0] : views[1] + 1])
        if self.view_offsets is not None:
            ends = self.view_offsets[objects[0] : objects[1] + 1]
            self._set_offsets(made, "view_offsets", ends)
        return made

    def _set_offsets(self, struct: SizedStruct, name: str, offsets: list[int]) -> None:
        """From zero on."""
        count = len(offsets)
        array = (ctypes.c_int64 * count)(*(offset - offsets[0] for offset in offsets))
        self._kept.append(array)
        struct.set_tensor(
            name, (ctypes.addressof(array), _abi.INT64, 1, count, 0, 0, 0, 1, 0, 0, 0)
        )

    def _cost(self, begin: int, end: int) -> SizedStruct:
        made = self._copy(self.problem.cost)
        if made.object_delta.data:
            _narrow(made.object_delta, begin, end)
        if made.prior:
            prior = self._copy(_abi.Prior.from_address(made.prior))
            self._narrow_all(prior, (begin, end), (0, 0), (0, 0))
            made.set_pointer("prior", prior)
        return made

    def _cameras(self, begin: int, end: int) -> SizedStruct:
        made = self._copy(self.problem.cameras)
        self._narrow_all(made, (begin, end), (0, 0), (0, 0))
        return made

    def _symmetries(self, address: int, begin: int, end: int) -> SizedStruct:
        made = self._copy(_abi.Symmetries.from_address(address))
        self._narrow_all(made, (begin, end), (0, 0), (0, 0))
        return made
