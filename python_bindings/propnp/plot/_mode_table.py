# SPDX-License-Identifier: Apache-2.0
# SPDX-FileCopyrightText: The propnp authors
"""The modes as a table: how likely, where, how sure."""

from __future__ import annotations

from typing import Any

import numpy as np
from matplotlib.patches import Rectangle

from ..sample_result import SampleResult
from ._posterior import OneMode, one_posterior
from ._style import GREY, INK, PALE, mode_color, new_axes, titled

# Title and right edge of each column, as a share of the width.
_COLUMNS = (
    ("", 0.04),
    ("probability", 0.235),
    ("x, y, z", 0.58),
    ("sigma", 0.74),
    ("sigma rot.", 0.89),
    ("cost", 1.0),
)
_ROW_INCHES = 0.32


def mode_table(
    posterior: SampleResult,
    *,
    index: int | tuple[int, ...] | None = None,
    unit: str = "",
    axes: Any = None,
) -> Any:
    """Probability, position, standard deviations and cost of every mode.

    "sigma" is the standard deviation of the position along the direction where it is largest, and
    "sigma rot." of the rotation likewise, in degrees.

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
    rows = len(one.modes) + 1
    axes = new_axes((6.4, 0.5 + _ROW_INCHES * rows)) if axes is None else axes
    axes.set_axis_off()
    axes.set_xlim(0, 1)
    height = axes.get_position().height * axes.figure.get_figheight()
    axes.set_ylim(max(rows, height / _ROW_INCHES), 0)
    for title, right in _COLUMNS:
        _write(axes, right, 0.4, title, color=GREY, fontsize=8)
    axes.plot([0, 1], [0.8, 0.8], color=GREY, linewidth=0.8)
    for row, mode in enumerate(one.modes, 1):
        _draw_row(axes, row + 0.5, mode, unit)
    titled(axes, "Modes")
    return axes


def _draw_row(axes: Any, y: float, mode: OneMode, unit: str) -> None:
    color = mode_color(mode.letter)
    left, right = 0.055, 0.14
    axes.add_patch(Rectangle((left, y - 0.18), right - left, 0.36, color=PALE, linewidth=0))
    width = (right - left) * mode.probability
    axes.add_patch(Rectangle((left, y - 0.18), width, 0.36, color=color, linewidth=0))
    in_unit = f" {unit}" if unit else ""
    sigma = np.sqrt(np.linalg.eigvalsh(mode.covariance[:3, :3])[-1].clip(0))
    turn = np.degrees(np.sqrt(np.linalg.eigvalsh(mode.covariance[3:, 3:])[-1].clip(0)))
    position = ", ".join(f"{x:.3g}" for x in mode.translation)
    texts = (
        f"{mode.probability:.3g}" if mode.probability < 0.995 else "1",
        position + in_unit,
        f"{sigma:.2g}{in_unit}",
        f"{turn:.2g}°",
        f"{mode.cost:.2f}" if mode.cost < 1e5 else f"{mode.cost:.2g}",
    )
    for text, (_, edge) in zip(texts, _COLUMNS[1:]):
        _write(axes, edge, y, text, color=INK, fontsize=8.5)
    _write(axes, _COLUMNS[0][1], y, mode.letter, color=color, fontsize=11, fontweight="bold")


def _write(axes: Any, right: float, y: float, text: str, **style: Any) -> None:
    axes.text(right, y, text, ha="right", va="center", **style)
