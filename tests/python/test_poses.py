# SPDX-License-Identifier: Apache-2.0
# SPDX-FileCopyrightText: The propnp authors
"""Draws, steps between poses, covariances of other software, matrices."""

from typing import get_args

import numpy as np
import pytest

import propnp
from propnp._tangents import Tangent
from scenes import make_scene, rotated

TANGENTS = get_args(Tangent)
RANDOM = np.random.default_rng(5)
POSES = make_scene(1, objects=30).pose
STEPS = 0.1 * RANDOM.normal(size=(30, 6))


def test_draws_are_those_of_sample():
    scene = make_scene(2)
    posterior = propnp.sample(**scene.problem(), draws=40, seed=7)
    drawn = propnp.draw(posterior.sample_pose, posterior.sample_log_weight, 40, seed=7)
    # Rounding of the weights may move one.
    assert (drawn.draws != posterior.draws).any(-1).sum() <= 2
    np.testing.assert_array_equal(
        drawn.draws, np.take_along_axis(posterior.sample_pose, drawn.chosen[..., None], 1)
    )
    shuffled = propnp.draw(
        posterior.sample_pose[::-1],
        posterior.sample_log_weight[::-1],
        40,
        seed=7,
        object_ids=np.arange(5)[::-1],
    )
    np.testing.assert_array_equal(shuffled.draws[::-1], drawn.draws)


def test_draw_refuses():
    with pytest.raises(ValueError, match="count is -1"):
        propnp.draw(np.zeros((4, 7)), np.zeros(4), -1)
    with pytest.raises(ValueError, match=r"\(1, 4, 7\), expected \(1, 5"):
        propnp.draw(np.zeros((4, 7)), np.zeros(5), 2)
    with pytest.raises(TypeError, match="sample_log_weight is required"):
        propnp.draw(np.zeros((4, 7)), None, 2)
    failed = propnp.draw(np.zeros((2, 4, 7)), [[0.0] * 4, [np.nan] * 4], 3)
    assert failed.chosen[1].tolist() == [-1] * 3
    assert failed.status[1] & propnp.Status.NON_FINITE_INPUT


@pytest.mark.parametrize("tangent", TANGENTS)
def test_difference_undoes_a_step(tangent):
    moved = propnp.move_pose(POSES, STEPS, tangent=tangent)
    assert (moved.status == 0).all() or not (moved.status & propnp.Status.FAILED).any()
    back = propnp.pose_difference(POSES, moved.pose, tangent=tangent)
    np.testing.assert_allclose(back.step, STEPS, atol=1e-12)


@pytest.mark.parametrize("tangent", TANGENTS)
def test_converted_steps_lead_to_the_same_pose(tangent):
    converted = propnp.convert_step(POSES, STEPS, tangent)
    moved = propnp.move_pose(POSES, converted.step, tangent=tangent).pose
    expected = propnp.move_pose(POSES, STEPS).pose
    sign = np.sign((moved[:, 3:] * expected[:, 3:]).sum(1, keepdims=True))
    np.testing.assert_allclose(moved[:, 3:] * sign, expected[:, 3:], atol=1e-12)
    np.testing.assert_allclose(moved[:, :3], expected[:, :3], atol=1e-12)
    back = propnp.convert_step(POSES, converted.step, "propnp", source=tangent)
    np.testing.assert_allclose(back.step, STEPS, atol=1e-12)


@pytest.mark.parametrize("tangent", TANGENTS)
def test_covariances_convert_as_small_steps_do(tangent):
    root = RANDOM.normal(size=(30, 6, 6))
    covariance = root @ root.swapaxes(1, 2)
    got = propnp.convert_covariance(POSES, covariance, tangent).covariance
    small = 1e-6
    columns = propnp.convert_step(POSES[:, None], small * np.eye(6), tangent).step / small
    jacobian = columns.swapaxes(1, 2)
    expected = jacobian @ covariance @ jacobian.swapaxes(1, 2)
    # Second order of the step, 1e-6 relative, and poses up to 10 units away.
    np.testing.assert_allclose(got, expected, rtol=1e-4, atol=1e-4)


def test_tangents_that_are_refused():
    with pytest.raises(ValueError, match="'gtsam'"):
        propnp.convert_covariance(POSES, np.eye(6), "tum")
    with pytest.raises(ValueError, match=r"pose has shape \(5,\)"):
        propnp.move_pose(np.zeros(5), np.zeros(6))
    with pytest.raises(ValueError, match="step"):
        propnp.move_pose(POSES, np.zeros(4))
    with pytest.raises(TypeError, match="step is required"):
        propnp.move_pose(POSES, None)
    bad = propnp.move_pose(POSES[:2], [[np.nan] * 6, [0.0] * 6])
    assert bad.status[0] & propnp.Status.NON_FINITE_INPUT
    np.testing.assert_allclose(bad.pose[1], POSES[1], atol=1e-15)


def test_four_degrees_of_freedom():
    pose = np.array([0.1, 0.2, 5, 0.3])
    moved = propnp.move_pose(pose, [0, 0, 1, 0.2]).pose
    np.testing.assert_allclose(moved, [0.1, 0.2, 6, 0.5])
    np.testing.assert_allclose(propnp.pose_difference(pose, moved).step, [0, 0, 1, 0.2])
    whole = propnp.convert_covariance(pose, np.eye(4), "ros").covariance
    assert np.linalg.matrix_rank(whole) == 4
    np.testing.assert_allclose(np.diag(whole), [1, 1, 1, 0, 1, 0], atol=1e-12)


def test_kinds_and_axes():
    torch = pytest.importorskip("torch")
    moved = propnp.move_pose(torch.tensor(POSES).reshape(5, 6, 7), torch.zeros(6))
    assert moved.pose.shape == (5, 6, 7)
    assert isinstance(moved.pose, torch.Tensor)
    covariance = propnp.convert_covariance(POSES.astype(np.float32), np.eye(6), "ros").covariance
    assert covariance.dtype == np.float32
    assert propnp.pose_difference(np.zeros((0, 7)), np.zeros(7)).step.shape == (0, 6)


def test_matrices():
    matrix = propnp.pose_matrix(POSES)
    points = RANDOM.normal(size=(30, 4, 3))
    expected = rotated(POSES[:, 3:], points) + POSES[:, None, :3]
    got = points @ matrix[:, :3, :3].swapaxes(1, 2) + matrix[:, None, :3, 3]
    np.testing.assert_allclose(got, expected, atol=1e-14)
    np.testing.assert_allclose(propnp.pose_from_matrix(matrix), POSES, atol=1e-14)
    # Half turns, where three of the four ways to the quaternion divide by zero.
    for quaternion in np.eye(4):
        back = propnp.quaternion_from_matrix(propnp.rotation_matrix(quaternion))
        np.testing.assert_array_equal(back, quaternion)
    with pytest.raises(ValueError, match=r"\(3, 3\)"):
        propnp.pose_from_matrix(np.eye(3))
    with pytest.raises(ValueError, match=r"\(3,\)"):
        propnp.rotation_matrix(np.ones(3))


def test_matrices_in_torch_have_gradients():
    torch = pytest.importorskip("torch")
    pose = torch.tensor(POSES[:4], requires_grad=True)
    matrix = propnp.pose_matrix(pose)
    assert isinstance(matrix, torch.Tensor)
    np.testing.assert_allclose(matrix.detach(), propnp.pose_matrix(POSES[:4]), atol=1e-15)
    assert torch.autograd.gradcheck(propnp.pose_matrix, (pose,))
    assert torch.autograd.gradcheck(propnp.pose_from_matrix, (matrix.detach().requires_grad_(),))
