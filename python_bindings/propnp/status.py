# SPDX-License-Identifier: Apache-2.0
# SPDX-FileCopyrightText: The propnp authors
"""How each object of a batch went."""

from __future__ import annotations

import enum
from typing import Any

import numpy as np


class Status(enum.IntFlag):
    """Bits of an object's status. Zero but for CONVERGED means that all went well.

    >>> status = Status(9)
    >>> print(status.text)
    converged; some direction of the pose is not determined
    >>> bool(status & Status.FAILED)
    True
    """

    CONVERGED = 1 << 0
    MAX_ITERATIONS = 1 << 1
    TOO_FEW_POINTS = 1 << 2
    RANK_DEFICIENT = 1 << 3
    INDEFINITE = 1 << 4
    BEHIND_CAMERA = 1 << 5
    NON_FINITE_INPUT = 1 << 6
    IMPROPER = 1 << 7
    LOW_ESS = 1 << 8
    HIGH_KHAT = 1 << 9
    MULTI_MODAL = 1 << 10
    FELL_BACK = 1 << 11

    # The bits after which an object's pose or covariance must not be used.
    FAILED = 2 | 4 | 8 | 16 | 32 | 64

    @property
    def text(self) -> str:
        """What the bits say, in words."""
        said = [text for bit, text in _TEXT.items() if self & bit]
        return "; ".join(said) if said else "nothing to report"


_TEXT = {
    Status.CONVERGED: "converged",
    Status.MAX_ITERATIONS: "stopped by the bound on iterations",
    Status.TOO_FEW_POINTS: "fewer than 3 points with weight",
    Status.RANK_DEFICIENT: "some direction of the pose is not determined",
    Status.INDEFINITE: "the Hessian of the robust cost is not positive",
    Status.BEHIND_CAMERA: "half the weighted points or more lie behind the camera",
    Status.NON_FINITE_INPUT: "NaN or infinity, a negative weight or a zero quaternion in the input",
    Status.IMPROPER: "the posterior needs a prior",
    Status.LOW_ESS: "low effective sample size",
    Status.HIGH_KHAT: "the weights have a heavy tail (k-hat above .7)",
    Status.MULTI_MODAL: "more than one mode",
    Status.FELL_BACK: "a second choice was taken",
}


def status_text(status: Any) -> list[str]:
    """The text of each of an array's statuses, in the order of its flattened elements.

    >>> import numpy as np
    >>> status_text(np.array([1, 5]))
    ['converged', 'converged; fewer than 3 points with weight']
    """
    flat = np.asarray(status.cpu() if hasattr(status, "cpu") else status).reshape(-1)
    return [Status(int(bits)).text for bits in flat]
