# SPDX-License-Identifier: Apache-2.0
# SPDX-FileCopyrightText: The propnp authors
"""Pictures of posteriors show what is in them."""

import numpy as np
import pytest

import propnp
from scenes import CAMERA, make_scene

matplotlib = pytest.importorskip("matplotlib")
matplotlib.use("Agg")
import matplotlib.pyplot as plt

from propnp import plot

CORNERS = np.array([[-0.025, -0.025, 0], [0.025, -0.025, 0], [0.025, 0.025, 0], [-0.025, 0.025, 0]])
PIXELS = np.array([[324.35, 211.79], [353.76, 215.73], [351.56, 244.11], [322.69, 239.93]])
TWO_MODES = propnp.sample(
    CORNERS,
    PIXELS,
    3.0,
    camera=np.diag([600.0, 600, 1]) + np.array([[0, 0, 320.0], [0, 0, 240], [0, 0, 0]]),
)


@pytest.fixture(autouse=True)
def close_figures():
    yield
    plt.close("all")


def texts(axes):
    return {text.get_text() for text in axes.texts}


def test_mode_table():
    axes = plot.mode_table(TWO_MODES, unit="m")
    said = texts(axes)
    assert {"A", "B"} <= said
    assert f"{TWO_MODES.mode_probability[0]:.3g}" in said
    assert "C" not in said


def test_birds_eye_holds_the_modes():
    axes = plot.birds_eye(TWO_MODES)
    assert {"A", "B"} <= texts(axes)
    (left, right), (near, far) = axes.get_xlim(), axes.get_ylim()
    for pose in TWO_MODES.mode_pose[:2]:
        assert left < pose[0] < right
        assert near < pose[2] < far


def test_orientation_of_a_known_pose():
    """The z axis of an object that is not turned points straight ahead: the map's centre."""
    scene = make_scene(1, objects=1)
    x2d = propnp.evaluate(scene.x3d, np.zeros((20, 2)), camera=CAMERA, pose=[0, 0, 6, 1, 0, 0, 0])
    posterior = propnp.sample(scene.x3d[0], x2d.pixel_error[0], 5.0, camera=CAMERA)
    axes = plot.orientation(posterior)
    markers = [line.get_xydata()[0] for line in axes.lines if line.get_marker() == "o"]
    # x to the right, y down, z ahead; the mode is within 1e-6 of the truth, without noise.
    expected = [[np.pi / 2, 0], [None, -np.pi / 2], [0, 0]]
    for (longitude, latitude), (wanted_longitude, wanted_latitude) in zip(markers, expected):
        assert latitude == pytest.approx(wanted_latitude, abs=1e-3)
        if wanted_longitude is not None:
            assert longitude == pytest.approx(wanted_longitude, abs=1e-3)


def test_reprojection_draws_points_of_every_mode():
    camera = propnp.Camera("pinhole", [600, 600, 320, 240])
    axes = plot.reprojection(TWO_MODES, CORNERS, PIXELS, 3.0, camera=camera, edges=[(0, 1)])
    modes = [line for line in axes.lines if line.get_marker() == "o"]
    assert len(modes) == 2
    for line in modes:
        assert np.abs(line.get_xydata() - PIXELS).max() < 2  # both modes fit
    labels = [text.get_text() for text in axes.get_legend().get_texts()]
    assert labels[1].startswith("mode A")


@pytest.mark.parametrize("kind", ["numpy", "torch"])
@pytest.mark.parametrize("dof", [6, 4])
def test_summary(kind, dof, tmp_path):
    scene = make_scene(2, objects=3)
    arrays = [scene.x3d, scene.x2d, scene.w2d]
    if kind == "torch":
        arrays = [pytest.importorskip("torch").tensor(array) for array in arrays]
    options = {"dof": dof, "camera": CAMERA}
    if dof == 4:
        options["base_rotation"] = scene.pose[2, 3:]
    posterior = propnp.sample(*arrays, **options)
    image = np.zeros((480, 640, 3), np.uint8)
    figure = plot.summary(posterior, *(a[2] for a in arrays), **options, index=2, image=image)
    figure.savefig(tmp_path / "summary.png")
    assert (tmp_path / "summary.png").stat().st_size > 20_000
    assert len(figure.axes) == 4


def test_ellipses_fade_and_the_widest_are_counted():
    scene = make_scene(5, objects=1)
    weights = np.geomspace(2, 1e-3, len(scene.x3d[0]))[:, None] * np.ones(2)
    posterior = propnp.sample(scene.x3d[0], scene.x2d[0], weights, camera=CAMERA)
    axes = plot.reprojection(posterior, scene.x3d[0], scene.x2d[0], weights, camera=CAMERA)
    opacity = axes.collections[0].get_edgecolors()[:, 3]
    assert opacity[0] == 1 and opacity[-1] < 0.5 and (np.diff(opacity) <= 0).all()
    label = axes.get_legend().get_texts()[0].get_text()
    assert label == f"measured, 90% region ({len(weights) - len(opacity)} too wide to draw)"


def test_a_very_sharp_posterior_and_a_very_wide_one():
    scene = make_scene(3, objects=1)
    for weight in (1e5, 1e-3):
        posterior = propnp.sample(scene.x3d[0], scene.x2d[0], weight, camera=CAMERA)
        plot.summary(posterior, scene.x3d[0], scene.x2d[0], weight, camera=CAMERA).canvas.draw()


def test_what_cannot_be_drawn_is_refused():
    without = propnp.sample(CORNERS, PIXELS, 3.0, camera=np.eye(3), samples=False)
    with pytest.raises(ValueError, match="no samples"):
        plot.birds_eye(without)
    failed = propnp.sample(CORNERS * np.nan, PIXELS, 3.0, camera=np.eye(3))
    with pytest.raises(ValueError, match="failed"):
        plot.mode_table(failed)
    scene = make_scene(4, objects=2)
    with pytest.raises(ValueError, match="index"):
        plot.orientation(propnp.sample(**scene.problem()))
