# SPDX-License-Identifier: Apache-2.0
# SPDX-FileCopyrightText: The propnp authors
"""The published robust costs."""

from __future__ import annotations

import math
from typing import Any, Optional, Union

import torch
from torch import Tensor, nn


Out = Union[bool, Tensor]


def huber_kernel(s_sqrt: Tensor, delta: Tensor) -> Tensor:
    """rho of the residual norm: s^2 / 2 up to delta, delta s - delta^2 / 2 beyond."""
    inside = torch.minimum(s_sqrt, delta)
    return inside * (s_sqrt - 0.5 * inside)


def huber_d_kernel(s_sqrt: Tensor, delta: Tensor, eps: float = 1e-10) -> Tensor:
    """sqrt(rho'(s) / s), what the published layer scales residuals by."""
    return (delta.clamp(min=eps) / s_sqrt.clamp(min=eps)).clamp(max=1.0).sqrt()


def _store(value: Tensor, out: Out) -> Tensor:
    return out.view_as(value).copy_(value).view_as(out) if isinstance(out, Tensor) else value


class HuberPnPCost(nn.Module):
    """Huber's cost of the weighted residuals.

    Args:
        delta: in standard deviations, a number or (num_obj).
    """

    delta: Any

    def __init__(self, delta: Any = 1.0, eps: float = 1e-10) -> None:
        super().__init__()
        self.eps = eps
        self.delta = delta

    def set_param(self, *args: Any, **kwargs: Any) -> None:
        """Nothing to set."""

    def compute(
        self,
        x2d_proj: Tensor,
        x2d: Tensor,
        w2d: Tensor,
        jac_cam: Optional[Tensor] = None,
        out_residual: Out = False,
        out_cost: Out = False,
        out_jacobian: Out = False,
    ) -> tuple[Optional[Tensor], Optional[Tensor], Optional[Tensor]]:
        """Residual (..., 2n) and Jacobian (..., 2n, 4 or 6), rescaled robustly, and cost (...).

        Args:
            x2d_proj, x2d, w2d: (..., n, 2).
            jac_cam: (..., n, 2, 4 or 6), of x2d_proj.
            out_residual, out_cost, out_jacobian: whether to, or a tensor to write to.
        """
        delta = torch.as_tensor(self.delta, dtype=x2d.dtype, device=x2d.device)[..., None]
        residual = (x2d_proj - x2d) * w2d
        norm = residual.norm(dim=-1)
        cost = scaled = jacobian = None
        if out_cost is not False:
            cost = _store(huber_kernel(norm, delta).sum(-1), out_cost)
        scale = huber_d_kernel(norm, delta, self.eps)[..., None]
        if out_residual is not False:
            scaled = _store((residual * scale).flatten(-2), out_residual)
        if out_jacobian is not False:
            assert jac_cam is not None, "out_jacobian needs jac_cam"
            weighted = jac_cam * (w2d * scale)[..., None]
            jacobian = _store(weighted.flatten(-3, -2), out_jacobian)
        return scaled, cost, jacobian

    def reshape_(self, *batch_shape: int) -> HuberPnPCost:
        return self._change("reshape", batch_shape)

    def expand_(self, *batch_shape: int) -> HuberPnPCost:
        return self._change("expand", batch_shape)

    def repeat_(self, *batch_repeat: int) -> HuberPnPCost:
        return self._change("repeat", batch_repeat)

    def _change(self, how: str, batch: tuple[int, ...]) -> HuberPnPCost:
        if isinstance(self.delta, Tensor):
            self.delta = getattr(self.delta, how)(*batch)
        return self

    def shallow_copy(self) -> HuberPnPCost:
        """Another cost of the same delta."""
        return HuberPnPCost(delta=self.delta, eps=self.eps)


def spread_of(x2d: Tensor) -> Tensor:
    """sqrt of the sum of both axes' unbiased variances, (num_obj, n, 2) to (num_obj); 0 of one point.

    By hand: PyTorch's var over this axis takes four times as long.
    """
    deviation = x2d - x2d.mean(-2, keepdim=True)
    norm: Tensor = torch.linalg.vector_norm(deviation, dim=(-2, -1))
    return norm / math.sqrt(max(x2d.shape[-2] - 1, 1))


class AdaptiveHuberPnPCost(HuberPnPCost):
    """Huber's cost with delta = relative_delta x mean weight x spread of x2d, see set_param.

    Args:
        learnable_rel_delta: make relative_delta a parameter, in its logarithm.
    """

    def __init__(
        self,
        delta: Any = None,
        relative_delta: Any = 0.5,
        learnable_rel_delta: bool = False,
        eps: float = 1e-10,
    ) -> None:
        super().__init__(delta, eps)
        self.learnable_rel_delta = learnable_rel_delta
        if learnable_rel_delta:
            self.log_relative_delta_ = nn.Parameter(torch.tensor([math.log(relative_delta)]))
        else:
            self.relative_delta_ = relative_delta

    @property
    def relative_delta(self) -> Any:
        return self.log_relative_delta_.exp() if self.learnable_rel_delta else self.relative_delta_

    def set_param(self, x2d: Tensor, w2d: Tensor) -> None:
        """delta (num_obj) of correspondences (num_obj, n, 2); gradients flow to both."""
        mean_weight, spread = w2d.mean(dim=(-2, -1)), spread_of(x2d)
        # Objects that are not finite are told so by the solver; here they must not spoil gradients.
        self.delta = torch.nan_to_num(mean_weight) * torch.nan_to_num(spread) * self.relative_delta

    def shallow_copy(self) -> AdaptiveHuberPnPCost:
        return AdaptiveHuberPnPCost(
            delta=self.delta, relative_delta=self.relative_delta, eps=self.eps
        )
