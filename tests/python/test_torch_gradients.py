# SPDX-License-Identifier: Apache-2.0
# SPDX-FileCopyrightText: The propnp authors
"""Gradients of the PyTorch operators against differences, and the contracts of torch.library."""

import re

import pytest

torch = pytest.importorskip("torch")

import propnp
import propnp.torch
from propnp.torch import _ops
from propnp.torch._config import Config
from propnp.torch._inputs import make_problem
from torch_scenes import make_torch_scene

SAMPLES = 32


def leaves(scene):
    return scene.x3d, scene.x2d, scene.w2d


@pytest.mark.parametrize("dof", [6, 4])
@pytest.mark.parametrize("loss", ["huber", "adaptive_huber", "cauchy", "none"])
def test_gradcheck_of_costs(dof, loss):
    scene = make_torch_scene(1, objects=2, points=6, dof=dof).differentiable()
    scene.camera.requires_grad_()
    # No gradient flows from an adaptive delta to x2d, as published.
    scene.x2d.requires_grad_(loss != "adaptive_huber")
    poses = scene.pose[:, None].repeat(1, 3, 1)
    poses[..., :3] += torch.linspace(0, 0.05, 9, dtype=torch.float64).reshape(3, 3)[None]

    def costs(x3d, x2d, w2d, camera):
        options = {"delta": 1.5} if loss in ("huber", "cauchy") else {}
        return propnp.torch.expectation(
            x3d,
            x2d,
            w2d,
            camera,
            poses,
            torch.zeros(poses.shape[:2], dtype=torch.float64),
            dof=dof,
            loss=loss,
            z_min=0.1,
            **options,
        ).sample_cost

    assert torch.autograd.gradcheck(costs, (*leaves(scene), scene.camera), rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("dof", [6, 4])
def test_gradcheck_of_pose_plus(dof):
    scene = make_torch_scene(2, objects=2, points=6, dof=dof).differentiable()
    pose = scene.pose.clone()
    pose[:, :3] += 0.01

    def plus(x3d, x2d, w2d):
        return propnp.torch.pose_plus(
            x3d, x2d, w2d, scene.camera, pose, dof=dof, loss="huber", delta=1.5, z_min=0.1
        )

    assert torch.autograd.gradcheck(plus, leaves(scene), rtol=1e-4, atol=1e-7)


@pytest.mark.parametrize("dof", [6, 4])
def test_gradcheck_of_the_solution_and_its_cost(dof):
    scene = make_torch_scene(3, objects=2, points=6, dof=dof).differentiable()

    def solution(x3d, x2d, w2d):
        solved = propnp.torch.solve(
            x3d, x2d, w2d, scene.camera, pose_init=scene.pose, dof=dof, loss="cauchy", delta=4.0,
            z_min=0.1, tolerance=1e-12,
        )
        return solved.pose, solved.cost

    assert torch.autograd.gradcheck(solution, leaves(scene), eps=1e-5, rtol=1e-4, atol=1e-6)


def test_gradcheck_of_delta_and_of_a_prior():
    scene = make_torch_scene(4)
    delta = torch.full((3,), 1.2, dtype=torch.float64, requires_grad=True)
    mean = torch.tensor([0.0, 0.0, 1.7], dtype=torch.float64).repeat(3, 1).requires_grad_()
    sigma = torch.tensor([0.2, 0.3, 0.1], dtype=torch.float64).repeat(3, 1).requires_grad_()

    def costs(delta, mean, sigma):
        prior = propnp.Prior.log_depth(mean, sigma)
        return propnp.torch.expectation(
            *scene.problem, scene.pose[:, None], delta.new_zeros((3, 1)), loss="huber",
            delta=delta, prior=prior,
        ).expected_cost

    assert torch.autograd.gradcheck(costs, (delta, mean, sigma), rtol=1e-4, atol=1e-7)


@pytest.mark.parametrize("dof", [6, 4])
def test_stored_gradient_is_that_of_frozen_samples(dof):
    """Without control variates, which weigh the samples otherwise, and without smoothing of the
    weights, for which these are too good."""
    scene = make_torch_scene(5, points=20, dof=dof).differentiable()
    options = dict(dof=dof, loss="huber", delta=1.5, z_min=0.1)
    posterior = propnp.torch.sample(
        *scene.problem, pose_target=scene.pose, seed=3, num_samples=256, control_variates=False,
        **options,
    )
    stored = torch.autograd.grad(posterior.loss.sum(), leaves(scene), retain_graph=True)
    parts = torch.autograd.grad(
        (posterior.cost_target + posterior.log_evidence).sum(), leaves(scene), retain_graph=True
    )
    replayed = torch.autograd.grad(
        torch.logsumexp(posterior.sample_log_weight, 1).sum() + posterior.cost_target.sum(),
        leaves(scene),
    )
    for a, b, c in zip(stored, parts, replayed):
        assert a.abs().max() > 1e-3
        torch.testing.assert_close(a, b, rtol=1e-9, atol=1e-9)
        torch.testing.assert_close(a, c, rtol=1e-6, atol=1e-8)


def test_gradient_is_found_again_where_it_was_not_stored():
    scene = make_torch_scene(6).differentiable()
    problem, encoded = make_problem(Config(loss="huber").encoded, *scene.problem)
    seed = torch.tensor([7])
    gradients = []
    for kind in ("none", "evidence", "loss"):
        config = Config(loss="huber", gradient=kind).encoded
        outputs = torch.ops.propnp.sample(*problem, scene.pose, seed, None, config)
        for output in outputs[:3]:
            gradients.append(torch.autograd.grad(output.sum(), leaves(scene), retain_graph=True))
    for other in (3, 6):
        for k in range(3):
            for a, b in zip(gradients[k], gradients[other + k]):
                torch.testing.assert_close(a, b, rtol=1e-9, atol=1e-10)


def test_camera_gradient_of_the_evidence():
    """By self-normalised weights of the samples, as differences of frozen samples have it."""
    scene = make_torch_scene(8, objects=2)
    camera = scene.camera.clone().requires_grad_()
    points = scene.x3d, scene.x2d, scene.w2d
    options = dict(loss="none", z_min=0.1)
    posterior = propnp.torch.sample(*points, camera, seed=1, num_samples=64, **options)
    (gradient,) = torch.autograd.grad(posterior.log_evidence.sum(), camera)
    frozen = posterior.sample_pose, posterior.sample_log_weight.detach()
    costs = propnp.torch.expectation(*points, scene.camera, *frozen, **options).sample_cost

    def evidence(camera):
        changed = propnp.torch.expectation(*points, camera, *frozen, **options).sample_cost
        return torch.logsumexp(frozen[1] + costs - changed, 1).sum()

    step = 1e-4
    for row, column in ((0, 0), (1, 1), (0, 2), (1, 2), (0, 1)):
        move = torch.zeros(3, 3, dtype=torch.float64)
        move[row, column] = step
        difference = (evidence(scene.camera + move) - evidence(scene.camera - move)) / (2 * step)
        torch.testing.assert_close(gradient[row, column], difference, rtol=1e-5, atol=1e-6)


def test_expectations_follow_the_correspondences():
    scene = make_torch_scene(9, objects=2, points=6).differentiable()
    posterior = propnp.torch.sample(*scene.problem, seed=1, num_samples=64, loss="none")
    at_first = [x.detach().clone() for x in leaves(scene)]

    def expected(x3d, x2d, w2d):
        got = propnp.torch.expectation(
            x3d, x2d, w2d, scene.camera, posterior.sample_pose,
            weights_at(x3d, x2d, w2d), loss="none", z_min=0.1,
        )
        return got.mean_translation, got.expected_cost

    def weights_at(*correspondences):
        """What the tensors' own dependence would be: frozen samples, other costs."""
        costs = [
            propnp.torch.expectation(
                *at, scene.camera, posterior.sample_pose, posterior.sample_log_weight,
                loss="none", z_min=0.1,
            ).sample_cost
            for at in (at_first, correspondences)
        ]
        return (posterior.sample_log_weight + costs[0] - costs[1]).detach()

    assert torch.autograd.gradcheck(expected, leaves(scene), rtol=1e-3, atol=1e-6)


def test_a_learned_scale_of_the_loss():
    scene = make_torch_scene(10, points=20)
    scene.x2d[:, ::4] += 20.0  # outliers, or the scale would not matter
    layer = propnp.torch.ProbabilisticPnP(learn_relative_delta=True, relative_delta=0.02)
    layer.double()

    def loss(log_scale):
        with torch.no_grad():
            layer.log_relative_delta.copy_(log_scale)
        return layer(*scene.problem, scene.pose, seed=1).loss.sum()

    start = layer.log_relative_delta.detach().clone()
    loss(start).backward()
    step = 1e-5
    difference = (loss(start + step) - loss(start - step)).detach() / (2 * step)
    got = layer.log_relative_delta.grad
    assert abs(difference) > 0.1
    torch.testing.assert_close(got, difference, rtol=0.05, atol=0.05)


def test_what_flows_through_an_adaptive_delta():
    """The operator's own against PyTorch's, which sees delta = relative x weight x spread made."""
    scene = make_torch_scene(12, points=20)
    scene.x2d[:, ::4] += 20.0
    scene = scene.differentiable()
    relative = torch.tensor(0.03, dtype=torch.float64, requires_grad=True)
    of = (*leaves(scene), relative)
    spread = scene.x2d.detach().var(1).sum(-1).sqrt()
    made = relative * scene.w2d.mean((1, 2)) * spread
    losses = [
        propnp.torch.sample(*scene.problem, pose_target=scene.pose, seed=2, **options).loss
        for options in (
            {"loss": "adaptive_huber", "relative_delta": relative},
            {"loss": "huber", "delta": made},
        )
    ]
    torch.testing.assert_close(losses[0], losses[1], rtol=1e-10, atol=1e-10)
    ours, theirs = (torch.autograd.grad(loss.sum(), of) for loss in losses)
    assert theirs[3].abs() > 1
    for a, b in zip(ours, theirs):
        torch.testing.assert_close(a, b, rtol=1e-7, atol=1e-8)


def operator_arguments():
    scene = make_torch_scene(11, objects=2, points=8).differentiable()
    delta = torch.full((2,), 1.5, dtype=torch.float64, requires_grad=True)
    problem, _ = make_problem(Config(loss="huber").encoded, *scene.problem, delta=delta)
    config = Config(loss="huber", num_samples=SAMPLES, num_starts=8, num_modes=2)
    encoded = config.encoded
    seed = torch.tensor([5])
    pose = scene.pose
    samples = pose[:, None].repeat(1, 4, 1)
    weights = torch.zeros(2, 4, dtype=torch.float64)
    detached = [None if x is None else x.detach() for x in problem]
    cotangent = torch.ones_like(pose)
    return {
        "sample": (*problem, pose, seed, None, encoded),
        "sample_stored": (*problem, pose, seed, None, Config(loss="huber", num_samples=SAMPLES,
            num_starts=8, gradient="loss", samples_first=True, moments=True).encoded),
        "sample_adaptive": (*problem, pose, seed, None, Config(loss="adaptive_huber",
            num_samples=SAMPLES, num_starts=8, gradient="evidence").encoded),
        "sample_summaries": (*problem, pose, seed, torch.tensor([0, -1], dtype=torch.int32),
            Config(loss="huber", num_samples=SAMPLES, num_starts=8, moments=True, draws=5,
            quantile_levels=(0.1, 0.9), region_shares=(0.5,),
            symmetries='{"rotation": [[0, 0, 0, 1]]}').encoded),
        "sample_vjp": (*detached, samples, weights, weights + 1, None, None, 127, encoded),
        "expectation": (*problem, samples, weights, encoded),
        "pose_plus": (*problem, pose, encoded),
        "pose_plus_vjp": (*detached, pose, cotangent, 19, encoded),
        "solve": (*problem, pose, None, seed, encoded),
        "implicit_vjp": (*detached, pose, cotangent, 19, encoded),
        "evaluate": (*detached, pose, encoded),
    }


@pytest.mark.parametrize("name", list(operator_arguments()))
def test_opcheck(name):
    op = getattr(_ops, re.sub("_(stored|adaptive|summaries)$", "", name))
    torch.library.opcheck(op, operator_arguments()[name])
