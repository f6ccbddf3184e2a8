# SPDX-License-Identifier: Apache-2.0
# SPDX-FileCopyrightText: The propnp authors
"""Pictures of posteriors, with matplotlib (`pip install propnp[plot]`).

    posterior = propnp.sample(x3d, x2d, w2d, camera=camera, draws=100)
    propnp.plot.summary(posterior, x3d, x2d, w2d, camera=camera).savefig("posterior.png")

Each function draws into the axes that it is given, or into a figure of its own, and returns the
axes. Modes have a letter and a colour, the same in every picture.
"""

from ._birds_eye import birds_eye
from ._mode_table import mode_table
from ._orientation import orientation
from ._reprojection import reprojection
from ._summary import summary

__all__ = ["birds_eye", "mode_table", "orientation", "reprojection", "summary"]
