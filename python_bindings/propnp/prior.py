# SPDX-License-Identifier: Apache-2.0
# SPDX-FileCopyrightText: The propnp authors
"""Prior densities of poses."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from ._options import choice
from .errors import InvalidArgumentError

_KINDS = {"log_depth": 0, "depth_range": 1, "pose": 2}


@dataclass(frozen=True, eq=False)
class Prior:
    """A density of the pose, normalised with respect to dt (of the pose: dt dtheta).

    It adds -log density to the cost. Made by one of the three functions below. Leading axes of the
    arrays broadcast with those of the points.
    """

    kind: str
    mean: Any = None
    sigma: Any = None
    depth: Any = None
    bound: Any = None
    pose: Any = None
    covariance: Any = None

    def __post_init__(self) -> None:
        choice("prior kind", self.kind, _KINDS)

    @property
    def code(self) -> int:
        return _KINDS[self.kind]

    @staticmethod
    def log_depth(mean: Any, sigma: Any = None, covariance: Any = None) -> Prior:
        """A Gaussian in (x/z, y/z, log z) of the translation, z in the unit of x3d.

        Args:
            mean: (..., 3).
            sigma: (..., 3), positive: of independent components.
            covariance: (..., 3, 3), in the place of sigma.

        Raises:
            ValueError: both or neither of sigma and covariance are given.

        >>> Prior.log_depth([0, 0, 1.6], [0.5, 0.5, 0.3]).kind
        'log_depth'
        """
        if (sigma is None) == (covariance is None):
            raise InvalidArgumentError("a log-depth prior takes either sigma or covariance")
        return Prior("log_depth", mean=mean, sigma=sigma, covariance=covariance)

    @staticmethod
    def depth_range(depth: Any, bound: Any) -> Prior:
        """A translation that is uniform in a frustum, and nowhere else.

        Args:
            depth: (..., 2) nearest and farthest z, unit of x3d.
            bound: (..., 2) the largest |x/z| and |y/z|; or (..., 4): from and to of x/z, from and
                to of y/z.

        >>> Prior.depth_range([0.1, 5], [0.6, 0.5]).kind
        'depth_range'
        """
        return Prior("depth_range", depth=depth, bound=bound)

    @staticmethod
    def of_pose(pose: Any, covariance: Any) -> Prior:
        """A Gaussian in the tangent of a mean pose.

        Args:
            pose: (..., 7) [tx ty tz qw qx qy qz], 4DoF (..., 4) [tx ty tz yaw].
            covariance: (..., 6, 6), 4DoF (..., 4, 4): of [tx ty tz rx ry rz], radians on the
                camera side, with standard deviations below one radian.

        >>> import numpy as np
        >>> Prior.of_pose([0, 0, 5, 1, 0, 0, 0], 0.01 * np.eye(6)).kind
        'pose'
        """
        return Prior("pose", pose=pose, covariance=covariance)
