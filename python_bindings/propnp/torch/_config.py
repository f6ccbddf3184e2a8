# SPDX-License-Identifier: Apache-2.0
# SPDX-FileCopyrightText: The propnp authors
"""What an operation is told besides tensors, as one frozen object and as one string.

PyTorch's operators take no objects. A string is the one constant that the dispatcher, torch.compile
and exported programs all carry, and the kernels keep what they made of it.
"""

from __future__ import annotations

import dataclasses
import functools
import json
import zlib
from collections.abc import Callable, Collection
from pathlib import Path
from typing import Any

import torch

from .._abi import MAX_MODES, VERSION
from .._options import COVARIANCES, LOSSES, METHODS, SAMPLERS, refuse_unknown
from ..camera import MODELS
from ..errors import InvalidArgumentError
from ._prior import FORMS

GRADIENTS = ("none", "evidence", "loss")
CLAMPED_DERIVATIVES = ("drop", "exact")

_CHOICES: dict[str, Collection[str]] = {
    "loss": LOSSES,
    "sampler": SAMPLERS,
    "method": METHODS,
    "covariance": COVARIANCES,
    "gradient": GRADIENTS,
    "clamped_derivative": CLAMPED_DERIVATIVES,
}


def _fingerprint() -> str:
    """Of this package as it is. PyTorch keeps compiled graphs on disk by the operators and constants
    in them; those of another version of the package must not be taken for this one's.
    """
    total = zlib.crc32(VERSION.encode())
    for file in sorted(Path(__file__).parent.glob("*.py")):
        total = zlib.crc32(file.read_bytes(), total)
    return f"{VERSION} {total:08x}"


_FINGERPRINT = _fingerprint()


@dataclasses.dataclass(frozen=True)
class Config:
    """Options of all operations; the fields that an operation has no use for are ignored.

    Lengths are in the unit of x3d, angles in radians, image coordinates in pixels.
    """

    dof: int = 6
    """6, or 4: translation and a yaw about yaw_axis."""
    loss: str = "adaptive_huber"
    """none, huber, adaptive_huber or cauchy."""
    delta: float = 1.0
    """Scale of Huber and Cauchy in standard deviations."""
    relative_delta: float = 0.5
    """Scale of adaptive Huber: times the mean weight, times the spread of x2d."""
    z_min: float = 0.0
    """Smallest depth to divide by; 0: 1e-3 of the object's radius."""
    yaw_axis: tuple[float, float, float] = (0.0, 1.0, 0.0)
    """Unit vector in the camera frame, 4DoF only."""
    camera_model: str = "pinhole"
    """pinhole, simple_radial, opencv or fisheye; of a table, a name for each row, with spaces."""
    prior: str | None = None
    """log_depth, log_depth_covariance, depth_range or pose; its two tensors come with the call."""

    num_starts: int = 64
    """Random subsets of points that a search starts from."""
    start_points: int = 16
    start_iterations: int = 5
    num_refined: int = 4
    """Best distinct starts that `solve` refines."""
    max_iterations: int = 200
    method: str = "levenberg_marquardt"
    """levenberg_marquardt or gauss_newton."""
    tolerance: float = 0.0
    covariance: str = "posterior"
    """posterior, gauss_newton or sandwich."""
    initial_radius: float = 30.0
    max_radius: float = 1e16
    min_diagonal: float = 1e-6
    max_diagonal: float = 1e32
    min_relative_decrease: float = 1e-3
    epsilon: float = 1e-5
    """Added to the diagonal of the normal matrix, in the half-angle tangent."""

    sampler: str = "mixture"
    """mixture, mixture_mc, amis (as published with EPro-PnP) or laplace."""
    num_samples: int = 512
    control_variates: bool = True
    second_stage_ess: float = 0.5
    """Below this ESS a second proposal is fitted; 0: never."""

    keep_samples: bool = True
    samples_first: bool = False
    """Samples lie in memory as (S, B, ...) instead of (B, S, ...); their shapes stay the same."""
    num_modes: int = MAX_MODES
    """Modes that are returned, 0 to 16."""
    quantile_levels: tuple[float, ...] = ()
    """Shares, 0 to 1, whose quantiles are wanted."""
    region_shares: tuple[float, ...] = ()
    """Shares, 0 to 1, of highest-density regions."""
    draws: int = 0
    """Poses of equal weight that are drawn from the samples."""
    symmetries: str = ""
    """Tables of a propnp.Symmetries, as `encode_symmetries` writes them."""
    moments: bool = False
    """Mean pose and covariance of the posterior, too."""
    gradient: str = "none"
    """What the forward pass differentiates: none, evidence or loss."""
    prior_gradient: bool = False
    """With respect to the prior's tensors, too."""
    clamped_derivative: str = "drop"
    """drop: points clamped in depth or by the box have no derivative, as in the solver; exact."""

    # All of the above as one string.
    encoded: str = dataclasses.field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        for name, choices in _CHOICES.items():
            value = getattr(self, name)
            if value not in choices:
                raise InvalidArgumentError(
                    f"{name} is {value!r}, expected one of {', '.join(choices)}"
                )
        if not self.camera_model or not set(self.camera_model.split()) <= MODELS.keys():
            raise InvalidArgumentError(
                f"camera_model is {self.camera_model!r}, expected {', '.join(MODELS)}"
            )
        if self.prior is not None and self.prior not in FORMS:
            raise InvalidArgumentError(f"prior is {self.prior!r}, expected {', '.join(FORMS)}")
        if self.dof not in (4, 6):
            raise InvalidArgumentError(f"dof is {self.dof}, expected 4 or 6")
        if not 0 <= self.num_modes <= MAX_MODES:
            raise InvalidArgumentError(f"num_modes is {self.num_modes}, expected 0 to {MAX_MODES}")
        if self.draws < 0:
            raise InvalidArgumentError(f"draws is {self.draws}, expected 0 or more")
        encoded = json.dumps({"package": _FINGERPRINT, **self.changes()})
        object.__setattr__(self, "encoded", encoded)

    def changes(self) -> dict[str, Any]:
        """The options that are not at their defaults."""
        return {
            field.name: getattr(self, field.name)
            for field in dataclasses.fields(self)
            if field.init and getattr(self, field.name) != field.default
        }

    @property
    def pose_size(self) -> int:
        """Numbers of a stored pose: 7 [tx ty tz qw qx qy qz] or 4 [tx ty tz yaw]."""
        return 7 if self.dof == 6 else 4


OPTIONS = frozenset(field.name for field in dataclasses.fields(Config) if field.init)


@functools.lru_cache(maxsize=256)
def decode(encoded: str) -> Config:
    """The Config of a string."""
    fields = json.loads(encoded)
    fields.pop("package", None)
    for name in ("yaw_axis", "quantile_levels", "region_shares"):
        if name in fields:
            fields[name] = tuple(fields[name])
    return Config(**fields)


def _changed_now(encoded: str, names: tuple[str, ...], values: tuple[Any, ...]) -> str:
    """With other values of some options."""
    return _changed(encoded, names, values)


@functools.lru_cache(maxsize=1024)
def _changed(encoded: str, names: tuple[str, ...], values: tuple[Any, ...]) -> str:
    refuse_unknown(names, OPTIONS)
    return dataclasses.replace(decode(encoded), **dict(zip(names, values))).encoded


def _option_now(encoded: str, name: str) -> Any:
    """The value of an option."""
    return getattr(decode(encoded), name)


# To torch.compile these are constants.
changed: Callable[[str, tuple[str, ...], tuple[Any, ...]], str]
changed = torch.compiler.assume_constant_result(_changed_now)  # type: ignore[no-untyped-call]
option: Callable[[str, str], Any]
option = torch.compiler.assume_constant_result(_option_now)  # type: ignore[no-untyped-call]


@functools.lru_cache(maxsize=256)
def make_config(**options: Any) -> Config:
    """Config(**options), kept."""
    return Config(**options)
