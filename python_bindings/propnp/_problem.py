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
"""

from __future__ import annotations

from typing import Any

from . import _abi
from ._call import Call
from ._given_arrays import GivenArrays
from ._layout import find_layout
from ._structs import SizedStruct
from ._view import Shape
from .errors import InvalidArgumentError
from .prior import Prior


def pose_size(dof: int) -> int:
    """Numbers that a pose is stored in: 7 for 6 degrees of freedom, 4 for 4."""
    if dof not in (4, 6):
        raise InvalidArgumentError(f"dof is {dof!r}, expected 6 or 4")
    return 7 if dof == 6 else 4


class Problem(Call):
    """A call on correspondences, with the structs that its args point to."""

    def __init__(self, given: GivenArrays, dof: int) -> None:
        self.layout = find_layout(given)
        super().__init__(given, self.layout.batch_shape, given.views["x3d"].dtype)
        self.dof = dof
        self.pose_size = pose_size(dof)
        self.points_shape = self.layout.points_shape
        self.prior: Prior | None = None
        self.correspondences = _abi.Correspondences.new()
        self.cameras = _abi.Cameras.new()
        self.cost = _abi.CostOptions.new()

    def attach(self, args: SizedStruct) -> None:
        """Points args to this problem and names the device."""
        super().attach(args)
        args.set_pointer("correspondences", self.correspondences)
        args.set_pointer("cameras", self.cameras)
        args.set_pointer("cost", self.cost)

    def point_output(self, args: SizedStruct, name: str, core: Shape) -> Any:
        """A new array (*points_shape, *core): rows of points as in the caller's layout."""
        return self._output(
            args, name, self.points_shape, self.layout.flat_points_shape, core, self.dtype
        )
