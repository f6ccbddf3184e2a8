# SPDX-License-Identifier: Apache-2.0
# SPDX-FileCopyrightText: The propnp authors
"""The correspondences, cameras and cost of a call, from keywords to the structs of the C ABI.

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

from collections.abc import Mapping
from math import prod
from typing import Any, NamedTuple

from . import _abi
from ._arrays import FLOAT, INT32, INT64, UINT64, Backend, choose_backend
from ._options import LOSSES, choice, refuse_unknown, set_number
from ._structs import SizedStruct
from ._view import (
    Shape,
    View,
    broadcast_shapes,
    broadcast_strides,
    contiguous_strides,
    with_one_batch_axis,
)
from .camera import Camera
from .errors import InvalidArgumentError
from .prior import Prior

PROBLEM_KEYWORDS = frozenset(
    "sqrt_info loss delta relative_delta z_min dof yaw_axis base_rotation prior counts offsets "
    "view_offsets view_camera view_rig camera_from_rig object_ids id_offset".split()
)

# Extents of an array's own axes; None: any.
Core = tuple[Any, ...]


class Input(NamedTuple):
    """An array with a leading batch."""

    array: Any
    core: Core
    wanted: int = FLOAT  # or INT32 ...

_PRIOR_FIELDS = ("mean", "sigma", "depth", "bound", "pose", "covariance")


def pose_size(dof: int) -> int:
    """Numbers that a pose is stored in: 7 for 6 degrees of freedom, 4 for 4."""
    if dof not in (4, 6):
        raise InvalidArgumentError(f"dof is {dof!r}, expected 6 or 4")
    return 7 if dof == 6 else 4


class Problem:
    """Structs that a call's args point to, with what they were made of."""

    def __init__(self, backend: Backend, dof: int) -> None:
        self.backend = backend
        self.dof = dof
        self.pose_size = pose_size(dof)
        self.dtype = _abi.FLOAT64  # of results: that of x3d
        self.correspondences = _abi.Correspondences.new()
        self.cameras = _abi.Cameras.new()
        self.cost = _abi.CostOptions.new()
        self.batch_shape: Shape = ()  # of objects
        self.view_shape: Shape = ()  # of views: batch_shape unless view_offsets are given
        self.points_shape: Shape = ()  # of points as the caller lays them out, padding included
        self.num_objects = 1
        self.inputs: dict[str, View] = {}
        self.has_w2d = False
        self.has_sqrt_info = False
        self.prior_kind = ""  # of Prior, "" without one
        self._flat_points_shape: Shape = ()
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

    def input(self, args: SizedStruct, name: str) -> None:
        """Sets an array of `inputs`, if it was given."""
        view = self.inputs.get(name)
        if view is not None:
            self.set(args, name, view)

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
        return self._output(args, name, self.batch_shape + core, (self.num_objects, *core), dtype)

    def point_output(self, args: SizedStruct, name: str, core: Shape) -> Any:
        """A new array (*points_shape, *core): rows of points as in the caller's layout."""
        return self._output(
            args, name, self.points_shape + core, self._flat_points_shape + core, self.dtype
        )

    def _output(
        self, args: SizedStruct, name: str, shape: Shape, flat: Shape, dtype: int
    ) -> Any:
        dtype = dtype or self.dtype
        array, pointer = self.backend.empty(shape, dtype)
        view = View(pointer, dtype, flat, contiguous_strides(flat), array)
        self.set(args, name, view)
        return array

    def finish(self, array: Any) -> Any:
        """What `output` made, after the call, as the caller's kind."""
        return self.backend.finish(array)


def make_problem(
    x3d: Any,
    x2d: Any,
    w2d: Any,
    camera: Any,
    *,
    inputs: Mapping[str, Input] | None = None,
    **keywords: Any,
) -> Problem:
    """`inputs`: further arrays with a leading batch, by name, with the extents of their own axes.

    Raises TypeError (unknown option, array of no known type) or ValueError (shapes, with both).
    """
    if not keywords.keys() <= PROBLEM_KEYWORDS:
        refuse_unknown(keywords, PROBLEM_KEYWORDS)
    return _Builder(x3d, x2d, w2d, camera, inputs or {}, keywords).build()


class _Builder:
    def __init__(
        self,
        x3d: Any,
        x2d: Any,
        w2d: Any,
        camera: Any,
        inputs: Mapping[str, Input],
        keywords: dict[str, Any],
    ) -> None:
        if not isinstance(camera, Camera):
            camera = Camera.pinhole(camera)
        self.camera = camera
        self.keywords = keywords
        self.given = {"x3d": x3d, "x2d": x2d, "w2d": w2d}
        for name in ("sqrt_info", "counts", "offsets", "view_offsets", "view_camera", "view_rig",
                     "camera_from_rig", "base_rotation", "object_ids"):
            if name in keywords:
                self.given[name] = keywords[name]
        self.given["camera.parameters"] = camera.parameters
        self.given["camera.box_px"] = camera.box_px
        self.prior: Prior | None = keywords.get("prior")
        if self.prior is not None:
            for field in _PRIOR_FIELDS:
                self.given["prior." + field] = getattr(self.prior, field)
        self.inputs = inputs
        self.dof = keywords.get("dof", 6)
        every = list(self.given.items())
        every += [(name, array) for name, (array, *_) in inputs.items()]
        self.backend = choose_backend(every)
        self.problem = Problem(self.backend, self.dof)
        self.views: dict[str, View] = {}
        self.cores: dict[str, int] = {}

    def build(self) -> Problem:
        self._read_points()
        self._read_object_arrays()
        self._find_shapes()
        self._fill_points()
        self._fill_views()
        self._fill_cameras()
        self._fill_cost()
        problem = self.problem
        problem.has_w2d = "w2d" in self.views
        problem.has_sqrt_info = "sqrt_info" in self.views
        problem.prior_kind = self.prior.kind if self.prior else ""
        for name in self.inputs:
            if name in self.views:
                problem.inputs[name] = self._of_objects(name)
        return problem

    # Reading: views of what is given, with their own axes checked.

    def _read(self, name: str, core: Core, wanted: int = FLOAT, array: Any = None) -> View | None:
        array = self.given.get(name) if array is None else array
        if array is None:
            return None
        view = self.backend.view(array, name, wanted)
        count = len(core)
        own = view.shape[len(view.shape) - count :]
        if len(view.shape) < count or any(c is not None and c != n for c, n in zip(core, own)):
            expected = ", ".join("any" if extent is None else str(extent) for extent in core)
            raise InvalidArgumentError(
                f"{name} has shape {view.shape}, expected (..., {expected})"
                if count
                else f"{name} has shape {view.shape}"
            )
        self.views[name] = view
        self.cores[name] = count
        return view

    def _read_points(self) -> None:
        x3d = self._read("x3d", (None, 3))
        x2d = self._read("x2d", (None, 2))
        if x3d is None or x2d is None:
            raise TypeError("x3d and x2d are required")
        if x3d.shape[-2] != x2d.shape[-2]:
            raise InvalidArgumentError(
                f"x3d has shape {x3d.shape}, x2d {x2d.shape}: expected as many points in both"
            )
        points = x2d.shape[-2]
        self.problem.dtype = x3d.dtype
        self._read_weights(x2d.shape)
        self._read("sqrt_info", (points, 2, 2))
        self._read("counts", (), INT64)
        for name in ("offsets", "view_offsets"):
            view = self._read(name, (None,), INT64)
            if view is not None and (len(view.shape) != 1 or view.shape[0] == 0):
                raise InvalidArgumentError(
                    f"{name} has shape {view.shape}, expected one axis: 0, then where each ends"
                )

    def _read_weights(self, x2d_shape: Shape) -> None:
        """Weights broadcast to x2d: one number, one an axis, or one a point as (..., N, 1)."""
        if self.given["w2d"] is None:
            return
        view = self.backend.view(self.given["w2d"], "w2d", FLOAT)
        own = view.shape[-2:]
        strides = broadcast_strides(own, view.strides[-2:], x2d_shape[-2:])
        if strides is None:
            raise InvalidArgumentError(
                f"w2d has shape {view.shape}, which does not broadcast to {x2d_shape} of x2d"
            )
        lead = max(0, len(view.shape) - 2)
        shape = view.shape[:lead] + x2d_shape[-2:]
        self.views["w2d"] = View(
            view.pointer, view.dtype, shape, view.strides[:lead] + strides, view.owner
        )
        self.cores["w2d"] = 2

    def _read_object_arrays(self) -> None:
        dof, size = self.dof, self.problem.pose_size
        cores: dict[str, Core] = {
            "base_rotation": (4,),
            "prior.mean": (3,),
            "prior.sigma": (3,),
            "prior.depth": (2,),
            "prior.bound": (None,),
            "prior.pose": (size,),
            "prior.covariance": (dof, dof),
        }
        for name, core in cores.items():
            if self.given.get(name) is not None:
                self._read(name, core)
        self._read("object_ids", (), UINT64)
        scale = self._loss_scale()
        if scale is not None and not isinstance(scale, (int, float)):
            self._read("delta", (), FLOAT, scale)
        for name, given in self.inputs.items():
            array, core, wanted = Input(*given)
            if array is not None:
                self._read(name, core, wanted, array)

    def _loss_scale(self) -> Any:
        return self.keywords.get(
            "relative_delta" if self.keywords.get("loss") == "adaptive_huber" else "delta"
        )

    # The batch: all leading axes together.

    def _find_shapes(self) -> None:
        problem = self.problem
        views = self.views
        of_views = ["x3d", "x2d", "w2d", "sqrt_info", "counts"]
        packed = "offsets" in views
        if packed:
            self._check_packed()
            problem.view_shape = (views["offsets"].shape[0] - 1,)
        of_objects = [name for name in views if name not in of_views and name not in _INDICES]
        if "view_offsets" in views:
            problem.batch_shape = (views["view_offsets"].shape[0] - 1,)
            if not packed:
                problem.view_shape = self._broadcast(of_views, ())
            if len(problem.view_shape) != 1:
                raise InvalidArgumentError(
                    f"with view_offsets, points have one axis of views: x3d {views['x3d'].shape}, "
                    f"x2d {views['x2d'].shape}"
                )
        else:
            together = of_objects if packed else of_views + of_objects
            if "view_camera" not in views and self.given.get("view_camera") is None:
                self._read("camera.parameters", (None,))
                together = [*together, "camera.parameters"]
            problem.batch_shape = self._broadcast(together, problem.view_shape)
            problem.view_shape = problem.batch_shape
        points = views["x3d"].shape[-2]
        problem.num_objects = prod(problem.batch_shape)
        if packed:
            problem.points_shape = problem._flat_points_shape = (points,)
        else:
            problem.points_shape = (*problem.view_shape, points)
            problem._flat_points_shape = (prod(problem.view_shape), points)

    def _check_packed(self) -> None:
        for name in ("x3d", "x2d", "w2d", "sqrt_info"):
            view = self.views.get(name)
            if view is not None and len(view.shape) != self.cores[name]:
                raise InvalidArgumentError(
                    f"{name} has shape {view.shape}: with offsets, points have one axis"
                )
        if "counts" in self.views:
            raise InvalidArgumentError("counts and offsets are both given: expected one of them")

    def _broadcast(self, names: list[str], start: Shape) -> Shape:
        shape = start
        used: list[str] = []
        for name in names:
            view = self.views.get(name)
            if view is None:
                continue
            lead = view.shape[: len(view.shape) - self.cores[name]]
            if lead == shape:
                used.append(name)
                continue
            wider = broadcast_shapes(shape, lead)
            if wider is None or (start and wider != start):
                before = ", ".join(f"{other} {self.views[other].shape}" for other in used)
                raise InvalidArgumentError(
                    f"{name} has shape {view.shape}, whose leading axes {lead} do not fit the batch "
                    f"{shape} of {before or 'the offsets'}"
                )
            shape = wider
            used.append(name)
        return shape

    def _flat(self, name: str, shape: Shape) -> View:
        view = self.views[name]
        flat = with_one_batch_axis(view, shape, self.cores[name], self.backend)
        if flat is None:
            raise InvalidArgumentError(
                f"{name} has shape {view.shape}, expected leading axes that broadcast to {shape}"
            )
        return flat

    def _of_objects(self, name: str) -> View:
        return self._flat(name, self.problem.batch_shape)

    # Filling the structs.

    def _fill_points(self) -> None:
        problem, target = self.problem, self.problem.correspondences
        setattr(target, "num_objects", problem.num_objects)
        packed = "offsets" in self.views
        for name in ("x3d", "x2d", "w2d", "sqrt_info", "counts"):
            if name in self.views:
                view = self.views[name] if packed else self._flat(name, problem.view_shape)
                problem.set(target, name, view)
        for name in ("offsets", "view_offsets"):
            if name in self.views:
                problem.set(target, name, self.views[name])
        for name in ("base_rotation", "object_ids"):
            if name in self.views:
                problem.set(target, name, self._of_objects(name))
        if "id_offset" in self.keywords:
            setattr(target, "id_offset", self.keywords["id_offset"])

    def _fill_views(self) -> None:
        """Cameras and rigs of views, by rows of their tables."""
        target, shape = self.problem.correspondences, self.problem.view_shape
        for name in ("view_camera", "view_rig"):
            if self._read(name, (), INT32) is not None:
                self.problem.set(target, name, self._flat(name, shape))
        rigs = self._read("camera_from_rig", (7,))
        if rigs is not None:
            if len(rigs.shape) != 2:
                raise InvalidArgumentError(
                    f"camera_from_rig has shape {rigs.shape}, expected (rigs, 7)"
                )
            self.problem.set(target, "camera_from_rig", rigs)

    def _fill_cameras(self) -> None:
        """One camera for all, a table for view_camera, or one for each view."""
        problem, target = self.problem, self.problem.cameras
        parameters = self.views.get("camera.parameters") or self._read("camera.parameters", (None,))
        assert parameters is not None
        box = self._read("camera.box_px", (4,))
        lead = parameters.shape[:-1]
        is_table = "view_camera" in self.views
        if not lead:
            rows: Shape = (1,)
        elif is_table:
            rows = lead
        else:
            rows = problem.view_shape
        count = prod(rows)
        problem.set(target, "parameters", self._flat("camera.parameters", rows))
        if box is not None:
            problem.set(target, "box_px", self._flat("camera.box_px", rows))
        codes = self.backend.view(self.camera.model_codes, "camera.model", INT32)
        if codes.shape[0] not in (1, count):
            raise InvalidArgumentError(
                f"camera has {codes.shape[0]} models for {count} rows of parameters"
            )
        stride = codes.strides[0] if codes.shape[0] == count else 0
        problem.set(
            target, "model", View(codes.pointer, codes.dtype, (count,), (stride,), codes.owner)
        )

    def _fill_cost(self) -> None:
        target, keywords = self.problem.cost, self.keywords
        setattr(target, "dof", self.dof)
        loss = keywords.get("loss", "none")
        setattr(target, "loss", choice("loss", loss, LOSSES))
        self._refuse_idle_scale(loss)
        name = "relative_delta" if loss == "adaptive_huber" else "delta"
        if "delta" in self.views:
            self.problem.set(target, "object_delta", self._of_objects("delta"))
        elif keywords.get(name) is not None:
            set_number(target, name, keywords[name])
        if "z_min" in keywords:
            set_number(target, "z_min", keywords["z_min"])
        if "yaw_axis" in keywords:
            axis = tuple(float(x) for x in keywords["yaw_axis"])
            if len(axis) != 3:
                raise InvalidArgumentError(f"yaw_axis is {axis}, expected three numbers")
            setattr(target, "yaw_axis", axis)
        if self.prior is not None:
            target.set_pointer("prior", self._prior_struct(self.prior))

    def _refuse_idle_scale(self, loss: str) -> None:
        used = {"adaptive_huber": "relative_delta", "none": None}.get(loss, "delta")
        for name in ("delta", "relative_delta"):
            if self.keywords.get(name) is not None and name != used:
                raise InvalidArgumentError(
                    f"{name} is given, but the loss is {loss!r}, which does not use it"
                )

    def _prior_struct(self, prior: Prior) -> SizedStruct:
        struct = _abi.Prior.new()
        setattr(struct, "kind", prior.code)
        for field in _PRIOR_FIELDS:
            if "prior." + field in self.views:
                self.problem.set(struct, field, self._of_objects("prior." + field))
        self.problem.keep(struct)
        return struct


# Arrays whose leading axis is not the batch.
_INDICES = frozenset(["offsets", "view_offsets"])
