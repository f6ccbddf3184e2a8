# SPDX-License-Identifier: Apache-2.0
# SPDX-FileCopyrightText: The propnp authors
"""Correspondences of known poses, as tensors, and what tests do with them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

import propnp.torch
from propnp.compat.epropnp.common import pose_to_rot_mat

CAMERA = torch.tensor([[600.0, 0.5, 320.0], [0.0, 610.0, 240.0], [0.0, 0.0, 1.0]])


@dataclass
class TorchScene:
    """B objects with N points each; half a pixel of noise with the weights to match."""

    x3d: Tensor  # (B, N, 3)
    x2d: Tensor  # (B, N, 2)
    w2d: Tensor  # (B, N, 2)
    pose: Tensor  # (B, 7 or 4)
    camera: Tensor  # (3, 3)

    @property
    def problem(self) -> tuple[Tensor, Tensor, Tensor, Tensor]:
        return self.x3d, self.x2d, self.w2d, self.camera

    def differentiable(self) -> TorchScene:
        """Its correspondences as leaves that want a gradient."""
        leaves = (x.detach().clone().requires_grad_() for x in (self.x3d, self.x2d, self.w2d))
        return TorchScene(*leaves, self.pose, self.camera)


def make_torch_scene(
    seed: int,
    objects: int = 3,
    points: int = 12,
    dof: int = 6,
    dtype: torch.dtype = torch.float64,
) -> TorchScene:
    random = torch.Generator().manual_seed(seed)

    def uniform(*shape: int) -> Tensor:
        return 2 * torch.rand(shape, generator=random, dtype=torch.float64) - 1

    def normal(*shape: int) -> Tensor:
        return torch.randn(shape, generator=random, dtype=torch.float64)

    x3d = uniform(objects, points, 3)
    translation = uniform(objects, 3) * 0.5 + torch.tensor([0.0, 0.0, 6.0])
    if dof == 6:
        rotation = torch.nn.functional.normalize(normal(objects, 4), dim=-1)
    else:
        rotation = 3 * uniform(objects, 1)
    pose = torch.cat([translation, rotation], -1)
    camera = CAMERA.double()
    in_image = (x3d @ pose_to_rot_mat(pose).mT + translation[:, None]) @ camera.mT
    x2d = in_image[..., :2] / in_image[..., 2:] + 0.5 * normal(objects, points, 2)
    w2d = 2 + uniform(objects, points, 2)
    return TorchScene(*(t.to(dtype) for t in (x3d, x2d, w2d, pose, camera)))


OPTIONS: dict[str, Any] = {"num_samples": 64, "num_starts": 16}


def sample(scene: TorchScene, **keywords: Any) -> propnp.torch.Posterior:
    return propnp.torch.sample(
        *scene.problem, **{"pose_target": scene.pose, "seed": 1, **OPTIONS, **keywords}
    )


def gradients(loss: Tensor, scene: TorchScene) -> tuple[Tensor, ...]:
    return torch.autograd.grad(loss, (scene.x3d, scene.x2d, scene.w2d))


def assert_same(a: Any, b: Any, **tolerance: float) -> None:
    for x, y in zip(a, b):
        torch.testing.assert_close(x, y, **tolerance)
