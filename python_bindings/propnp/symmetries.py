# SPDX-License-Identifier: Apache-2.0
# SPDX-FileCopyrightText: The propnp authors
"""Rotations that leave an object as it is."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, eq=False)
class Symmetries:
    """Rotations about a point that leave objects as they are, in their own frame.

    Modes that are equal up to them count as one, their probabilities added; moments and quantiles
    take every sample as its image nearest to the mode. X and centre + S (X - centre) are the same
    point of the object. Each class of objects has a list of rotations, which must be complete (what
    two of them make together is in it; the identity need not be), and, or, an axis.

    Attributes:
        rotation: (K, 4) [qw qx qy qz].
        offsets: (C + 1) integers: class k has rotations offsets[k] to offsets[k + 1]; default:
            every class has all.
        axis: (C, 3) the object turns about it by any angle; zero: no axis.
        centre: (C, 3) unit of x3d; default: the origin.
        object_class: (...) integers for each object, -1: no symmetries; default: class 0.

    A box that looks the same after half a turn about its z axis:

    >>> Symmetries(rotation=[[0, 0, 0, 1]]).rotation
    [[0, 0, 0, 1]]
    """

    rotation: Any = None
    offsets: Any = None
    axis: Any = None
    centre: Any = None
    object_class: Any = None
