# SPDX-License-Identifier: Apache-2.0
# SPDX-FileCopyrightText: The propnp authors
"""`pip install .` in an empty virtual environment."""

import os
import re
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]

# A user's environment, not the one of these tests.
ENVIRONMENT = {
    name: value
    for name, value in os.environ.items()
    if name not in ("PYTHONPATH", "PROPNP_LIBRARY", "PYTHONDONTWRITEBYTECODE")
}

# What every Linux has that runs Python at all, and the C++ library.
ALLOWED = {"libc.so.6", "libm.so.6", "libstdc++.so.6", "libgcc_s.so.1"}


def run(*command, **options):
    done = subprocess.run(command, capture_output=True, text=True, env=ENVIRONMENT, **options)
    assert done.returncode == 0, f"{command}\n{done.stdout[-4000:]}\n{done.stderr[-4000:]}"
    return done.stdout


@pytest.fixture(scope="module")
def wheel(tmp_path_factory):
    pytest.importorskip("scikit_build_core")
    folder = tmp_path_factory.mktemp("wheel")
    pip = [sys.executable, "-m", "pip", "wheel", "--no-deps", "--no-build-isolation", "-w"]
    run(*pip, str(folder), str(ROOT))
    (made,) = folder.iterdir()
    return made


def test_name_and_size(wheel):
    assert re.fullmatch(r"propnp-\d+\.\d+\.\d+-py3-none-linux_\w+\.whl", wheel.name)
    assert wheel.stat().st_size < 5e6


def test_content(wheel):
    with zipfile.ZipFile(wheel) as archive:
        names = set(archive.namelist())
    in_package = {name for name in names if name.startswith("propnp/")}
    assert {name for name in names - in_package if ".dist-info/" not in name} == set()
    assert {"propnp/py.typed", "propnp/libpropnp_c.so.1", "propnp/__init__.py"} <= in_package
    sources = {
        "propnp/" + str(path.relative_to(ROOT / "python_bindings/propnp"))
        for path in (ROOT / "python_bindings/propnp").rglob("*.py")
    }
    assert {name for name in in_package if name.endswith(".py")} == sources
    assert any(name.endswith("LICENSE") for name in names)


def test_libraries_need_nothing_else(wheel, tmp_path):
    if not shutil.which("readelf"):
        pytest.skip("no readelf")
    with zipfile.ZipFile(wheel) as archive:
        libraries = [name for name in archive.namelist() if ".so" in name]
        archive.extractall(tmp_path, libraries)
    for library in libraries:
        dynamic = run("readelf", "-d", str(tmp_path / library))
        needed = set(re.findall(r"\(NEEDED\).*\[(.*)\]", dynamic))
        loaders = {name for name in needed if name.startswith("ld-linux")}
        assert needed - loaders <= ALLOWED
        assert not re.search(r"R(UN)?PATH", dynamic)


def test_installs_and_solves_without_torch(wheel, tmp_path):
    """With NumPy of this environment: pip may not reach a registry here."""
    environment = tmp_path / "empty"
    run(sys.executable, "-m", "venv", str(environment))
    python = environment / "bin/python"
    run(str(python), "-m", "pip", "install", "--no-deps", "--no-index", str(wheel))
    import numpy

    site = next((environment / "lib").glob("python*/site-packages"))
    for package in ("numpy", "numpy.libs"):
        source = Path(numpy.__file__).parents[1] / package
        if source.exists():
            (site / package).symlink_to(source)
    code = (
        "import sys, numpy as np, propnp\n"
        "x3d = np.random.default_rng(1).uniform(-1, 1, (9, 3))\n"
        "in_cam = x3d + [0, 0, 5]\n"
        "result = propnp.solve(x3d, in_cam[:, :2] / in_cam[:, 2:], 100.0, camera=np.eye(3))\n"
        "assert result.status == propnp.Status.CONVERGED\n"
        "assert abs(result.pose[2] - 5) < 1e-6\n"
        "assert 'torch' not in sys.modules\n"
        "print(propnp.__version__, propnp.__file__)\n"
    )
    printed = run(str(python), "-c", code, cwd=tmp_path)
    assert str(environment) in printed
    version = re.fullmatch(r"propnp-(.*?)-.*", wheel.name)[1]
    assert printed.startswith(version)
