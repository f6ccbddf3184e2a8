# SPDX-License-Identifier: Apache-2.0
# SPDX-FileCopyrightText: The propnp authors
"""propnp.torch under torch.func, torch.compile and autocast."""

import subprocess

import pytest

torch = pytest.importorskip("torch")

import propnp.torch
from torch_scenes import OPTIONS, assert_same, gradients, make_torch_scene, sample


def test_vmap_joins_the_objects():
    scene = make_torch_scene(12, objects=6).differentiable()
    whole = sample(scene)
    of_whole = gradients(whole.loss.sum(), scene)
    slices = [x.detach().unflatten(0, (2, 3)) for x in (*scene.problem[:3], scene.pose)]

    def losses(x3d, x2d, w2d, pose):
        return propnp.torch.sample(
            x3d, x2d, w2d, scene.camera, pose_target=pose, seed=1, **OPTIONS
        ).loss

    mapped = torch.func.vmap(losses)(*slices)
    torch.testing.assert_close(mapped.flatten(), whole.loss.detach(), rtol=0, atol=0)
    moved = torch.func.vmap(losses, in_dims=(1, 0, 0, 0))(slices[0].movedim(0, 1), *slices[1:])
    torch.testing.assert_close(moved, mapped, rtol=0, atol=0)
    total = torch.func.grad(lambda *args: losses(*args).sum(), argnums=(0, 1, 2))
    for a, b in zip(torch.func.vmap(total)(*slices), of_whole):
        torch.testing.assert_close(a.flatten(0, 1), b, rtol=1e-12, atol=1e-12)


def test_vmap_over_solutions_and_their_cameras():
    scene = make_torch_scene(13, objects=4)
    cameras = scene.camera.repeat(2, 1, 1)
    cameras[1] *= torch.tensor([1.1, 1.1, 1.0], dtype=torch.float64)[:, None]
    points = [x.unflatten(0, (2, 2)) for x in scene.problem[:3]]
    starts = scene.pose.unflatten(0, (2, 2))

    def costs(x3d, x2d, w2d, camera, pose):
        return propnp.torch.solve(x3d, x2d, w2d, camera, pose_init=pose).cost.sum()

    mapped = torch.func.vmap(torch.func.grad(costs, argnums=3))(*points, cameras, starts)
    for k in range(2):
        alone = torch.func.grad(costs, argnums=3)(*(x[k] for x in points), cameras[k], starts[k])
        torch.testing.assert_close(mapped[k], alone, rtol=1e-6, atol=1e-9)


def test_vmap_over_packed_points_says_why_not():
    x3d, x2d = torch.zeros(2, 8, 3), torch.zeros(2, 8, 2)
    with pytest.raises(RuntimeError, match="packed points"):
        torch.func.vmap(
            lambda a, b: propnp.torch.solve(
                a, b, None, torch.eye(3), offsets=torch.tensor([0, 4, 8]), seed=0
            ).pose
        )(x3d, x2d)


@pytest.mark.parametrize("backend", ["aot_eager", "inductor"])
def test_compile_without_a_graph_break(backend):
    if backend == "inductor" and not has_compiler():
        pytest.skip("no C++ compiler for inductor")
    scene = make_torch_scene(14, dtype=torch.float32).differentiable()
    layer = propnp.torch.ProbabilisticPnP(learn_relative_delta=True, **OPTIONS)
    loss_of = propnp.torch.MonteCarloPoseLoss()

    def step(x3d, x2d, w2d, pose, seed):
        posterior = layer(x3d, x2d, w2d.exp(), scene.camera, pose, seed=seed)
        plus = layer.pose_plus(x3d, x2d, w2d.exp(), scene.camera, posterior.pose)
        return loss_of(posterior) + 0.1 * (plus - pose).square().mean()

    compiled = torch.compile(step, fullgraph=True, backend=backend)
    leaves = scene.x3d, scene.x2d, scene.w2d, *layer.parameters()
    for k in range(2):
        seed = torch.tensor([k])
        eager, traced = (
            f(*scene.problem[:3], scene.pose, seed) for f in (step, compiled)
        )
        torch.testing.assert_close(traced, eager, rtol=1e-3, atol=1e-3)
        for a, b in zip(torch.autograd.grad(traced, leaves), torch.autograd.grad(eager, leaves)):
            torch.testing.assert_close(a, b, rtol=1e-2, atol=1e-2 * b.abs().max().item())


def has_compiler():
    return subprocess.run(["g++", "--version"], capture_output=True).returncode == 0


def test_autocast_computes_in_float32():
    scene = make_torch_scene(15, dtype=torch.float32).differentiable()
    reference = sample(scene)
    with torch.autocast("cpu", dtype=torch.bfloat16):
        network = torch.nn.Linear(3, 3)
        network.weight.data.copy_(torch.eye(3))
        network.bias.data.zero_()
        half = network(scene.x3d)
        assert half.dtype is torch.bfloat16
        posterior = propnp.torch.sample(
            half, scene.x2d, scene.w2d, scene.camera, pose_target=scene.pose, seed=1, **OPTIONS
        )
        full = sample(scene)
    assert posterior.loss.dtype is torch.float32
    assert_same(full[:3], reference[:3], rtol=0, atol=0)
    posterior.loss.sum().backward()
    assert torch.isfinite(network.weight.grad).all() and network.weight.grad.abs().max() > 0
    assert scene.x3d.grad is not None
