# SPDX-License-Identifier: Apache-2.0
# SPDX-FileCopyrightText: The propnp authors
"""Cameras: a model and its parameters."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from ._array_math import last_axis_of, stack_last
from ._options import choice

MODELS = {"pinhole": 0, "simple_radial": 1, "opencv": 2, "fisheye": 3}
PARAMETER_NAMES = {
    "pinhole": "fx fy cx cy skew",
    "simple_radial": "f cx cy k1 k2",
    "opencv": "fx fy cx cy k1 k2 p1 p2 k3 k4 k5 k6",
    "fisheye": "fx fy cx cy k1 k2 k3 k4",
}
_FEWEST = {"pinhole": 4, "simple_radial": 3, "opencv": 4, "fisheye": 4}
_MOST = {model: len(names.split()) for model, names in PARAMETER_NAMES.items()}


@dataclass(frozen=True, eq=False)
class Camera:
    """One camera, one for each object, or a table of cameras (see `view_camera`).

    Attributes:
        model: "pinhole" (fx fy cx cy skew), "simple_radial" (f cx cy k1 k2), "opencv" (fx fy cx cy
            k1 k2 p1 p2 k3 k4 k5 k6) or "fisheye" (fx fy cx cy k1 k2 k3 k4, Kannala-Brandt). Of a
            table, one name for all rows or a name for each.
        parameters: (..., M) in this order, focal lengths and principal point in pixels with the
            centre of the top-left pixel at (0, 0). Trailing parameters that are left out are zero.
        box_px: (..., 4) u_min v_min u_max v_max, to which projections are clamped; optional.

    Raises:
        ValueError: an unknown model, or too few or too many parameters for it.

    >>> Camera("pinhole", [600, 600, 320, 240])
    Camera(model='pinhole', parameters=array([600., 600., 320., 240.,   0.]), box_px=None)
    """

    model: str | Sequence[str]
    parameters: Any
    box_px: Any = None
    # (1) or (C) int32, what the ABI takes for `model`.
    model_codes: Any = field(default=None, init=False, repr=False)

    def __post_init__(self) -> None:
        names = [self.model] if isinstance(self.model, str) else list(self.model)
        codes = np.array([choice("camera model", name, MODELS) for name in names], np.int32)
        object.__setattr__(self, "model_codes", codes)
        fewest = max(_FEWEST[name] for name in names)
        most = max(_MOST[name] for name in names)
        padded = last_axis_of(self.parameters, f"parameters of {' '.join(names)}", fewest, most)
        object.__setattr__(self, "parameters", padded)

    @staticmethod
    def pinhole(matrix: Any, box_px: Any = None) -> Camera:
        """From camera matrices (..., 3, 3) [[fx skew cx] [0 fy cy] [0 0 1]].

        >>> Camera.pinhole([[600, 0, 320], [0, 610, 240], [0, 0, 1]]).parameters
        array([600., 610., 320., 240.,   0.])
        """
        return Camera("pinhole", stack_last(matrix, [*_FOUR, (0, 1)]), box_px)

    @staticmethod
    def opencv(matrix: Any, distortion: Any, box_px: Any = None) -> Camera:
        """From camera matrices (..., 3, 3) and distortions (..., n) as of cv2.calibrateCamera.

        n up to 8: k1 k2 p1 p2 k3 k4 k5 k6.

        >>> matrix = [[600, 0, 320], [0, 610, 240], [0, 0, 1]]
        >>> Camera.opencv(matrix, [-0.1, 0.02, 0, 0]).parameters[:6]
        array([ 6.0e+02,  6.1e+02,  3.2e+02,  2.4e+02, -1.0e-01,  2.0e-02])
        """
        return Camera("opencv", stack_last(matrix, _FOUR, distortion), box_px)

    @staticmethod
    def fisheye(matrix: Any, distortion: Any, box_px: Any = None) -> Camera:
        """From camera matrices (..., 3, 3) and distortions (..., n), n up to 4: k1 k2 k3 k4, as of
        cv2.fisheye.calibrate.

        >>> matrix = [[600, 0, 320], [0, 610, 240], [0, 0, 1]]
        >>> Camera.fisheye(matrix, [0.01, 0, 0, 0]).model
        'fisheye'
        """
        return Camera("fisheye", stack_last(matrix, _FOUR, distortion), box_px)


_FOUR = [(0, 0), (1, 1), (0, 2), (1, 2)]
