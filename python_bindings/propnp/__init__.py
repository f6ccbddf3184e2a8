# SPDX-License-Identifier: Apache-2.0
# SPDX-FileCopyrightText: The propnp authors
"""Camera and object poses from weighted 2D-3D correspondences, with their uncertainty."""

from ._abi import VERSION, get_num_threads, set_num_threads
from ._evaluate import EvaluateResult, evaluate
from ._pose_plus import PosePlusResult, pose_plus
from ._sample import sample
from ._solve import SolveResult, solve
from .camera import Camera
from .errors import (
    BusyError,
    InternalError,
    InvalidArgumentError,
    OutOfMemoryError,
    PropnpError,
    UnavailableError,
    WorkspaceTooSmallError,
)
from .prior import Prior
from .sample_result import InputGradients, SampleResult
from .status import Status, status_text
from .symmetries import Symmetries

__version__ = VERSION

__all__ = [
    "BusyError",
    "Camera",
    "EvaluateResult",
    "InputGradients",
    "InternalError",
    "InvalidArgumentError",
    "OutOfMemoryError",
    "PosePlusResult",
    "Prior",
    "PropnpError",
    "SampleResult",
    "SolveResult",
    "Status",
    "Symmetries",
    "UnavailableError",
    "WorkspaceTooSmallError",
    "__version__",
    "evaluate",
    "get_num_threads",
    "pose_plus",
    "sample",
    "set_num_threads",
    "solve",
    "status_text",
]
