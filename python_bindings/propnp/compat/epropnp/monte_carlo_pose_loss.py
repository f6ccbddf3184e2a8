# SPDX-License-Identifier: Apache-2.0
# SPDX-FileCopyrightText: The propnp authors
"""The published loss."""

from __future__ import annotations

from typing import Optional

import torch
from torch import Tensor, nn

from ...torch.modules import update_norm_factor


class MonteCarloPoseLoss(nn.Module):
    """cost_target + logsumexp of the log weights, over a running mean of `norm_factor`.

    Args:
        loss_weight, reduction ("mean", "sum" or "none"): of the published detector's version.
    """

    norm_factor: Tensor

    def __init__(
        self,
        init_norm_factor: float = 1.0,
        momentum: float = 0.01,
        *,
        loss_weight: float = 1.0,
        reduction: str = "mean",
    ) -> None:
        super().__init__()
        self.register_buffer("norm_factor", torch.tensor(init_norm_factor, dtype=torch.float))
        self.momentum = momentum
        self.loss_weight = loss_weight
        self.reduction = reduction

    def forward(
        self,
        pose_sample_logweights: Tensor,
        cost_target: Tensor,
        norm_factor: Tensor,
        weight: Optional[Tensor] = None,
        avg_factor: Optional[float] = None,
        reduction_override: Optional[str] = None,
    ) -> Tensor:
        """A scalar, or (num_obj) with reduction "none".

        Args:
            pose_sample_logweights: (mc_samples, num_obj).
            cost_target: (num_obj).
            norm_factor: scalar, the scale of the weights in this batch.
            weight: (num_obj).
            avg_factor: what to divide the sum by instead of the number of objects.
        """
        if self.training:
            update_norm_factor(self.norm_factor, norm_factor, self.momentum)
        loss = cost_target + torch.logsumexp(pose_sample_logweights, dim=0)
        loss = loss.masked_fill(loss.isnan(), 0)
        if weight is not None:
            loss = loss * weight
        return self._reduced(loss, avg_factor, reduction_override or self.reduction) * (
            self.loss_weight / self.norm_factor
        )

    @staticmethod
    def _reduced(loss: Tensor, avg_factor: Optional[float], reduction: str) -> Tensor:
        if reduction not in ("none", "mean", "sum"):
            raise ValueError(f"reduction is {reduction!r}, expected none, mean or sum")
        if reduction == "none":
            return loss
        if avg_factor is not None:
            if reduction == "sum":
                raise ValueError("avg_factor goes with the reduction mean")
            return loss.sum() / avg_factor
        return loss.mean() if reduction == "mean" else loss.sum()
