# SPDX-License-Identifier: Apache-2.0
# SPDX-FileCopyrightText: The propnp authors
"""Results are of the caller's kind of array, with the same numbers."""

import sys
import types

import numpy as np
import pytest

import propnp
from scenes import CAMERA, make_scene, same_sign

SCENE = make_scene(1)
SOLVED = propnp.solve(**SCENE.problem())


class Foreign:
    """An array of some library that speaks DLPack and nothing else."""

    def __init__(self, array):
        self.array = array

    def __dlpack__(self, **options):
        return self.array.__dlpack__(**options)

    def __dlpack_device__(self):
        return self.array.__dlpack_device__()


class OnCuda:
    """What claims to be on a CUDA device."""

    def __init__(self, array):
        self.__cuda_array_interface__ = {
            "shape": array.shape,
            "typestr": array.dtype.str,
            "data": (4096, False),
            "version": 3,
            "strides": None,
            "stream": 1,
        }


@pytest.fixture
def library(monkeypatch):
    """The module that Foreign and OnCuda belong to."""
    made = types.ModuleType("foreign_library")
    monkeypatch.setitem(sys.modules, "foreign_library", made)
    for kind in (Foreign, OnCuda):
        monkeypatch.setattr(kind, "__module__", "foreign_library.arrays")
    return made


def foreign_problem():
    problem = SCENE.problem()
    return {**problem, **{name: Foreign(problem[name]) for name in ("x3d", "x2d", "w2d")}}


def test_lists_of_numbers():
    got = propnp.solve(SCENE.x3d.tolist(), SCENE.x2d.tolist(), 2, camera=CAMERA)
    np.testing.assert_array_equal(got.pose, SOLVED.pose)


def test_float32_stays_float32():
    single = {name: getattr(SCENE, name).astype(np.float32) for name in ("x3d", "x2d", "w2d")}
    got = propnp.solve(**single, camera=CAMERA)
    assert got.pose.dtype == np.float32
    assert got.status.dtype == np.int32
    # float32 resolves pixels to 3e-5 and the solver stops within 1e-4 standard deviations.
    np.testing.assert_allclose(same_sign(got.pose), same_sign(SOLVED.pose), atol=1e-4)
    precise = propnp.solve(**single, camera=CAMERA, precision="float64")
    assert precise.pose.dtype == np.float32
    np.testing.assert_allclose(same_sign(precise.pose), same_sign(SOLVED.pose), atol=2e-5)


def test_dlpack_without_a_library_gives_numpy():
    got = propnp.solve(**foreign_problem())
    assert isinstance(got.pose, np.ndarray)
    np.testing.assert_array_equal(got.pose, SOLVED.pose)


def test_dlpack_with_a_library_gives_its_arrays(library):
    library.from_dlpack = Foreign
    got = propnp.solve(**foreign_problem())
    assert isinstance(got.pose, Foreign)
    np.testing.assert_array_equal(got.pose.array, SOLVED.pose)
    posterior = propnp.sample(**foreign_problem(), gradients="log_evidence")
    assert isinstance(posterior.gradients.x2d, Foreign)


def test_dlpack_with_a_namespace_gives_its_arrays(monkeypatch):
    """As jax and others do whose arrays are of another module than their functions."""
    namespace = types.SimpleNamespace(from_dlpack=Foreign)
    monkeypatch.setattr(Foreign, "__array_namespace__", lambda self: namespace, raising=False)
    assert isinstance(propnp.solve(**foreign_problem()).pose, Foreign)


def test_arrays_of_the_array_api_standard():
    xp = pytest.importorskip("array_api_strict")
    problem = {name: xp.asarray(getattr(SCENE, name)) for name in ("x3d", "x2d", "w2d")}
    got = propnp.solve(**problem, camera=CAMERA)
    assert type(got.pose) is type(problem["x3d"])
    np.testing.assert_array_equal(np.from_dlpack(got.pose), SOLVED.pose)
    assert not np.from_dlpack(got.failed).any()
    weights = xp.asarray(SCENE.w2d)
    assert type(propnp.solve(SCENE.x3d, SCENE.x2d, weights, camera=CAMERA).pose) is type(weights)


def test_dlpack_of_another_device_is_refused(monkeypatch):
    monkeypatch.setattr(Foreign, "__dlpack_device__", lambda self: (10, 0))
    with pytest.raises(TypeError, match="x3d is on a device"):
        propnp.solve(**foreign_problem())
    monkeypatch.setattr(Foreign, "__dlpack_device__", lambda self: (2, 0))
    with pytest.raises(propnp.UnavailableError, match="torch.from_dlpack"):
        propnp.solve(**foreign_problem())


def test_cuda_arrays_reach_the_library_or_are_refused_in_words(library):
    problem = {"x3d": OnCuda(SCENE.x3d), "x2d": OnCuda(SCENE.x2d), "camera": CAMERA}
    with pytest.raises(propnp.UnavailableError, match="CUDA|asarray"):
        propnp.pose_plus(**problem, pose=OnCuda(SCENE.pose))
    library.asarray = OnCuda
    library.empty = lambda shape, dtype: OnCuda(np.empty(shape, dtype))
    with pytest.raises(propnp.UnavailableError):
        propnp.pose_plus(**problem, pose=OnCuda(SCENE.pose))


def test_two_kinds_are_refused(library):
    torch = pytest.importorskip("torch")
    problem = {**SCENE.problem(), "x3d": Foreign(SCENE.x3d), "x2d": torch.tensor(SCENE.x2d)}
    with pytest.raises(TypeError, match="x2d is of kind torch on the CPU, but x3d is of kind"):
        propnp.solve(**problem)


def torch_problem(**changes):
    torch = pytest.importorskip("torch")
    return {
        "x3d": torch.tensor(SCENE.x3d),
        "x2d": torch.tensor(SCENE.x2d),
        "w2d": torch.tensor(SCENE.w2d),
        "camera": CAMERA,
        **changes,
    }


def test_torch_tensors():
    torch = pytest.importorskip("torch")
    got = propnp.solve(**torch_problem())
    assert isinstance(got.pose, torch.Tensor)
    assert got.status.dtype == torch.int32
    assert not got.failed.any()
    np.testing.assert_array_equal(got.pose.numpy(), SOLVED.pose)
    mixed = propnp.solve(**torch_problem(x3d=SCENE.x3d))
    assert isinstance(mixed.pose, torch.Tensor)
    posterior = propnp.sample(**torch_problem(), counts=torch.full((5,), 20), object_ids=[5] * 5)
    assert isinstance(posterior.mode_pose, torch.Tensor)


def test_torch_tensors_that_are_not_plain():
    torch = pytest.importorskip("torch")
    x2d = torch.tensor(SCENE.x2d)
    same = {
        "requires gradient": x2d.clone().requires_grad_(),
        "parameter": torch.nn.Parameter(x2d.clone()),
        "transposed": x2d.transpose(0, 1).contiguous().transpose(0, 1),
        "negative bit": torch.view_as_complex(torch.stack([x2d, -x2d], -1)).conj().imag,
    }
    for name, tensor in same.items():
        got = propnp.solve(**torch_problem(x2d=tensor))
        np.testing.assert_array_equal(got.pose.numpy(), SOLVED.pose, err_msg=name)
        assert not got.pose.requires_grad
    for tensor in (x2d.to_sparse(), x2d > 0, x2d + 0j, torch.empty(5, 20, 2, device="meta")):
        with pytest.raises(TypeError, match="x2d|device"):
            propnp.solve(**torch_problem(x2d=tensor))
    narrow = propnp.solve(**torch_problem(x3d=torch.tensor(SCENE.x3d).bfloat16()))
    assert narrow.pose.dtype == torch.float32
    with pytest.raises(TypeError, match="counts is torch.float64"):
        propnp.solve(**torch_problem(counts=torch.ones(5, dtype=torch.float64)))


def test_torch_batch_axes_that_no_stride_describes():
    torch = pytest.importorskip("torch")
    x2d = torch.tensor(make_scene(2, objects=6).x2d).reshape(2, 3, 20, 2).swapaxes(0, 1)
    arguments = {"camera": CAMERA, "pose": SCENE.pose[0]}
    got = propnp.evaluate(torch.tensor(SCENE.x3d[0]), x2d, **arguments)
    copied = propnp.evaluate(SCENE.x3d[0], x2d.contiguous().numpy(), **arguments)
    np.testing.assert_array_equal(got.cost.numpy(), copied.cost)


def test_torch_cameras_keep_their_graph():
    torch = pytest.importorskip("torch")
    focal = torch.tensor(600.0, dtype=torch.float64, requires_grad=True)
    zero, one = torch.zeros_like(focal), torch.ones_like(focal)
    matrix = torch.stack([focal, zero, zero, zero, focal, zero, zero, zero, one]).reshape(3, 3)
    camera = propnp.Camera.opencv(matrix, torch.zeros(4, dtype=torch.float64))
    assert camera.parameters.shape == (12,)
    camera.parameters.sum().backward()
    assert focal.grad == 2


def test_nothing_imports_torch_by_itself():
    import subprocess

    code = (
        "import sys, propnp, numpy as np\n"
        "propnp.solve(np.zeros((3, 4, 3)), np.zeros((3, 4, 2)), camera=np.eye(3))\n"
        "assert not {'torch', 'jax', 'matplotlib'} & set(sys.modules)\n"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
