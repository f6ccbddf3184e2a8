# SPDX-License-Identifier: Apache-2.0
# SPDX-FileCopyrightText: The propnp authors
"""Training with the published call sequence, and what the drop-in layer promises besides."""

import copy
import math
import pickle

import pytest

torch = pytest.importorskip("torch")

from torch import nn
from torch.nn import functional as F

from propnp.compat import epropnp
from propnp.compat.epropnp.camera import PerspectiveCamera
from propnp.compat.epropnp.common import evaluate_pnp, pnp_denormalize, pnp_normalize
from propnp.compat.epropnp.cost_fun import AdaptiveHuberPnPCost, HuberPnPCost
from propnp.compat.epropnp.epropnp import EProPnP4DoF, EProPnP6DoF
from propnp.compat.epropnp.levenberg_marquardt import LMSolver, RSLMSolver
from torch_scenes import make_torch_scene

LAYERS = {6: EProPnP6DoF, 4: EProPnP4DoF}


def make_layer(dof=6, samples=128, **keywords):
    return LAYERS[dof](
        mc_samples=samples,
        num_iter=4,
        solver=LMSolver(
            dof=dof,
            num_iter=10,
            init_solver=RSLMSolver(dof=dof, num_points=8, num_proposals=32, num_iter=3),
        ),
        **keywords,
    )


def make_case(seed, dof=6, objects=3, points=24):
    scene = make_torch_scene(seed, objects, points, dof, torch.float32).differentiable()
    camera = PerspectiveCamera(cam_mats=scene.camera.expand(objects, -1, -1))
    cost_fun = AdaptiveHuberPnPCost(relative_delta=0.5)
    cost_fun.set_param(scene.x2d.detach(), scene.w2d)
    return scene, (scene.x3d, scene.x2d, scene.w2d, camera, cost_fun)


class CorrespondenceNetwork(nn.Module):
    """Predicts correspondences from a pose, and trains as the published code does."""

    def __init__(self, sampler):
        super().__init__()
        self.points = 16
        self.body = nn.Sequential(nn.Linear(7, 128), nn.LeakyReLU(), nn.Linear(128, 16 * 7))
        self.log_weight_scale = nn.Parameter(torch.zeros(2))
        self.epropnp = make_layer(sampler=sampler)
        self.camera = PerspectiveCamera()
        self.cost_fun = AdaptiveHuberPnPCost(relative_delta=0.5)

    def correspondences(self, pose):
        x3d, x2d, w2d = self.body(pose).reshape(-1, self.points, 7).split([3, 2, 2], dim=-1)
        return x3d, x2d, (w2d.log_softmax(dim=-2) + self.log_weight_scale).exp()

    def forward_train(self, in_pose, cam_mats, out_pose):
        x3d, x2d, w2d = self.correspondences(in_pose)
        self.camera.set_param(cam_mats)
        self.cost_fun.set_param(x2d.detach(), w2d)
        result = self.epropnp.monte_carlo_forward(
            x3d, x2d, w2d, self.camera, self.cost_fun, pose_init=out_pose,
            force_init_solve=True, with_pose_opt_plus=True,
        )
        pose_opt, cost, pose_opt_plus, pose_samples, pose_sample_logweights, cost_tgt = result
        assert cost is None
        norm_factor = self.log_weight_scale.detach().exp().mean()
        return pose_opt_plus, pose_sample_logweights, cost_tgt, norm_factor

    def forward_test(self, in_pose, cam_mats, fast_mode=False):
        x3d, x2d, w2d = self.correspondences(in_pose)
        self.camera.set_param(cam_mats)
        self.cost_fun.set_param(x2d.detach(), w2d)
        pose_opt, _, _, _ = self.epropnp(
            x3d, x2d, w2d, self.camera, self.cost_fun, fast_mode=fast_mode
        )
        return pose_opt


def poses(count):
    """Inputs within a small box: easy to learn in few steps."""
    pose = torch.randn(count, 7) * 0.3
    pose[:, 2] += 5
    pose[:, 3] += 1
    return torch.cat([pose[:, :3], F.normalize(pose[:, 3:], dim=-1)], -1)


@pytest.mark.parametrize("sampler", ["mixture", "amis"])
def test_training_with_the_published_call_sequence(sampler):
    torch.manual_seed(1)
    model = CorrespondenceNetwork(sampler)
    loss_of = epropnp.MonteCarloPoseLoss(init_norm_factor=1.0, momentum=0.1)
    optimizer = torch.optim.Adam(
        [
            {"params": model.body.parameters()},
            {"params": model.log_weight_scale, "lr": 0.1},
        ],
        lr=2e-3,
    )
    losses = []
    for _ in range(60):
        pose = poses(32)
        cam_mats = torch.eye(3).expand(32, -1, -1)
        plus, log_weights, cost_tgt, norm_factor = model.forward_train(pose, cam_mats, pose)
        loss_mc = loss_of(log_weights, cost_tgt, norm_factor)
        loss_t = F.smooth_l1_loss(plus[:, :3], pose[:, :3])
        dot = (plus[:, None, 3:] @ pose[:, 3:, None]).squeeze(-1).squeeze(-1)
        loss = loss_mc + 0.1 * loss_t + 0.1 * (1 - dot.square()).mean() * 2
        optimizer.zero_grad()
        loss.backward()
        assert all(torch.isfinite(p.grad).all() for p in model.parameters())
        optimizer.step()
        losses.append((cost_tgt + model.epropnp.posterior.log_evidence).mean().item())
    # From 21 to about 1; at another seed 3.
    assert losses[0] > 18 and sum(losses[-5:]) / 5 < 7
    test = poses(64)
    with torch.no_grad():
        for fast_mode in (False, True):
            found = model.forward_test(test, torch.eye(3).expand(64, -1, -1), fast_mode)
            assert found.shape == (64, 7) and torch.isfinite(found).all()
            if not fast_mode:
                assert (found[:, :3] - test[:, :3]).norm(dim=-1).mean() < 1.0


@pytest.mark.parametrize("sampler", ["mixture", "mixture_mc", "amis"])
@pytest.mark.parametrize("dof", [6, 4])
def test_shapes_and_values_of_monte_carlo_forward(dof, sampler):
    scene, arguments = make_case(2, dof)
    layer = make_layer(dof, 256, sampler=sampler)
    pose_opt, cost, plus, samples, log_weights, cost_init = layer.monte_carlo_forward(
        *arguments, pose_init=scene.pose, force_init_solve=True, with_pose_opt_plus=True,
        with_cost=True,
    )
    size = 7 if dof == 6 else 4
    assert pose_opt.shape == plus.shape == (3, size) and cost.shape == cost_init.shape == (3,)
    assert samples.shape == (256, 3, size) and samples.is_contiguous()
    assert log_weights.shape == (256, 3) and log_weights.is_contiguous()
    assert not pose_opt.requires_grad and not samples.requires_grad
    assert plus.requires_grad and log_weights.requires_grad and cost_init.requires_grad
    torch.testing.assert_close(pose_opt[:, :3], scene.pose[:, :3], atol=0.2, rtol=0)
    with torch.no_grad():
        at_target = evaluate_pnp(*arguments[:3], scene.pose, *arguments[3:], out_cost=True)[1]
        at_best = evaluate_pnp(*arguments[:3], pose_opt, *arguments[3:], out_cost=True)[1]
        costs = evaluate_pnp(*arguments[:3], samples, *arguments[3:], out_cost=True)[1]
    torch.testing.assert_close(cost_init, at_target, rtol=1e-3, atol=1e-3)
    torch.testing.assert_close(cost, at_best, rtol=1e-3, atol=1e-3)
    assert (cost <= costs.min(0).values + 1e-3).all()
    # logsumexp - log S is the evidence in the published measure.
    evidence = torch.logsumexp(log_weights, 0) - math.log(256)
    shift = math.log(4) if dof == 6 else 0.0
    torch.testing.assert_close(
        evidence + shift, layer.posterior.log_evidence, atol=0.5, rtol=0
    )


@pytest.mark.parametrize("dof", [6, 4])
def test_both_samplers_estimate_one_evidence(dof):
    scene, arguments = make_case(3, dof, points=60)
    evidence = []
    for sampler in ("mixture", "amis"):
        layer = make_layer(dof, 4096, sampler=sampler)
        log_weights = layer.monte_carlo_forward(*arguments, pose_init=scene.pose)[4]
        evidence.append(torch.logsumexp(log_weights, 0) - math.log(4096))
    # The published sampler is biased low by a few hundredths here.
    torch.testing.assert_close(evidence[0], evidence[1], atol=0.15, rtol=0)


def test_gradients_of_log_weights_and_costs_are_those_of_the_costs():
    scene, arguments = make_case(4)
    layer = make_layer()
    _, _, _, samples, log_weights, cost_init = layer.monte_carlo_forward(
        *arguments, pose_init=scene.pose
    )
    leaves = scene.x3d, scene.x2d, scene.w2d
    cotangent = torch.randn_like(log_weights)
    ours = torch.autograd.grad(
        (log_weights * cotangent).sum() + 2 * cost_init.sum(), leaves, retain_graph=True
    )
    arguments[4].set_param(scene.x2d.detach(), scene.w2d)
    double = [x.double() for x in arguments[:3]]
    camera = PerspectiveCamera(cam_mats=scene.camera.double())
    cost_fun = HuberPnPCost(delta=arguments[4].delta.double())
    at_samples, at_target = (
        evaluate_pnp(*double, pose.double(), camera, cost_fun, out_cost=True)[1]
        for pose in (samples, scene.pose)
    )
    plain = torch.autograd.grad(
        -(at_samples * cotangent).sum() + 2 * at_target.sum(), leaves
    )
    for a, b in zip(ours, plain):
        torch.testing.assert_close(a, b, rtol=1e-3, atol=1e-3 * b.abs().max().item())


def test_evidence_and_modes_on_the_layer():
    scene, arguments = make_case(5)
    layer = make_layer(samples=512)
    log_weights = layer.monte_carlo_forward(*arguments, pose_init=scene.pose)[4]
    posterior = layer.posterior
    assert posterior.mode_count.min() >= 1 and posterior.khat.shape == (3,)
    corrected = torch.autograd.grad(
        posterior.log_evidence.sum(), (scene.x3d, scene.x2d), retain_graph=True
    )
    plain = torch.autograd.grad(torch.logsumexp(log_weights, 0).sum(), (scene.x3d, scene.x2d))
    for a, b in zip(corrected, plain):
        assert (a - b).norm() < 0.2 * b.norm()  # the plain one has the noise of 512 samples
        assert (a != b).any()


@pytest.mark.parametrize("sampler", ["mixture", "amis"])
def test_no_objects(sampler):
    scene, _ = make_case(6)
    empty = [x[:0] for x in (scene.x3d, scene.x2d, scene.w2d)]
    camera = PerspectiveCamera(cam_mats=torch.eye(3).expand(0, 3, 3))
    cost_fun = AdaptiveHuberPnPCost()
    cost_fun.set_param(empty[1], empty[2])
    _, _, plus, samples, log_weights, cost = make_layer(sampler=sampler).monte_carlo_forward(
        *empty, camera, cost_fun, pose_init=scene.pose[:0], with_pose_opt_plus=True
    )
    assert samples.shape == (128, 0, 7) and log_weights.shape == (128, 0)
    (log_weights.sum() + cost.sum() + plus.sum()).backward()


def test_normalize_changes_the_frame_and_not_the_answer():
    scene, arguments = make_case(7, points=40)
    with torch.no_grad():
        scene.x3d += 3.0
        scene.pose[:, :3] -= (epropnp.common.pose_to_rot_mat(scene.pose) @ torch.full((3,), 3.0))
    torch.manual_seed(1)
    plain = make_layer(samples=512).monte_carlo_forward(*arguments, pose_init=scene.pose)
    torch.manual_seed(1)
    shifted = make_layer(samples=512, normalize=True).monte_carlo_forward(
        *arguments, pose_init=scene.pose, with_pose_opt_plus=True
    )
    torch.testing.assert_close(plain[0][:, :3], shifted[0][:, :3], atol=1e-2, rtol=0)
    torch.testing.assert_close(shifted[2][:, :3], shifted[0][:, :3], atol=1e-2, rtol=0)
    torch.testing.assert_close(
        torch.logsumexp(plain[4], 0), torch.logsumexp(shifted[4], 0), atol=0.2, rtol=0
    )
    offset, _, moved = pnp_normalize(scene.x3d, scene.pose)
    torch.testing.assert_close(pnp_denormalize(offset, moved), scene.pose)


def test_image_bounds():
    scene, _ = make_case(8)
    shape = torch.tensor([[480.0, 640.0]]).expand(3, 2)
    camera = PerspectiveCamera(
        cam_mats=scene.camera.expand(3, -1, -1), img_shape=shape, allowed_border=-200
    )
    assert camera.lb == 199.5 and camera.ub[0].tolist() == [439.5, 279.5]
    cost_fun = HuberPnPCost(delta=2.0)
    arguments = scene.x3d, scene.x2d, scene.w2d, camera, cost_fun
    cost_init = make_layer().monte_carlo_forward(*arguments, pose_init=scene.pose)[5]
    expected = evaluate_pnp(*arguments[:3], scene.pose, camera, cost_fun, out_cost=True)[1]
    torch.testing.assert_close(cost_init, expected, rtol=1e-4, atol=1e-3)
    free = PerspectiveCamera(cam_mats=scene.camera.expand(3, -1, -1))
    without = evaluate_pnp(*arguments[:3], scene.pose, free, cost_fun, out_cost=True)[1]
    assert (expected > 2 * without).all()


def test_a_learned_relative_delta():
    scene, _ = make_case(9)
    with torch.no_grad():
        scene.x2d[:, ::3] += 40
    cost_fun = AdaptiveHuberPnPCost(relative_delta=0.1, learnable_rel_delta=True)
    cost_fun.set_param(scene.x2d.detach(), scene.w2d)
    camera = PerspectiveCamera(cam_mats=scene.camera.expand(3, -1, -1))
    result = make_layer().monte_carlo_forward(
        scene.x3d, scene.x2d, scene.w2d, camera, cost_fun, pose_init=scene.pose
    )
    (torch.logsumexp(result[4], 0) + result[5]).sum().backward()
    assert cost_fun.log_relative_delta_.grad.abs() > 0


def test_configurations_as_dicts():
    layer = EProPnP4DoF(
        mc_samples=512,
        num_iter=4,
        normalize=True,
        solver=dict(
            type="LMSolver",
            num_iter=10,
            normalize=True,
            init_solver=dict(type="RSLMSolver", num_points=16, num_proposals=64, num_iter=3),
        ),
    )
    assert layer.solver.init_solver.num_proposals == 64
    with pytest.raises(ValueError, match="solver type is 'Solver'"):
        EProPnP4DoF(solver=dict(type="Solver"))


def test_solver_alone():
    scene, arguments = make_case(10)
    layer = make_layer()
    pose, covariance, cost, plus = layer(
        *arguments, with_pose_cov=True, with_cost=True, with_pose_opt_plus=True
    )
    assert covariance.shape == (3, 6, 6) and cost.shape == (3,)
    torch.testing.assert_close(plus, pose, atol=1e-3, rtol=0)
    start, _, start_cost = layer.solver.init_solver.solve(*arguments, with_cost=True)
    assert (start_cost >= cost - 1e-3).all() and start.shape == (3, 7)
    alone = LMSolver(dof=6)
    with pytest.raises(ValueError, match="pose_init"):
        alone(*arguments)
    assert torch.isfinite(alone(*arguments, pose_init=scene.pose)[0]).all()


def test_layers_are_copied_and_pickled_without_their_graph():
    scene, arguments = make_case(11)
    layer = make_layer()
    layer.monte_carlo_forward(*arguments, pose_init=scene.pose)
    assert copy.deepcopy(layer).posterior is None
    assert pickle.loads(pickle.dumps(layer)).posterior is None
    assert not layer.state_dict()


def test_what_is_refused():
    with pytest.raises(ValueError, match="num_iter"):
        EProPnP6DoF(mc_samples=510)
    with pytest.raises(ValueError, match="num_iter is 2"):
        EProPnP6DoF(num_iter=2, sampler="amis")
    with pytest.raises(ValueError, match="sampler is 'best'"):
        EProPnP6DoF(sampler="best")
    with pytest.raises(ValueError, match="dof 4"):
        EProPnP6DoF(solver=LMSolver())
    scene, (x3d, x2d, w2d, camera, _) = make_case(12)
    with pytest.raises(ValueError, match="set_param"):
        make_layer().monte_carlo_forward(x3d, x2d, w2d, camera, AdaptiveHuberPnPCost())
    camera.set_param(camera.cam_mats.mT)
    with pytest.raises(ValueError, match="cam_mats"):
        make_layer().monte_carlo_forward(x3d, x2d, w2d, camera, HuberPnPCost())


def test_loss_reductions():
    log_weights, cost = torch.randn(16, 4), torch.rand(4)
    each = torch.logsumexp(log_weights, 0) + cost
    loss_of = epropnp.MonteCarloPoseLoss(loss_weight=2.0).eval()
    one = torch.tensor(1.0)
    weight = torch.tensor([1.0, 0.0, 2.0, 1.0])
    torch.testing.assert_close(loss_of(log_weights, cost, one), 2 * each.mean())
    torch.testing.assert_close(
        loss_of(log_weights, cost, one, weight=weight, avg_factor=8.0), (weight * each).sum() / 4
    )
    none = loss_of(log_weights, cost, one, reduction_override="none")
    torch.testing.assert_close(none, 2 * each)
    log_weights[3, 1] = math.nan
    assert loss_of(log_weights, cost, one, reduction_override="none")[1] == 0
    loss_of.train()(log_weights, cost, torch.tensor(3.0))
    assert loss_of.norm_factor == pytest.approx(1.02)
