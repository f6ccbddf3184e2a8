# SPDX-License-Identifier: Apache-2.0
# SPDX-FileCopyrightText: The propnp authors
"""What a call may raise. What goes wrong with one object of a batch is no error: see Status."""

from __future__ import annotations


class PropnpError(Exception):
    """Base of every error that the library reports; its text is the library's message."""


class InvalidArgumentError(PropnpError, ValueError):
    """A shape, type or option is wrong; the message names it, with what was expected."""


class WorkspaceTooSmallError(PropnpError):
    """A workspace given by the caller is smaller than the operation needs."""


class UnavailableError(PropnpError, RuntimeError):
    """The device that the arrays are on is not there, or this build cannot use it."""


class OutOfMemoryError(PropnpError, MemoryError):
    """There is not enough memory for the call."""


class InternalError(PropnpError, RuntimeError):
    """A defect of the library; please report its message."""


class BusyError(PropnpError, RuntimeError):
    """The context is serving another call."""


ERROR_OF_CODE: dict[int, type[PropnpError]] = {
    -1: InvalidArgumentError,
    -2: WorkspaceTooSmallError,
    -3: UnavailableError,
    -4: OutOfMemoryError,
    -5: InternalError,
    -6: BusyError,
}
