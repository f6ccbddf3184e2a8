# SPDX-License-Identifier: Apache-2.0
# SPDX-FileCopyrightText: The propnp authors
"""Poses as matrices and back, in NumPy or, differentiably, in torch."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from ._array_math import as_array, is_torch
from .errors import InvalidArgumentError


def rotation_matrix(quaternion: Any) -> Any:
    """Rotation matrices of quaternions.

    Args:
        quaternion: (..., 4) [qw qx qy qz], of any length but zero.

    Returns:
        (..., 3, 3).

    Raises:
        ValueError: another shape.

    >>> rotation_matrix([0, 0, 0, 1])
    array([[-1.,  0.,  0.],
           [ 0., -1.,  0.],
           [ 0.,  0.,  1.]])
    """
    q = _checked(quaternion, "quaternion", (4,))
    w, x, y, z = (q[..., i] for i in range(4))
    s = 2 / (q * q).sum(-1)
    rows = (
        (1 - s * (y * y + z * z), s * (x * y - w * z), s * (x * z + w * y)),
        (s * (x * y + w * z), 1 - s * (x * x + z * z), s * (y * z - w * x)),
        (s * (x * z - w * y), s * (y * z + w * x), 1 - s * (x * x + y * y)),
    )
    return _stack([_stack(row, -1) for row in rows], -2)


def quaternion_from_matrix(matrix: Any) -> Any:
    """Unit quaternions of rotation matrices, with qw >= 0.

    Args:
        matrix: (..., 3, 3) rotations.

    Returns:
        (..., 4) [qw qx qy qz].

    Raises:
        ValueError: another shape.

    >>> quaternion_from_matrix([[1, 0, 0], [0, 0, -1], [0, 1, 0]]).round(4)
    array([0.7071, 0.7071, 0.    , 0.    ])
    """
    m = _checked(matrix, "matrix", (3, 3))
    a, b, c = m[..., 0, 0], m[..., 1, 1], m[..., 2, 2]
    x, y, z = m[..., 2, 1], m[..., 0, 2], m[..., 1, 0]
    p, r, t = m[..., 1, 2], m[..., 2, 0], m[..., 0, 1]
    # 4 q_i q for each i: the row of the largest |q_i| divides by no small number.
    rows = (
        (1 + a + b + c, x - p, y - r, z - t),
        (x - p, 1 + a - b - c, z + t, y + r),
        (y - r, z + t, 1 - a + b - c, x + p),
        (z - t, y + r, x + p, 1 - a - b + c),
    )
    table = _stack([_stack(row, -1) for row in rows], -2)
    diagonal = _stack([row[i] for i, row in enumerate(rows)], -1)
    best = diagonal.argmax(-1)[..., None, None]
    if is_torch(table):
        q = table.take_along_dim(best, -2)[..., 0, :]
    else:
        q = np.take_along_axis(table, best, -2)[..., 0, :]
    q = q / (q * q).sum(-1)[..., None] ** 0.5
    return q * (1 - 2 * (q[..., :1] < 0))


def pose_matrix(pose: Any) -> Any:
    """Poses as 4x4 matrices [[R t] [0 1]].

    Args:
        pose: (..., 7) [tx ty tz qw qx qy qz].

    Returns:
        (..., 4, 4).

    Raises:
        ValueError: another shape.

    >>> pose_matrix([1, 2, 3, 0, 0, 0, 1])
    array([[-1.,  0.,  0.,  1.],
           [ 0., -1.,  0.,  2.],
           [ 0.,  0.,  1.,  3.],
           [ 0.,  0.,  0.,  1.]])
    """
    pose = _checked(pose, "pose", (7,))
    rotation = rotation_matrix(pose[..., 3:])
    zero = pose[..., 0] * 0
    rows = [_stack([*(rotation[..., i, j] for j in range(3)), pose[..., i]], -1) for i in range(3)]
    return _stack([*rows, _stack([zero, zero, zero, zero + 1], -1)], -2)


def pose_from_matrix(matrix: Any) -> Any:
    """Poses of matrices [R t], with qw >= 0.

    Args:
        matrix: (..., 4, 4) or (..., 3, 4); the last row is not read.

    Returns:
        (..., 7) [tx ty tz qw qx qy qz].

    Raises:
        ValueError: another shape.

    >>> pose_from_matrix([[-1, 0, 0, 1], [0, -1, 0, 2], [0, 0, 1, 3]])
    array([1., 2., 3., 0., 0., 0., 1.])
    """
    m = as_array(matrix)
    if m.ndim < 2 or tuple(m.shape[-2:]) not in ((3, 4), (4, 4)):
        raise InvalidArgumentError(
            f"matrix has shape {tuple(m.shape)}, expected (..., 4, 4) or (..., 3, 4)"
        )
    q = quaternion_from_matrix(m[..., :3, :3])
    numbers = [m[..., i, 3] for i in range(3)] + [q[..., i] for i in range(4)]
    return _stack(numbers, -1)


def _checked(values: Any, name: str, core: tuple[int, ...]) -> Any:
    array = as_array(values)
    if tuple(array.shape[-len(core) :]) != core:
        expected = ", ".join(str(extent) for extent in core)
        raise InvalidArgumentError(
            f"{name} has shape {tuple(array.shape)}, expected (..., {expected})"
        )
    return array


def _stack(arrays: Sequence[Any], axis: int) -> Any:
    if is_torch(arrays[0]):
        import torch

        return torch.stack(list(arrays), dim=axis)
    return np.stack(arrays, axis=axis)
