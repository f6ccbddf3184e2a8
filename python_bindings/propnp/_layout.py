# SPDX-License-Identifier: Apache-2.0
# SPDX-FileCopyrightText: The propnp authors
"""How many objects, views and points a call has, from the shapes of its arrays."""

from __future__ import annotations

from dataclasses import dataclass
from math import prod

from ._given_arrays import GivenArrays
from ._view import Shape
from .errors import InvalidArgumentError

_POINTS = ("x3d", "x2d", "w2d", "sqrt_info")
_OF_VIEWS = (*_POINTS, "counts")
# Neither of views nor of objects.
_OF_TABLES = frozenset(
    "offsets view_offsets view_camera view_rig camera_from_rig camera.parameters camera.box_px".split()
)


@dataclass
class Layout:
    """Shapes as the caller has them."""

    batch_shape: Shape  # of objects
    view_shape: Shape  # of views: that of objects unless view_offsets are given
    points_shape: Shape  # of points, padding included: (*view_shape, N), or (P) if packed
    packed: bool  # points of all views one after the other, with offsets

    @property
    def flat_points_shape(self) -> Shape:
        """With one axis of views, as the C ABI has it."""
        if self.packed:
            return self.points_shape
        return (prod(self.view_shape), self.points_shape[-1])


def find_layout(given: GivenArrays) -> Layout:
    """ValueError, with shapes, where they do not fit together."""
    packed = "offsets" in given
    if packed:
        _check_packed(given)
        view_shape: Shape = (_ends(given, "offsets"),)
        batch_shape = view_shape
    if "view_offsets" in given:
        if not packed:
            view_shape = _views_of_points(given)
        batch_shape = (_ends(given, "view_offsets"),)
    elif not packed:
        batch_shape = view_shape = given.broadcast(_names_with_batch(given))
    points = given.views["x3d"].shape[-2]
    points_shape = (points,) if packed else (*view_shape, points)
    return Layout(batch_shape, view_shape, points_shape, packed)


def _views_of_points(given: GivenArrays) -> Shape:
    shape = given.broadcast(name for name in _OF_VIEWS if name in given)
    if len(shape) != 1:
        raise InvalidArgumentError(
            "with view_offsets points have one axis of views: x3d has shape "
            f"{given.views['x3d'].shape}, x2d {given.views['x2d'].shape}"
        )
    return shape


def _names_with_batch(given: GivenArrays) -> list[str]:
    """Everything but tables; cameras too, unless views choose from them."""
    names = [name for name in given.views if name not in _OF_TABLES]
    if "view_camera" not in given:
        names.append("camera.parameters")
    return names


def _ends(given: GivenArrays, name: str) -> int:
    """How many ranges offsets delimit."""
    shape = given.views[name].shape
    if len(shape) != 1 or shape[0] == 0:
        raise InvalidArgumentError(
            f"{name} has shape {shape}, expected one axis: 0, then where each range ends"
        )
    return shape[0] - 1


def check_points(given: GivenArrays) -> None:
    """ValueError unless there are as many of each."""
    x3d, x2d = given.views["x3d"].shape, given.views["x2d"].shape
    if x3d[-2] != x2d[-2]:
        raise InvalidArgumentError(
            f"x3d has shape {x3d}, x2d {x2d}: expected as many points in both"
        )
    if "sqrt_info" in given and given.views["sqrt_info"].shape[-3] != x2d[-2]:
        shape = given.views["sqrt_info"].shape
        raise InvalidArgumentError(f"sqrt_info has shape {shape} for x2d {x2d}")


def _check_packed(given: GivenArrays) -> None:
    if "counts" in given:
        raise InvalidArgumentError("counts and offsets are both given: expected one of them")
    for name in _POINTS:
        if name in given and not given.has_no_leading_axes(name):
            raise InvalidArgumentError(
                f"{name} has shape {given.views[name].shape}: with offsets, points have one axis"
            )
