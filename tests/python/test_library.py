# SPDX-License-Identifier: Apache-2.0
# SPDX-FileCopyrightText: The propnp authors
"""Finding the library, and refusing one that does not belong to the package."""

import os
import re
import subprocess
import sys

import pytest

from propnp import _abi


def import_with(library):
    """What `import propnp` says where PROPNP_LIBRARY is this."""
    environment = {**os.environ, "PROPNP_LIBRARY": library}
    command = [sys.executable, "-c", "import propnp; print(propnp.__version__)"]
    done = subprocess.run(command, capture_output=True, text=True, env=environment)
    return done.stdout + done.stderr


def test_a_library_that_is_not_there():
    assert "correct the environment variable PROPNP_LIBRARY" in import_with("/nowhere.so")
    assert "there is no library" in import_with("")


def test_a_file_that_is_no_library(tmp_path):
    (tmp_path / "text.so").write_text("not a library")
    assert "ImportError" in import_with(str(tmp_path / "text.so"))


def test_another_library():
    """One that loads and has none of the functions."""
    import ctypes.util

    name = ctypes.util.find_library("m")
    if not name:
        pytest.skip("no libm")
    paths = [f"/lib/{machine}-linux-gnu/{name}" for machine in (os.uname().machine,)]
    existing = [path for path in paths if os.path.exists(path)]
    if not existing:
        pytest.skip(f"no {paths}")
    assert "is no libpropnp_c" in import_with(existing[0])


class OfVersion:
    """A library whose ABI has another version."""

    def __init__(self, major, minor):
        self.version = major * 65536 + minor

    @property
    def propnp_abi_version(self):
        return type("Function", (), {"__call__": lambda _: self.version})()


@pytest.mark.parametrize(
    "major, minor, fits", [(1, 2, True), (1, 9, True), (1, 0, False), (2, 0, False)]
)
def test_versions(major, minor, fits):
    library = OfVersion(major, minor)
    if fits:
        _abi._check_version(library, "a.so")
    else:
        with pytest.raises(ImportError, match=rf"a.so has ABI {major}.0, this package needs 1.2"):
            _abi._check_version(library, "a.so")


def test_a_field_elsewhere_is_refused():
    layout = _abi._library.propnp_abi_layout().decode()
    _abi._check_layout(layout + "propnp_solve_args.new_field 4000 8\n", "a.so")  # newer: fine
    moved = re.sub(r"propnp_solve_args.pose (\d+)", r"propnp_solve_args.pose 8\1", layout)
    with pytest.raises(ImportError, match="propnp_solve_args.pose"):
        _abi._check_layout(moved, "a.so")
    missing = re.sub(r"propnp_solve_args.status .*\n", "", layout)
    with pytest.raises(ImportError, match="propnp_solve_args.status at no place"):
        _abi._check_layout(missing, "a.so")
