# SPDX-License-Identifier: Apache-2.0
# SPDX-FileCopyrightText: The propnp authors
"""propnp.draw: poses of equal weight from weighted samples."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from . import _abi
from ._arrays import FLOAT, UINT64
from ._options import set_number
from ._pose_call import make_pose_call
from .errors import InvalidArgumentError


@dataclass(frozen=True, eq=False)
class DrawResult:
    """Poses of equal weight. Arrays of the caller's kind; "..." is the batch.

    Attributes:
        draws: (..., K, 7) or (..., K, 4): the numbers of the drawn samples.
        chosen: (..., K) int32: which samples they are; -1 of a failed object.
        status: (...) int32, bits of Status.
    """

    draws: Any
    chosen: Any
    status: Any


def draw(
    sample_pose: Any,
    sample_log_weight: Any,
    count: int,
    *,
    seed: int = 0,
    object_ids: Any = None,
    id_offset: int = 0,
) -> DrawResult:
    """Poses of equal weight from weighted samples, by systematic resampling in random order.

    With the seed and object ids of propnp.sample they are those that it draws itself.

    Args:
        sample_pose: (..., S, 7) or (..., S, 4), as of propnp.sample.
        sample_log_weight: (..., S); minus infinity is a weight of zero.
        count: K, how many.
        seed: of the random numbers.
        object_ids: (...) integers that key them; default: index + id_offset.
        id_offset: see object_ids.

    Returns:
        A DrawResult.

    Raises:
        TypeError: arrays of two kinds or of a type that is no number.
        ValueError: shapes that do not fit together, or a negative count.

    >>> import propnp
    >>> pose = [[0, 0, 1, 1, 0, 0, 0], [0, 0, 2, 1, 0, 0, 0]]
    >>> propnp.draw(pose, [0.0, -float("inf")], 3).draws[:, 2]
    array([1., 1., 1.])
    """
    if count < 0:
        raise InvalidArgumentError(f"count is {count}, expected 0 or more")
    call = make_pose_call(
        {
            "sample_pose": (sample_pose, (None, None), FLOAT),
            "sample_log_weight": (sample_log_weight, (None,), FLOAT),
            "object_ids": (object_ids, (), UINT64),
        }
    )
    args = _abi.DrawArgs.new()
    call.attach(args)
    set_number(args, "seed", seed)
    set_number(args, "id_offset", id_offset)
    for name in ("sample_pose", "sample_log_weight", "object_ids"):
        call.input(args, name)
    size = call.given.views["sample_pose"].shape[-1]
    draws = call.output(args, "draws", (count, size))
    chosen = call.output(args, "chosen", (count,), _abi.INT32)
    status = call.output(args, "status", (), _abi.INT32)
    _abi.call("draw", args)
    return DrawResult(call.finish(draws), call.finish(chosen), call.finish(status))
