# SPDX-License-Identifier: Apache-2.0
# SPDX-FileCopyrightText: The propnp authors
"""All pictures of one posterior on one page."""

from __future__ import annotations

from typing import Any

from ..sample_result import SampleResult
from ._birds_eye import birds_eye
from ._mode_table import mode_table
from ._orientation import orientation
from ._reprojection import reprojection
from ._style import new_figure


def summary(
    posterior: SampleResult,
    x3d: Any,
    x2d: Any,
    w2d: Any = None,
    *,
    camera: Any,
    index: int | tuple[int, ...] | None = None,
    unit: str = "",
    image: Any = None,
    edges: Any = (),
    **options: Any,
) -> Any:
    """Reprojection, bird's-eye view, orientation and modes in one figure.

    Args: as those of reprojection, birds_eye, orientation and mode_table.

    Returns:
        The figure of matplotlib.

    Raises:
        ValueError: the posterior has no samples or no modes, or the object has failed.
    """
    figure = new_figure((11, 8))
    grid = figure.add_gridspec(2, 2, width_ratios=[1.15, 1], height_ratios=[1.15, 1])
    at: dict[str, Any] = {"index": index}
    reprojection(
        posterior,
        x3d,
        x2d,
        w2d,
        camera=camera,
        image=image,
        edges=edges,
        axes=figure.add_subplot(grid[0, 0]),
        **at,
        **options,
    )
    birds_eye(posterior, unit=unit, axes=figure.add_subplot(grid[0, 1]), **at)
    turned = {name: options[name] for name in ("yaw_axis", "base_rotation") if name in options}
    axes = figure.add_subplot(grid[1, 0], projection="mollweide")
    orientation(posterior, axes=axes, **at, **turned)
    mode_table(posterior, unit=unit, axes=figure.add_subplot(grid[1, 1]), **at)
    return figure
