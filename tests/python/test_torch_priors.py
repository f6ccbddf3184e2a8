# SPDX-License-Identifier: Apache-2.0
# SPDX-FileCopyrightText: The propnp authors
"""Gradients of torch operators with respect to the tensors of a prior."""

import pytest

torch = pytest.importorskip("torch")

import propnp  # noqa: E402
import propnp.torch  # noqa: E402
from torch_scenes import make_torch_scene  # noqa: E402

OBJECTS = 3
OPTIONS = dict(loss="huber", delta=1.5, z_min=0.1)


def factor(size, scale, seed=0):
    """Of covariances (B, size, size): what gradcheck moves leaves them symmetric."""
    generator = torch.Generator().manual_seed(seed)
    noise = torch.rand(OBJECTS, size, size, generator=generator, dtype=torch.float64)
    return (scale * (torch.eye(size, dtype=torch.float64) + 0.3 * noise)).requires_grad_()


def priors(scene, kind, dof=6):
    """The tensors that carry gradients, and a prior made of them."""
    double = dict(dtype=torch.float64)
    if kind == "pose":
        mean = (scene.pose + 0.02).requires_grad_()  # a quaternion of any length
        return (mean, factor(dof, 0.3)), lambda m, f: propnp.Prior.of_pose(m, f @ f.mT)
    if kind == "depth_range":
        depth = torch.tensor([[3.0, 8.0]] * OBJECTS, **double).requires_grad_()
        bound = torch.tensor([[0.6, 0.5]] * OBJECTS, **double).requires_grad_()
        return (depth, bound), propnp.Prior.depth_range
    mean = torch.tensor([0.0, 0.0, 1.7], **double).repeat(OBJECTS, 1).requires_grad_()
    if kind == "covariance":
        return (mean, factor(3, 0.2)), lambda m, f: propnp.Prior.log_depth(m, covariance=f @ f.mT)
    sigma = torch.tensor([0.2, 0.3, 0.1], **double).repeat(OBJECTS, 1).requires_grad_()
    return (mean, sigma), propnp.Prior.log_depth


@pytest.mark.parametrize("dof", [6, 4])
@pytest.mark.parametrize("kind", ["sigma", "covariance", "pose"])
def test_gradcheck_of_costs_solutions_and_steps(kind, dof):
    scene = make_torch_scene(21, objects=OBJECTS, dof=dof)
    leaves, make = priors(scene, kind, dof)
    options = dict(OPTIONS, dof=dof)

    def costs(*tensors):
        return propnp.torch.expectation(
            *scene.problem, scene.pose[:, None], leaves[0].new_zeros((OBJECTS, 1)),
            prior=make(*tensors), **options,
        ).expected_cost

    def steps(*tensors):
        return propnp.torch.pose_plus(
            *scene.problem, scene.pose, prior=make(*tensors), **options
        )

    def solution(*tensors):
        return propnp.torch.solve(
            *scene.problem, pose_init=scene.pose, prior=make(*tensors), tolerance=1e-12,
            max_iterations=400, **options,
        ).pose

    assert torch.autograd.gradcheck(costs, leaves, rtol=1e-4, atol=1e-6)
    assert torch.autograd.gradcheck(steps, leaves, rtol=1e-4, atol=1e-6)
    assert torch.autograd.gradcheck(solution, leaves, eps=1e-5, rtol=1e-3, atol=1e-5)


@pytest.mark.parametrize("kind", ["sigma", "covariance", "pose", "depth_range"])
def test_of_log_evidence_is_what_sample_says(kind):
    """Stored by the forward pass; the mean of a pose is one of the tangent there."""
    scene = make_torch_scene(22, objects=OBJECTS)
    leaves, make = priors(scene, kind)
    first, second = leaves
    if kind in ("covariance", "pose"):
        second = (second @ second.mT).detach().requires_grad_()
        make = propnp.Prior.of_pose if kind == "pose" else (
            lambda m, c: propnp.Prior.log_depth(m, covariance=c)
        )
    prior = make(first, second)
    options = dict(OPTIONS, seed=4, num_samples=256)
    posterior = propnp.torch.sample(*scene.problem, prior=prior, **options)
    ours = torch.autograd.grad(posterior.log_evidence.sum(), (first, second))
    camera = propnp.Camera("pinhole", propnp.torch._inputs.pinhole_parameters(scene.camera))
    x3d, x2d, w2d = (t.detach() for t in (scene.x3d, scene.x2d, scene.w2d))
    theirs = propnp.sample(
        x3d, x2d, w2d, camera=camera, gradients="log_evidence",
        prior=make(first.detach(), second.detach()), **options,
    ).gradients
    if kind == "depth_range":
        expected = theirs.prior_depth, theirs.prior_bound
    elif kind == "sigma":
        expected = theirs.prior_mean, theirs.prior_sigma
    else:
        expected = theirs.prior_mean, theirs.prior_covariance
    assert expected[1].abs().max() > 1e-3
    torch.testing.assert_close(ours[1], expected[1], rtol=1e-9, atol=1e-9)
    if kind != "pose":
        torch.testing.assert_close(ours[0], expected[0], rtol=1e-9, atol=1e-9)
        return
    # Along steps of the tangent.
    for k in range(6):
        moved = []
        for step in (1e-6, -1e-6):
            tangent = torch.zeros(OBJECTS, 6, dtype=torch.float64)
            tangent[:, k] = step
            q = first.detach().clone()
            q[:, 3:] /= q[:, 3:].norm(dim=1, keepdim=True)
            moved.append(propnp.move_pose(q, tangent).pose)
        q = first.detach()[:, 3:].norm(dim=1, keepdim=True)
        direction = (moved[0] - moved[1]) / 2e-6
        direction[:, 3:] *= q
        along = (ours[0] * direction).sum(1)
        torch.testing.assert_close(along, expected[0][:, k], rtol=1e-6, atol=1e-6)
    # Its length says nothing.
    radial = (ours[0][:, 3:] * first.detach()[:, 3:]).sum(1)
    torch.testing.assert_close(radial, torch.zeros_like(radial), rtol=0, atol=1e-9)


def test_a_depth_range_moves_no_minimum_and_has_no_gradient_of_single_poses():
    scene = make_torch_scene(23, objects=OBJECTS)
    leaves, make = priors(scene, "depth_range")
    solved = propnp.torch.solve(*scene.problem, prior=make(*leaves), seed=0, **OPTIONS)
    for gradient in torch.autograd.grad(solved.pose.sum(), leaves):
        assert (gradient == 0).all()
    costs = propnp.torch.expectation(
        *scene.problem, solved.pose.detach()[:, None], torch.zeros(OBJECTS, 1).double(),
        prior=make(*leaves), **OPTIONS,
    ).expected_cost
    with pytest.raises(propnp.PropnpError, match="depth range"):
        torch.autograd.grad(costs.sum(), leaves)


def test_loss_has_the_prior_at_the_target_too():
    """Each part against differences of the operator's own value: as many samples give an evidence
    whose differences over .02 are good to a hundredth."""
    scene = make_torch_scene(24, objects=OBJECTS)
    leaves, make = priors(scene, "pose")

    def values(mean, root):
        return propnp.torch.sample(
            *scene.problem, pose_target=scene.pose, prior=make(mean, root), seed=1,
            num_samples=32768, **OPTIONS,
        )[:3]

    parts = [torch.autograd.grad(value.sum(), leaves, retain_graph=True) for value in values(*leaves)]
    for evidence, target, loss in zip(*parts):
        torch.testing.assert_close(loss, evidence + target, rtol=1e-9, atol=1e-9)
    with torch.no_grad():
        for k, leaf in enumerate(leaves):
            direction = torch.randn(leaf.shape, generator=torch.Generator().manual_seed(2)).double()
            step = 0.01
            up, down = (
                values(*(t + side * step * direction if t is leaf else t for t in leaves))
                for side in (1, -1)
            )
            for gradients, a, b in zip(parts[:2], up, down):
                along = (gradients[k] * direction).flatten(1).sum(1)
                torch.testing.assert_close(along, (a - b) / (2 * step), rtol=1e-2, atol=2e-2)


def test_compiles():
    scene = make_torch_scene(25, objects=OBJECTS)
    leaves, _ = priors(scene, "pose")

    def loss(mean, root):
        prior = propnp.Prior.of_pose(mean, root @ root.mT)
        return propnp.torch.sample(*scene.problem, prior=prior, seed=torch.tensor([1]), **OPTIONS)[0].sum()

    expected = torch.autograd.grad(loss(*leaves), leaves)
    actual = torch.autograd.grad(torch.compile(loss, fullgraph=True)(*leaves), leaves)
    for a, b in zip(actual, expected):
        torch.testing.assert_close(a, b)
