# SPDX-License-Identifier: Apache-2.0
# SPDX-FileCopyrightText: The propnp authors
"""A layer and a loss."""

from __future__ import annotations

import math
from typing import Any, Optional, Union

import torch
from torch import Tensor, nn

from .._options import refuse_unknown
from . import functions
from ._config import OPTIONS, Config
from .functions import CameraLike
from .results import Posterior, Solution


class ProbabilisticPnP(nn.Module):
    """From correspondences to pose posteriors.

    Args:
        dof: 6, or 4: translation and yaw.
        learn_relative_delta: make the scale of the adaptive Huber loss a parameter.
        options: of `Config`.

    >>> import torch, propnp.torch
    >>> layer = propnp.torch.ProbabilisticPnP(loss="adaptive_huber", num_samples=128)
    """

    def __init__(
        self, dof: int = 6, *, learn_relative_delta: bool = False, **options: Any
    ) -> None:
        super().__init__()
        refuse_unknown(options, OPTIONS)
        self.config = Config(dof=dof, **options)
        self.log_relative_delta: Optional[nn.Parameter] = None
        if learn_relative_delta:
            self.log_relative_delta = nn.Parameter(
                torch.tensor(math.log(self.config.relative_delta))
            )

    def _keywords(self, keywords: dict[str, Any]) -> dict[str, Any]:
        if self.log_relative_delta is not None:
            keywords.setdefault("relative_delta", self.log_relative_delta.exp())
        return keywords

    def forward(
        self,
        x3d: Tensor,
        x2d: Tensor,
        w2d: Optional[Tensor],
        camera: CameraLike,
        pose_target: Optional[Tensor] = None,
        *,
        seed: Union[int, Tensor, None] = None,
        **keywords: Any,
    ) -> Posterior:
        """As propnp.torch.sample: x3d (B, N, 3), x2d (B, N, 2) px, w2d (B, N, 2) 1/px."""
        return functions.sample(
            x3d,
            x2d,
            w2d,
            camera,
            pose_target=pose_target,
            seed=seed,
            config=self.config,
            **self._keywords(keywords),
        )

    def solve(
        self,
        x3d: Tensor,
        x2d: Tensor,
        w2d: Optional[Tensor],
        camera: CameraLike,
        **keywords: Any,
    ) -> Solution:
        """As propnp.torch.solve, with this layer's options."""
        return functions.solve(
            x3d, x2d, w2d, camera, config=self.config, **self._keywords(keywords)
        )

    def pose_plus(
        self,
        x3d: Tensor,
        x2d: Tensor,
        w2d: Optional[Tensor],
        camera: CameraLike,
        pose: Tensor,
        **keywords: Any,
    ) -> Tensor:
        """As propnp.torch.pose_plus, with this layer's options."""
        return functions.pose_plus(
            x3d, x2d, w2d, camera, pose, config=self.config, **self._keywords(keywords)
        )

    def extra_repr(self) -> str:
        return ", ".join(f"{name}={value!r}" for name, value in self.config.changes().items())


class MonteCarloPoseLoss(nn.Module):
    """Mean over the objects of cost_target + log_evidence, over a running scale of the weights.

    The Kullback-Leibler divergence from the target to the posterior up to a constant (it may be
    negative). Failed objects count zero, with a zero gradient.

    Args:
        init_norm_factor: initial scale.
        momentum: of the running mean of `norm_factor`; with several processes, of their mean.
    """

    norm_factor: Tensor

    def __init__(self, init_norm_factor: float = 1.0, momentum: float = 0.1) -> None:
        super().__init__()
        self.register_buffer("norm_factor", torch.tensor(init_norm_factor, dtype=torch.float))
        self.momentum = momentum

    def forward(
        self,
        posterior: Union[Posterior, Tensor],
        norm_factor: Optional[Tensor] = None,
        weight: Optional[Tensor] = None,
    ) -> Tensor:
        """A scalar.

        Args:
            posterior: with a target; or its loss (B) alone.
            norm_factor: scalar, what the weights are scaled by now, such as their mean.
            weight: (B) of the objects.
        """
        loss = posterior if isinstance(posterior, Tensor) else posterior.loss
        if loss is None:
            raise ValueError("the posterior has no loss: give sample() a pose_target")
        if self.training and norm_factor is not None:
            update_norm_factor(self.norm_factor, norm_factor, self.momentum)
        if weight is not None:
            loss = loss * weight
        return loss.mean() / self.norm_factor


@torch.no_grad()
def update_norm_factor(running: Tensor, new: Tensor, momentum: float) -> None:
    """running = (1 - momentum) running + momentum new, of all processes alike."""
    new = new.detach().to(running)
    if torch.distributed.is_available() and torch.distributed.is_initialized():
        new = new.clone()
        torch.distributed.all_reduce(new)
        new /= torch.distributed.get_world_size()
    running.mul_(1 - momentum).add_(momentum * new)
