# SPDX-License-Identifier: Apache-2.0
# SPDX-FileCopyrightText: The propnp authors
"""The benchmark of training steps runs and reports every way to take one."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

pytest.importorskip("torch")

SCRIPT = Path(__file__).parents[2] / "benchmarks" / "torch_steps.py"


def test_every_step_is_timed(tmp_path):
    report = tmp_path / "steps.json"
    options = ["--repetitions", "1", "--samples", "32", "--json", str(report)]
    done = subprocess.run(
        [sys.executable, str(SCRIPT), *options], capture_output=True, text=True, timeout=300
    )
    assert done.returncode == 0, done.stderr
    steps = json.loads(report.read_text())["steps"]
    assert [step["workload"] for step in steps] == ["W1", "W2"]
    for step in steps:
        assert set(step["median_ms"]) == {"c", "torch", "compat", "compat amis"}
        assert all(time > 0 for time in step["median_ms"].values())
