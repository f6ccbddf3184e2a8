# SPDX-License-Identifier: Apache-2.0
# SPDX-FileCopyrightText: The propnp authors
"""Learns the identity of poses through correspondences: the demonstration of EPro-PnP on the CPU.

    python train.py [--steps 768] [--samples 128] [--output identity_run] [--resume]

A network maps a pose to 64 correspondences, propnp maps these to a posterior, and the loss asks it
for the pose that came in. The output folder gets curve.json, checkpoint.pt, and with matplotlib
curve.png and posterior.png.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from pathlib import Path

from figures import draw_curve, draw_posterior
from training import Training

EVALUATE_EVERY = 256


class ProgressBar:
    """One line on a terminal; elsewhere a line for every tenth."""

    def __init__(self, first: int, total: int) -> None:
        self._first, self._total, self._start = first, total, time.perf_counter()

    def show(self, step: int, text: str) -> None:
        done = step - self._first
        left = (time.perf_counter() - self._start) / max(done, 1) * (self._total - step)
        filled = 24 * step // self._total
        bar = "#" * filled + "." * (24 - filled)
        line = f"[{bar}] {step}/{self._total}  {text}  {left:.0f} s left"
        if sys.stderr.isatty():
            print(f"\r{line}\033[K", end="" if step < self._total else "\n", file=sys.stderr)
        elif step % max(self._total // 10, 1) == 0:
            print(line, file=sys.stderr)


def parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("--steps", type=int, default=768, help="batches of 256 poses (768)")
    parser.add_argument("--samples", type=int, default=128, help="of each posterior (128)")
    parser.add_argument("--sampler", default="mixture", help="mixture, mixture_mc or amis")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--output", type=Path, default=Path("identity_run"))
    parser.add_argument("--checkpoint-every", type=int, default=256, metavar="STEPS")
    parser.add_argument("--resume", action="store_true", help="from checkpoint.pt of the output")
    parser.add_argument("--no-figures", action="store_true")
    return parser.parse_args()


def main() -> None:
    arguments = parse()
    output: Path = arguments.output
    output.mkdir(parents=True, exist_ok=True)
    training = Training(arguments.seed, arguments.samples, arguments.sampler)
    checkpoint = output / "checkpoint.pt"
    if arguments.resume:
        training.load(checkpoint)
    run(training, arguments.steps, arguments.checkpoint_every, checkpoint)
    training.save(checkpoint)
    (output / "curve.json").write_text(json.dumps(training.curve))
    report_times(training)
    if not arguments.no_figures:
        draw(training, output)


def run(training: Training, steps: int, checkpoint_every: int, checkpoint: Path) -> None:
    bar = ProgressBar(training.steps, steps)
    while training.steps < steps:
        record = training.step()
        step = training.steps
        bar.show(step, f"loss {record['loss']:8.3f}  ESS {record['ess']:.2f}")
        if step % checkpoint_every == 0:
            training.save(checkpoint)
        if step % EVALUATE_EVERY == 0 or step == steps:
            translation, rotation = training.test_errors()
            record |= {"test_translation": translation, "test_rotation": rotation}
            print(f"step {step}: translation error {translation:.3f}, rotation error {rotation:.3f} rad")


def report_times(training: Training) -> None:
    seconds = training.time.seconds
    each = {name: 1e3 * s / max(training.steps, 1) for name, s in seconds.items()}
    parts = ", ".join(f"{name} {ms:.1f} ms a step" for name, ms in each.items())
    print(f"{training.steps} steps in {sum(seconds.values()):.1f} s: {parts}")


def draw(training: Training, output: Path) -> None:
    try:
        draw_curve(training, output / "curve.png")
        draw_posterior(training, output / "posterior.png")
    except ImportError as error:
        print(f"no figures: {error}")
    else:
        print(f"see {output / 'curve.png'} and {output / 'posterior.png'}")


if __name__ == "__main__":
    main()
