# SPDX-License-Identifier: Apache-2.0
# SPDX-FileCopyrightText: The propnp authors
"""From points, camera and keywords to a Problem."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from . import _abi
from ._arrays import FLOAT, INT32, INT64, UINT64, choose_backend
from ._given_arrays import Core, GivenArrays, Input
from ._layout import check_points
from ._options import LOSSES, choice, refuse_unknown, set_number
from ._problem import Problem, pose_size
from ._view import Shape, View
from .camera import Camera
from .errors import InvalidArgumentError
from .prior import Prior

__all__ = ["PROBLEM_KEYWORDS", "Input", "make_problem", "pose_size"]

# Keywords that are arrays, with their own axes and what they count in.
_ARRAYS: dict[str, tuple[Core, int]] = {
    "sqrt_info": ((None, 2, 2), FLOAT),
    "counts": ((), INT64),
    "offsets": ((None,), INT64),
    "view_offsets": ((None,), INT64),
    "view_camera": ((), INT32),
    "view_rig": ((), INT32),
    "camera_from_rig": ((None, 7), FLOAT),
    "base_rotation": ((4,), FLOAT),
    "object_ids": ((), UINT64),
}
_NUMBERS = ("loss", "delta", "relative_delta", "z_min", "dof", "yaw_axis", "prior", "id_offset")
PROBLEM_KEYWORDS = frozenset([*_ARRAYS, *_NUMBERS])

_PRIOR_FIELDS = ("mean", "sigma", "depth", "bound", "pose", "covariance")


def make_problem(
    x3d: Any,
    x2d: Any,
    w2d: Any,
    camera: Any,
    *,
    inputs: Mapping[str, Input] | None = None,
    **keywords: Any,
) -> Problem:
    """`inputs`: further arrays of objects by name.

    Raises TypeError (unknown option, array of no known type) or ValueError (shapes, with both).
    """
    if not keywords.keys() <= PROBLEM_KEYWORDS:
        refuse_unknown(keywords, PROBLEM_KEYWORDS)
    if x3d is None or x2d is None:
        raise TypeError("x3d and x2d are required")
    if not isinstance(camera, Camera):
        camera = Camera.pinhole(camera)
    dof = keywords.get("dof", 6)
    loss = keywords.get("loss", "none")
    arrays = {
        "x3d": Input(x3d, (None, 3)),
        "x2d": Input(x2d, (None, 2)),
        "camera.parameters": Input(camera.parameters, (None,)),
        **_array_keywords(keywords),
        **_loss_scale(loss, keywords),
        **(inputs or {}),
    }
    if camera.box_px is not None:
        arrays["camera.box_px"] = Input(camera.box_px, (4,))
    prior = keywords.get("prior")
    if prior is not None:
        arrays.update(_prior_arrays(prior, dof))
    problem = Problem(_read(arrays, w2d), dof)
    _fill_correspondences(problem, keywords.get("id_offset", 0))
    _fill_cameras(problem, camera)
    _fill_cost(problem, loss, keywords)
    if prior is not None:
        _fill_prior(problem, prior)
    return problem


# Reading


def _array_keywords(keywords: Mapping[str, Any]) -> dict[str, Input]:
    return {
        name: Input(array, *_ARRAYS[name]) for name, array in keywords.items() if name in _ARRAYS
    }


def _loss_scale(loss: str, keywords: Mapping[str, Any]) -> dict[str, Input]:
    """delta or relative_delta where it is an array. ValueError if the loss has no use for it."""
    used = {"none": None, "adaptive_huber": "relative_delta"}.get(loss, "delta")
    for name in ("delta", "relative_delta"):
        if keywords.get(name) is not None and name != used:
            raise InvalidArgumentError(
                f"{name} is given, but the loss is {loss!r}, which does not use it"
            )
    scale = None if used is None else keywords.get(used)
    return {} if isinstance(scale, (int, float)) else {"object_delta": Input(scale, ())}


def _prior_arrays(prior: Prior, dof: int) -> dict[str, Input]:
    size = 3 if prior.kind == "log_depth" else dof
    cores: tuple[Core, ...] = ((3,), (3,), (2,), (None,), (pose_size(dof),), (size, size))
    return {
        "prior." + field: Input(getattr(prior, field), core)
        for field, core in zip(_PRIOR_FIELDS, cores)
    }


def _read(arrays: Mapping[str, Input], w2d: Any) -> GivenArrays:
    backend = choose_backend([*((name, given[0]) for name, given in arrays.items()), ("w2d", w2d)])
    given = GivenArrays(backend)
    for name, wanted in arrays.items():
        if wanted[0] is not None:
            given.read(name, *wanted)
    check_points(given)
    if w2d is not None:
        given.read_weights(w2d)
    return given


# Filling


def _fill_correspondences(problem: Problem, id_offset: Any) -> None:
    given, target, layout = problem.given, problem.correspondences, problem.layout
    setattr(target, "num_objects", problem.num_objects)
    for name in ("x3d", "x2d", "w2d", "sqrt_info", "counts"):
        if name in given:
            view = given.views[name] if layout.packed else given.flat(name, layout.view_shape)
            problem.set(target, name, view)
    for name in ("view_camera", "view_rig"):
        if name in given:
            problem.set(target, name, given.flat(name, layout.view_shape))
    for name in ("offsets", "view_offsets", "camera_from_rig"):
        if name in given:
            problem.set(target, name, given.views[name])
    for name in ("base_rotation", "object_ids"):
        problem.set_of_objects(target, name, name)
    if id_offset:
        set_number(target, "id_offset", id_offset)


def _fill_cameras(problem: Problem, camera: Camera) -> None:
    """One camera for all, a table for view_camera, or one for each view."""
    given, target = problem.given, problem.cameras
    rows: Shape = problem.layout.view_shape
    if given.has_no_leading_axes("camera.parameters"):
        rows = (1,)
    elif "view_camera" in given:
        rows = given.leading("camera.parameters")
    parameters = given.flat("camera.parameters", rows)
    problem.set(target, "parameters", parameters)
    if "camera.box_px" in given:
        problem.set(target, "box_px", given.flat("camera.box_px", rows))
    count = parameters.shape[0]
    codes = problem.backend.view(camera.model_codes, "camera.model", INT32)
    if codes.shape[0] not in (1, count):
        raise InvalidArgumentError(
            f"camera has {codes.shape[0]} models for {count} rows of parameters"
        )
    stride = 0 if codes.shape[0] == 1 else codes.strides[0]
    problem.set(target, "model", View(codes.pointer, INT32, (count,), (stride,), codes.owner))


def _fill_cost(problem: Problem, loss: str, keywords: Mapping[str, Any]) -> None:
    target = problem.cost
    setattr(target, "dof", problem.dof)
    setattr(target, "loss", choice("loss", loss, LOSSES))
    problem.set_of_objects(target, "object_delta", "object_delta")
    for name in ("delta", "relative_delta", "z_min"):
        value = keywords.get(name)
        if value is not None and (name == "z_min" or "object_delta" not in problem.given):
            set_number(target, name, value)
    if "yaw_axis" in keywords:
        axis = tuple(float(x) for x in keywords["yaw_axis"])
        if len(axis) != 3:
            raise InvalidArgumentError(f"yaw_axis is {axis}, expected three numbers")
        setattr(target, "yaw_axis", axis)


def _fill_prior(problem: Problem, prior: Prior) -> None:
    struct = _abi.Prior.new()
    setattr(struct, "kind", prior.code)
    for field in _PRIOR_FIELDS:
        problem.set_of_objects(struct, field, "prior." + field)
    problem.cost.set_pointer("prior", struct)
    problem.keep(struct)
    problem.prior = prior
