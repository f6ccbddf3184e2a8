# SPDX-License-Identifier: Apache-2.0
# SPDX-FileCopyrightText: The propnp authors
"""Calls on poses alone, without correspondences."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ._arrays import choose_backend
from ._call import Call
from ._given_arrays import GivenArrays, Input


def make_pose_call(inputs: Mapping[str, tuple[Any, tuple[Any, ...], int]]) -> Call:
    """From arrays with leading axes, which broadcast; None: not given. The first gives the dtype.

    Raises TypeError or ValueError, with both shapes.
    """
    backend = choose_backend((name, array) for name, (array, *_) in inputs.items())
    given = GivenArrays(backend)
    for name, values in inputs.items():
        if values[0] is not None:
            given.read(name, *Input(*values))
        elif name in _REQUIRED:
            raise TypeError(f"{name} is required")
    first = next(iter(given.views.values()))
    return Call(given, given.broadcast(given.views), first.dtype)


_REQUIRED = frozenset("pose step covariance from to sample_pose sample_log_weight".split())
