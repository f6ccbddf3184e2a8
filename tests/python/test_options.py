# SPDX-License-Identifier: Apache-2.0
# SPDX-FileCopyrightText: The propnp authors
"""What options look like, keep, and say."""

import copy
import inspect
import pickle

import numpy as np
import pytest

import propnp
from scenes import CAMERA, make_scene

OPERATIONS = [propnp.solve, propnp.sample, propnp.evaluate, propnp.pose_plus]


@pytest.mark.parametrize("operation", OPERATIONS, ids=lambda f: f.__name__)
def test_signatures_spell_every_option(operation):
    parameters = inspect.signature(operation).parameters
    assert parameters["dof"].default == 6
    assert parameters["loss"].default == "none"
    for name in parameters:
        assert name in operation.__doc__, name


def test_defaults_are_the_engine_s():
    solve = inspect.signature(propnp.solve).parameters
    assert solve["max_iterations"].default == 200
    assert solve["covariance"].default == "posterior"
    sample = inspect.signature(propnp.sample).parameters
    assert sample["num_samples"].default == 512
    assert sample["sampler"].default == "mixture"
    assert sample["control_variates"].default is True


@pytest.mark.parametrize("operation", OPERATIONS, ids=lambda f: f.__name__)
def test_every_option_is_taken(operation):
    """Each by its default, which changes nothing."""
    scene = make_scene(1, objects=2)
    arguments = scene.problem()
    if "pose" in inspect.signature(operation).parameters:
        arguments["pose"] = scene.pose
    plain = operation(**arguments)
    for name, parameter in inspect.signature(operation).parameters.items():
        if name in arguments or parameter.default in (None, inspect.Parameter.empty):
            continue
        if name in ("delta", "relative_delta"):  # refused where the loss does not use them
            continue
        got = operation(**arguments, **{name: parameter.default})
        np.testing.assert_array_equal(got.status, plain.status, err_msg=name)


OPTIONS = [
    CAMERA,
    propnp.Camera.opencv(np.eye(3), [0.1, 0.2, 0, 0], box_px=[0, 0, 1, 1]),
    propnp.Prior.log_depth([0, 0, 1], [1, 1, 1]),
    propnp.Symmetries(axis=[[0, 0, 1]]),
    propnp.Status.CONVERGED | propnp.Status.IMPROPER,
    propnp.solve(**make_scene(2).problem()),
    propnp.InvalidArgumentError("x3d has shape (1, 2)"),
]


@pytest.mark.parametrize("value", OPTIONS, ids=lambda value: type(value).__name__)
def test_pickling_and_copying(value):
    for copied in (pickle.loads(pickle.dumps(value)), copy.deepcopy(value)):
        assert type(copied) is type(value)
        assert repr(copied) == repr(value)


def test_results_are_frozen():
    with pytest.raises(AttributeError):
        propnp.solve(**make_scene(3).problem()).pose = None


def test_status_text():
    assert propnp.Status(0).text == "nothing to report"
    every = propnp.Status(4095)
    assert len(every.text.split("; ")) == 12
    assert propnp.status_text(np.array([[1], [2]])) == [
        "converged",
        "stopped by the bound on iterations",
    ]


def test_errors_are_python_s_too():
    assert issubclass(propnp.InvalidArgumentError, ValueError)
    assert issubclass(propnp.OutOfMemoryError, MemoryError)
    for error in (propnp.UnavailableError, propnp.BusyError, propnp.InternalError):
        assert issubclass(error, propnp.PropnpError)
