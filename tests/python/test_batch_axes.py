# SPDX-License-Identifier: Apache-2.0
# SPDX-FileCopyrightText: The propnp authors
"""Leading axes, broadcasting, strides, ragged batches, views: the same numbers for each object."""

import numpy as np
import pytest

import propnp
from scenes import CAMERA, make_scene, same_sign


def assert_same(left, right):
    for name in left.__dataclass_fields__:
        a, b = getattr(left, name), getattr(right, name)
        if a is not None and not hasattr(a, "__dataclass_fields__"):
            np.testing.assert_array_equal(a.reshape(b.shape), b, err_msg=name)


def test_no_batch_axis():
    scene = make_scene(1, objects=1)
    whole = propnp.solve(**scene.problem())
    single = propnp.solve(scene.x3d[0], scene.x2d[0], scene.w2d[0], camera=CAMERA)
    assert single.pose.shape == (7,)
    assert single.status.shape == ()
    assert_same(single, whole)


def test_two_batch_axes():
    scene = make_scene(2, objects=6)
    flat = propnp.sample(**scene.problem(), gradients="loss", pose_target=scene.pose)
    grid = propnp.sample(
        scene.x3d.reshape(2, 3, 20, 3),
        scene.x2d.reshape(2, 3, 20, 2),
        scene.w2d.reshape(2, 3, 20, 2),
        camera=CAMERA,
        pose_target=scene.pose.reshape(2, 3, 7),
        gradients="loss",
    )
    assert grid.mode_pose.shape == (2, 3, 4, 7)
    assert grid.gradients.x3d.shape == (2, 3, 20, 3)
    assert_same(grid, flat)
    assert_same(grid.gradients, flat.gradients)


def test_leading_axes_broadcast():
    scene = make_scene(3, objects=4)
    shared = propnp.evaluate(scene.x3d[0], scene.x2d[0], 2, camera=CAMERA, pose=scene.pose)
    assert shared.cost.shape == (4,)
    for index, pose in enumerate(scene.pose):
        single = propnp.evaluate(scene.x3d[0], scene.x2d[0], 2, camera=CAMERA, pose=pose)
        assert single.cost == shared.cost[index]
    # Every pose with every object's pixels.
    grid = propnp.evaluate(
        scene.x3d[:, None], scene.x2d[:, None], camera=CAMERA, pose=scene.pose[None]
    )
    assert grid.residual.shape == (4, 4, 20, 2)
    np.testing.assert_array_equal(
        np.diagonal(grid.cost),
        propnp.evaluate(**{**scene.problem(), "w2d": None}, pose=scene.pose).cost,
    )


def test_two_axes_that_no_stride_describes_are_copied():
    scene = make_scene(4, objects=6)
    x2d = scene.x2d.reshape(2, 3, 20, 2).swapaxes(0, 1)
    got = propnp.evaluate(scene.x3d[0], x2d, camera=CAMERA, pose=scene.pose[0])
    copied = propnp.evaluate(scene.x3d[0], x2d.copy(), camera=CAMERA, pose=scene.pose[0])
    assert got.cost.shape == (3, 2)
    assert_same(got, copied)


WEIGHTS = {
    "one number": 2.0,
    "integer": 2,
    "an axis": [2.0, 2.0],
    "a point": np.full((20, 1), 2.0),
    "a point of an object": np.full((5, 20, 1), 2.0),
}


@pytest.mark.parametrize("weights", WEIGHTS.values(), ids=WEIGHTS.keys())
def test_weights_broadcast_to_the_points(weights):
    scene = make_scene(5)
    got = propnp.solve(**{**scene.problem(), "w2d": weights})
    assert_same(got, propnp.solve(**scene.problem()))


STRIDED = {
    "reversed": lambda a: a[:, ::-1].copy()[:, ::-1],
    "every second": lambda a: np.repeat(a, 2, axis=1)[:, ::2],
    "fortran": np.asfortranarray,
    "transposed": lambda a: np.ascontiguousarray(a.T).T,
    "read-only": lambda a: np.broadcast_to(a, a.shape),
    "big-endian": lambda a: a.astype(">f8"),
    "misaligned": lambda a: (
        np.frombuffer(b"x" + a.tobytes(), np.uint8)[1:].view(a.dtype).reshape(a.shape)
    ),
    "field": lambda a: np.rec.fromarrays([a, np.zeros(a.shape, np.int8)], names="v,x").v,
}


@pytest.mark.parametrize("change", STRIDED.values(), ids=STRIDED.keys())
def test_any_strides(change):
    scene = make_scene(6)
    changed = {**scene.problem()}
    for name in ("x3d", "x2d", "w2d"):
        changed[name] = change(changed[name])
        np.testing.assert_array_equal(changed[name], getattr(scene, name))
    assert_same(propnp.solve(**changed), propnp.solve(**scene.problem()))


def test_strides_are_not_copied():
    """A broadcast of a gigabyte costs nothing."""
    scene = make_scene(7, objects=1)
    x3d = np.broadcast_to(scene.x3d[0], (2_000_000, 20, 3))
    x2d = np.broadcast_to(scene.x2d[0], (2_000_000, 20, 2))
    counts = np.zeros(2_000_000, np.int64)
    result = propnp.pose_plus(x3d, x2d, camera=CAMERA, pose=scene.pose[0], counts=counts)
    assert (result.status & propnp.Status.TOO_FEW_POINTS).all()


def ragged(seed):
    """Dense with counts, packed with offsets."""
    scene = make_scene(seed)
    counts = np.array([20, 4, 11, 6, 20])
    offsets = np.concatenate([[0], np.cumsum(counts)])
    packed = {
        name: np.concatenate([getattr(scene, name)[b, :n] for b, n in enumerate(counts)])
        for name in ("x3d", "x2d", "w2d")
    }
    return scene, counts, {**packed, "camera": CAMERA, "offsets": offsets}


def test_counts_and_offsets_agree():
    scene, counts, packed = ragged(8)
    padded = scene.problem()
    for name in ("x3d", "x2d", "w2d"):
        padded[name] = padded[name].copy()
        for b, n in enumerate(counts):
            padded[name][b, n:] = np.nan  # never read
    by_counts = propnp.solve(**padded, counts=counts, loss="adaptive_huber")
    by_offsets = propnp.solve(**packed, loss="adaptive_huber")
    assert not by_counts.failed.any()
    assert_same(by_counts, by_offsets)
    for b, n in enumerate(counts):
        single = propnp.solve(
            scene.x3d[b, :n],
            scene.x2d[b, :n],
            scene.w2d[b, :n],
            camera=CAMERA,
            id_offset=b,
            loss="adaptive_huber",
        )
        np.testing.assert_array_equal(single.pose, by_counts.pose[b])


def test_rows_of_points_follow_the_layout():
    scene, _counts, packed = ragged(9)
    result = propnp.evaluate(**packed, pose=scene.pose)
    assert result.residual.shape == (61, 2)
    posterior = propnp.sample(**packed, gradients="log_evidence")
    assert posterior.gradients.x3d.shape == (61, 3)


def test_views_of_a_rig():
    """One object seen by two cameras: the same as all its points in one camera."""
    scene = make_scene(10, objects=1)
    whole = propnp.solve(**scene.problem())
    halves = {name: getattr(scene, name).reshape(2, 10, -1) for name in ("x3d", "x2d", "w2d")}
    views = propnp.solve(
        **halves,
        camera=CAMERA,
        view_offsets=[0, 2],
        view_rig=[-1, 0],
        camera_from_rig=[[0, 0, 0, 1, 0, 0, 0]],
    )
    assert views.pose.shape == (1, 7)
    np.testing.assert_allclose(same_sign(views.pose), same_sign(whole.pose), atol=1e-8)
    packed = {name: array.reshape(20, -1) for name, array in halves.items()}
    packed_views = propnp.solve(**packed, camera=CAMERA, view_offsets=[0, 2], offsets=[0, 10, 20])
    np.testing.assert_allclose(same_sign(packed_views.pose), same_sign(whole.pose), atol=1e-8)


def test_object_ids_name_the_random_numbers():
    scene = make_scene(11)
    whole = propnp.sample(**scene.problem())
    order = np.array([3, 1, 4, 0, 2])
    shuffled = {name: getattr(scene, name)[order] for name in ("x3d", "x2d", "w2d")}
    by_id = propnp.sample(**shuffled, camera=CAMERA, object_ids=order)
    np.testing.assert_array_equal(by_id.sample_pose, whole.sample_pose[order])
    other_seed = propnp.sample(**scene.problem(), seed=1)
    assert (other_seed.sample_pose != whole.sample_pose).any()


@pytest.mark.parametrize("shape", [(0,), (0, 3), (2, 0)])
def test_zero_objects(shape):
    arrays = {
        "x3d": np.zeros((*shape, 8, 3)),
        "x2d": np.zeros((*shape, 8, 2)),
        "camera": CAMERA,
    }
    assert propnp.solve(**arrays).pose.shape == (*shape, 7)
    posterior = propnp.sample(**arrays, gradients="log_evidence", draws=3)
    assert posterior.draws.shape == (*shape, 3, 7)
    poses = np.zeros((*shape, 7))
    assert propnp.evaluate(**arrays, pose=poses).residual.shape == (*shape, 8, 2)
    assert propnp.pose_plus(**arrays, pose=poses).step.shape == (*shape, 6)
    told = []
    propnp.solve(**arrays, progress=lambda done, total: told.append((done, total)))
    assert told == [(0, 0)]


def test_zero_points():
    result = propnp.solve(np.zeros((3, 0, 3)), np.zeros((3, 0, 2)), camera=CAMERA)
    assert (result.status & propnp.Status.TOO_FEW_POINTS).all()
    assert result.failed.all()
    assert np.isfinite(result.pose).all()
