# SPDX-License-Identifier: Apache-2.0
# SPDX-FileCopyrightText: The propnp authors
"""Colours and frames of all pictures."""

from __future__ import annotations

from typing import Any

import matplotlib.pyplot as plt
import numpy as np
from matplotlib import colors
from matplotlib.layout_engine import ConstrainedLayoutEngine
from matplotlib.patheffects import withStroke

# Okabe and Ito's palette: told apart with any kind of colour vision.
MODE_COLORS = ("#D55E00", "#0072B2", "#009E73", "#CC79A7", "#E69F00", "#56B4E9")
AXIS_COLORS = {"x": "#C8442E", "y": "#2E8B57", "z": "#2F6DB5"}
DENSITY_COLOR = "#4A5568"
INK, GREY, PALE = "#1A202C", "#718096", "#E2E8F0"
# Shares of the posterior inside the contours of every density.
SHARES = (0.99, 0.9, 0.5)


def mode_color(letter: str) -> str:
    return MODE_COLORS[(ord(letter) - ord("A")) % len(MODE_COLORS)]


def new_figure(size: tuple[float, float]) -> Any:
    """With a margin, and room between pictures."""
    layout = ConstrainedLayoutEngine(w_pad=0.15, h_pad=0.15, wspace=0.04, hspace=0.04)
    return plt.figure(figsize=size, layout=layout, dpi=120)


def new_axes(size: tuple[float, float], projection: str | None = None) -> Any:
    return new_figure(size).add_subplot(projection=projection)


def titled(axes: Any, title: str) -> None:
    axes.set_title(title, fontsize=11, color=INK, loc="left", pad=10)


def plain_frame(axes: Any) -> None:
    """Left and bottom lines only, in grey."""
    axes.spines[["top", "right"]].set_visible(False)
    axes.spines[["left", "bottom"]].set_color(GREY)
    axes.tick_params(colors=GREY, labelsize=8)
    axes.xaxis.label.set_color(INK)
    axes.yaxis.label.set_color(INK)


def tints(color: str, count: int) -> list[tuple[float, float, float, float]]:
    """From pale to full; what lies below shines through."""
    red, green, blue = colors.to_rgb(color)
    return [(red, green, blue, alpha) for alpha in np.linspace(0.15, 0.75, count)]


def levels_of(density: Any, mass: Any) -> Any:
    """Densities above which lie SHARES of the mass; increasing, and the largest at the end."""
    order = np.argsort(density, axis=None)[::-1]
    inside = np.cumsum(mass.ravel()[order])
    places = np.searchsorted(inside, np.array(SHARES) * inside[-1]).clip(0, order.size - 1)
    levels = density.ravel()[order[places]]
    top = density.max()
    # Contours want strictly increasing levels, also of a density that is one spike.
    return np.maximum.accumulate([*levels, top * 1.001]) + top * 1e-9 * np.arange(len(levels) + 1)


def letter_at(axes: Any, x: float, y: float, letter: str) -> None:
    """A mode's letter beside its marker."""
    axes.annotate(
        letter,
        (x, y),
        xytext=(7, 5),
        textcoords="offset points",
        color=mode_color(letter),
        fontsize=11,
        fontweight="bold",
        path_effects=[withStroke(linewidth=2.5, foreground="white")],
        zorder=6,
    )
