# SPDX-License-Identifier: Apache-2.0
# SPDX-FileCopyrightText: The propnp authors
"""Kernels are called without PyTorch's dispatcher only where nobody can tell the difference."""

import pytest

torch = pytest.importorskip("torch")

from torch.utils._python_dispatch import TorchDispatchMode

import propnp.torch
from torch_scenes import gradients, make_torch_scene, sample


class Watch(TorchDispatchMode):
    """The names of propnp's operators that pass by."""

    def __init__(self):
        super().__init__()
        self.seen = []

    def __torch_dispatch__(self, func, types, args=(), kwargs=None):
        if func.namespace == "propnp":
            self.seen.append(func._schema.name.removeprefix("propnp::"))
        return func(*args, **(kwargs or {}))


def step(scene):
    posterior = sample(scene)
    plus = propnp.torch.pose_plus(*scene.problem, posterior.pose, loss="huber")
    return posterior.loss.sum() + plus.sum()


def test_a_mode_sees_the_operators_and_the_same_numbers():
    scene = make_torch_scene(31).differentiable()
    direct = gradients(step(scene), scene)
    with Watch() as watch:
        watched = gradients(step(scene), scene)
    assert watch.seen == ["sample", "pose_plus", "pose_plus_vjp"]
    for a, b in zip(direct, watched):
        assert torch.equal(a, b)


def test_tensors_without_numbers_get_shapes():
    scene = make_torch_scene(32)
    posterior = propnp.torch.sample(
        *(x.to("meta") for x in scene.problem[:3]), scene.camera.to("meta"), num_samples=64,
        seed=torch.zeros(1, dtype=torch.int64, device="meta"),
    )
    assert posterior.sample_log_weight.shape == (len(scene.x3d), 64)
    assert posterior.pose.is_meta and posterior.loss is None


def test_a_sign_that_is_yet_to_be_applied_counts():
    scene = make_torch_scene(33)
    negative = torch.complex(torch.zeros_like(scene.x3d), -scene.x3d).conj().imag
    assert negative.is_neg() and torch.equal(negative, scene.x3d)
    expected = propnp.torch.pose_plus(*scene.problem, scene.pose)
    got = propnp.torch.pose_plus(negative, *scene.problem[1:], scene.pose)
    torch.testing.assert_close(got, expected, rtol=1e-12, atol=1e-12)


def test_a_second_derivative_is_refused_not_zero():
    scene = make_torch_scene(34).differentiable()
    plus = propnp.torch.pose_plus(*scene.problem, scene.pose)
    (first,) = torch.autograd.grad((plus**2).sum(), scene.x2d, create_graph=True)
    assert first.requires_grad
    with pytest.raises(RuntimeError, match="once_differentiable"):
        first.sum().backward()


def test_a_trace_has_the_operator():
    scene = make_torch_scene(35)
    traced = torch.jit.trace(
        lambda x3d: propnp.torch.pose_plus(x3d, *scene.problem[1:], scene.pose), (scene.x3d,)
    )
    assert "propnp::pose_plus" in str(traced.graph)
    other = 1.1 * scene.x3d
    expected = propnp.torch.pose_plus(other, *scene.problem[1:], scene.pose)
    assert torch.equal(traced(other), expected)
