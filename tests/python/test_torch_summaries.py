# SPDX-License-Identifier: Apache-2.0
# SPDX-FileCopyrightText: The propnp authors
"""Summaries of posteriors from propnp.torch.sample: those of propnp.sample."""

import numpy as np
import pytest

torch = pytest.importorskip("torch")

import propnp  # noqa: E402
import propnp.torch  # noqa: E402
from torch_scenes import make_torch_scene  # noqa: E402

SUMMARIES = dict(quantile_levels=[0.1, 0.5, 0.9], region_shares=[0.5, 0.9], draws=7)
OPTIONS = dict(loss="huber", delta=1.5, z_min=0.1, num_modes=3, num_samples=256, seed=3)
NAMES = (
    "mean_pose", "covariance", "mode_mean", "mode_moment_covariance", "quantiles",
    "region_log_density", "draws", "mode_probability",
)


def both(scene, **options):
    ours = propnp.torch.sample(*scene.problem, moments=True, **options)
    camera = propnp.Camera("pinhole", propnp.torch._inputs.pinhole_parameters(scene.camera))
    points = (t.detach() for t in (scene.x3d, scene.x2d, scene.w2d))
    return ours, propnp.sample(*points, camera=camera, **options)


@pytest.mark.parametrize("classes", [None, [0, -1, 1]])
def test_are_those_of_sample(classes):
    scene = make_torch_scene(31)
    symmetries = None
    if classes is not None:
        symmetries = propnp.Symmetries(
            rotation=[[0, 0, 0, 1], [0, 1, 0, 0]], offsets=[0, 1, 2], centre=np.zeros((2, 3)),
            object_class=classes,
        )
    ours, theirs = both(scene, symmetries=symmetries, **SUMMARIES, **OPTIONS)
    for name in NAMES:
        a, b = getattr(ours, name), getattr(theirs, name)
        assert a.shape == b.shape and a.isfinite().all()
        torch.testing.assert_close(a, b, rtol=1e-12, atol=1e-12)


def test_symmetries_fold_modes_and_leave_the_evidence_alone():
    """A square that looks the same after a quarter turn has four modes, or one."""
    x3d = torch.tensor([[[-1.0, -1, 0], [1, -1, 0], [1, 1, 0], [-1, 1, 0]]]).double().repeat(1, 4, 1)
    x2d = torch.tensor([[[220.0, 140], [420, 140], [420, 340], [220, 340]]]).double()
    x2d = torch.cat([x2d.roll(k, 1) for k in range(4)], 1)
    camera = torch.tensor([[600.0, 0, 320], [0, 600, 240], [0, 0, 1]]).double()
    half = 0.5**0.5
    quarter_turns = [[half, 0, 0, half], [0, 0, 0, 1], [half, 0, 0, -half]]
    options = dict(seed=1, loss="cauchy", delta=1.0, num_samples=512)
    x3d.requires_grad_()
    plain = propnp.torch.sample(x3d, x2d, None, camera, **options)
    folded = propnp.torch.sample(
        x3d, x2d, None, camera, symmetries=propnp.Symmetries(rotation=quarter_turns), **options
    )
    assert plain.mode_count.item() >= 4 and folded.mode_count.item() < plain.mode_count.item()
    torch.testing.assert_close(plain.log_evidence, folded.log_evidence, rtol=0, atol=0)
    for a, b in zip(*(torch.autograd.grad(p.log_evidence.sum(), x3d) for p in (plain, folded))):
        torch.testing.assert_close(a, b, rtol=0, atol=0)


def test_carry_no_gradient_and_are_absent_unless_asked_for():
    scene = make_torch_scene(32).differentiable()
    asked = propnp.torch.sample(*scene.problem, moments=True, **SUMMARIES, **OPTIONS)
    for name in NAMES:
        assert not getattr(asked, name).requires_grad
    assert asked.log_evidence.requires_grad
    plain = propnp.torch.sample(*scene.problem, **OPTIONS)
    for name in NAMES[:-1]:
        assert getattr(plain, name) is None
    torch.testing.assert_close(plain.log_evidence, asked.log_evidence, rtol=0, atol=0)
    none = propnp.torch.sample(*scene.problem, moments=True, **{**OPTIONS, "num_modes": 0})
    assert none.mode_mean is None and none.mean_pose is not None


def test_compile_and_vmap():
    scene = make_torch_scene(33)
    symmetries = propnp.Symmetries(rotation=[[0, 0, 0, 1]])
    seed = torch.tensor([3])

    def draws(x2d):
        options = {**OPTIONS, **SUMMARIES, "seed": seed}
        return propnp.torch.sample(
            scene.x3d, x2d, scene.w2d, scene.camera, symmetries=symmetries, **options
        ).draws

    expected = draws(scene.x2d)
    torch.testing.assert_close(torch.compile(draws, fullgraph=True)(scene.x2d), expected)
    mapped = torch.func.vmap(draws)(torch.stack([scene.x2d, scene.x2d + 1]))
    torch.testing.assert_close(mapped[0], expected)


def test_errors_name_what_is_wrong():
    scene = make_torch_scene(34)
    with pytest.raises(propnp.PropnpError, match="draws is -1"):
        propnp.torch.sample(*scene.problem, draws=-1)
    with pytest.raises(propnp.PropnpError, match="quantile_levels"):
        propnp.torch.sample(*scene.problem, quantile_levels=[2.0])
    with pytest.raises(propnp.PropnpError, match="symmetries"):
        propnp.torch.sample(*scene.problem, symmetries=propnp.Symmetries(rotation=[[0, 0, 1.0]]))
