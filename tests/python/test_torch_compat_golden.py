# SPDX-License-Identifier: Apache-2.0
# SPDX-FileCopyrightText: The propnp authors
"""Values of the published implementation through the drop-in layer, to 1e-6."""

import json
from pathlib import Path
from types import SimpleNamespace

import pytest

torch = pytest.importorskip("torch")

import propnp.torch
from propnp.compat.epropnp import (
    AdaptiveHuberPnPCost,
    HuberPnPCost,
    LMSolver,
    MonteCarloPoseLoss,
    PerspectiveCamera,
    evaluate_pnp,
)
from propnp.compat.epropnp.levenberg_marquardt import make_problem
from propnp.torch import _autograd

CASES = json.loads(
    (Path(__file__).parents[1] / "data/golden/epropnp_golden.json").read_text()
)["cases"]


def tensors(value):
    """Lists of numbers as float64 tensors."""
    if isinstance(value, dict):
        return {name: tensors(entry) for name, entry in value.items()}
    if isinstance(value, list) and value and not isinstance(value[0], (dict, str)):
        return torch.tensor(value, dtype=torch.float64)
    return [tensors(entry) for entry in value] if isinstance(value, list) else value


@pytest.fixture(params=CASES, ids=[case["name"] for case in CASES])
def case(request):
    golden = SimpleNamespace(**tensors(request.param))
    golden.camera = PerspectiveCamera(
        cam_mats=golden.K, z_min=golden.z_min, lb=golden.lb, ub=golden.ub
    )
    for name in ("x3d", "x2d", "w2d"):
        getattr(golden, name).requires_grad_()
    golden.points = golden.x3d, golden.x2d, golden.w2d
    golden.cost_fun = cost_of(golden)
    # From the published tangent to a rotation of the full angle: -2 times.
    golden.full_angle = torch.ones(golden.dof, dtype=torch.float64)
    if golden.dof == 6:
        golden.full_angle[3:] = -2
    return golden


def cost_of(golden):
    if golden.adaptive_relative_delta is None:
        return HuberPnPCost(delta=golden.delta)
    cost_fun = AdaptiveHuberPnPCost(relative_delta=golden.adaptive_relative_delta)
    cost_fun.set_param(golden.x2d.detach(), golden.w2d)
    return cost_fun


def close(got, expected, rtol=1e-6, atol=1e-6):
    torch.testing.assert_close(got.detach(), expected, rtol=rtol, atol=atol)


def test_evaluate_pnp(case):
    for golden in case.evaluate:
        residual, cost, jacobian = evaluate_pnp(
            *case.points, golden["pose"], case.camera, case.cost_fun,
            out_jacobian=True, out_residual=True, out_cost=True,
        )
        close(residual, golden["residual"])
        close(cost, golden["cost"])
        close(jacobian / case.full_angle, golden["jacobian"])


def test_delta(case):
    close(torch.as_tensor(case.cost_fun.delta), case.delta)


def test_levenberg_marquardt(case):
    params = case.lm["params"]
    for golden in case.lm["runs"]:
        solver = LMSolver(dof=case.dof, num_iter=golden["num_iter"], **params)
        pose, covariance, cost, _ = solver(
            *case.points, case.camera, case.cost_fun, pose_init=case.lm["pose_init"],
            with_pose_cov=True, with_cost=True,
        )
        close(pose, golden["pose"])
        close(cost, golden["cost"])
        full_angle = covariance * case.full_angle[:, None] * case.full_angle
        close(full_angle, golden["cov_full_angle"])


def test_pose_opt_plus(case):
    golden = case.pose_plus
    solver = LMSolver(dof=case.dof, num_iter=0, eps=golden["eps"])
    _, _, _, plus = solver(
        *case.points, case.camera, case.cost_fun, pose_init=golden["pose"],
        with_pose_opt_plus=True,
    )
    close(plus, golden["pose_plus"])
    plus.backward(golden["cotangent"])
    for tensor, name in zip(case.points, ("grad_x3d", "grad_x2d", "grad_w2d")):
        close(tensor.grad, golden[name])


def test_gn_step_is_the_step_to_pose_opt_plus(case):
    golden = case.pose_plus
    solver = LMSolver(dof=case.dof, eps=golden["eps"])
    step = solver.gn_step(*case.points, golden["pose"], case.camera, case.cost_fun)
    close(solver.pose_add(golden["pose"], step, case.camera), golden["pose_plus"])


def test_monte_carlo_pose_loss(case):
    """The layer's replay of samples, on the published samples and proposal densities."""
    golden = case.mc_loss
    problem = make_problem(*case.points, case.camera, case.cost_fun)
    config = LMSolver(dof=case.dof).config(case.camera, case.cost_fun).encoded
    poses = torch.cat([golden["pose_samples"], golden["pose_target"][None]]).transpose(0, 1)
    costs = _autograd.expectation(*problem, poses, torch.zeros(poses.shape[:2]), config)[0].t()
    log_weights = -costs[:-1] - golden["log_q"]
    close(log_weights, golden["log_weights"])
    close(costs[-1], golden["cost_target"])
    loss_of = MonteCarloPoseLoss(reduction="none").eval()
    losses = loss_of(log_weights, costs[-1], torch.tensor(1.0))
    close(losses, golden["loss"])
    losses.backward(golden["grad_loss"])
    for tensor, name in zip(case.points, ("grad_x3d", "grad_x2d", "grad_w2d")):
        close(tensor.grad, golden[name])
