# SPDX-License-Identifier: Apache-2.0
# SPDX-FileCopyrightText: The propnp authors
"""The OpenMP that torch computes with on the CPU.

Its threads go on looking for work for some milliseconds after each operator, and would keep threads
of propnp's own from the cores for as long: propnp computes on the same ones.
"""

from __future__ import annotations

import ctypes
import functools
import os
import re
from pathlib import Path
from typing import Optional

import torch

_RUNTIME = re.compile(r"lib(gomp|omp|iomp5)\b[^/]*\.so[^/]*$")
_forked = False


def _note_fork() -> None:
    global _forked
    _forked = True


os.register_at_fork(after_in_child=_note_fork)


def gomp_parallel() -> Optional[int]:
    """The address of its function GOMP_parallel.

    None if torch has no OpenMP or none of a kind known here, and in a forked child, which has none
    of its parent's threads while OpenMP waits for them.
    """
    return None if _forked else _address()


@functools.lru_cache(maxsize=None)
def _address() -> Optional[int]:
    runtime = _loaded_runtime()
    if runtime is None:
        return None
    function = getattr(ctypes.CDLL(runtime), "GOMP_parallel", None)
    return ctypes.cast(function, ctypes.c_void_p).value if function else None


def _loaded_runtime() -> Optional[str]:
    """The file of the runtime; torch's own where other packages have brought further ones."""
    if not torch._C.has_openmp:
        return None
    try:
        lines = Path("/proc/self/maps").read_text().splitlines()
    except OSError:
        return None
    files = {line.split(maxsplit=5)[5] for line in lines if _RUNTIME.search(line)}
    own = str(Path(torch.__file__).parent)
    return min(files, key=lambda file: (not file.startswith(own), file), default=None)
