# SPDX-License-Identifier: Apache-2.0
# SPDX-FileCopyrightText: The propnp authors
"""The loop: one step, its record, checkpoints."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

import propnp.torch

from model import (
    CAMERA,
    NUM_POSES,
    Correspondences,
    CorrespondenceNetwork,
    errors,
    noisy,
    random_poses,
)

BATCH = 256
TEST_POSES = 1024


class Stopwatch:
    """Seconds by name."""

    def __init__(self) -> None:
        self.seconds: dict[str, float] = {}

    @contextmanager
    def measure(self, name: str) -> Iterator[None]:
        start = time.perf_counter()
        yield
        self.seconds[name] = self.seconds.get(name, 0.0) + time.perf_counter() - start


class Training:
    """All state of a training run.

    Args:
        seed: of the data, the network and the samples.
        samples, sampler: of the layer.
    """

    def __init__(self, seed: int, samples: int, sampler: str) -> None:
        torch.manual_seed(seed)
        self.random = torch.Generator().manual_seed(seed)
        self.input = random_poses(NUM_POSES, self.random)
        self.target = noisy(self.input, self.random)
        self.test = random_poses(TEST_POSES, self.random)
        self.network = CorrespondenceNetwork()
        self.layer = propnp.torch.ProbabilisticPnP(
            loss="adaptive_huber",
            relative_delta=0.5,
            z_min=0.1,
            num_starts=128,
            start_points=8,
            start_iterations=5,
            sampler=sampler,
            num_samples=samples,
            keep_samples=False,
        )
        self.loss_of = propnp.torch.MonteCarloPoseLoss(momentum=0.1)
        groups: list[dict[str, Any]] = [
            {"params": self.network.body.parameters()},
            {"params": self.network.log_weight_scale, "lr": 1e-2},
        ]
        self.optimizer = torch.optim.Adam(groups, lr=1e-4)
        self.order = torch.empty(0, dtype=torch.int64)
        self.curve: list[dict[str, float]] = []
        self.time = Stopwatch()

    @property
    def steps(self) -> int:
        return len(self.curve)

    def step(self) -> dict[str, float]:
        """One batch. The layer's part works on leaves of its own, so that its time can be told."""
        batch = self._next_batch()
        input, target = self.input[batch], self.target[batch]
        with self.time.measure("network"):
            predicted = self.network(input)
            leaves = Correspondences(*(x.detach().requires_grad_() for x in predicted))
        with self.time.measure("layer"):
            loss, record = self._loss(leaves, target)
            torch.autograd.backward(loss)
        with self.time.measure("network"):
            self.optimizer.zero_grad()
            torch.autograd.backward(predicted, [x.grad for x in leaves])
            self.optimizer.step()
        if not all(bool(p.isfinite().all()) for p in self.network.parameters()):
            raise FloatingPointError(f"a parameter is not finite after step {self.steps + 1}")
        self.curve.append(record)
        return record

    def _loss(self, points: Correspondences, target: Tensor) -> tuple[Tensor, dict[str, float]]:
        posterior = self.layer(*points, CAMERA, target)
        monte_carlo = self.loss_of(posterior, self.network.norm_factor())
        plus = self.layer.pose_plus(*points, CAMERA, posterior.least_cost_pose)
        distance = (plus[:, :3] - target[:, :3]).norm(dim=-1)
        translation = torch.nn.functional.smooth_l1_loss(distance, torch.zeros_like(distance))
        cosine = (plus[:, 3:] * target[:, 3:]).sum(-1)
        rotation = (2 * (1 - cosine.square())).mean()
        loss = monte_carlo + 0.1 * translation + 0.1 * rotation
        record = {
            "loss": loss.item(),
            "monte_carlo": monte_carlo.item(),
            "translation": translation.item(),
            "rotation": rotation.item(),
            "ess": posterior.ess.mean().item(),
            "failed": posterior.failed.float().mean().item(),
        }
        return loss, record

    def _next_batch(self) -> Tensor:
        """Indices (BATCH); every pose once an epoch."""
        if len(self.order) == 0:
            self.order = torch.randperm(NUM_POSES, generator=self.random)
        batch, self.order = self.order[:BATCH], self.order[BATCH:]
        return batch

    @torch.no_grad()
    def test_errors(self) -> tuple[float, float]:
        """Mean translation and rotation error (rad) on poses that were never seen."""
        x3d, x2d, w2d = self.network(self.test)
        solution = self.layer.solve(x3d, x2d, w2d, CAMERA, seed=0, max_iterations=10)
        return errors(solution.pose, self.test)

    def save(self, file: Path) -> None:
        """Replaces the file at once, so that it is never half written."""
        state = {
            "network": self.network.state_dict(),
            "loss": self.loss_of.state_dict(),
            "optimizer": self.optimizer.state_dict(),
            "order": self.order,
            "random": self.random.get_state(),
            "torch_random": torch.get_rng_state(),
            "curve": self.curve,
            "seconds": self.time.seconds,
        }
        written = file.with_suffix(".new")
        torch.save(state, written)
        written.replace(file)

    def load(self, file: Path) -> None:
        """Goes on where `save` was called, with the numbers that would have come."""
        state: dict[str, Any] = torch.load(file, weights_only=True)
        self.network.load_state_dict(state["network"])
        self.loss_of.load_state_dict(state["loss"])
        self.optimizer.load_state_dict(state["optimizer"])
        self.order = state["order"]
        self.random.set_state(state["random"])
        torch.set_rng_state(state["torch_random"])
        self.curve = state["curve"]
        self.time.seconds = state["seconds"]
