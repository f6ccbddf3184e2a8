# SPDX-License-Identifier: Apache-2.0
# SPDX-FileCopyrightText: The propnp authors
"""Values of the published implementation, which the C++ tests agree with too: to 1e-6."""

import json
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

import propnp

CASES = json.loads((Path(__file__).parents[1] / "data/golden/epropnp_golden.json").read_text())[
    "cases"
]


def arrays(value):
    """Lists of numbers as arrays."""
    if isinstance(value, dict):
        return {name: arrays(entry) for name, entry in value.items()}
    if isinstance(value, list) and value and not isinstance(value[0], (dict, str)):
        return np.array(value)
    return [arrays(entry) for entry in value] if isinstance(value, list) else value


@pytest.fixture(params=CASES, ids=[case["name"] for case in CASES])
def case(request):
    golden = SimpleNamespace(**arrays(request.param))
    box = None if golden.lb is None else np.concatenate([golden.lb, golden.ub], axis=-1)
    golden.problem = {
        "x3d": golden.x3d,
        "x2d": golden.x2d,
        "w2d": golden.w2d,
        "camera": propnp.Camera.pinhole(golden.K, box_px=box),
        "dof": golden.dof,
        "z_min": golden.z_min,
    }
    if golden.adaptive_relative_delta is None:
        golden.problem.update(loss="huber", delta=golden.delta)
    else:
        relative = golden.adaptive_relative_delta
        golden.problem.update(loss="adaptive_huber", relative_delta=relative)
    return golden


def test_evaluate(case):
    for golden in case.evaluate:
        got = propnp.evaluate(
            **case.problem, pose=golden["pose"], derivatives=True, drop_clamped_rows=True
        )
        np.testing.assert_allclose(got.delta, case.delta, atol=1e-6)
        np.testing.assert_allclose(got.cost, golden["cost"], rtol=1e-6)
        root = np.sqrt(got.loss_weight)[..., None]
        np.testing.assert_allclose(
            (root * got.residual).reshape(golden["residual"].shape), golden["residual"], atol=1e-6
        )
        jacobian = (root[..., None] * got.jacobian).reshape(golden["jacobian"].shape)
        np.testing.assert_allclose(jacobian, golden["jacobian"], rtol=1e-6, atol=1e-6)


def test_levenberg_marquardt(case):
    params = case.lm["params"]
    for golden in case.lm["runs"]:
        got = propnp.solve(
            **case.problem,
            pose_init=case.lm["pose_init"],
            max_iterations=golden["num_iter"],
            tolerance=-1,
            initial_radius=params["initial_trust_region_radius"],
            max_radius=params["max_trust_region_radius"],
            min_diagonal=params["min_lm_diagonal"],
            max_diagonal=params["max_lm_diagonal"],
            min_relative_decrease=params["min_relative_decrease"],
            epsilon=params["eps"],
        )
        assert (got.iterations == golden["num_iter"]).all()
        np.testing.assert_allclose(got.pose, golden["pose"], atol=1e-6)
        np.testing.assert_allclose(got.cost_after, golden["cost"], rtol=1e-6)


def test_pose_plus(case):
    golden = case.pose_plus
    got = propnp.pose_plus(**case.problem, pose=golden["pose"], epsilon=golden["eps"])
    np.testing.assert_allclose(got.pose_plus, golden["pose_plus"], atol=1e-6)


def test_cost_of_the_target(case):
    golden = case.mc_loss
    got = propnp.evaluate(**case.problem, pose=golden["pose_target"])
    np.testing.assert_allclose(got.cost, golden["cost_target"], rtol=1e-6)
    samples = propnp.evaluate(**case.problem, pose=golden["pose_samples"])
    np.testing.assert_allclose(
        -samples.cost - golden["log_q"], golden["log_weights"], rtol=1e-6, atol=1e-6
    )
