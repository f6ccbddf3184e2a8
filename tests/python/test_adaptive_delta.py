# SPDX-License-Identifier: Apache-2.0
# SPDX-FileCopyrightText: The propnp authors
"""What flows to the weights through the delta of an adaptive Huber loss.

Of samples that stay where they are, d log_evidence = -sum_j p_j d cost_j with p their normalised
weights: central differences of log sum exp(log_weight - change of the cost) have the same value.
"""

import numpy as np
import pytest

import propnp
from scenes import CAMERA, make_scene

RELATIVE = 0.02
OUTLIER_PX = 20.0  # a few sigmas beyond delta, or the scale would not matter
# Samples that stay frozen: control variates weigh them otherwise, and so does a second stage.
FROZEN = {"seed": 4, "num_samples": 256, "control_variates": False, "second_stage_ess": 0.0}
STEP = 1e-5


def weighed_scene():
    """Three objects with outliers, and their weights (3, 20, 2)."""
    scene = make_scene(15, objects=3)
    scene.x2d[:, ::4] += OUTLIER_PX
    return scene, np.random.default_rng(1).uniform(1, 3, scene.w2d.shape)


def adaptive(weights, relative=RELATIVE):
    return {**weights, "loss": "adaptive_huber", "relative_delta": relative}


def turned(w2d):
    """(..., 2, 2) information whose rows are no axes of the image."""
    turn = np.array([[0.6, -0.8], [0.8, 0.6]])
    return turn @ (w2d[..., None] * np.eye(2))


def frozen_difference(scene, posterior, keywords_at):
    """Central difference (B) of the log evidence over the posterior's samples: of keywords_at(x),
    the weights and the loss that x leads to, at x = 0."""

    def costs(x):
        keywords = keywords_at(x)
        for name in ("w2d", "sqrt_info", "delta"):
            if name in keywords:
                keywords[name] = keywords[name][:, None]
        apart = scene.x3d[:, None], scene.x2d[:, None]
        return propnp.evaluate(*apart, camera=CAMERA, **keywords, pose=posterior.sample_pose).cost

    at_zero = posterior.sample_log_weight + costs(0.0)
    up, down = (np.logaddexp.reduce(at_zero - costs(x), axis=1) for x in (STEP, -STEP))
    return (up - down) / (2 * STEP)


def assert_is(got, difference):
    """Derivatives of some hundreds. Rounding adds 1e-16 x cost / STEP, some 1e-8. Where a step takes
    points past the kink of the loss it adds STEP times what their second derivatives jump by: less
    than 1e-3."""
    assert (np.abs(difference) > 10).any()
    np.testing.assert_allclose(got, difference, rtol=1e-6, atol=1e-3)


@pytest.mark.parametrize("name", ["w2d", "sqrt_info"])
def test_gradient_against_differences_of_frozen_samples(name):
    """Through delta: of the loss as it is. Delta held: of the Huber loss with the same delta."""
    scene, w2d = weighed_scene()
    weight = w2d if name == "w2d" else turned(w2d)
    points = {"x3d": scene.x3d, "x2d": scene.x2d, "camera": CAMERA, **FROZEN}
    whole, held = (
        propnp.sample(
            **points, **adaptive({name: weight}), gradients="log_evidence", **through
        )
        for through in ({}, {"through_delta": False})
    )
    np.testing.assert_array_equal(whole.sample_pose, held.sample_pose)
    delta = propnp.evaluate(
        scene.x3d, scene.x2d, camera=CAMERA, pose=scene.pose, **adaptive({name: weight})
    ).delta
    for direction in (np.ones_like(weight), np.random.default_rng(2).normal(size=weight.shape)):

        def along(result):
            return (getattr(result.gradients, name) * direction).reshape(3, -1).sum(1)

        def moved(x):
            return {name: weight + x * direction}

        assert (np.abs(along(whole) - along(held)) > 1).all()
        assert_is(along(whole), frozen_difference(scene, whole, lambda x: adaptive(moved(x))))
        fixed = {"loss": "huber", "delta": delta}
        assert_is(along(held), frozen_difference(scene, held, lambda x: {**moved(x), **fixed}))


def test_gradient_of_the_scale_itself():
    scene, w2d = weighed_scene()
    weight = {"w2d": w2d}
    points = {"x3d": scene.x3d, "x2d": scene.x2d, "camera": CAMERA, **FROZEN}
    posterior = propnp.sample(**points, **adaptive(weight), gradients="log_evidence")
    # By a factor of 1 + x: the scale is as small as the step.
    difference = frozen_difference(
        scene, posterior, lambda x: adaptive(weight, RELATIVE * (1 + x))
    )
    assert_is(RELATIVE * posterior.gradients.relative_delta, difference)


def test_gradient_against_differences_of_the_evidence():
    """The samples move with the weights; with control variates the evidence is known to 1e-4."""
    scene, w2d = weighed_scene()
    points = {"x3d": scene.x3d, "x2d": scene.x2d, "camera": CAMERA, "seed": 4}
    posterior = propnp.sample(**points, **adaptive({"w2d": w2d}), gradients="log_evidence")
    step = 1e-2
    up, down = (
        propnp.sample(**points, **adaptive({"w2d": w2d + x}), moments=False).log_evidence
        for x in (step, -step)
    )
    whole = posterior.gradients.w2d.sum((1, 2))
    np.testing.assert_allclose(whole, (up - down) / (2 * step), rtol=1e-3)


@pytest.mark.parametrize("gradients", ["log_evidence", "loss"])
def test_agrees_with_the_torch_layer(gradients):
    torch = pytest.importorskip("torch")
    layer = pytest.importorskip("propnp.torch")
    scene, w2d = weighed_scene()
    problem = {"pose_target": scene.pose, "seed": 4, "num_samples": 256, "z_min": 0.1}
    ours = propnp.sample(
        scene.x3d, scene.x2d, camera=CAMERA, **adaptive({"w2d": w2d}), gradients=gradients,
        **problem,
    ).gradients
    x3d, x2d, w2d, relative = leaves = [
        torch.tensor(x, requires_grad=True)
        for x in (scene.x3d, scene.x2d, w2d, np.full(3, RELATIVE))
    ]
    matrix = torch.tensor([[600.0, 0, 320], [0, 610, 240], [0, 0, 1]], dtype=torch.float64)
    problem["pose_target"] = torch.tensor(scene.pose)
    posterior = layer.sample(
        x3d, x2d, w2d, matrix, loss="adaptive_huber", relative_delta=relative, **problem
    )
    theirs = torch.autograd.grad(getattr(posterior, gradients).sum(), leaves)
    for got, expected in zip((ours.x3d, ours.x2d, ours.w2d, ours.relative_delta), theirs):
        assert expected.abs().max() > 1
        np.testing.assert_allclose(got, expected, rtol=1e-9, atol=1e-9)


def test_other_losses_do_not_know_the_switch():
    scene, w2d = weighed_scene()
    problem = {**scene.problem(), "w2d": w2d, "loss": "huber", "gradients": "log_evidence"}
    a, b = (propnp.sample(**problem, through_delta=x).gradients for x in (True, False))
    np.testing.assert_array_equal(a.w2d, b.w2d)
    assert a.relative_delta is None and a.delta.shape == (3,)
