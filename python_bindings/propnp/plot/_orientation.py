# SPDX-License-Identifier: Apache-2.0
# SPDX-FileCopyrightText: The propnp authors
"""Where the axes of the object point: densities on the sphere of directions."""

from __future__ import annotations

from typing import Any

import numpy as np
from matplotlib.lines import Line2D

from ..sample_result import SampleResult
from ._posterior import Array, one_posterior
from ._style import (
    AXIS_COLORS,
    GREY,
    INK,
    PALE,
    letter_at,
    levels_of,
    mode_color,
    new_axes,
    tints,
    titled,
)

_SMALLEST_BANDWIDTH_DEG = 2.5


def orientation(
    posterior: SampleResult,
    *,
    index: int | tuple[int, ...] | None = None,
    yaw_axis: Any = (0, 1, 0),
    base_rotation: Any = (1, 0, 0, 0),
    axes: Any = None,
) -> Any:
    """The density of an orientation, as the directions of the object's three axes.

    A map of all directions from the camera, equal in area: its centre is the viewing direction,
    right is right, up is up, the rim is behind the camera. Inside the shades lie 50, 90 and 99 % of
    the posterior. What is sharper than 2.5 degrees is drawn that large, to be seen.

    Args:
        posterior: of propnp.sample, with samples and modes.
        index: of the object in the batch; needed if there is a batch.
        yaw_axis, base_rotation: of 4DoF, as in the call of propnp.sample.
        axes: of matplotlib with projection="mollweide"; default: a new figure.

    Returns:
        The axes.

    Raises:
        ValueError: the posterior has no samples or no modes, or the object has failed.
    """
    one = one_posterior(posterior, index, yaw_axis, base_rotation)
    axes = new_axes((7, 4), "mollweide") if axes is None else axes
    longitude, latitude = np.meshgrid(
        np.linspace(-np.pi, np.pi, 289), np.linspace(-np.pi / 2, np.pi / 2, 145)
    )
    for column, color in enumerate(AXIS_COLORS.values()):
        directions = one.rotation[:, :, column]
        density = _density(_direction(longitude, latitude), directions, one.weight)
        mass = density * np.cos(latitude)
        shades = levels_of(density, mass)
        axes.contourf(longitude, latitude, density, levels=shades, colors=tints(color, 3), zorder=2)
        axes.contour(
            longitude, latitude, density, levels=shades[:-1], colors=color, linewidths=0.6, zorder=2
        )
    for mode in one.modes:
        for column in range(3):
            at = _longitude_latitude(mode.rotation[:, column])
            axes.plot(*at, "o", ms=5, mfc="white", mec=mode_color(mode.letter), mew=1.6, zorder=5)
            letter_at(axes, *at, mode.letter)
    _decorate(axes)
    return axes


def _decorate(axes: Any) -> None:
    axes.grid(color=PALE, linewidth=0.8, zorder=0)
    axes.set_xticks(np.deg2rad([-90, 0, 90]), ["left", "ahead", "right"])
    axes.set_yticks(np.deg2rad([-60, -30, 0, 30, 60]), ["60° down", "", "", "", "60° up"])
    axes.tick_params(colors=GREY, labelsize=8)
    axes.spines["geo"].set_color(GREY)
    titled(axes, "Where the object's axes point")
    handles = [
        Line2D([], [], marker="s", linestyle="", color=color, label=f"{name} axis")
        for name, color in AXIS_COLORS.items()
    ]
    axes.legend(
        handles=handles,
        loc="upper right",
        bbox_to_anchor=(1.02, 1.17),
        ncols=3,
        frameon=False,
        fontsize=9,
        handletextpad=0.1,
        columnspacing=1,
        labelcolor=INK,
    )


def _direction(longitude: Any, latitude: Any) -> Array:
    """Unit vectors of the camera frame: z ahead, x right, y down."""
    return np.stack(
        [
            np.sin(longitude) * np.cos(latitude),
            -np.sin(latitude),
            np.cos(longitude) * np.cos(latitude),
        ],
        axis=-1,
    )


def _longitude_latitude(direction: Array) -> tuple[float, float]:
    x, y, z = direction
    return float(np.arctan2(x, z)), float(-np.arcsin(np.clip(y, -1, 1)))


def _density(points: Array, directions: Array, weight: Array) -> Array:
    """Von Mises-Fisher kernels around weighted directions, at points of the sphere; unnormalised."""
    effective = 1 / (weight**2).sum()
    mean_length = float(np.linalg.norm(weight @ directions))
    spread = np.sqrt(max(0.0, 1 - mean_length))  # radians an axis, if small
    bandwidth = max(spread * effective ** (-1 / 6), np.deg2rad(_SMALLEST_BANDWIDTH_DEG))
    cosine = points.astype(np.float32) @ directions.T.astype(np.float32)
    kernels = np.exp((cosine - 1) / np.float32(bandwidth**2))
    return np.asarray(kernels @ weight.astype(np.float32), float)
