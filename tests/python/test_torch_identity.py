# SPDX-License-Identifier: Apache-2.0
# SPDX-FileCopyrightText: The propnp authors
"""The training example: its files, and that a resumed run goes on as if it had never stopped."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

pytest.importorskip("torch")

PROGRAM = Path(__file__).parents[2] / "python_bindings/examples/identity/train.py"


def train(folder, *arguments):
    command = [sys.executable, PROGRAM, "--samples", "32", "--output", folder, *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout


def test_resumed_training_is_the_same(tmp_path):
    whole, parts = tmp_path / "whole", tmp_path / "parts"
    said = train(whole, "--steps", "4", "--no-figures")
    assert "step 4: translation error" in said and "layer" in said
    train(parts, "--steps", "2", "--no-figures")
    train(parts, "--steps", "4", "--resume", "--no-figures")
    curves = [json.loads((folder / "curve.json").read_text()) for folder in (whole, parts)]
    assert len(curves[0]) == 4
    for a, b in zip(*curves):
        assert {name: b[name] for name in a} == pytest.approx(a, rel=1e-5)


def test_figures(tmp_path):
    pytest.importorskip("matplotlib")
    train(tmp_path, "--steps", "2")
    for name in ("curve.png", "posterior.png"):
        assert (tmp_path / name).stat().st_size > 10_000
