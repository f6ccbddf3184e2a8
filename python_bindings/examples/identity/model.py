# SPDX-License-Identifier: Apache-2.0
# SPDX-FileCopyrightText: The propnp authors
"""A network that predicts correspondences from a pose, and the poses that it is to reproduce."""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor, nn

NUM_POSES = 65536
NOISE = 0.01
# Of normalised image coordinates: focal length one, principal point at zero.
CAMERA = torch.eye(3)


class Correspondences(NamedTuple):
    """x3d (B, N, 3), x2d (B, N, 2) and w2d (B, N, 2)."""

    x3d: Tensor
    x2d: Tensor
    w2d: Tensor


class CorrespondenceNetwork(nn.Module):
    """A perceptron from poses (B, 7) to N correspondences, whose weights have one learned scale."""

    def __init__(self, num_points: int = 64, width: int = 1024) -> None:
        super().__init__()
        self.num_points = num_points
        self.body = nn.Sequential(
            nn.Linear(7, width), nn.LeakyReLU(), nn.Linear(width, 7 * num_points)
        )
        self.log_weight_scale = nn.Parameter(torch.zeros(2))

    def forward(self, pose: Tensor) -> Correspondences:
        points = self.body(pose).reshape(-1, self.num_points, 7)
        x3d, x2d, logits = points.split([3, 2, 2], dim=-1)
        return Correspondences(x3d, x2d, (logits.log_softmax(-2) + self.log_weight_scale).exp())

    def norm_factor(self) -> Tensor:
        """What the loss grows with."""
        return self.log_weight_scale.detach().exp().mean()


def random_poses(count: int, random: torch.Generator) -> Tensor:
    """(count, 7): translations about (0, 0, 5), rotations uniform."""
    pose = torch.randn(count, 7, generator=random)
    pose[:, 2] += 5
    return normalised(pose)


def noisy(pose: Tensor, random: torch.Generator) -> Tensor:
    """Poses (B, 7) with normal noise on all numbers."""
    return normalised(pose + NOISE * torch.randn(pose.shape, generator=random))


def normalised(pose: Tensor) -> Tensor:
    """With unit quaternions."""
    return torch.cat([pose[:, :3], nn.functional.normalize(pose[:, 3:], dim=-1)], -1)


def errors(pose: Tensor, expected: Tensor) -> tuple[float, float]:
    """Mean distance of the translations and mean angle in radians between the rotations."""
    distance = (pose[:, :3] - expected[:, :3]).norm(dim=-1)
    cosine = (pose[:, 3:] * expected[:, 3:]).sum(-1).abs().clamp(max=1)
    return distance.mean().item(), (2 * cosine.acos()).mean().item()
