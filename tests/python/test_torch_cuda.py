# SPDX-License-Identifier: Apache-2.0
# SPDX-FileCopyrightText: The propnp authors
"""propnp.torch on a GPU: the CPU's numbers, the caller's stream, graphs and torch.compile."""

import pytest

torch = pytest.importorskip("torch")

if not torch.cuda.is_available():
    pytest.skip("no GPU, or a PyTorch without CUDA", allow_module_level=True)

import propnp.torch
from torch_scenes import OPTIONS, TorchScene, make_torch_scene

DEVICE = torch.device("cuda")


def on_device(scene):
    return TorchScene(*(x.to(DEVICE) for x in (*scene.problem[:3], scene.pose, scene.camera)))


def loss_and_gradients(scene, seed):
    """Forward and backward of the Monte Carlo pose loss."""
    leaves = scene.differentiable()
    dof = 6 if scene.pose.shape[-1] == 7 else 4
    posterior = propnp.torch.sample(
        *leaves.problem, pose_target=scene.pose, seed=seed, dof=dof, **OPTIONS
    )
    points = torch.autograd.grad(posterior.loss.sum(), leaves.problem[:3])
    return (posterior.log_evidence.detach(), posterior.standard_error, *points)


@pytest.mark.parametrize("dof", [6, 4])
def test_posterior_is_the_cpus(dof):
    scene = make_torch_scene(31, objects=7, points=20, dof=dof, dtype=torch.float32)
    seed = torch.tensor([5])
    here = loss_and_gradients(scene, seed)
    there = [x.cpu() for x in loss_and_gradients(on_device(scene), seed.to(DEVICE))]
    # The same integers; rounding may end a search a little elsewhere.
    error = 3 * here[1] + 1e-4
    assert ((here[0] - there[0]).abs() < error).all()
    for a, b in zip(here[2:], there[2:]):
        assert (a - b).norm() < 0.02 * a.norm()


def test_solution_and_step_are_the_cpus():
    scene = make_torch_scene(32, objects=5)
    solved = propnp.torch.solve(*scene.problem, pose_init=scene.pose)
    moved = on_device(scene)
    other = propnp.torch.solve(*moved.problem, pose_init=moved.pose)
    torch.testing.assert_close(other.pose.cpu(), solved.pose, rtol=1e-8, atol=1e-8)
    step = propnp.torch.pose_plus(*scene.problem, solved.pose)
    other_step = propnp.torch.pose_plus(*moved.problem, other.pose)
    torch.testing.assert_close(other_step.cpu(), step, rtol=1e-8, atol=1e-8)


def test_waits_for_its_own_stream():
    scene = on_device(make_torch_scene(33))
    seed = torch.tensor([1], device=DEVICE)
    expected = loss_and_gradients(scene, seed)
    late = torch.zeros_like(scene.x2d)
    torch.cuda.synchronize()
    stream = torch.cuda.Stream()
    with torch.cuda.stream(stream):
        torch.cuda._sleep(100_000_000)  # some 50 ms
        late.copy_(scene.x2d)
        shifted = TorchScene(scene.x3d, late, scene.w2d, scene.pose, scene.camera)
        result = loss_and_gradients(shifted, seed)
    stream.synchronize()
    for a, b in zip(result, expected):
        torch.testing.assert_close(a, b, rtol=0, atol=0)


def test_replays_in_a_graph():
    scene, other = (on_device(make_torch_scene(seed)) for seed in (34, 35))
    seed = torch.tensor([1], device=DEVICE)
    stream = torch.cuda.Stream()
    stream.wait_stream(torch.cuda.current_stream())
    with torch.cuda.stream(stream):
        for _ in range(3):
            loss_and_gradients(scene, seed)
    torch.cuda.current_stream().wait_stream(stream)
    graph = torch.cuda.CUDAGraph()
    with torch.cuda.graph(graph):
        captured = loss_and_gradients(scene, seed)
    for inputs, key in ((scene, 1), (other, 1), (other, 2)):
        for to, source in zip((*scene.problem[:3], scene.pose), (*inputs.problem[:3], inputs.pose)):
            to.copy_(source)
        seed.fill_(key)
        graph.replay()
        eager = loss_and_gradients(scene, seed)
        for a, b in zip(captured, eager):
            torch.testing.assert_close(a, b, rtol=0, atol=0)


def test_compiles_without_a_graph_break():
    scene = on_device(make_torch_scene(36))
    seed = torch.tensor([3], device=DEVICE)

    def step(x3d, x2d, w2d, pose):
        return propnp.torch.sample(
            x3d, x2d, 2 * w2d, scene.camera, pose_target=pose, seed=seed, **OPTIONS
        ).loss

    compiled = torch.compile(step, fullgraph=True, backend="aot_eager")
    leaves = scene.differentiable()
    results = []
    for f in (step, compiled):
        loss = f(*leaves.problem[:3], scene.pose)
        results.append((loss.detach(), *torch.autograd.grad(loss.sum(), leaves.problem[:3])))
    for a, b in zip(*results):
        torch.testing.assert_close(b, a, rtol=0, atol=0)
