# SPDX-License-Identifier: Apache-2.0
# SPDX-FileCopyrightText: The propnp authors
"""The operators torch.ops.propnp.*: schemas, kernels for CPU and CUDA, shapes, autocast."""

from __future__ import annotations

from typing import Any, Callable, cast

import torch

from . import _kernels, _outputs
from ._problem import NUM_DIFFERENTIABLE, SCHEMA

# PyTorch leaves the type of this class to itself.
_library: Any = cast(Any, torch.library.Library)("propnp", "DEF")


def _tensors(count: int) -> str:
    return "(" + ", ".join(["Tensor"] * count) + ")"


def _define(
    name: str,
    own: str,
    num_outputs: int,
    kernel: Callable[..., Any],
    fake: Callable[..., Any],
) -> Any:
    _library.define(
        f"{name}({SCHEMA}, {own}, str config) -> {_tensors(num_outputs)}",
        tags=(torch.Tag.pt2_compliant_tag,),
    )
    for device in ("CPU", "CUDA"):
        _library.impl(name, _kernels.without_none(kernel), device)
    qualified = f"propnp::{name}"
    torch.library.register_fake(qualified, _kernels.without_none(fake), lib=_library)
    for device in ("cpu", "cuda"):
        torch.library.register_autocast(qualified, device, torch.float32, lib=_library)
    return getattr(torch.ops.propnp, name).default


sample = _define(
    "sample",
    "Tensor? pose_target, Tensor seed, Tensor? object_class",
    len(_outputs.SAMPLE_OUTPUTS) + NUM_DIFFERENTIABLE,
    _kernels.sample,
    _kernels.sample_fake,
)
sample_vjp = _define(
    "sample_vjp",
    "Tensor sample_pose, Tensor? sample_log_weight, Tensor? log_weight_cotangent, "
    "Tensor? mean_translation_cotangent, Tensor? expected_cost_cotangent, int needed",
    NUM_DIFFERENTIABLE,
    _kernels.sample_vjp,
    _kernels.gradients_fake,
)
expectation = _define(
    "expectation",
    "Tensor sample_pose, Tensor sample_log_weight",
    4,
    _kernels.expectation,
    _kernels.expectation_fake,
)
pose_plus = _define(
    "pose_plus", "Tensor pose", 2, _kernels.pose_plus, _kernels.pose_plus_fake
)
pose_plus_vjp = _define(
    "pose_plus_vjp",
    "Tensor pose, Tensor pose_plus_cotangent, int needed",
    NUM_DIFFERENTIABLE,
    _kernels.pose_plus_vjp,
    _kernels.gradients_fake,
)
solve = _define(
    "solve",
    "Tensor? pose_init, Tensor? pose_target, Tensor seed",
    len(_outputs.SOLVE_OUTPUTS),
    _kernels.solve,
    _kernels.solve_fake,
)
implicit_vjp = _define(
    "implicit_vjp",
    "Tensor pose, Tensor pose_cotangent, int needed",
    NUM_DIFFERENTIABLE,
    _kernels.implicit_vjp,
    _kernels.gradients_fake,
)
evaluate = _define(
    "evaluate",
    "Tensor pose",
    len(_outputs.EVALUATE_OUTPUTS),
    _kernels.evaluate,
    _kernels.evaluate_fake,
)
