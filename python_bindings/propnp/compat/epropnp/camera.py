# SPDX-License-Identifier: Apache-2.0
# SPDX-FileCopyrightText: The propnp authors
"""The published camera: a matrix, a smallest depth and bounds of the image."""

from __future__ import annotations

from typing import Optional, Union

import torch
from torch import Tensor

from ...errors import InvalidArgumentError
from .common import pose_to_rot_mat, skew

Bound = Union[Tensor, float, None]


class PerspectiveCamera:
    """Pinhole cameras of a batch.

    Args:
        cam_mats: (..., 3, 3) [[fx skew cx] [0 fy cy] [0 0 1]], pixels.
        z_min: smallest depth to divide by, unit of x3d.
        img_shape: (..., 2) height and width in pixels: bounds `allowed_border` beyond the image.
        lb, ub: (..., 2) x and y, bounds of projections in pixels, where img_shape is not given.
    """

    def __init__(
        self,
        cam_mats: Optional[Tensor] = None,
        z_min: float = 0.1,
        img_shape: Optional[Tensor] = None,
        allowed_border: float = 200,
        lb: Bound = None,
        ub: Bound = None,
    ) -> None:
        self.z_min = z_min
        self.allowed_border = allowed_border
        self.cam_mats: Optional[Tensor] = None
        self.lb: Bound = None
        self.ub: Bound = None
        self.set_param(cam_mats, img_shape, lb, ub)

    def set_param(
        self,
        cam_mats: Optional[Tensor],
        img_shape: Optional[Tensor] = None,
        lb: Bound = None,
        ub: Bound = None,
    ) -> None:
        """New matrices and bounds; shapes as of the constructor."""
        self.cam_mats = cam_mats
        if img_shape is None:
            self.lb, self.ub = lb, ub
        else:
            self.lb = -0.5 - self.allowed_border
            self.ub = img_shape.flip(-1) - 0.5 + self.allowed_border

    def project(
        self,
        x3d: Tensor,
        pose: Tensor,
        out_jac: Union[bool, Tensor] = False,
        clip_jac: bool = True,
    ) -> tuple[Tensor, Optional[Tensor]]:
        """Projections (..., n, 2) in pixels, and their Jacobian (..., n, 2, 4 or 6) to the local
        pose in the published tangent (rotation is -1/2 of propnp's). Differentiable.

        clip_jac: zero where the depth or a bound clamps.
        """
        matrices = self._matrices()
        rotated = x3d @ pose_to_rot_mat(pose).mT
        homogeneous = (rotated + pose[..., None, :3]) @ matrices.mT
        depth = homogeneous[..., 2:].clamp(min=self.z_min)
        projected = self._clamped(homogeneous[..., :2] / depth)
        if out_jac is False:
            return projected, None
        jacobian = self._jacobian(rotated, depth, projected, matrices, pose.shape[-1])
        if clip_jac:
            jacobian = jacobian.masked_fill(self._is_clamped(depth, projected)[..., None], 0)
        if isinstance(out_jac, Tensor):
            jacobian = out_jac.view_as(jacobian).copy_(jacobian)
        return projected, jacobian

    def _matrices(self) -> Tensor:
        if self.cam_mats is None:
            raise InvalidArgumentError("the camera has no cam_mats: call set_param first")
        return self.cam_mats

    def _bounds(self) -> tuple[Bound, Bound]:
        rows = (x[..., None, :] if isinstance(x, Tensor) else x for x in (self.lb, self.ub))
        lower, upper = rows
        return (lower, upper) if lower is not None and upper is not None else (None, None)

    def _clamped(self, projected: Tensor) -> Tensor:
        lower, upper = self._bounds()
        if isinstance(lower, Tensor):
            projected = torch.maximum(projected, lower)
        elif lower is not None:
            projected = projected.clamp(min=lower)
        if isinstance(upper, Tensor):
            return torch.minimum(projected, upper)
        return projected if upper is None else projected.clamp(max=upper)

    def _is_clamped(self, depth: Tensor, projected: Tensor) -> Tensor:
        lower, upper = self._bounds()
        clamped = (depth == self.z_min).expand(projected.shape)
        if lower is not None and upper is not None:
            clamped = clamped | (projected == lower) | (projected == upper)
        return clamped

    @staticmethod
    def _jacobian(
        rotated: Tensor, depth: Tensor, projected: Tensor, matrices: Tensor, pose_size: int
    ) -> Tensor:
        z = depth[..., None]
        of_translation = torch.cat(
            (
                (matrices[..., None, :2, :2] / z).expand(*projected.shape, 2),
                (matrices[..., None, :2, 2:] - projected[..., None]) / z,
            ),
            -1,
        )
        if pose_size == 7:
            turned = 2 * skew(rotated)
        else:
            x, _, depth_change = rotated.unbind(-1)
            turned = torch.stack((depth_change, torch.zeros_like(x), -x), -1)[..., None]
        return torch.cat((of_translation, of_translation @ turned), -1)

    @staticmethod
    def get_quaternion_transfrom_mat(quaternions: Tensor) -> Tensor:
        """(..., 4) to (..., 4, 3): what a local rotation step adds to the quaternion, to first
        order. (The published name is spelled so.)

        The step d turns by -2 d on the camera side: (0, -d) q = (d . v, [v] d - w d).
        """
        w, v = quaternions[..., :1, None], quaternions[..., 1:]
        identity = torch.eye(3, dtype=quaternions.dtype, device=quaternions.device)
        return torch.cat((v[..., None, :], skew(v) - w * identity), -2)

    def reshape_(self, *batch_shape: int) -> PerspectiveCamera:
        return self._change("reshape", batch_shape, keep=False)

    def expand_(self, *batch_shape: int) -> PerspectiveCamera:
        return self._change("expand", batch_shape, keep=False)

    def repeat_(self, *batch_repeat: int) -> PerspectiveCamera:
        return self._change("repeat", batch_repeat, keep=True)

    def _change(self, how: str, batch: tuple[int, ...], keep: bool) -> PerspectiveCamera:
        def changed(x: Tensor, own: tuple[int, ...]) -> Tensor:
            tail = (1,) * len(own) if keep else own
            result: Tensor = getattr(x, how)(*batch, *tail)
            return result

        self.cam_mats = changed(self._matrices(), (3, 3))
        self.lb = changed(self.lb, (2,)) if isinstance(self.lb, Tensor) else self.lb
        self.ub = changed(self.ub, (2,)) if isinstance(self.ub, Tensor) else self.ub
        return self

    def shallow_copy(self) -> PerspectiveCamera:
        """Another camera of the same tensors."""
        return PerspectiveCamera(
            cam_mats=self.cam_mats,
            z_min=self.z_min,
            allowed_border=self.allowed_border,
            lb=self.lb,
            ub=self.ub,
        )


def camera_matrices(camera: PerspectiveCamera) -> Tensor:
    """(1 or B, 3, 3), checked on the CPU to be what a pinhole camera can have."""
    matrices = camera._matrices()
    matrices = matrices.reshape(-1, 3, 3)
    if matrices.shape[0] > 1 and matrices.stride(0) == 0:
        matrices = matrices[:1]
    if matrices.device.type == "cpu" and not torch.compiler.is_compiling():
        entries = matrices.detach().reshape(-1, 9)
        if bool((entries[:, [3, 6, 7]] != 0).any() | (entries[:, 8] != 1).any()):
            raise InvalidArgumentError(
                "cam_mats is not of the form [[fx skew cx] [0 fy cy] [0 0 1]]: scale its rows, or "
                "turn the rotation in it into the pose"
            )
    return matrices


def camera_box(camera: PerspectiveCamera, like: Tensor) -> Optional[Tensor]:
    """(1 or B, 4) u_min v_min u_max v_max."""
    if camera.lb is None or camera.ub is None:
        return None
    corners = []
    for bound in (camera.lb, camera.ub):
        if isinstance(bound, Tensor):
            corners.append(bound.detach().to(like).expand(*bound.shape[:-1], 2).reshape(-1, 2))
        else:
            corners.append(torch.full((1, 2), float(bound), dtype=like.dtype, device=like.device))
    rows = max(len(corner) for corner in corners)
    return torch.cat([corner.expand(rows, 2) for corner in corners], 1)
