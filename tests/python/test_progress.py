# SPDX-License-Identifier: Apache-2.0
# SPDX-FileCopyrightText: The propnp authors
"""Progress works in chunks, whose results are those of the whole."""

import numpy as np
import pytest
from test_batch_axes import assert_same, ragged

import propnp
from scenes import CAMERA, make_scene

SCENE = make_scene(1, objects=100)


@pytest.fixture(autouse=True)
def small_chunks(monkeypatch):
    """Chunks of seven objects: they begin and end within what is broadcast, ragged or shared."""
    from propnp import _progress

    monkeypatch.setattr(_progress, "_next_size", lambda size, seconds: 7)


def collected():
    told = []
    return told, lambda done, total: told.append((done, total))


def test_tells_from_nothing_to_all():
    told, progress = collected()
    result = propnp.solve(**SCENE.problem(), progress=progress)
    assert told[0] == (0, 100)
    assert told[-1] == (100, 100)
    assert len(told) > 10
    assert_same(result, propnp.solve(**SCENE.problem()))


def test_a_line_on_standard_error(capfd):
    propnp.solve(**SCENE.problem(), progress=True)
    out, err = capfd.readouterr()
    assert out == ""
    assert err.startswith("\rsolve [")
    assert "100% of 100 objects" in err
    assert err.endswith("\n")
    assert all(len(line) <= 80 for line in err.split("\r"))


def test_posteriors_are_those_of_the_whole():
    problem = {
        **SCENE.problem(),
        "camera": propnp.Camera("pinhole", np.tile(CAMERA.parameters, (100, 1))),
        "pose_target": SCENE.pose,
        "gradients": "loss",
        "loss": "huber",
        "delta": np.linspace(1, 2, 100),
        "prior": propnp.Prior.of_pose(SCENE.pose, np.eye(6)),
        "symmetries": propnp.Symmetries(
            rotation=[[0, 0, 0, 1]], object_class=np.arange(100) % 2 - 1
        ),
        "quantile_levels": [0.1, 0.9],
        "region_shares": [0.5],
        "draws": 3,
        "num_samples": 64,
    }
    _told, progress = collected()
    chunked = propnp.sample(**problem, progress=progress)
    whole = propnp.sample(**problem)
    assert_same(chunked, whole)
    assert_same(chunked.gradients, whole.gradients)
    ids = np.arange(1000, 900, -1)
    by_id = propnp.sample(**problem, object_ids=ids, progress=progress)
    assert_same(by_id, propnp.sample(**problem, object_ids=ids))


@pytest.mark.parametrize("layout", ["counts", "offsets"])
def test_ragged_batches(layout):
    scene, counts, packed = ragged(2)
    problem = packed if layout == "offsets" else {**scene.problem(), "counts": counts}
    many = repeat(problem, layout, 5)
    told, progress = collected()
    arguments = {"pose": np.tile(scene.pose, (5, 1)), "derivatives": True}
    chunked = propnp.evaluate(**many, **arguments, progress=progress)
    assert len(told) > 3
    assert_same(chunked, propnp.evaluate(**many, **arguments))


def repeat(problem, layout, times):
    """The same objects several times."""
    arrays = {name: np.concatenate([problem[name]] * times) for name in ("x3d", "x2d", "w2d")}
    if layout == "counts":
        return {**arrays, "camera": CAMERA, "counts": np.tile(problem["counts"], times)}
    sizes = np.tile(np.diff(problem["offsets"]), times)
    offsets = np.concatenate([[0], np.cumsum(sizes)])
    return {**arrays, "camera": CAMERA, "offsets": offsets}


def test_views():
    views = make_scene(3, objects=60)
    ends = np.minimum(np.arange(41) * 2, 60)  # the last ten have no view
    table = propnp.Camera("pinhole", np.tile(CAMERA.parameters, (3, 1)))
    problem = {
        **views.problem(),
        "camera": table,
        "view_offsets": ends,
        "view_camera": np.arange(60) % 3,
        "view_rig": np.arange(60) % 2 - 1,
        "camera_from_rig": [[0.1, 0, 0, 1, 0, 0, 0]],
    }
    _told, progress = collected()
    chunked = propnp.solve(**problem, progress=progress)
    assert_same(chunked, propnp.solve(**problem))
    del problem["view_camera"]
    problem["camera"] = propnp.Camera("pinhole", np.tile(CAMERA.parameters, (60, 1)))
    assert_same(propnp.solve(**problem, progress=progress), propnp.solve(**problem))


def test_it_can_be_interrupted():
    def interrupt(done, total):
        if done > 20:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        propnp.solve(**SCENE.problem(), progress=interrupt)
    assert not propnp.solve(**SCENE.problem()).failed.any()
