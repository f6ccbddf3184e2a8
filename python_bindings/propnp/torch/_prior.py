# SPDX-License-Identifier: Apache-2.0
# SPDX-FileCopyrightText: The propnp authors
"""The two tensors of a prior, and their gradients."""

from __future__ import annotations

from typing import Any, NamedTuple, Optional

import torch
from torch import Tensor

from ..prior import Prior


class Form(NamedTuple):
    """What a prior's two tensors are."""

    code: int
    """Of the library."""
    fields: tuple[str, str]
    """Of propnp.Prior and of the library's struct."""
    gradients: tuple[str, str]
    """Of the library's gradients, behind their prefix."""


FORMS = {
    "log_depth": Form(0, ("mean", "sigma"), ("mean", "sigma")),
    "log_depth_covariance": Form(0, ("mean", "covariance"), ("mean", "covariance")),
    "depth_range": Form(1, ("depth", "bound"), ("depth", "bound")),
    "pose": Form(2, ("pose", "covariance"), ("mean", "covariance")),
}
REPLAYED = frozenset(["log_depth", "log_depth_covariance", "pose"])
"""Whose gradients the library gives of single poses, too: the ends of a range are where the cost
jumps."""


def form_of(prior: Optional[Prior]) -> Optional[str]:
    """A key of FORMS."""
    if prior is None:
        return None
    correlated = prior.kind == "log_depth" and prior.covariance is not None
    return "log_depth_covariance" if correlated else prior.kind


def rows_of(prior: Optional[Prior], which: int, objects: int, as_tensor: Any) -> Optional[Tensor]:
    """A row an object, also of one for all."""
    form = form_of(prior)
    if form is None:
        return None
    field = FORMS[form].fields[which]
    tensor: Tensor = as_tensor(getattr(prior, field))
    own = 2 if field == "covariance" else 1
    return tensor.expand(objects, *tensor.shape[-own:]) if tensor.dim() == own else tensor


def tangent_room(form: Optional[str], gradient: Optional[Tensor]) -> Optional[Tensor]:
    """Where the library writes the gradient of the first tensor: the tangent of a pose's mean."""
    if form == "pose" and gradient is not None and gradient.shape[-1] == 7:
        return gradient.new_empty((gradient.shape[0], 6))
    return gradient


def from_tangent(pose: Optional[Tensor], of_tangent: Optional[Tensor], to: Optional[Tensor]) -> None:
    """Fills the gradient of [tx ty tz qw qx qy qz], the quaternion of any length, from that of the
    tangent: a change dq turns by 2 vec(dq q*) / |q|^2."""
    if to is None or of_tangent is to:
        return
    assert pose is not None and of_tangent is not None
    q, v = pose[:, 3:].to(of_tangent.dtype), of_tangent[:, 3:]
    squared = (q * q).sum(1, keepdim=True)
    q = torch.where(squared.isfinite() & (squared > 0), q, 0)
    w, xyz = q[:, :1], q[:, 1:]
    turned = torch.cat([-(v * xyz).sum(1, keepdim=True), w * v + torch.linalg.cross(v, xyz)], 1)
    to[:, :3] = of_tangent[:, :3]
    to[:, 3:] = torch.where(turned == 0, 0, 2 * turned / squared)
