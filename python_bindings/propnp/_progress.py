# SPDX-License-Identifier: Apache-2.0
# SPDX-FileCopyrightText: The propnp authors
"""Progress of long batches: a call in chunks of objects, with the results of the whole.

Every object keeps its key of the random numbers, so that a chunk draws what the whole would.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from typing import Union

from . import _abi
from ._chunk import Chunks
from ._problem import Problem
from ._structs import SizedStruct

# False: none; True: a line on standard error; or what takes (objects done, objects).
Progress = Union[bool, Callable[[int, int], object]]

# A chunk takes about this long: often enough to look alive, seldom enough to cost nothing.
_SECONDS = 0.2


def call_in_chunks(verb: str, args: SizedStruct, problem: Problem, progress: Progress) -> None:
    """_abi.call with progress told before, between and after the chunks."""
    total = problem.num_objects
    tell = progress if callable(progress) else ProgressLine(verb)
    chunks = Chunks(args, problem)
    tell(0, total)
    begin, size = 0, 16
    while begin < total:
        end = min(begin + size, total)
        started = time.monotonic()
        _abi.call(verb, chunks.args_of(begin, end))
        seconds = time.monotonic() - started
        size = _next_size(end - begin, seconds)
        begin = end
        tell(end, total)


def _next_size(size: int, seconds: float) -> int:
    """At most four times as many: the first chunk also starts the threads."""
    return max(1, min(4 * size, int(size * _SECONDS / max(seconds, 1e-6))))


class ProgressLine:
    """One line on standard error, rewritten in place: share, count, and the time that is left."""

    def __init__(self, verb: str) -> None:
        self.verb = verb
        self.started = time.monotonic()

    def __call__(self, done: int, total: int) -> None:
        share = done / total if total else 1.0
        bar = "#" * int(24 * share)
        text = f"\r{self.verb} [{bar:<24}] {share:4.0%} of {total} objects, {self._time(share)}"
        sys.stderr.write(f"{text:<79}")
        if done == total:
            sys.stderr.write("\n")
        sys.stderr.flush()

    def _time(self, share: float) -> str:
        elapsed = time.monotonic() - self.started
        if share == 0:
            return "starting"
        if share == 1:
            return f"{elapsed:.1f} s"
        return f"{elapsed * (1 - share) / share:.1f} s left"
