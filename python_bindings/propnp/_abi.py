# SPDX-License-Identifier: Apache-2.0
# SPDX-FileCopyrightText: The propnp authors
"""The C ABI: finds, loads and verifies libpropnp_c, and calls it.

    args = _abi.SolveArgs.new()  # the library's defaults
    args.set_tensor("pose", description)  # see _arrays.py for descriptions of arrays
    _abi.call("solve", args)  # raises what errors.py lists

Calls release the interpreter's lock. Every thread has a context of its own, made when it first
calls; a forked child uses its parent's on, with worker threads of its own.
"""

from __future__ import annotations

import ctypes
import os
import threading
from pathlib import Path
from typing import Any

from ._structs import (
    STRUCTS,
    Cameras,
    ContextOptions,
    ConvertCovarianceArgs,
    ConvertStepArgs,
    Correspondences,
    CostOptions,
    DrawArgs,
    EvaluateArgs,
    Gradients,
    ImplicitGradientArgs,
    MovePoseArgs,
    PoseDifferenceArgs,
    PosePlusArgs,
    PosePlusBackwardArgs,
    Prior,
    SampleArgs,
    SampleBackwardArgs,
    SampleExpectationArgs,
    SampleOptions,
    SizedStruct,
    SolveArgs,
    SolveOptions,
    Symmetries,
    Tensor,
)
from .errors import ERROR_OF_CODE, InternalError, InvalidArgumentError, PropnpError

__all__ = [
    "Cameras",
    "ConvertCovarianceArgs",
    "ConvertStepArgs",
    "Correspondences",
    "CostOptions",
    "DrawArgs",
    "EvaluateArgs",
    "Gradients",
    "ImplicitGradientArgs",
    "MovePoseArgs",
    "PoseDifferenceArgs",
    "PosePlusArgs",
    "PosePlusBackwardArgs",
    "Prior",
    "SampleArgs",
    "SampleBackwardArgs",
    "SampleExpectationArgs",
    "SampleOptions",
    "SizedStruct",
    "SolveArgs",
    "SolveOptions",
    "Symmetries",
    "call",
    "get_num_threads",
    "set_num_threads",
    "workspace_size",
]

ABI_MAJOR, ABI_MINOR = 1, 2

FLOAT32, FLOAT64, INT32, INT64, UINT64 = 1, 2, 3, 4, 5
CPU_DEVICE = -1
MAX_MODES = 16

_LIBRARY_NAME = f"libpropnp_c.so.{ABI_MAJOR}"


def _find_library() -> str:
    """The file named by PROPNP_LIBRARY, else the one beside this module."""
    named = os.environ.get("PROPNP_LIBRARY")
    path = Path(named) if named else Path(__file__).parent / _LIBRARY_NAME
    if not path.exists():
        raise ImportError(
            f"propnp: there is no library {path}: "
            + (
                "correct the environment variable PROPNP_LIBRARY"
                if named
                else "install the package, or let PROPNP_LIBRARY name a built libpropnp_c.so"
            )
        )
    return str(path)


def _check_version(library: Any, path: str) -> None:
    if not hasattr(library, "propnp_abi_version"):
        raise ImportError(f"propnp: {path} is no libpropnp_c")
    library.propnp_abi_version.restype = ctypes.c_uint32
    version = library.propnp_abi_version()
    major, minor = version >> 16, version & 0xFFFF
    if major != ABI_MAJOR or minor < ABI_MINOR:
        raise ImportError(
            f"propnp: {path} has ABI {major}.{minor}, this package needs {ABI_MAJOR}.{ABI_MINOR} "
            f"or a later {ABI_MAJOR}.x"
        )


def _check_layout(layout: str, path: str) -> None:
    """Every field of ours lies where the library has it; the library may know further ones."""
    rows = dict(map(_row, layout.splitlines()))
    for c_name, made in {**STRUCTS, "propnp_tensor": Tensor}.items():
        ours: dict[str, tuple[int, ...]] = {}
        for name, _ in getattr(made, "_fields_"):
            field = getattr(made, name)
            ours[f"{c_name}.{name}"] = (field.offset, field.size)
        for name, place in ours.items():
            if rows.get(name) != place:
                raise ImportError(
                    f"propnp: {path} has {name} at {rows.get(name, 'no place')} (offset, size), "
                    f"this package expects {place}: package and library do not belong together"
                )


def _row(line: str) -> tuple[str, tuple[int, ...]]:
    """From "struct NAME SIZE" or "NAME.FIELD OFFSET SIZE"."""
    first, second, third = line.split()
    if first == "struct":
        return second, (int(third),)
    return first, (int(second), int(third))


def _load() -> Any:
    path = _find_library()
    try:
        library = ctypes.CDLL(path)
    except OSError as error:
        raise ImportError(f"propnp: {path} does not load: {error}") from None
    _check_version(library, path)
    for function in ("version", "build_info", "abi_layout", "last_error"):
        getattr(library, "propnp_" + function).restype = ctypes.c_char_p
    library.propnp_last_error.argtypes = [ctypes.c_void_p]
    library.propnp_context_create.argtypes = [ctypes.c_void_p, ctypes.c_void_p]
    library.propnp_context_destroy.argtypes = [ctypes.c_void_p]
    library.propnp_context_destroy.restype = None
    _check_layout(library.propnp_abi_layout().decode(), path)
    for made in STRUCTS.values():
        _read_defaults(library, made)
    return library


def _read_defaults(library: Any, made: type[SizedStruct]) -> None:
    value = made()
    code = getattr(library, made.c_name + "_init")(
        ctypes.byref(value), ctypes.c_uint64(ctypes.sizeof(value))
    )
    if code != 0:
        raise ImportError(f"propnp: {library.propnp_last_error(None).decode()}")
    made.defaults = bytes(value)


_library = _load()

VERSION: str = _library.propnp_version().decode()
BUILD_INFO: str = _library.propnp_build_info().decode()


class _Context:
    """Owns a propnp_context. A forked child leaves its parent's threads' contexts alone."""

    def __init__(self, num_threads: int, gomp_parallel: int | None) -> None:
        options = ContextOptions.new()
        options.num_threads = num_threads
        if gomp_parallel is not None:
            function = _library.propnp_openmp_parallel_for
            options.parallel_for = ctypes.cast(function, ctypes.c_void_p).value
            options.parallel_for_user_data = gomp_parallel
        handle = ctypes.c_void_p()
        code = _library.propnp_context_create(ctypes.byref(options), ctypes.byref(handle))
        if code != 0:
            raise make_error(code, None)
        self.handle = handle
        self.key = num_threads, gomp_parallel
        self._destroy = _library.propnp_context_destroy
        self._process = os.getpid()

    def __del__(self) -> None:
        if hasattr(self, "_process") and self._process == os.getpid():
            self._destroy(self.handle)


_of_thread = threading.local()
_num_threads = 0
_functions: dict[str, Any] = {}


def make_error(code: int, context: ctypes.c_void_p | None) -> PropnpError:
    """The exception for a code, with what the library says about it."""
    message = _library.propnp_last_error(context).decode(errors="replace")
    if (
        code == -6
    ):  # said to the thread: the context serves another call, and its message is not ours
        message = _library.propnp_last_error(None).decode(errors="replace")
    return ERROR_OF_CODE.get(code, InternalError)(message)


def set_num_threads(num_threads: int) -> None:
    """How many CPU threads each calling thread may use; 0: one a hardware thread (the default).

    Results never depend on it.

    >>> import propnp
    >>> propnp.set_num_threads(2)
    >>> propnp.get_num_threads()
    2
    """
    global _num_threads
    if not 0 <= num_threads <= 4096:
        raise InvalidArgumentError(f"num_threads is {num_threads}, expected 0 to 4096")
    _num_threads = int(num_threads)


def get_num_threads() -> int:
    """What set_num_threads was last given; 0 before that."""
    return _num_threads


def _context(num_threads: int, gomp_parallel: int | None) -> ctypes.c_void_p:
    context: _Context | None = getattr(_of_thread, "context", None)
    if context is None or context.key != (num_threads, gomp_parallel):
        context = _of_thread.context = _Context(num_threads, gomp_parallel)
    return context.handle


def _function(verb: str) -> Any:
    function = getattr(_library, "propnp_" + verb)
    function.argtypes = [ctypes.c_void_p, ctypes.c_void_p]
    function.restype = ctypes.c_int32
    _functions[verb] = function
    return function


def call(
    verb: str, args: SizedStruct, num_threads: int = 0, gomp_parallel: int | None = None
) -> None:
    """Calls propnp_<verb> on this thread's context. Raises a PropnpError.

    `num_threads` is used where set_num_threads left the choice open. `gomp_parallel` is the address
    of that function of the OpenMP whose threads to use instead of the context's own.
    """
    function = _functions.get(verb) or _function(verb)
    context = _context(_num_threads or num_threads, gomp_parallel)
    code = function(context, ctypes.byref(args))
    if code != 0:
        raise make_error(code, context)


def workspace_size(
    verb: str, args: SizedStruct, num_threads: int = 0, gomp_parallel: int | None = None
) -> int:
    """The bytes of workspace that call() with the same arguments needs."""
    function = _functions.get(verb + "_workspace_size")
    if function is None:
        function = _function(verb + "_workspace_size")
        function.argtypes = [ctypes.c_void_p, ctypes.c_void_p, ctypes.c_void_p]
    context = _context(_num_threads or num_threads, gomp_parallel)
    size = ctypes.c_uint64()
    code = function(context, ctypes.byref(args), ctypes.byref(size))
    if code != 0:
        raise make_error(code, context)
    return size.value
