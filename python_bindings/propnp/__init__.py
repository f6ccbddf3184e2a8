# SPDX-License-Identifier: Apache-2.0
# SPDX-FileCopyrightText: The propnp authors
"""Camera and object poses from weighted 2D-3D correspondences, with their uncertainty."""

from ._abi import get_num_threads, set_num_threads
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

__all__ = [
    "BusyError",
    "Camera",
    "InternalError",
    "InvalidArgumentError",
    "OutOfMemoryError",
    "Prior",
    "PropnpError",
    "UnavailableError",
    "WorkspaceTooSmallError",
    "get_num_threads",
    "set_num_threads",
]
