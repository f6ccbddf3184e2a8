# SPDX-License-Identifier: Apache-2.0
# SPDX-FileCopyrightText: The propnp authors
"""Rotations, costs in plain PyTorch, and the shift of the object frame to the points' mean."""

from __future__ import annotations

from typing import Any, Optional, Union

import torch
from torch import Tensor


def skew(x: Tensor) -> Tensor:
    """(..., 3) to (..., 3, 3): skew(x) @ y is the cross product of x and y."""
    a, b, c = x.unbind(-1)
    zero = torch.zeros_like(a)
    rows = [zero, -c, b, c, zero, -a, -b, a, zero]
    return torch.stack(rows, -1).reshape(*x.shape[:-1], 3, 3)


def quaternion_to_rot_mat(quaternions: Tensor) -> Tensor:
    """Unit quaternions (..., 4) [w i j k] to rotations (..., 3, 3).

    R = I + 2 w [v] + 2 [v]^2.
    """
    cross = skew(quaternions[..., 1:])
    w = quaternions[..., :1, None]
    identity = torch.eye(3, dtype=quaternions.dtype, device=quaternions.device)
    return identity + 2 * (w * cross + cross @ cross)


def yaw_to_rot_mat(yaw: Tensor) -> Tensor:
    """Angles (...) about +Y in radians to rotations (..., 3, 3)."""
    sine, cosine = yaw.sin(), yaw.cos()
    zero, one = torch.zeros_like(yaw), torch.ones_like(yaw)
    rows = [cosine, zero, sine, zero, one, zero, -sine, zero, cosine]
    return torch.stack(rows, -1).reshape(*yaw.shape, 3, 3)


def pose_to_rot_mat(pose: Tensor) -> Tensor:
    """Poses (..., 7) or (..., 4) to rotations (..., 3, 3)."""
    if pose.shape[-1] == 4:
        return yaw_to_rot_mat(pose[..., 3])
    return quaternion_to_rot_mat(pose[..., 3:])


def evaluate_pnp(
    x3d: Tensor,
    x2d: Tensor,
    w2d: Tensor,
    pose: Tensor,
    camera: Any,
    cost_fun: Any,
    out_jacobian: Union[bool, Tensor] = False,
    out_residual: Union[bool, Tensor] = False,
    out_cost: Union[bool, Tensor] = False,
    **kwargs: Any,
) -> tuple[Optional[Tensor], Optional[Tensor], Optional[Tensor]]:
    """Residual (..., 2n), cost (...) and Jacobian (..., 2n, 4 or 6) in the published tangent, each
    None unless asked for with True, or with a tensor to write to. Differentiable.

    Args:
        x3d: (..., n, 3). x2d, w2d: (..., n, 2). pose: (..., 7 or 4).
        kwargs: of camera.project, as clip_jac.
    """
    projected, jacobian = camera.project(
        x3d, pose, out_jac=out_jacobian is not False, **kwargs
    )
    result: tuple[Optional[Tensor], Optional[Tensor], Optional[Tensor]] = cost_fun.compute(
        projected,
        x2d,
        w2d,
        jac_cam=jacobian,
        out_residual=out_residual,
        out_cost=out_cost,
        out_jacobian=out_jacobian,
    )
    return result


def _shifted(pose: Tensor, offset: Tensor) -> Tensor:
    """The pose (..., 7 or 4) of an object whose frame's origin moves by `offset` (..., 3)."""
    moved = pose[..., :3] + (pose_to_rot_mat(pose) @ offset[..., None])[..., 0]
    return torch.cat((moved, pose[..., 3:]), -1)


def pnp_normalize(
    x3d: Tensor, pose: Optional[Tensor] = None, detach_transformation: bool = True
) -> tuple[Tensor, Tensor, Optional[Tensor]]:
    """The points' mean (..., 3), the points (..., n, 3) about it, and the pose of that frame."""
    offset = (x3d.detach() if detach_transformation else x3d).mean(-2)
    return offset, x3d - offset[..., None, :], None if pose is None else _shifted(pose, offset)


def pnp_denormalize(offset: Tensor, pose_norm: Tensor) -> Tensor:
    """The pose (..., 7 or 4) of the frame that pnp_normalize left."""
    return _shifted(pose_norm, -offset)
