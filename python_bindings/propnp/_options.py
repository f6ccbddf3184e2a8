# SPDX-License-Identifier: Apache-2.0
# SPDX-FileCopyrightText: The propnp authors
"""Keyword options: names of choices to the ABI's numbers, and strictness about the rest."""

from __future__ import annotations

import difflib
from collections.abc import Collection, Mapping
from typing import Any

from . import _abi
from ._structs import SizedStruct
from .errors import InvalidArgumentError

LOSSES = {"none": 0, "huber": 1, "adaptive_huber": 2, "cauchy": 3}
METHODS = {"levenberg_marquardt": 0, "gauss_newton": 1}
COVARIANCES = {"posterior": 0, "gauss_newton": 1, "sandwich": 2}
SAMPLERS = {"mixture": 0, "mixture_mc": 1, "amis": 2, "laplace": 3}
PRECISIONS = {None: 0, "float32": _abi.FLOAT32, "float64": _abi.FLOAT64}

# Options of the solver by their own names; of the sampler, whose search for modes starts alike.
START_OPTIONS = frozenset(
    "num_starts start_points start_iterations num_refined initial_radius max_radius min_diagonal "
    "max_diagonal min_relative_decrease epsilon".split()
)

_INTEGERS = frozenset(
    "max_iterations num_starts start_points start_iterations num_refined num_samples seed "
    "control_variates scale_covariance drop_clamped_rows id_offset".split()
)


def choice(name: str, value: object, table: Mapping[Any, int]) -> int:
    """The number behind a name. ValueError that lists the names if there is none."""
    try:
        return table[value]
    except (KeyError, TypeError):
        known = ", ".join(repr(key) for key in table)
        raise InvalidArgumentError(f"{name} is {value!r}, expected one of {known}") from None


def refuse_unknown(given: Collection[str], known: Collection[str]) -> None:
    """TypeError that names the nearest known options."""
    for name in given:
        if name not in known:
            near = difflib.get_close_matches(name, known, n=3)
            hint = (
                f"did you mean {' or '.join(near)}?"
                if near
                else "known: " + ", ".join(sorted(known))
            )
            raise TypeError(f"unknown option {name!r}; {hint}")


def set_number(struct: SizedStruct, name: str, value: Any) -> None:
    """Sets a field; TypeError or ValueError that name it."""
    whole = name in _INTEGERS
    try:
        if isinstance(value, (str, bytes)):
            raise TypeError("expected a number")
        number = int(value) if whole else float(value)
    except (TypeError, ValueError, OverflowError) as error:
        raise TypeError(f"{name} is {value!r}: {error}") from None
    setattr(struct, name, number)
    if whole and (number != value or getattr(struct, name) != number):
        raise InvalidArgumentError(f"{name} is {value!r}, which is no integer or out of range")
