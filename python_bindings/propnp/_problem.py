# SPDX-License-Identifier: Apache-2.0
# SPDX-FileCopyrightText: The propnp authors
"""Structs of the C ABI that a call points to, and its outputs.

    problem = make_problem(x3d, x2d, w2d, camera, inputs={"pose": Input(pose, (7,))}, loss="huber")
    args = _abi.EvaluateArgs.new()
    problem.attach(args)
    problem.input(args, "pose")
    cost = problem.output(args, "cost_value", ())
    _abi.call("evaluate", args)
    problem.finish(cost)

Leading axes of everything broadcast together; the C ABI sees one batch axis.
"""

from __future__ import annotations

from typing import Any

from . import _abi
from ._given import GivenArrays
from ._layout import find_layout
from ._structs import SizedStruct
from ._view import Shape, View, contiguous_strides
from .errors import InvalidArgumentError


def pose_size(dof: int) -> int:
    """Numbers that a pose is stored in: 7 for 6 degrees of freedom, 4 for 4."""
    if dof not in (4, 6):
        raise InvalidArgumentError(f"dof is {dof!r}, expected 6 or 4")
    return 7 if dof == 6 else 4


class Problem:
    """Structs that a call's args point to, with what they were made of."""

    def __init__(self, given: GivenArrays, dof: int) -> None:
        self.given = given
        self.backend = given.backend
        self.dof = dof
        self.pose_size = pose_size(dof)
        self.dtype = given.views["x3d"].dtype  # of results
        layout = find_layout(given)
        self.layout = layout
        self.batch_shape = layout.batch_shape
        self.points_shape = layout.points_shape
        self.num_objects = layout.num_objects
        self.prior_kind = ""  # of Prior, "" without one
        self.correspondences = _abi.Correspondences.new()
        self.cameras = _abi.Cameras.new()
        self.cost = _abi.CostOptions.new()
        self._kept: list[Any] = []

    def keep(self, *objects: Any) -> None:
        """Holds what the structs point to for as long as this problem lives."""
        self._kept.extend(objects)

    def attach(self, args: SizedStruct) -> None:
        """Points args to this problem and names the device."""
        args.set_pointer("correspondences", self.correspondences)
        args.set_pointer("cameras", self.cameras)
        args.set_pointer("cost", self.cost)
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

    def point_output(self, args: SizedStruct, name: str, core: Shape) -> Any:
        """A new array (*points_shape, *core): rows of points as in the caller's layout."""
        return self._output(
            args, name, self.points_shape, self.layout.flat_points_shape, core, self.dtype
        )

    def _output(
        self, args: SizedStruct, name: str, shape: Shape, flat: Shape, core: Shape, dtype: int
    ) -> Any:
        dtype = dtype or self.dtype
        array, pointer = self.backend.empty(shape + core, dtype)
        flat = flat + core
        self.set(args, name, View(pointer, dtype, flat, contiguous_strides(flat), array))
        return array

    def finish(self, array: Any) -> Any:
        """What `output` made, after the call, as the caller's kind."""
        return self.backend.finish(array)
