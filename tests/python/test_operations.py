# SPDX-License-Identifier: Apache-2.0
# SPDX-FileCopyrightText: The propnp authors
"""That operations find what is true, and agree with each other."""

import numpy as np
import pytest

import propnp
from scenes import CAMERA, make_scene, project, same_sign


def test_solve_finds_the_pose_within_its_covariance():
    scene = make_scene(1, objects=200)
    result = propnp.solve(**scene.problem())
    assert not result.failed.any()
    assert (result.status == propnp.Status.CONVERGED).all()
    step = result.pose[:, :3] - scene.pose[:, :3]
    translation = result.covariance[:, :3, :3]
    distance = np.einsum("bi,bij,bj->b", step, np.linalg.inv(translation), step)
    # Chi-square with 3 degrees of freedom: mean 3, variance 6; 200 of them: 5.2 standard errors.
    assert abs(distance.mean() - 3) < 5.2 * np.sqrt(6 / 200)


def test_weights_change_the_answer():
    scene = make_scene(2)
    weights = scene.w2d.copy()
    weights[:, 0] = 0
    poses = [propnp.solve(**{**scene.problem(), "w2d": w}).pose for w in (scene.w2d, weights)]
    assert np.abs(poses[0] - poses[1]).max() > 1e-5


def test_evaluate_agrees_with_a_projection_of_ones_own():
    scene = make_scene(3)
    result = propnp.evaluate(**scene.problem(), pose=scene.pose, derivatives=True)
    error = project(scene.pose, scene.x3d) - scene.x2d
    np.testing.assert_allclose(result.pixel_error, error, atol=1e-10)
    np.testing.assert_allclose(result.cost, 2 * (error**2).sum((1, 2)), rtol=1e-12)
    # The gradient is J^T e without a robust loss, and moving along it changes the cost by it.
    gradient = np.einsum("bnki,bnk->bi", result.jacobian, result.residual)
    np.testing.assert_allclose(result.gradient, gradient, rtol=1e-9, atol=1e-7)
    moved = scene.pose.copy()
    moved[:, 0] += 1e-6
    cost = propnp.evaluate(**scene.problem(), pose=moved).cost
    # Forward differences: rounding 1e-16 cost / 1e-6 and half the curvature times 1e-6.
    allowed = 1e-9 * result.cost + 1e-6 * np.abs(result.hessian[:, 0, 0])
    assert (np.abs((cost - result.cost) / 1e-6 - result.gradient[:, 0]) < allowed).all()


def test_pose_plus_is_a_gauss_newton_step():
    scene = make_scene(4)
    at = propnp.evaluate(**scene.problem(), pose=scene.pose, derivatives=True)
    result = propnp.pose_plus(**scene.problem(), pose=scene.pose, epsilon=0.0)
    step = -np.linalg.solve(at.hessian, at.gradient[..., None])[..., 0]
    np.testing.assert_allclose(result.step, step, rtol=1e-8, atol=1e-10)
    np.testing.assert_allclose(result.pose_plus[:, :3], scene.pose[:, :3] + step[:, :3], atol=1e-12)


def test_sample_agrees_with_the_gaussian_of_a_sharp_posterior():
    scene = make_scene(5, points=64)
    solved = propnp.solve(**scene.problem())
    posterior = propnp.sample(**scene.problem(), draws=50, quantile_levels=[0.5])
    laplace = -solved.cost_after + 0.5 * np.linalg.slogdet(2 * np.pi * solved.covariance)[1]
    # Residual curvature and third derivatives: of the order of (noise / size in px)^2, some 1e-3.
    np.testing.assert_allclose(posterior.log_evidence, laplace, atol=0.05)
    assert (posterior.mode_count == 1).all()
    np.testing.assert_array_equal(posterior.pose, posterior.mode_pose[:, 0])
    assert posterior.draws.shape == (5, 50, 7)
    spread = np.sqrt(np.einsum("bii->bi", posterior.covariance / solved.covariance))
    # 512 weighted samples know a standard deviation to 1/sqrt(2 x 300), here 5 of them.
    np.testing.assert_allclose(spread, 1, atol=0.2)
    assert posterior.quantiles.shape == (5, 1, 6)
    # Within a standard deviation / sqrt(300) of the mode, 5 of them.
    deviation = np.sqrt(np.einsum("bii->bi", solved.covariance))
    assert (np.abs(posterior.quantiles[:, 0]) < 0.3 * deviation).all()


def test_gradient_of_the_evidence_against_differences():
    scene = make_scene(6, objects=2, points=8)
    problem = {**scene.problem(), "num_samples": 4096, "moments": False}
    posterior = propnp.sample(**problem, gradients="log_evidence", samples=False)
    moved = scene.x2d.copy()
    moved[:, 0, 0] += 0.5
    back = scene.x2d.copy()
    back[:, 0, 0] -= 0.5
    evidence = [propnp.sample(**{**problem, "x2d": x}).log_evidence for x in (moved, back)]
    # The evidence is known to better than 0.01 and is quadratic in x2d but for 1e-3.
    np.testing.assert_allclose(
        posterior.gradients.x2d[:, 0, 0], evidence[0] - evidence[1], atol=0.03
    )
    assert posterior.sample_pose is None


def test_loss_gradients_and_target():
    scene = make_scene(7, objects=2)
    posterior = propnp.sample(**scene.problem(), pose_target=scene.pose, gradients="loss")
    evaluated = propnp.evaluate(**scene.problem(), pose=scene.pose)
    np.testing.assert_allclose(posterior.cost_target, evaluated.cost, rtol=1e-9)
    assert posterior.gradients.w2d.shape == scene.w2d.shape
    assert posterior.gradients.sqrt_info is None


def test_four_degrees_of_freedom():
    scene = make_scene(8)
    result = propnp.solve(
        **scene.problem(), dof=4, base_rotation=scene.pose[:, 3:], yaw_axis=[0, 1, 0]
    )
    assert result.pose.shape == (5, 4)
    assert result.covariance.shape == (5, 4, 4)
    np.testing.assert_allclose(result.pose[:, 3], 0, atol=0.02)


def test_every_loss_and_its_scale():
    scene = make_scene(9)
    at = {"pose": scene.pose}
    error = propnp.evaluate(**scene.problem(), **at).residual
    s = np.linalg.norm(error, axis=-1)
    expected = {
        "none": (s**2 / 2).sum(1),
        "huber": np.where(s <= 0.7, s**2 / 2, 0.7 * s - 0.245).sum(1),
        "cauchy": (0.245 * np.log1p((s / 0.7) ** 2)).sum(1),
    }
    for loss, cost in expected.items():
        scale = {} if loss == "none" else {"delta": 0.7}
        got = propnp.evaluate(**scene.problem(), **at, loss=loss, **scale).cost
        np.testing.assert_allclose(got, cost, rtol=1e-12)
    each = propnp.evaluate(**scene.problem(), **at, loss="huber", delta=np.full(5, 0.7)).cost
    np.testing.assert_allclose(each, expected["huber"], rtol=1e-12)
    adaptive = propnp.evaluate(**scene.problem(), **at, loss="adaptive_huber", relative_delta=0.3)
    spread = np.sqrt(scene.x2d.var(axis=1, ddof=1).sum(-1))
    np.testing.assert_allclose(adaptive.delta, 0.3 * 2.0 * spread, rtol=1e-9)


def test_square_root_information_is_a_weight_of_two_axes():
    scene = make_scene(14)
    arguments = {"x3d": scene.x3d, "x2d": scene.x2d, "camera": CAMERA}
    plain = propnp.solve(**arguments, w2d=[2.0, 3.0])
    same = propnp.solve(**arguments, sqrt_info=np.broadcast_to(np.diag([2.0, 3]), (20, 2, 2)))
    np.testing.assert_allclose(same.covariance, plain.covariance, rtol=1e-9)
    # Turning both rows of L turns the residual, whose length is the same.
    turned = np.array([[0.6, -0.8], [0.8, 0.6]]) @ np.diag([2.0, 3])
    got = propnp.sample(
        **arguments, sqrt_info=np.broadcast_to(turned, (5, 20, 2, 2)), gradients="log_evidence"
    )
    expected = propnp.sample(**arguments, w2d=[2.0, 3.0], gradients="log_evidence")
    np.testing.assert_allclose(got.log_evidence, expected.log_evidence, rtol=1e-6)
    np.testing.assert_allclose(got.gradients.x2d, expected.gradients.x2d, atol=1e-6)
    assert got.gradients.sqrt_info.shape == (5, 20, 2, 2)
    assert got.gradients.w2d is None


def test_priors_enter_the_cost():
    scene = make_scene(10)
    plain = propnp.evaluate(**scene.problem(), pose=scene.pose).cost
    prior = propnp.Prior.of_pose(scene.pose, 0.01 * np.eye(6))
    with_prior = propnp.evaluate(**scene.problem(), pose=scene.pose, prior=prior).cost
    # At its mean a Gaussian has the density det(2 pi covariance)^(-1/2).
    np.testing.assert_allclose(with_prior - plain, 3 * np.log(2 * np.pi * 0.01), atol=1e-9)
    depth = propnp.Prior.depth_range([1, 10], [1, 1])
    inside = propnp.evaluate(**scene.problem(), pose=scene.pose, prior=depth).cost - plain
    volume = 4 * (10**3 - 1) / 3  # of the frustum
    np.testing.assert_allclose(inside, np.log(volume), rtol=1e-9)
    log_depth = propnp.Prior.log_depth([0, 0, np.log(6)], np.ones(3))
    assert np.isfinite(propnp.solve(**scene.problem(), prior=log_depth).cost_after).all()


def test_a_log_depth_prior_takes_sigma_or_covariance():
    scene = make_scene(5)
    mean, sigma = [0, 0, np.log(6)], np.array([0.3, 0.2, 0.1])
    independent = propnp.Prior.log_depth(mean, sigma)
    diagonal = propnp.Prior.log_depth(mean, covariance=np.diag(sigma**2))
    options = dict(gradients="log_evidence", seed=2)
    a = propnp.sample(**scene.problem(), prior=independent, **options)
    b = propnp.sample(**scene.problem(), prior=diagonal, **options)
    np.testing.assert_allclose(a.log_evidence, b.log_evidence, rtol=1e-9)
    np.testing.assert_allclose(a.gradients.prior_mean, b.gradients.prior_mean, rtol=1e-6)
    # d sigma^2 = 2 sigma d sigma.
    of_variance = np.diagonal(b.gradients.prior_covariance, axis1=-2, axis2=-1)
    np.testing.assert_allclose(a.gradients.prior_sigma, 2 * sigma * of_variance, rtol=1e-6)
    assert a.gradients.prior_covariance is None and b.gradients.prior_sigma is None
    for given in ((mean,), (mean, sigma, np.eye(3))):
        with pytest.raises(ValueError, match="either sigma or covariance"):
            propnp.Prior.log_depth(*given)


def test_gradients_to_the_ends_of_a_depth_range():
    scene = make_scene(6)
    for bound in ([0.9, 0.8], [-0.9, 0.9, -0.8, 0.8]):
        prior = propnp.Prior.depth_range([0, 60], bound)
        got = propnp.sample(**scene.problem(), prior=prior, gradients="log_evidence", seed=1)
        # The posterior ends long before: only the normaliser moves.
        np.testing.assert_allclose(got.gradients.prior_depth[..., 1], -3 / 60, atol=1e-6)
        assert got.gradients.prior_bound.shape[-1] == len(bound)



def test_symmetries_fold_modes():
    corners = np.array([[-1, -1, 0], [1, -1, 0], [1, 1, 0], [-1, 1, 0.0]])
    pose = np.array([0.1, 0.2, 40.0, *np.array([0.9, 0.3, 0.25, 0.2]) / np.sqrt(1.0025)])
    x2d = project(pose, corners)
    problem = {"camera": CAMERA, "seed": 3}
    without = propnp.sample(corners, x2d, 3.0, **problem)
    half_turn = propnp.Symmetries(rotation=[[0, 0, 0, 1]])
    folded = propnp.sample(corners, x2d, 3.0, **problem, symmetries=half_turn)
    none = propnp.Symmetries(rotation=[[0, 0, 0, 1]], object_class=-1)
    unfolded = propnp.sample(corners, x2d, 3.0, **problem, symmetries=none)
    np.testing.assert_array_equal(without.mode_probability, unfolded.mode_probability)
    assert folded.mode_count <= without.mode_count
    assert without.log_evidence == folded.log_evidence


@pytest.mark.parametrize("sampler", ["mixture", "mixture_mc", "amis", "laplace"])
def test_samplers_agree(sampler):
    scene = make_scene(11, objects=3, points=40)
    reference = propnp.sample(**scene.problem()).log_evidence
    got = propnp.sample(**scene.problem(), sampler=sampler, num_samples=2048).log_evidence
    # AMIS is known to be low by some .05 on easy problems; its own error is as large.
    np.testing.assert_allclose(got, reference, atol=0.3)


def test_cameras():
    scene = make_scene(12)
    matrix = np.array([[600.0, 0, 320], [0, 610, 240], [0, 0, 1]])
    expected = same_sign(propnp.solve(**scene.problem()).pose)
    for camera in (
        matrix,
        propnp.Camera.pinhole(np.broadcast_to(matrix, (5, 3, 3))),
        propnp.Camera.opencv(matrix, np.zeros(5)),
        propnp.Camera(["pinhole"] * 5, np.tile([600, 610, 320, 240], (5, 1))),
    ):
        got = propnp.solve(**{**scene.problem(), "camera": camera}).pose
        np.testing.assert_allclose(same_sign(got), expected, atol=1e-8)
    table = propnp.Camera(["pinhole", "opencv"], [[1, 1, 0, 0, 0], [600, 610, 320, 240, 0]])
    got = propnp.solve(**{**scene.problem(), "camera": table}, view_camera=[1] * 5).pose
    np.testing.assert_allclose(same_sign(got), expected, atol=1e-8)
    boxed = propnp.Camera("pinhole", [600, 610, 320, 240], box_px=[0, 0, 10, 10])
    clamped = propnp.evaluate(**{**scene.problem(), "camera": boxed}, pose=scene.pose)
    assert (clamped.pixel_error + scene.x2d <= 10 + 1e-9).all()
