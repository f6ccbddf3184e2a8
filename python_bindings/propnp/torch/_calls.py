# SPDX-License-Identifier: Apache-2.0
# SPDX-FileCopyrightText: The propnp authors
"""Tensors to structs of the C ABI, at the cost of some microseconds a call.

Every thread keeps the structs of each operation and configuration with their constants filled in,
and one workspace a device, which grows to the largest that was asked for.
"""

from __future__ import annotations

import struct
import threading
from typing import Iterable, Optional, Sequence

import torch
from torch import Tensor

from .. import _abi
from .._options import COVARIANCES, LOSSES, METHODS, SAMPLERS
from ..camera import MODELS
from ..errors import InvalidArgumentError, WorkspaceTooSmallError
from ._config import Config, decode
from ._openmp import gomp_parallel
from ._prior import FORMS, REPLAYED, from_tangent, tangent_room
from ._problem import Problem, has_information, num_objects
from ._symmetries import tables_of

_DTYPES = {
    torch.float32: _abi.FLOAT32,
    torch.float64: _abi.FLOAT64,
    torch.int32: _abi.INT32,
    torch.int64: _abi.INT64,
    torch.uint64: _abi.UINT64,
}
# data, dtype, ndim, shape[4], stride[4] of a propnp_tensor; what is beyond ndim is zero.
_PACKERS = [
    struct.Struct("@Pii" + 2 * (f"{ndim}q{8 * (4 - ndim)}x" if ndim < 4 else "4q"))
    for ndim in range(5)
]
_ABSENT = struct.Struct("@P")
# Where tensors without elements point to: null would mean that they are not given.
_nowhere = torch.zeros(8)
_NOWHERE = _nowhere.data_ptr()
_SMALLEST_WORKSPACE = 1 << 20

_ARGS = {
    "evaluate": _abi.EvaluateArgs,
    "solve": _abi.SolveArgs,
    "sample": _abi.SampleArgs,
    "sample_expectation": _abi.SampleExpectationArgs,
    "sample_backward": _abi.SampleBackwardArgs,
    "pose_plus": _abi.PosePlusArgs,
    "pose_plus_backward": _abi.PosePlusBackwardArgs,
    "implicit_gradient": _abi.ImplicitGradientArgs,
}


class Fields:
    """The tensors of a struct. A null that is null already is not written again: most are."""

    __slots__ = ("_given", "_offset_of", "struct")

    def __init__(self, made: type[_abi.SizedStruct]) -> None:
        self.struct = made.new()
        self._offset_of = made.offset_of
        self._given: set[str] = set()

    def put(self, tensors: Iterable[tuple[str, Optional[Tensor]]]) -> None:
        """Points fields at the tensors' memory; the caller keeps it alive during the call."""
        target, given, offset_of = self.struct, self._given, self._offset_of
        for name, tensor in tensors:
            if tensor is None:
                if name in given:
                    given.remove(name)
                    _ABSENT.pack_into(target, offset_of[name], 0)
                continue
            dtype, shape = _DTYPES.get(tensor.dtype), tensor.shape
            ndim = len(shape)
            if dtype is None or ndim > 4:
                raise InvalidArgumentError(
                    f"{name} is a tensor of {tensor.dtype} with shape {tuple(shape)}, expected "
                    "float32 or float64 (integers: int32 or int64) and at most 4 dimensions"
                )
            _PACKERS[ndim].pack_into(
                target,
                offset_of[name],
                tensor.data_ptr() or _NOWHERE,
                dtype,
                ndim,
                *shape,
                *tensor.stride(),
            )
            given.add(name)


class Call:
    """The structs of one operation. Not for two threads at a time."""

    def __init__(self, verb: str, config: Config) -> None:
        self.verb = verb
        self.prior_form = config.prior
        self._own, self._correspondences = Fields(_ARGS[verb]), Fields(_abi.Correspondences)
        self._cameras, self._cost = Fields(_abi.Cameras), Fields(_abi.CostOptions)
        self._prior, self._symmetries = Fields(_abi.Prior), Fields(_abi.Symmetries)
        self._gradients = Fields(_abi.Gradients)
        self.args = self._own.struct
        self._start_options = _abi.SolveOptions.new()
        self._sample_options = _abi.SampleOptions.new()
        self._adaptive = config.loss == "adaptive_huber"
        codes = [MODELS[name] for name in config.camera_model.split()]
        self._model = torch.tensor(codes, dtype=torch.int32)
        self._seeded: tuple[_abi.SizedStruct, ...] = ()
        self._prior_fields: tuple[str, str] | None = None
        self._fill_cost(config)
        self._fill_start_options(config)
        self._fill_sample_options(config)
        self._connect(config)
        if verb == "sample":
            self._fill_summaries(config)

    def _fill_cost(self, config: Config) -> None:
        cost = self._cost.struct
        cost.dof = config.dof
        cost.loss = LOSSES[config.loss]
        cost.delta = config.delta
        cost.relative_delta = config.relative_delta
        cost.z_min = config.z_min
        cost.yaw_axis[:] = config.yaw_axis
        if config.prior is not None:
            form = FORMS[config.prior]
            self._prior.struct.kind = form.code
            self._prior_fields = form.fields
            cost.set_pointer("prior", self._prior.struct)

    def _fill_start_options(self, config: Config) -> None:
        options = self._start_options
        options.method = METHODS[config.method]
        options.covariance = COVARIANCES[config.covariance]
        for name in (
            "num_starts",
            "start_points",
            "start_iterations",
            "num_refined",
            "max_iterations",
            "tolerance",
            "initial_radius",
            "max_radius",
            "min_diagonal",
            "max_diagonal",
            "min_relative_decrease",
            "epsilon",
        ):
            setattr(options, name, getattr(config, name))

    def _fill_sample_options(self, config: Config) -> None:
        options = self._sample_options
        options.method = SAMPLERS[config.sampler]
        options.num_samples = config.num_samples
        options.control_variates = config.control_variates
        options.second_stage_ess = config.second_stage_ess

    def _fill_summaries(self, config: Config) -> None:
        levels = torch.tensor(config.quantile_levels, dtype=torch.float64)
        shares = torch.tensor(config.region_shares, dtype=torch.float64)
        tables = tables_of(config.symmetries) if config.symmetries else {}
        self._constants = [levels, shares, *tables.values()]  # which the structs point to
        self.set_tensors(
            quantile_levels=levels if config.quantile_levels else None,
            region_shares=shares if config.region_shares else None,
        )
        self._symmetries.put(tables.items())
        if config.symmetries:
            self.args.set_pointer("symmetries", self._symmetries.struct)

    def _connect(self, config: Config) -> None:
        args = self.args
        args.set_pointer("correspondences", self._correspondences.struct)
        args.set_pointer("cameras", self._cameras.struct)
        args.set_pointer("cost", self._cost.struct)
        fields = args.offset_of
        if "start_options" in fields:
            args.set_pointer("start_options", self._start_options)
            args.set_pointer("options", self._sample_options)
            self._seeded = (self._start_options, self._sample_options)
            args.loss_gradient = config.gradient == "loss"
            args.through_delta = 1
        elif "options" in fields:
            args.set_pointer("options", self._start_options)
            self._seeded = (self._start_options,)
        if "gradients" in fields:
            args.set_pointer("gradients", self._gradients.struct)
        if "epsilon" in fields:
            args.epsilon = config.epsilon
        if "drop_clamped_rows" in fields:
            args.drop_clamped_rows = config.clamped_derivative == "drop"

    def set_problem(self, problem: Problem) -> None:
        information, ids = has_information(problem), problem.object_ids
        self._correspondences.struct.num_objects = num_objects(problem)
        self._correspondences.put(
            (
                ("x3d", problem.x3d),
                ("x2d", problem.x2d),
                ("w2d", None if information else problem.weights),
                ("sqrt_info", problem.weights if information else None),
                ("counts", problem.counts),
                ("offsets", problem.offsets),
                ("view_offsets", problem.view_offsets),
                ("view_camera", problem.view_camera),
                ("view_rig", problem.view_rig),
                ("camera_from_rig", problem.camera_from_rig),
                ("base_rotation", problem.base_rotation),
                ("object_ids", None if ids is None else ids.view(torch.uint64)),
            )
        )
        self._cost.put((("object_delta", problem.delta),))
        if self._prior_fields is not None:
            self._prior.put(zip(self._prior_fields, (problem.prior_a, problem.prior_b)))
        self._set_cameras(problem)

    def _set_cameras(self, problem: Problem) -> None:
        parameters, box = problem.camera, problem.box
        count = parameters.shape[0]
        if box is not None and box.shape[0] != count:
            count = max(count, box.shape[0])
            parameters = parameters.expand(count, -1)
            box = box.expand(count, -1)
        model = self._model_on(problem.camera.device)
        if len(model) == 1 and count != 1:
            model = model.expand(count)
        self._cameras.put((("parameters", parameters), ("box_px", box), ("model", model)))

    def _model_on(self, device: torch.device) -> Tensor:
        if self._model.device != device:
            self._model = self._model.to(device)
        return self._model

    def set_seed(self, seed: Tensor) -> None:
        """The library reads the tensor's one number itself, so that a recorded graph may change it."""
        for options in self._seeded:
            options.seed_pointer = seed.data_ptr()

    def set_tensors(self, **tensors: Optional[Tensor]) -> None:
        """Fields of the operation's own args."""
        self._own.put(tensors.items())

    def set_object_class(self, object_class: Optional[Tensor]) -> None:
        self._symmetries.put((("object_class", object_class),))

    def set_gradients(
        self, problem: Problem, gradients: Sequence[Optional[Tensor]], prefix: str = ""
    ) -> None:
        """Where to write those with respect to the problem's first seven: fields of propnp_gradients,
        or, with the prefix, of the operation's own args.
        """
        x3d, x2d, weights, camera, delta, prior_a, prior_b = gradients
        information = has_information(problem)
        fields = [
            ("x3d", x3d),
            ("x2d", x2d),
            ("w2d", None if information else weights),
            ("sqrt_info", weights if information else None),
            ("delta", None if self._adaptive else delta),
            ("relative_delta", delta if self._adaptive else None),
        ]
        if self.prior_form is not None:
            names = FORMS[self.prior_form].gradients
            fields += [(f"prior_{name}", g) for name, g in zip(names, (prior_a, prior_b))]
        if prefix:
            self._own.put([(prefix + name, tensor) for name, tensor in fields])
        else:
            self._gradients.put([*fields, ("camera_parameters", camera)])

    def run(self, device: torch.device) -> None:
        """Raises a PropnpError; on CUDA it only queues the work on the current stream."""
        args = self.args
        if device.type == "cpu":
            args.device = _abi.CPU_DEVICE
        else:
            index = torch.cuda.current_device() if device.index is None else device.index
            args.device = index
            args.stream = torch.cuda.current_stream(index).cuda_stream
        team = torch.get_num_threads(), gomp_parallel()
        self._lend(_workspace(device, 0))
        try:
            _abi.call(self.verb, args, *team)
        except WorkspaceTooSmallError:
            self._lend(_workspace(device, _abi.workspace_size(self.verb, args, *team)))
            _abi.call(self.verb, args, *team)

    def _lend(self, workspace: Tensor) -> None:
        self.args.workspace = workspace.data_ptr()
        self.args.workspace_size = workspace.numel()


class _ThreadState(threading.local):
    def __init__(self) -> None:
        self.calls: dict[tuple[str, str], Call] = {}
        self.workspaces: dict[tuple[torch.device, int], Tensor] = {}


_state = _ThreadState()
_MOST_CALLS = 64


def prepare(verb: str, encoded: str) -> Call:
    """This thread's structs of the operation with this configuration."""
    calls = _state.calls
    call = calls.get((verb, encoded))
    if call is None:
        if len(calls) >= _MOST_CALLS:
            del calls[next(iter(calls))]
        call = calls[verb, encoded] = Call(verb, decode(encoded))
    return call


def _workspace(device: torch.device, least: int) -> Tensor:
    """This thread's workspace on the device (and stream: what is queued on one may still use it)."""
    stream = 0
    if device.type == "cuda":
        stream = torch.cuda.current_stream(device).cuda_stream
        if torch.cuda.is_current_stream_capturing():  # memory of the graph is the graph's alone
            return torch.empty(max(least, _SMALLEST_WORKSPACE), dtype=torch.uint8, device=device)
    key = (device, stream)
    workspace = _state.workspaces.get(key)
    if workspace is None or workspace.numel() < least:
        size = max(least, _SMALLEST_WORKSPACE)
        _state.workspaces.pop(key, None)
        workspace = torch.empty(size, dtype=torch.uint8, device=device)
        _state.workspaces[key] = workspace
    return workspace


def run_for_gradients(
    call: Call, problem: Problem, needed: Sequence[bool]
) -> tuple[Optional[Tensor], ...]:
    """Runs the call, and returns the gradients of the problem's first seven where needed.

    The camera's is one row a view.
    """
    like: list[Optional[Tensor]] = [
        _room_like(tensor, problem) if tensor is not None and wanted else None
        for tensor, wanted in zip(problem[:7], needed)
    ]
    x3d, x2d, weights, camera, delta, prior_a, prior_b = like
    if camera is not None:
        views = problem.x3d.shape[0] if problem.offsets is None else problem.offsets.shape[0] - 1
        camera = camera.new_zeros((views, problem.camera.shape[1]))
    of_mean = tangent_room(call.prior_form, prior_a)
    replayed = call.prior_form in REPLAYED
    of_prior = (of_mean, prior_b) if replayed else (None, None)
    if not replayed:
        _clear_prior(call.verb, prior_a, prior_b)
    call.set_gradients(problem, (x3d, x2d, weights, camera, delta, *of_prior))
    call.run(problem.x3d.device)
    from_tangent(problem.prior_a, of_mean, prior_a)
    return x3d, x2d, weights, camera, delta, prior_a, prior_b


def _clear_prior(verb: str, *gradients: Optional[Tensor]) -> None:
    """Of a depth range: the poses that operations find lie inside, where the density is constant."""
    for gradient in gradients:
        if gradient is None:
            continue
        if verb == "sample_backward":
            raise InvalidArgumentError(
                "costs and log weights of single poses have no gradient with respect to a depth "
                "range, at whose ends they jump: log_evidence and loss have"
            )
        gradient.zero_()


def _room_like(tensor: Tensor, problem: Problem) -> Tensor:
    """Zeros where the library leaves padding alone."""
    if problem.counts is None and problem.offsets is None:
        return torch.empty(tensor.shape, dtype=tensor.dtype, device=tensor.device)
    return torch.zeros(tensor.shape, dtype=tensor.dtype, device=tensor.device)
