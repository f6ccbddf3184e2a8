# SPDX-License-Identifier: Apache-2.0
# SPDX-FileCopyrightText: The propnp authors
"""The curve of a training run and the posterior of one pose, with matplotlib."""

from __future__ import annotations

from pathlib import Path

import torch

import propnp

from model import CAMERA
from training import Training


def draw_curve(training: Training, file: Path) -> None:
    """Loss and effective sample size over the steps."""
    import matplotlib

    matplotlib.use("agg")
    from matplotlib import pyplot as plt

    figure, (losses, ess) = plt.subplots(2, 1, figsize=(6, 5), sharex=True)
    steps = range(1, training.steps + 1)
    for name, label in (
        ("monte_carlo", "Monte Carlo pose loss"),
        ("translation", "translation of pose_plus"),
        ("rotation", "rotation of pose_plus"),
    ):
        losses.plot(steps, [record[name] for record in training.curve], label=label, lw=1)
    losses.set_yscale("symlog", linthresh=0.1)
    losses.set_ylabel("loss")
    losses.legend(frameon=False)
    ess.plot(steps, [record["ess"] for record in training.curve], color="tab:gray", lw=1)
    ess.set_ylim(0, 1)
    ess.set_ylabel("ESS / samples")
    ess.set_xlabel("step")
    figure.tight_layout()
    figure.savefig(file, dpi=130)
    plt.close(figure)


def draw_posterior(training: Training, file: Path) -> None:
    """What the network knows of the first test pose."""
    import matplotlib

    matplotlib.use("agg")
    import propnp.plot
    from matplotlib import pyplot as plt

    with torch.no_grad():
        x3d, x2d, w2d = (x[0].numpy() for x in training.network(training.test[:1]))
    camera = CAMERA.numpy()
    posterior = propnp.sample(
        x3d, x2d, w2d, camera=camera, loss="adaptive_huber", relative_delta=0.5, z_min=0.1, seed=0
    )
    figure = propnp.plot.summary(posterior, x3d, x2d, w2d, camera=camera)
    figure.savefig(file, dpi=130)
    plt.close(figure)
