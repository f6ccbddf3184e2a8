# SPDX-License-Identifier: Apache-2.0
# SPDX-FileCopyrightText: The propnp authors
"""What operations share: their options, strictly; their signatures, with the engine's defaults."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Collection
from typing import Any, TypeVar

from . import _abi
from ._keywords import PROBLEM_TEXT
from ._make_problem import PROBLEM_KEYWORDS
from ._options import COVARIANCES, LOSSES, METHODS, SAMPLERS, refuse_unknown
from ._problem import Problem
from ._progress import Progress, call_in_chunks
from ._structs import SizedStruct

__all__ = ["Progress", "operation", "run", "split_options"]

Function = TypeVar("Function", bound=Callable[..., Any])

_CHOICES = {"method": METHODS, "covariance": COVARIANCES, "loss": LOSSES, "sampler": SAMPLERS}
_FIELD_OF_OPTION = {"sampler": "method"}
_SWITCHES = frozenset(["control_variates", "scale_covariance"])

# By the name of the operation: its own options, and every keyword that it knows.
_own: dict[str, frozenset[str]] = {}
_known: dict[str, frozenset[str]] = {}


def operation(
    options: Collection[str] = (), *structs: type[SizedStruct]
) -> Callable[[Function], Function]:
    """Marks a public operation that takes `options` besides those of the problem.

    The defaults that its signature shows are read from `structs`, of the library.
    """

    def mark(function: Function) -> Function:
        name = function.__name__
        signature = inspect.signature(function)
        _own[name] = frozenset(options)
        _known[name] = _own[name] | PROBLEM_KEYWORDS | set(signature.parameters)
        defaults = _defaults([*options, *sorted(PROBLEM_KEYWORDS)], structs)
        setattr(function, "__signature__", _with_defaults(signature, defaults))
        if function.__doc__:  # not under python -OO
            # Dedented, as Python does itself from 3.13 on.
            shared = "\n" + inspect.cleandoc(PROBLEM_TEXT)
            function.__doc__ = inspect.cleandoc(function.__doc__).replace("{problem}", shared)
        return function

    return mark


def _defaults(names: Collection[str], structs: Collection[type[SizedStruct]]) -> dict[str, Any]:
    made = [struct.new() for struct in (*structs, _abi.CostOptions)]
    return {name: _default(name, made) for name in names}


def _default(name: str, structs: Collection[SizedStruct]) -> Any:
    if name == "id_offset":
        return 0
    field = _FIELD_OF_OPTION.get(name, name)
    for struct in structs:
        if field in struct.offset_of and field != "prior":
            value = getattr(struct, field)
            if name in _CHOICES:
                return {number: text for text, number in _CHOICES[name].items()}[value]
            if name in _SWITCHES:
                return bool(value)
            return tuple(value) if name == "yaw_axis" else value
    return None


def _with_defaults(signature: inspect.Signature, defaults: dict[str, Any]) -> inspect.Signature:
    """The signature with its ** spelt out."""
    spelt = [p for p in signature.parameters.values() if p.kind is not p.VAR_KEYWORD]
    spelt += [
        inspect.Parameter(name, inspect.Parameter.KEYWORD_ONLY, default=default)
        for name, default in defaults.items()
    ]
    return signature.replace(parameters=spelt)


def split_options(
    given: dict[str, Any], operation_name: str
) -> tuple[dict[str, Any], dict[str, Any]]:
    """The operation's own options, and those of the problem. TypeError if one is neither."""
    if not given.keys() <= _known[operation_name]:
        refuse_unknown(given, _known[operation_name])
    own = _own[operation_name]
    return (
        {name: value for name, value in given.items() if name in own},
        {name: value for name, value in given.items() if name not in own},
    )


def run(verb: str, args: SizedStruct, problem: Problem, progress: Progress) -> None:
    """Calls the library, in chunks of objects if progress is to be shown."""
    if progress is False:
        _abi.call(verb, args)
    else:
        call_in_chunks(verb, args, problem, progress)
