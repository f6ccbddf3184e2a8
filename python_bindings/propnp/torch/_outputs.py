# SPDX-License-Identifier: Apache-2.0
# SPDX-FileCopyrightText: The propnp authors
"""What the operators return: names, shapes and room; None for what was not asked for."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any, Optional

import torch
from torch import Tensor

from ._config import Config, decode
from ._problem import Problem, num_objects

SAMPLE_OUTPUTS = (
    "log_evidence",
    "cost_target",
    "loss",
    "sample_log_weight",
    "sample_pose",
    "standard_error",
    "ess",
    "khat",
    "mode_count",
    "mode_pose",
    "mode_covariance",
    "mode_probability",
    "mode_cost",
    "status",
    "stages",
    "mean_pose",
    "covariance",
    "mode_mean",
    "mode_moment_covariance",
    "quantiles",
    "region_log_density",
    "draws",
    "most_probable_pose",
)
SOLVE_OUTPUTS = (
    "pose",
    "cost_after",
    "cost_before",
    "covariance",
    "status",
    "iterations",
    "rank",
    "behind_fraction",
    "variance_factor",
)
EVALUATE_OUTPUTS = ("cost_value", "residual", "pixel_error", "loss_weight", "jacobian", "status")
_INTEGERS = {"mode_count", "status", "stages", "iterations", "rank"}


def sample_shapes(
    config: Config, objects: Any, has_target: bool
) -> dict[str, Optional[tuple[Any, ...]]]:
    b, d, p, s, m = objects, config.dof, config.pose_size, config.num_samples, config.num_modes
    kept, modes, moments = config.keep_samples, m > 0, config.moments
    levels, shares = len(config.quantile_levels), len(config.region_shares)
    return {
        "log_evidence": (b,),
        "cost_target": (b,) if has_target else None,
        "loss": (b,) if has_target else None,
        "sample_log_weight": (b, s) if kept else None,
        "sample_pose": (b, s, p) if kept else None,
        "standard_error": (b,),
        "ess": (b,),
        "khat": (b,),
        "mode_count": (b,),
        "mode_pose": (b, m, p) if modes else None,
        "mode_covariance": (b, m, d, d) if modes else None,
        "mode_probability": (b, m) if modes else None,
        "mode_cost": (b, m) if modes else None,
        "status": (b,),
        "stages": (b,),
        "mean_pose": (b, p) if moments else None,
        "covariance": (b, d, d) if moments else None,
        "mode_mean": (b, m, p) if moments and modes else None,
        "mode_moment_covariance": (b, m, d, d) if moments and modes else None,
        "quantiles": (b, levels, d) if levels else None,
        "region_log_density": (b, shares) if shares else None,
        "draws": (b, config.draws, p) if config.draws else None,
        "most_probable_pose": (b, p) if modes else None,
    }


# The same for whole numbers of objects, kept; the caller leaves it as it is.
known_sample_shapes = functools.lru_cache(maxsize=256)(
    lambda encoded, objects, has_target: sample_shapes(decode(encoded), objects, has_target)
)


def _absent_now(encoded: str, has_target: bool) -> tuple[str, ...]:
    """Of SAMPLE_OUTPUTS, those that the operator returns without elements."""
    shapes = known_sample_shapes(encoded, 1, has_target)
    return tuple(name for name, shape in shapes.items() if shape is None)


# To torch.compile it is a constant.
absent_outputs: Callable[[str, bool], tuple[str, ...]]
absent_outputs = torch.compiler.assume_constant_result(_absent_now)  # type: ignore[no-untyped-call]


def solve_shapes(config: Config, objects: Any) -> dict[str, Optional[tuple[Any, ...]]]:
    shapes: dict[str, Optional[tuple[Any, ...]]] = dict.fromkeys(SOLVE_OUTPUTS, (objects,))
    shapes["pose"] = (objects, config.pose_size)
    shapes["covariance"] = (objects, config.dof, config.dof)
    return shapes


def evaluate_shapes(config: Config, problem: Problem) -> dict[str, Optional[tuple[Any, ...]]]:
    points = tuple(problem.x2d.shape[:-1])
    objects = num_objects(problem)
    return {
        "cost_value": (objects,),
        "residual": (*points, 2),
        "pixel_error": (*points, 2),
        "loss_weight": points,
        "jacobian": (*points, 2, config.dof),
        "status": (objects,),
    }


def allocate(
    shapes: dict[str, Optional[tuple[Any, ...]]], like: Tensor, zero: bool = False
) -> dict[str, Optional[Tensor]]:
    """`zero` where an output of the library has rows that it leaves alone."""
    make = like.new_zeros if zero else like.new_empty
    return {
        name: None
        if shape is None
        else make(shape, dtype=torch.int32)
        if name in _INTEGERS
        else make(shape)
        for name, shape in shapes.items()
    }


def sample_room(config: Config, shapes: dict[str, Any], like: Tensor) -> dict[str, Optional[Tensor]]:
    if not (config.samples_first and config.keep_samples):
        return allocate(shapes, like)
    (b, s, p), names = shapes["sample_pose"], ("sample_pose", "sample_log_weight")
    outputs = allocate({**shapes, names[0]: (s, b, p), names[1]: (s, b)}, like)
    for name in names:
        room = outputs[name]
        assert room is not None
        outputs[name] = room.transpose(0, 1)
    return outputs
