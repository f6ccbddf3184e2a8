# SPDX-License-Identifier: Apache-2.0
# SPDX-FileCopyrightText: The propnp authors
"""Camera and object poses from weighted 2D-3D correspondences, with their uncertainty."""

from ._abi import VERSION, get_num_threads, set_num_threads
from ._draw import DrawResult, draw
from ._evaluate import EvaluateResult, evaluate
from ._pose_plus import PosePlusResult, pose_plus
from ._rotations import (
    pose_from_matrix,
    pose_matrix,
    quaternion_from_matrix,
    rotation_matrix,
)
from ._sample import sample
from ._solve import SolveResult, solve
from ._tangents import (
    CovarianceResult,
    PoseResult,
    StepResult,
    convert_covariance,
    convert_step,
    move_pose,
    pose_difference,
)
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
    "CovarianceResult",
    "DrawResult",
    "EvaluateResult",
    "InputGradients",
    "InternalError",
    "InvalidArgumentError",
    "OutOfMemoryError",
    "PosePlusResult",
    "PoseResult",
    "Prior",
    "PropnpError",
    "SampleResult",
    "SolveResult",
    "Status",
    "StepResult",
    "Symmetries",
    "UnavailableError",
    "WorkspaceTooSmallError",
    "__version__",
    "convert_covariance",
    "convert_step",
    "draw",
    "evaluate",
    "get_num_threads",
    "move_pose",
    "pose_difference",
    "pose_from_matrix",
    "pose_matrix",
    "pose_plus",
    "quaternion_from_matrix",
    "rotation_matrix",
    "sample",
    "set_num_threads",
    "solve",
    "status_text",
]
