# SPDX-License-Identifier: Apache-2.0
# SPDX-FileCopyrightText: The propnp authors
"""Where the object stands, seen from above the camera."""

from __future__ import annotations

from typing import Any

import numpy as np
from matplotlib.patches import Ellipse

from ..sample_result import SampleResult
from ._posterior import Array, OneMode, one_posterior
from ._style import (
    DENSITY_COLOR,
    GREY,
    letter_at,
    levels_of,
    mode_color,
    new_axes,
    plain_frame,
    tints,
    titled,
)

_CELLS = 120


def birds_eye(
    posterior: SampleResult,
    *,
    index: int | tuple[int, ...] | None = None,
    unit: str = "",
    axes: Any = None,
) -> Any:
    """The density of the object's origin from above: x to the right, z (depth) upwards.

    Inside the shades lie 50, 90 and 99 % of the posterior, inside a mode's ellipse 90 % of its own
    Gaussian. The scales of x and z differ where depth is much less certain than the rest.

    Args:
        posterior: of propnp.sample, with samples and modes.
        index: of the object in the batch; needed if there is a batch.
        unit: of length, for the labels, such as "m".
        axes: of matplotlib; default: a new figure.

    Returns:
        The axes.

    Raises:
        ValueError: the posterior has no samples or no modes, or the object has failed.
    """
    one = one_posterior(posterior, index)
    axes = new_axes((4.6, 4.6)) if axes is None else axes
    x, z = _extent(one.translation[:, 0], one.weight), _extent(one.translation[:, 2], one.weight)
    for mode in one.modes:
        x, z = _including(x, mode, 0), _including(z, mode, 2)
    grid_x, grid_z = np.linspace(*x, _CELLS), np.linspace(*z, _CELLS)
    density = _density(grid_x, grid_z, one.translation[:, [0, 2]], one.weight)
    axes.contourf(
        grid_x, grid_z, density, levels=levels_of(density, density), colors=tints(DENSITY_COLOR, 3)
    )
    for mode in one.modes:
        _draw_mode(axes, mode)
    if 0.25 < (x[1] - x[0]) / (z[1] - z[0]) < 4:
        axes.set_aspect("equal", adjustable="datalim")
    in_unit = f" ({unit})" if unit else ""
    axes.set_xlabel(f"x, to the right{in_unit}", fontsize=9)
    axes.set_ylabel(f"z, away from the camera{in_unit}", fontsize=9)
    axes.ticklabel_format(useOffset=False)
    axes.locator_params(nbins=5)
    plain_frame(axes)
    axes.grid(color=GREY, alpha=0.15, linewidth=0.8)
    titled(axes, "Bird's-eye view")
    return axes


def _extent(values: Array, weight: Array) -> tuple[float, float]:
    """What holds 99 % of the weight, and a margin."""
    order = np.argsort(values)
    inside = np.cumsum(weight[order])
    low, high = np.interp([0.005, 0.995], inside, values[order])
    margin = 0.25 * (high - low) + 1e-9 * (1 + abs(high))
    return float(low - margin), float(high + margin)


def _including(extent: tuple[float, float], mode: OneMode, axis: int) -> tuple[float, float]:
    centre, reach = mode.translation[axis], 2.5 * np.sqrt(mode.covariance[axis, axis])
    return min(extent[0], centre - reach), max(extent[1], centre + reach)


def _draw_mode(axes: Any, mode: OneMode) -> None:
    color = mode_color(mode.letter)
    values, vectors = np.linalg.eigh(mode.covariance[np.ix_([0, 2], [0, 2])])
    # 90 % of a Gaussian in the plane: chi-square with two degrees of freedom.
    widths = 2 * np.sqrt(-2 * np.log(0.1) * values.clip(0))
    angle = np.degrees(np.arctan2(vectors[1, 1], vectors[0, 1]))
    at = (mode.translation[0], mode.translation[2])
    axes.add_patch(
        Ellipse(at, widths[1], widths[0], angle=angle, fill=False, edgecolor=color, linewidth=1.6)
    )
    axes.plot(*at, "o", ms=5, mfc="white", mec=color, mew=1.6, zorder=5)
    letter_at(axes, *at, mode.letter)


def _density(x: Array, z: Array, points: Array, weight: Array) -> Array:
    """Gaussian kernels along the principal axes of the points (Silverman); unnormalised, (z, x)."""
    effective = 1 / (weight**2).sum()
    mean = weight @ points
    points = points - mean
    covariance = (weight[:, None] * points).T @ points
    covariance += np.eye(2) * (1e-9 * np.trace(covariance) + 1e-300)
    root = np.linalg.inv(np.linalg.cholesky(covariance)) * effective ** (1 / 6)
    grid = np.stack(np.meshgrid(x - mean[0], z - mean[1]), axis=-1).reshape(-1, 2) @ root.T
    whitened = points @ root.T
    squares = ((grid**2).sum(1)[:, None] - 2 * grid @ whitened.T) + (whitened**2).sum(1)
    return np.asarray((np.exp(-squares.clip(0) / 2) @ weight).reshape(len(z), len(x)))
