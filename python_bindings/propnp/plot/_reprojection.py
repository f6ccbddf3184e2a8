# SPDX-License-Identifier: Apache-2.0
# SPDX-FileCopyrightText: The propnp authors
"""Where points are seen, how surely, and where the modes put them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from matplotlib.collections import EllipseCollection
from matplotlib.colors import to_rgba
from matplotlib.lines import Line2D

from .._evaluate import evaluate
from ..sample_result import SampleResult
from ._posterior import Array, OnePosterior, as_numpy, one_posterior
from ._style import GREY, INK, mode_color, new_axes, plain_frame, titled

# Ellipses hold this share of the noise of a point, and its radius in sigmas (two dimensions).
_SHARE = 0.9
_RADIUS = float(np.sqrt(-2 * np.log(1 - _SHARE)))
# Of the picture's width: ellipses up to the first are drawn in full and fade to the second; what is
# wider would only cross the others.
_FULL, _WIDEST = 0.1, 0.5
# More points than this are drawn with finer lines.
_MANY = 60


def reprojection(
    posterior: SampleResult,
    x3d: Any,
    x2d: Any,
    w2d: Any = None,
    *,
    camera: Any,
    index: int | tuple[int, ...] | None = None,
    image: Any = None,
    edges: Sequence[tuple[int, int]] = (),
    axes: Any = None,
    **options: Any,
) -> Any:
    """Measured points with ellipses of their noise, and the points of every mode.

    The vaguer a point, the fainter its ellipse; one wider than half the picture is left out, and the
    legend counts them.

    Args:
        posterior: of propnp.sample, with samples and modes.
        x3d, x2d, w2d, camera: of the one object drawn, (N, 3), (N, 2) and so on.
        index: of the object in the posterior's batch; needed if there is a batch.
        image: (height, width) or (height, width, 3 or 4) to draw under it.
        edges: pairs of points that a line joins, such as the edges of a box.
        axes: of matplotlib; default: a new figure.
        options: dof, yaw_axis, base_rotation, z_min as in the call of propnp.sample.

    Returns:
        The axes.

    Raises:
        ValueError: the posterior has no samples or no modes, or the object has failed.
    """
    one = one_posterior(posterior, index)
    axes = new_axes((6, 4.6)) if axes is None else axes
    pixels = as_numpy(x2d)
    if image is not None:
        axes.imshow(image, cmap="gray", zorder=0)
    low, high = _frame(pixels, image)
    fine = min(1.0, float(np.sqrt(_MANY / max(len(pixels), 1))))
    left_out = _draw_ellipses(axes, pixels, w2d, high - low, "white" if image is not None else INK, fine)
    for mode in one.modes:
        seen = evaluate(as_numpy(x3d), pixels, camera=camera, pose=as_numpy(mode.pose), **options)
        _draw_points(axes, pixels + seen.pixel_error, edges, mode_color(mode.letter), fine)
    axes.set_xlim(low[0], high[0])
    axes.set_ylim(high[1], low[1])
    _decorate(axes, one, left_out)
    return axes


def _frame(pixels: Array, image: Any) -> tuple[Array, Array]:
    """The corners of the picture, (2) and (2) px."""
    low, high = pixels.min(0), pixels.max(0)
    margin = (0.2 if image is None else 0.5) * max(high - low) + 1
    low, high = low - margin, high + margin
    if image is not None:  # nothing beyond its rim
        low = np.maximum(low, -0.5)
        high = np.minimum(high, np.array([image.shape[1], image.shape[0]]) - 0.5)
    return low, high


def _draw_ellipses(
    axes: Any, pixels: Array, w2d: Any, size: Array, ink: str, fine: float
) -> int:
    """How many points have none for being too vague."""
    weights = np.broadcast_to(1.0 if w2d is None else as_numpy(w2d), pixels.shape)
    used: Array = np.all(weights > 0, axis=1)
    diameter = 2 * _RADIUS / np.where(used[:, None], weights, 1)
    share: Array = np.max(diameter / size, axis=1)
    shown: Array = used & (share < _WIDEST)
    opacity = np.interp(share[shown], [_FULL, _WIDEST], [1, 0.1])
    axes.add_collection(
        EllipseCollection(
            diameter[shown, 0],
            diameter[shown, 1],
            np.zeros(shown.sum()),
            units="xy",
            offsets=pixels[shown],
            offset_transform=axes.transData,
            facecolors="none",
            edgecolors=[to_rgba(ink, alpha) for alpha in opacity],
            linewidths=fine,
            zorder=2,
        )
    )
    axes.plot(*pixels[used].T, "+", ms=5 * fine, color=ink, mew=fine, zorder=3)
    axes.plot(*pixels[~used].T, "x", ms=4 * fine, color=GREY, mew=fine, zorder=3)
    return int((used & ~shown).sum())


def _draw_points(
    axes: Any, pixels: Array, edges: Sequence[tuple[int, int]], color: str, fine: float
) -> None:
    for first, second in edges:
        axes.plot(*pixels[[first, second]].T, "-", color=color, linewidth=1.4, zorder=4)
    axes.plot(*pixels.T, "o", ms=4 * fine, mfc="none", mec=color, mew=1.4 * fine, zorder=5)


def _decorate(axes: Any, one: OnePosterior, left_out: int) -> None:
    plain_frame(axes)
    axes.set_aspect("equal")
    axes.set_xlabel("u (px)", fontsize=9)
    axes.set_ylabel("v (px)", fontsize=9)
    titled(axes, "Reprojection")
    measured = f"measured, {_SHARE:.0%} region"
    if left_out:
        measured += f" ({left_out} too wide to draw)"
    handles = [
        Line2D(
            [],
            [],
            marker="o",
            mfc="none",
            mec=INK,
            linestyle="",
            label=measured,
        )
    ]
    handles += [
        Line2D(
            [],
            [],
            marker="o",
            mfc="none",
            mec=mode_color(mode.letter),
            mew=1.4,
            linestyle="",
            label=f"mode {mode.letter}, {mode.probability:.0%}",
        )
        for mode in one.modes
    ]
    axes.legend(
        handles=handles,
        fontsize=8,
        frameon=True,
        framealpha=0.85,
        edgecolor="none",
        labelcolor=INK,
        loc="best",
    )
