# SPDX-License-Identifier: Apache-2.0
# SPDX-FileCopyrightText: The propnp authors
"""Wrong input is refused in words, or is the status of its object and harms no other."""

import numpy as np
import pytest

import propnp
from scenes import make_scene

SCENE = make_scene(1)


def solve(**changes):
    return propnp.solve(**{**SCENE.problem(), **changes})


REFUSED = {
    "unknown option": (TypeError, {"max_iteration": 3}, "max_iterations"),
    "option of another operation": (TypeError, {"num_samples": 3}, "num_s"),
    "points differ": (ValueError, {"x2d": np.zeros((5, 7, 2))}, r"\(5, 20, 3\).*\(5, 7, 2\)"),
    "batch differs": (ValueError, {"x2d": np.zeros((4, 20, 2))}, r"\(4, 20, 2\).*\(5, 20, 3\)"),
    "weights do not fit": (ValueError, {"w2d": np.ones(7)}, r"\(7,\).*\(5, 20, 2\)"),
    "coordinates": (ValueError, {"x3d": np.zeros((5, 20, 2))}, r"\(5, 20, 2\), expected .*any, 3"),
    "one axis": (ValueError, {"x3d": np.zeros(3)}, r"x3d has shape \(3,\)"),
    "no axis": (ValueError, {"x3d": 1.0}, r"x3d has shape \(\)"),
    "pose": (ValueError, {"pose_init": np.zeros((5, 6))}, r"\(5, 6\), expected .*7"),
    "pose of 4DoF": (ValueError, {"pose_init": np.zeros((5, 7)), "dof": 4}, r"expected .*4"),
    "complex": (TypeError, {"x3d": SCENE.x3d + 0j}, "x3d is complex128"),
    "bool": (TypeError, {"w2d": SCENE.w2d > 0}, "w2d is bool"),
    "text": (TypeError, {"x2d": np.full((5, 20, 2), "a")}, "x2d is <U1"),
    "objects": (TypeError, {"x2d": np.full((5, 20, 2), None)}, "x2d is object"),
    "ragged list": (ValueError, {"x2d": [[[1, 2], [3]]]}, "x2d is no array"),
    "masked": (TypeError, {"x2d": np.ma.masked_invalid(SCENE.x2d)}, "masked"),
    "nothing": (TypeError, {"x3d": None}, "x3d and x2d"),
    "loss": (ValueError, {"loss": "hubr"}, "'huber'"),
    "idle scale": (ValueError, {"delta": 1.0}, "does not use it"),
    "negative scale": (ValueError, {"loss": "huber", "delta": -1.0}, "delta"),
    "method": (ValueError, {"method": "newton"}, "'gauss_newton'"),
    "unhashable choice": (ValueError, {"method": []}, "expected one of"),
    "fraction": (ValueError, {"max_iterations": 2.5}, "max_iterations is 2.5"),
    "too large": (ValueError, {"max_iterations": 2**31}, "max_iterations"),
    "negative count": (ValueError, {"max_iterations": -1}, "max_iterations"),
    "not a number": (TypeError, {"tolerance": "small"}, "tolerance"),
    "NaN": (ValueError, {"z_min": float("nan")}, "z_min"),
    "dof": (ValueError, {"dof": 5}, "dof is 5"),
    "yaw axis": (ValueError, {"dof": 4, "yaw_axis": [0, 2, 0]}, "yaw_axis"),
    "axis of two": (ValueError, {"dof": 4, "yaw_axis": [0, 1]}, "yaw_axis"),
    "both weights": (ValueError, {"sqrt_info": np.zeros((5, 20, 2, 2))}, "sqrt_info"),
    "counts too large": (ValueError, {"counts": [21] * 5}, "counts"),
    "counts negative": (ValueError, {"counts": [-1] * 5}, "counts"),
    "counts of another batch": (ValueError, {"counts": [1] * 4}, "counts"),
    "counts of fractions": (TypeError, {"counts": [1.0] * 5}, "counts is float64"),
    "offsets with dense points": (ValueError, {"offsets": [0, 20]}, "offsets"),
    "no offsets": (ValueError, {"view_offsets": []}, "view_offsets"),
    "decreasing offsets": (ValueError, {"view_offsets": [0, 3, 2, 5]}, "view_offsets"),
    "views beyond": (ValueError, {"view_offsets": [0, 7]}, "x3d"),
    "camera index": (ValueError, {"view_camera": [1] * 5}, "view_camera"),
    "rig index": (ValueError, {"view_rig": [0] * 5}, "view_rig"),
    "rigs": (ValueError, {"camera_from_rig": np.zeros(7)}, "camera_from_rig"),
    "matrix": (ValueError, {"camera": np.eye(4)}, r"\(4, 4\)"),
    "cameras of another batch": (
        ValueError,
        {"camera": propnp.Camera("pinhole", np.ones((4, 4)))},
        r"camera.parameters has shape \(4, 5\)",
    ),
    "focal length": (ValueError, {"camera": propnp.Camera("pinhole", np.zeros(4))}, "focal"),
    "camera of NaN": (ValueError, {"camera": propnp.Camera("pinhole", [np.nan] * 4)}, "finite"),
    "box": (
        ValueError,
        {"camera": propnp.Camera("pinhole", np.ones(4), box_px=[1, 1, 0, 0])},
        "box",
    ),
    "precision": (ValueError, {"precision": "float16"}, "'float32'"),
    "prior": (ValueError, {"prior": propnp.Prior.log_depth([0, 0], [1, 1])}, "prior.mean"),
    "prior of another batch": (
        ValueError,
        {"prior": propnp.Prior.log_depth(np.zeros((4, 3)), np.ones(3))},
        "prior.mean",
    ),
    "id": (ValueError, {"object_ids": np.arange(4)}, "object_ids"),
}


@pytest.mark.parametrize("error, changes, words", REFUSED.values(), ids=REFUSED.keys())
def test_refused(error, changes, words):
    with pytest.raises(error, match=words):
        solve(**changes)


REFUSED_OF_SAMPLING = {
    "samples": (ValueError, {"num_samples": 8}, "num_samples"),
    "modes": (ValueError, {"num_modes": 17}, "num_modes"),
    "levels": (ValueError, {"quantile_levels": [2.0]}, "quantile_levels"),
    "level": (ValueError, {"quantile_levels": 0.5}, "quantile_levels"),
    "draws": (ValueError, {"draws": -1}, "draws"),
    "gradients": (ValueError, {"gradients": "all"}, "'loss'"),
    "loss without target": (ValueError, {"gradients": "loss"}, "target"),
    "class": (
        ValueError,
        {"symmetries": propnp.Symmetries(rotation=[[0, 0, 0, 1]], object_class=7)},
        "class",
    ),
    "sampler": (TypeError, {"method": "amis"}, "method"),
}


@pytest.mark.parametrize(
    "error, changes, words", REFUSED_OF_SAMPLING.values(), ids=REFUSED_OF_SAMPLING.keys()
)
def test_refused_by_sample(error, changes, words):
    with pytest.raises(error, match=words):
        propnp.sample(**SCENE.problem(), **changes)


def test_cameras_are_refused_when_they_are_made():
    with pytest.raises(ValueError, match="'fisheye'"):
        propnp.Camera("fish", np.ones(4))
    with pytest.raises(ValueError, match=r"parameters of opencv have shape \(13,\)"):
        propnp.Camera("opencv", np.ones(13))
    with pytest.raises(ValueError, match=r"\(3,\)"):
        propnp.Camera("pinhole", np.ones(3))
    with pytest.raises(ValueError, match="broadcast"):
        propnp.Camera.opencv(np.ones((2, 3, 3)), np.ones((3, 5)))


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf, 1e308])
@pytest.mark.parametrize("name", ["x3d", "x2d", "w2d"])
def test_a_bad_object_harms_no_other(name, value):
    good = solve()
    bad_input = getattr(SCENE, name).copy()
    bad_input[2, 3, 1] = value
    bad = solve(**{name: bad_input})
    others = [0, 1, 3, 4]
    np.testing.assert_array_equal(bad.pose[others], good.pose[others])
    np.testing.assert_array_equal(bad.covariance[others], good.covariance[others])
    assert np.isfinite(bad.pose).all()
    if abs(value) == np.inf or value != value:
        assert bad.status[2] & propnp.Status.NON_FINITE_INPUT
        assert bad.failed[2]
    posterior = propnp.sample(**{**SCENE.problem(), name: bad_input}, gradients="log_evidence")
    assert np.isfinite(posterior.gradients.x3d).all()
    if posterior.failed[2]:
        np.testing.assert_array_equal(posterior.pose[2], [0, 0, 1, 1, 0, 0, 0])


def test_what_is_integer_is_converted():
    pixels = SCENE.x2d.round().astype(np.int32)
    got = solve(x2d=pixels)
    np.testing.assert_array_equal(got.pose, solve(x2d=pixels.astype(float)).pose)


def test_half_precision_is_widened():
    got = solve(x3d=SCENE.x3d.astype(np.float16))
    assert got.pose.dtype == np.float32
    wide = solve(x3d=SCENE.x3d.astype(np.float16).astype(np.float32))
    np.testing.assert_array_equal(got.pose, wide.pose)


def test_errors_leave_the_next_call_alone():
    before = solve()
    with pytest.raises(propnp.InvalidArgumentError):
        solve(loss="huber", delta=0.0)
    np.testing.assert_array_equal(solve().pose, before.pose)
