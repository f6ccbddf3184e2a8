# SPDX-License-Identifier: Apache-2.0
# SPDX-FileCopyrightText: The propnp authors
"""A call's inputs and outputs: arrays of the caller into tensors of the C ABI.

Leading axes of all inputs broadcast together; the C ABI sees one batch axis.
"""

from __future__ import annotations

from math import prod
from typing import Any

from ._given_arrays import GivenArrays
from ._structs import SizedStruct
from ._view import NOWHERE, Shape, View, contiguous_description
from .errors import InvalidArgumentError


class Call:
    """Inputs by name, the shape of the batch, and whatever the structs point to."""

    def __init__(self, given: GivenArrays, batch_shape: Shape, dtype: int) -> None:
        self.given = given
        self.backend = given.backend
        self.batch_shape = batch_shape
        self.num_objects = prod(batch_shape)
        self.dtype = dtype  # of results
        self._kept: list[Any] = []

    def keep(self, *objects: Any) -> None:
        """Holds what the structs point to for as long as this call lives."""
        self._kept.extend(objects)

    def attach(self, args: SizedStruct) -> None:
        """Names the device and the stream."""
        setattr(args, "device", self.backend.device)
        setattr(args, "stream", self.backend.stream())

    def set(self, struct: SizedStruct, name: str, view: View) -> None:
        struct.set_tensor(name, view.description())
        self._kept.append(view.owner)

    def set_of_objects(self, struct: SizedStruct, field: str, name: str) -> None:
        """Sets the array `name`, if it was given, with the one batch axis of objects."""
        if name in self.given:
            self.set(struct, field, self.given.flat(name, self.batch_shape))

    def input(self, args: SizedStruct, name: str) -> None:
        """Sets an array of `inputs`, if it was given."""
        self.set_of_objects(args, name, name)

    def table(self, struct: SizedStruct, name: str, array: Any, ndim: int, wanted: int) -> Shape:
        """Sets an array without a batch; its shape. Nothing if it is None."""
        if array is None:
            return ()
        view = self.backend.view(array, name, wanted)
        if len(view.shape) != ndim:
            raise InvalidArgumentError(f"{name} has shape {view.shape}, expected {ndim} axes")
        self.set(struct, name, view)
        return view.shape

    def output(self, args: SizedStruct, name: str, core: Shape, dtype: int = 0) -> Any:
        """A new array (*batch_shape, *core), set as the flat (B, *core) that the ABI takes."""
        return self._output(args, name, self.batch_shape, (self.num_objects,), core, dtype)

    def _output(
        self, args: SizedStruct, name: str, shape: Shape, flat: Shape, core: Shape, dtype: int
    ) -> Any:
        dtype = dtype or self.dtype
        array, pointer = self.backend.empty(shape + core, dtype)
        description = contiguous_description(dtype, flat + core)
        args.set_tensor(name, (pointer or NOWHERE, *description))
        self._kept.append(array)
        return array

    def finish(self, array: Any) -> Any:
        """What `output` made, after the call, as the caller's kind."""
        return self.backend.finish(array)
