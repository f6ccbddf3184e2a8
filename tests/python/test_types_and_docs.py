# SPDX-License-Identifier: Apache-2.0
# SPDX-FileCopyrightText: The propnp authors
"""Types hold, and what is shown in docstrings and in docs/python.md runs."""

import doctest
import importlib
import pkgutil
import re
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

import propnp

ROOT = Path(__file__).parents[2]
PAGES = [ROOT / "docs/python.md", ROOT / "docs/pytorch.md"]


def module_names():
    names = [module.name for module in pkgutil.walk_packages(propnp.__path__, "propnp.")]
    return ["propnp", *names]


@pytest.mark.parametrize("name", module_names())
def test_docstrings(name):
    for optional in ("torch", "compat", "plot"):
        if optional in name.split("."):
            pytest.importorskip("matplotlib" if optional == "plot" else "torch")
    if name.endswith("_torch_arrays"):
        pytest.importorskip("torch")
    module = importlib.import_module(name)
    assert module.__doc__ or name == "propnp.torch", name
    failures, _ = doctest.testmod(module)
    assert failures == 0


def test_public_names_have_docstrings_with_examples_where_they_are_called():
    for name in propnp.__all__:
        value = getattr(propnp, name)
        if callable(value):
            assert value.__doc__, name
            if not isinstance(value, type):
                assert ">>>" in value.__doc__ or name == "get_num_threads", name


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_pages(page, tmp_path, monkeypatch):
    """All Python blocks of a page, one after the other, as a reader would type them."""
    text = page.read_text()
    if "propnp.plot" in text:
        pytest.importorskip("matplotlib").use("Agg")
    if page.stem == "pytorch":
        pytest.importorskip("torch")
    monkeypatch.chdir(tmp_path)
    blocks = re.findall(r"^( *)```python\n(.*?)^ *```", text, re.MULTILINE | re.DOTALL)
    assert blocks
    names = {"__name__": page.stem}
    for _, block in blocks:
        exec(compile(textwrap.dedent(block), str(page), "exec"), names)


USER = """
import propnp
reveal_type(propnp.solve([], [], camera=None, max_iterations=3))
propnp.solve([], [], camera=None, max_iteration=3)
"""


def test_mypy(tmp_path):
    """The package is clean under --strict, and a user who mistypes an option is told."""
    pytest.importorskip("mypy")
    user = tmp_path / "user.py"
    user.write_text(USER)
    command = [sys.executable, "-m", "mypy", "--config-file", "pyproject.toml"]
    command += ["--cache-dir", "build/mypy_cache", "python_bindings", str(user)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    lines = done.stdout.splitlines()
    told = [line for line in lines if "user.py:" in line]
    assert len(lines) == len(told) + 1, done.stdout + done.stderr  # "Found 1 error ..."
    assert 'Revealed type is "propnp._solve.SolveResult"' in told[0]
    assert 'Unexpected keyword argument "max_iteration"' in told[1]
