# SPDX-License-Identifier: Apache-2.0
# SPDX-FileCopyrightText: The propnp authors
"""Posteriors through propnp.torch: values, layouts and hostile input."""

import copy
import math
import subprocess
import sys

import pytest

torch = pytest.importorskip("torch")

import propnp
import propnp.torch
from torch_scenes import OPTIONS, assert_same, gradients, make_torch_scene, sample


def test_a_posterior():
    scene = make_torch_scene(1, points=40, dtype=torch.float32)
    posterior = sample(scene, moments=True, num_samples=512)
    assert not posterior.failed.any()
    assert posterior.pose.shape == (3, 7)
    assert posterior.sample_pose.shape == (3, 512, 7)
    torch.testing.assert_close(posterior.pose[:, :3], scene.pose[:, :3], atol=0.1, rtol=0)
    torch.testing.assert_close(posterior.mean_pose[:, :3], posterior.pose[:, :3], atol=0.02, rtol=0)
    torch.testing.assert_close(
        posterior.covariance, posterior.mode_covariance[:, 0], rtol=0.5, atol=1e-4
    )
    plain = torch.logsumexp(posterior.sample_log_weight, 1) - math.log(512)
    # Plain weights and control variates estimate the same: some 1 / sqrt(512) apart.
    torch.testing.assert_close(plain, posterior.log_evidence, atol=0.2, rtol=0)


def test_numbers_are_those_of_the_other_interface():
    scene = make_torch_scene(2)
    ours = sample(scene, loss="huber", delta=1.5)
    theirs = propnp.sample(
        scene.x3d, scene.x2d, w2d=scene.w2d, camera=scene.camera,
        pose_target=scene.pose, loss="huber", delta=1.5, seed=1, num_samples=64, num_starts=16,
    )
    torch.testing.assert_close(ours.log_evidence, theirs.log_evidence, rtol=1e-12, atol=1e-12)
    torch.testing.assert_close(ours.cost_target, theirs.cost_target, rtol=1e-12, atol=1e-12)


def test_adaptive_delta_is_the_library_s():
    scene = make_torch_scene(3)
    scene.x2d[:, ::3] += 30.0
    ours = sample(scene, loss="adaptive_huber", relative_delta=0.05)
    theirs = propnp.sample(
        scene.x3d, scene.x2d, w2d=scene.w2d, camera=scene.camera, loss="adaptive_huber", relative_delta=0.05, seed=1, num_samples=64, num_starts=16,
        pose_target=scene.pose,
    )
    torch.testing.assert_close(ours.cost_target, theirs.cost_target, rtol=1e-12, atol=1e-12)


def test_seeds():
    scene = make_torch_scene(4)
    torch.manual_seed(5)
    first = sample(scene, seed=None).log_evidence
    second = sample(scene, seed=None).log_evidence
    torch.manual_seed(5)
    assert (sample(scene, seed=None).log_evidence == first).all()
    assert (second != first).any()
    tensor = sample(scene, seed=torch.tensor([1])).log_evidence
    assert (tensor == sample(scene).log_evidence).all()


def test_object_ids_make_shards_draw_what_the_whole_draws():
    scene = make_torch_scene(5, objects=4)
    whole = sample(scene).log_evidence
    half = propnp.torch.sample(
        *(x[2:] for x in scene.problem[:3]), scene.camera, pose_target=scene.pose[2:], seed=1,
        object_ids=torch.tensor([2, 3]), **OPTIONS,
    )
    torch.testing.assert_close(half.log_evidence, whole[2:], rtol=0, atol=0)


def strided(tensor):
    """The same numbers, not next to each other."""
    wide = torch.full((*tensor.shape[:-1], 2 * tensor.shape[-1]), math.nan, dtype=tensor.dtype)
    wide[..., ::2] = tensor
    return wide[..., ::2]


def test_inputs_that_are_not_contiguous():
    scene = make_torch_scene(6)
    spread = copy.copy(scene)
    spread.x3d = scene.x3d.transpose(0, 1).contiguous().transpose(0, 1)
    spread.x2d, spread.w2d, spread.pose = map(strided, (scene.x2d, scene.w2d, scene.pose))
    assert not spread.x2d.is_contiguous()
    a, b = scene.differentiable(), spread
    for name in ("x3d", "x2d", "w2d"):
        getattr(b, name).requires_grad_()
    pa, pb = sample(a), sample(b)
    assert_same(pa[:5], pb[:5], rtol=0, atol=0)
    assert_same(gradients(pa.loss.sum(), a), gradients(pb.loss.sum(), b), rtol=0, atol=0)


def ragged_pair():
    """A batch with padding that must not be read, and its objects one by one."""
    scene = make_torch_scene(7, points=14)
    counts = [14, 6, 9]
    for row, count in enumerate(counts):
        for tensor in (scene.x3d, scene.x2d, scene.w2d):
            tensor[row, count:] = math.nan
    alone = []
    for row, count in enumerate(counts):
        one = copy.copy(scene)
        one.x3d, one.x2d, one.w2d = (x[row : row + 1, :count] for x in scene.problem[:3])
        one.pose = scene.pose[row : row + 1]
        alone.append(one.differentiable())
    return scene, torch.tensor(counts), alone


def losses_alone(alone, **keywords):
    return [
        sample(one, object_ids=torch.tensor([row]), **keywords).loss
        for row, one in enumerate(alone)
    ]


@pytest.mark.parametrize("loss", ["huber", "adaptive_huber"])
def test_ragged_by_counts(loss):
    scene, counts, alone = ragged_pair()
    batch = scene.differentiable()
    posterior = sample(batch, counts=counts, loss=loss)
    separate = losses_alone(alone, loss=loss)
    assert_same(posterior.loss, torch.cat(separate), rtol=1e-12, atol=1e-12)
    of_batch = gradients(posterior.loss.sum(), batch)
    for row, count in enumerate(counts.tolist()):
        of_one = gradients(separate[row].sum(), alone[row])
        for whole, part in zip(of_batch, of_one):
            torch.testing.assert_close(whole[row, :count], part[0], rtol=1e-10, atol=1e-12)
            assert (whole[row, count:] == 0).all()


@pytest.mark.parametrize("loss", ["huber", "adaptive_huber"])
def test_ragged_by_offsets(loss):
    scene, counts, alone = ragged_pair()
    packed = copy.copy(scene)
    packed.x3d, packed.x2d, packed.w2d = (
        torch.cat([x[row, :count] for row, count in enumerate(counts)]) for x in scene.problem[:3]
    )
    packed = packed.differentiable()
    offsets = torch.cat([torch.zeros(1, dtype=torch.int64), counts.cumsum(0)])
    posterior = sample(packed, offsets=offsets, loss=loss)
    separate = losses_alone(alone, loss=loss)
    assert_same(posterior.loss, torch.cat(separate), rtol=1e-12, atol=1e-12)
    plus = propnp.torch.pose_plus(*packed.problem, packed.pose, offsets=offsets, loss=loss)
    assert plus.shape == (3, 7)
    weights = torch.tensor([1.0, -2.0, 0.5], dtype=torch.float64)
    of_batch = gradients((posterior.loss * weights).sum(), packed)
    for row, (start, stop) in enumerate(zip(offsets[:-1], offsets[1:])):
        of_one = gradients(weights[row] * separate[row].sum(), alone[row])
        for whole, part in zip(of_batch, of_one):
            torch.testing.assert_close(whole[start:stop], part[0], rtol=1e-10, atol=1e-12)


def test_a_rig_of_two_views_is_one_object():
    scene = make_torch_scene(8, objects=1, points=16)
    split = copy.copy(scene)
    split.x3d, split.x2d, split.w2d = (x.reshape(2, 8, -1) for x in scene.problem[:3])
    split = split.differentiable()
    whole = scene.differentiable()
    for loss in ("huber", "adaptive_huber"):
        joined = sample(split, view_offsets=torch.tensor([0, 2]), loss=loss)
        single = sample(whole, loss=loss)
        # The points are summed in another order, which moves where the search stops by up to 1e-4
        # standard deviations, and with it all samples.
        torch.testing.assert_close(joined.loss, single.loss, rtol=1e-6, atol=1e-5)
        for a, b in zip(
            gradients(joined.loss.sum(), split), gradients(single.loss.sum(), whole)
        ):
            torch.testing.assert_close(a.reshape(b.shape), b, rtol=1e-2, atol=1e-2)


def test_no_objects():
    scene = make_torch_scene(9)
    empty = copy.copy(scene)
    empty.x3d, empty.x2d, empty.w2d, empty.pose = (
        x[:0] for x in (scene.x3d, scene.x2d, scene.w2d, scene.pose)
    )
    empty = empty.differentiable()
    posterior = sample(empty)
    assert posterior.loss.shape == (0,) and posterior.sample_pose.shape == (0, 64, 7)
    assert gradients(posterior.loss.sum(), empty)[0].shape == (0, 12, 3)
    assert propnp.torch.solve(*empty.problem, seed=0).pose.shape == (0, 7)
    assert propnp.torch.pose_plus(*empty.problem, empty.pose).shape == (0, 7)


def test_an_object_without_points_fails_alone():
    scene = make_torch_scene(10)
    posterior = sample(scene, counts=torch.tensor([12, 0, 12]))
    assert posterior.failed.tolist() == [False, True, False]
    none = propnp.torch.sample(
        torch.zeros(2, 0, 3), torch.zeros(2, 0, 2), None, scene.camera, seed=0, **OPTIONS
    )
    assert none.failed.all() and torch.isfinite(none.log_evidence).all()


@pytest.mark.parametrize("name", ["x3d", "x2d", "w2d", "pose"])
@pytest.mark.parametrize("loss", ["huber", "adaptive_huber"])
def test_nan_does_not_harm_the_neighbours(name, loss):
    clean = make_torch_scene(11).differentiable()
    broken = make_torch_scene(11)
    getattr(broken, name)[1, 0] = math.nan
    broken = broken.differentiable()
    layer = propnp.torch.ProbabilisticPnP(
        learn_relative_delta=loss == "adaptive_huber", loss=loss, **OPTIONS
    ).double()

    def step(scene):
        posterior = layer(*scene.problem, scene.pose, seed=1)
        pose = torch.nan_to_num(posterior.pose)
        plus = layer.pose_plus(*scene.problem, pose)
        loss = posterior.loss.sum() + plus.sum()
        return posterior, torch.autograd.grad(
            loss, (scene.x3d, scene.x2d, scene.w2d, *layer.parameters())
        )

    posterior, of_broken = step(broken)
    expected, of_clean = step(clean)
    assert posterior.failed.tolist() == [False, True, False]
    for field, output in posterior._asdict().items():
        if output is not None:
            assert torch.isfinite(output[1]).all(), field
    for gradient, reference in zip(of_broken, of_clean):
        assert torch.isfinite(gradient).all()
        if gradient.dim() == 3:
            # With a bad target alone, pose_plus has a gradient, from no rotation at depth 1.
            assert name == "pose" or (gradient[1] == 0).all()
            torch.testing.assert_close(gradient[::2], reference[::2], rtol=1e-12, atol=1e-12)
    torch.testing.assert_close(posterior.loss[::2], expected.loss[::2], rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize("kind", ["log_depth", "depth_range", "pose"])
def test_priors(kind):
    """One for all objects or one each, with gradients where there are any."""
    scene = make_torch_scene(18).differentiable()
    double = dict(dtype=torch.float64)
    mean = torch.tensor([0.0, 0.0, 1.8], **double).requires_grad_()
    one = {
        "log_depth": lambda: propnp.Prior.log_depth(mean, [0.2, 0.2, 0.1]),
        "depth_range": lambda: propnp.Prior.depth_range([1.0, 20.0], [0.6, 0.5]),
        "pose": lambda: propnp.Prior.of_pose(scene.pose, 0.01 * torch.eye(6, **double)),
    }[kind]()
    with_prior = sample(scene, prior=one)
    without = sample(scene)
    assert (with_prior.log_evidence != without.log_evidence).all()
    assert all(g.isfinite().all() for g in gradients(with_prior.loss.sum(), scene))
    if kind == "log_depth":
        each = propnp.Prior.log_depth(mean.expand(3, 3), torch.full((3, 3), 0.2, **double))
        loss = sample(scene, prior=each).loss.sum()
        assert torch.autograd.grad(loss, mean)[0].abs().min() > 0


def test_a_prior_of_ragged_objects():
    torch.manual_seed(19)
    offsets = torch.tensor([0, 4, 10])
    points = torch.randn(10, 3), torch.randn(10, 2) * 0.1, None, torch.eye(3)
    prior = propnp.Prior.log_depth([0.0, 0.0, 1.6], [0.5, 0.5, 0.5])
    got = propnp.torch.sample(*points, offsets=offsets, prior=prior, seed=0, **OPTIONS)
    assert got.log_evidence.shape == (2,) and not got.failed.any()


def test_inference_mode_and_no_grad():
    scene = make_torch_scene(16).differentiable()
    with torch.inference_mode():
        a = sample(scene)
    with torch.no_grad():
        b = sample(scene)
    assert not a.loss.requires_grad and not b.loss.requires_grad
    assert_same(a[:5], b[:5], rtol=0, atol=0)


def test_threads_work_side_by_side():
    from concurrent.futures import ThreadPoolExecutor

    scenes = [make_torch_scene(k) for k in range(4)]
    expected = [sample(scene).loss for scene in scenes]
    with ThreadPoolExecutor(4) as pool:
        for got, wanted in zip(pool.map(sample, scenes * 5), expected * 5):
            torch.testing.assert_close(got.loss, wanted, rtol=0, atol=0)


def test_errors_name_what_is_wrong():
    scene = make_torch_scene(17)
    with pytest.raises(TypeError, match="num_sample.*num_samples"):
        sample(scene, num_sample=3)
    with pytest.raises(ValueError, match="sampler is 'best'"):
        sample(scene, sampler="best")
    with pytest.raises(ValueError, match="pose_target"):
        sample(scene, pose_target=torch.zeros(2, 7, dtype=torch.float64))
    with pytest.raises(ValueError, match=r"camera has shape \(2, 2\)"):
        propnp.torch.solve(scene.x3d, scene.x2d, None, torch.eye(2))
    with pytest.raises(ValueError, match="x3d"):
        propnp.torch.solve(scene.x3d.long(), scene.x2d, None, scene.camera)
    with pytest.raises(ValueError, match="num_samples"):
        sample(scene, num_samples=8)


def test_the_library_answers_for_a_device_that_is_not_there():
    """What a CUDA tensor asks for, put to the library without one."""
    from propnp import _abi

    args = _abi.SolveArgs.new()
    args.device = 0
    with pytest.raises(propnp.PropnpError):
        _abi.call("solve", args)


def test_imports_without_drawing_in_others():
    code = "import sys, propnp; assert 'torch' not in sys.modules"
    subprocess.run([sys.executable, "-c", code], check=True)
