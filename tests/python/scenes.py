# SPDX-License-Identifier: Apache-2.0
# SPDX-FileCopyrightText: The propnp authors
"""Correspondences of known poses."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

import propnp

CAMERA = propnp.Camera("pinhole", [600.0, 610.0, 320.0, 240.0])


@dataclass(frozen=True)
class Scene:
    """B objects with N points each, seen with noise of half a pixel."""

    x3d: Any  # (B, N, 3)
    x2d: Any  # (B, N, 2)
    w2d: Any  # (B, N, 2)
    pose: Any  # (B, 7)

    def problem(self) -> dict[str, Any]:
        """Keywords for any operation."""
        return {"x3d": self.x3d, "x2d": self.x2d, "w2d": self.w2d, "camera": CAMERA}


def rotated(quaternion: Any, points: Any) -> Any:
    """(..., N, 3) points turned by (..., 4) [w x y z]."""
    w, axis = quaternion[..., None, :1], quaternion[..., None, 1:]
    once = np.cross(axis, points)
    return points + 2 * (w * once + np.cross(axis, once))


def project(pose: Any, points: Any) -> Any:
    """(..., N, 2) pixels in CAMERA, of points (..., N, 3) at poses (..., 7)."""
    in_cam = rotated(pose[..., 3:], points) + pose[..., None, :3]
    return in_cam[..., :2] / in_cam[..., 2:] * [600.0, 610.0] + [320.0, 240.0]


def make_scene(seed: int, objects: int = 5, points: int = 20) -> Scene:
    random = np.random.default_rng(seed)
    x3d = random.uniform(-1, 1, (objects, points, 3))
    quaternion = random.normal(size=(objects, 4))
    quaternion *= np.sign(quaternion[:, :1]) / np.linalg.norm(quaternion, axis=1, keepdims=True)
    translation = random.uniform([-0.5, -0.5, 5], [0.5, 0.5, 8], (objects, 3))
    pose = np.concatenate([translation, quaternion], axis=1)
    x2d = project(pose, x3d) + 0.5 * random.normal(size=(objects, points, 2))
    return Scene(x3d, x2d, np.full((objects, points, 2), 2.0), pose)


def same_sign(pose: np.ndarray) -> np.ndarray:
    """Poses whose quaternions have a positive scalar: q and -q are the same rotation."""
    return np.concatenate([pose[:, :3], pose[:, 3:] * np.sign(pose[:, 3:4])], axis=1)
