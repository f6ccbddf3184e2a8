# SPDX-License-Identifier: Apache-2.0
# SPDX-FileCopyrightText: The propnp authors
"""Training steps through PyTorch against the same calls of the C ABI, in one process.

    PYTHONPATH=python_bindings python benchmarks/torch_steps.py [--repetitions N] [--json FILE]

A step is posterior, loss, pose_plus and their backward pass. `c` is propnp_sample with the gradient
of the loss, propnp_pose_plus and propnp_pose_plus_backward, everything allocated beforehand; `torch`
is propnp.torch; `compat` is the drop-in layer, which replays its samples in the backward pass. All
take turns, so that whatever else the machine does hits them alike; `alone` are the first two once
more, each by itself, as a training loop has them. `overhead` is the time of this thread in operators
on a problem so small that little else is left.
"""

from __future__ import annotations

import argparse
import json
import statistics
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

import propnp
import propnp.torch
from propnp import _abi
from propnp.compat import epropnp
from propnp.torch import _autograd, _calls
from propnp.torch._config import Config
from propnp.torch._inputs import make_problem

FOCAL_LENGTH, WIDTH, HEIGHT = 600.0, 640.0, 480.0


@dataclass(frozen=True)
class Workload:
    name: str
    objects: int
    points: int
    num_starts: int
    start_points: int
    start_iterations: int
    max_iterations: int
    box: bool

    def config(self, samples: int) -> Config:
        return Config(
            num_samples=samples,
            num_starts=self.num_starts,
            start_points=self.start_points,
            start_iterations=self.start_iterations,
            max_iterations=self.max_iterations,
            keep_samples=False,
            num_modes=1,
        )


WORKLOADS = [
    Workload("W1", 32, 512, 4, 16, 3, 5, box=True),
    Workload("W2", 256, 64, 128, 8, 5, 10, box=False),
]


@dataclass
class Problem:
    x3d: Tensor
    x2d: Tensor
    w2d: Tensor
    camera: Tensor
    pose: Tensor
    box: Tensor | None

    @property
    def leaves(self) -> tuple[Tensor, Tensor, Tensor]:
        return self.x3d, self.x2d, self.w2d


def make_problem_of(workload: Workload) -> Problem:
    """Boxes of one metre at 2 to 10 m; noise of 1 to 2 px as the weights say, and 10 % outliers."""
    random = torch.Generator().manual_seed(11)
    b, n = workload.objects, workload.points

    def uniform(*shape: int) -> Tensor:
        return 2 * torch.rand(shape, generator=random) - 1

    x3d = 0.5 * uniform(b, n, 3)
    depth = 6 + 4 * uniform(b, 1)
    reach = 0.75 / 2 / FOCAL_LENGTH * torch.tensor([WIDTH, HEIGHT])
    translation = torch.cat([depth * reach * uniform(b, 2), depth], -1)
    rotation = torch.nn.functional.normalize(torch.randn(b, 4, generator=random), dim=-1)
    pose = torch.cat([translation, rotation], -1)
    camera = torch.tensor(
        [[FOCAL_LENGTH, 0, (WIDTH - 1) / 2], [0, FOCAL_LENGTH, (HEIGHT - 1) / 2], [0, 0, 1]]
    )
    sigma = 1.5 + 0.5 * uniform(b, n, 2)
    outlier = torch.rand((b, n, 1), generator=random) < 0.1
    noise = torch.where(outlier, torch.tensor(30.0), sigma)
    exact, _ = epropnp.PerspectiveCamera(camera).project(x3d, pose)
    x2d = exact + noise * torch.randn((b, n, 2), generator=random)
    box = torch.tensor([[0.0, 0.0, WIDTH, HEIGHT]]) if workload.box else None
    return Problem(
        x3d.requires_grad_(), x2d.requires_grad_(), (1 / sigma).requires_grad_(), camera, pose, box
    )


def c_step(problem: Problem, config: Config) -> Callable[[], None]:
    """The calls of the C ABI, ready to be made again and again."""
    tensors, encoded = make_problem(
        config.encoded, *problem.leaves, problem.camera, box_px=problem.box
    )
    b, seed = len(problem.pose), torch.zeros(1, dtype=torch.int64)
    room = [torch.empty_like(x) for x in problem.leaves]
    poses = torch.empty(b, 1, 7)
    status = torch.empty(b, dtype=torch.int32)
    scalars = {
        name: torch.empty(b)
        for name in ("log_evidence", "standard_error", "ess", "khat", "cost_target", "grad_delta")
    }
    sample = _calls.Call("sample", config)
    plus, backward = (_calls.Call(v, config) for v in ("pose_plus", "pose_plus_backward"))
    for call in (sample, plus, backward):
        call.set_problem(tensors)
    sample.args.loss_gradient = 1
    sample.set_seed(seed)
    modes = {"mode_pose": poses, "mode_covariance": torch.empty(b, 1, 6, 6)}
    modes |= {"mode_probability": torch.empty(b, 1), "mode_cost": torch.empty(b, 1)}
    sample.set_tensors(
        pose_target=problem.pose, grad_x3d=room[0], grad_x2d=room[1], grad_w2d=room[2],
        status=status, **scalars, **modes,
    )
    outputs, cotangent = torch.empty(b, 7), torch.ones(b, 7)
    plus.set_tensors(pose=poses[:, 0], pose_plus=outputs)
    backward.set_tensors(pose=poses[:, 0], pose_plus_cotangent=cotangent)
    cpu = torch.device("cpu")
    sample.run(cpu)
    needed = [True] * 3 + [False, True] + [False] * 2
    gradients = _calls.run_for_gradients(backward, tensors, needed)  # connects them to the call
    kept = (tensors, seed, room, status, scalars, modes, outputs, cotangent, gradients)

    def step() -> None:
        assert kept
        sample.run(cpu)
        plus.run(cpu)
        backward.run(cpu)

    return step


def torch_step(problem: Problem, config: Config) -> Callable[[], None]:
    def step() -> None:
        for leaf in problem.leaves:
            leaf.grad = None
        keywords: dict[str, Any] = {"config": config, "box_px": problem.box}
        posterior = propnp.torch.sample(
            *problem.leaves, problem.camera, pose_target=problem.pose, seed=0, **keywords
        )
        assert posterior.loss is not None
        plus = propnp.torch.pose_plus(*problem.leaves, problem.camera, posterior.pose, **keywords)
        torch.autograd.backward(posterior.loss.mean() + plus.mean())

    return step


def compat_step(problem: Problem, config: Config, sampler: str) -> Callable[[], None]:
    starts = epropnp.RSLMSolver(
        dof=6,
        num_points=config.start_points,
        num_proposals=config.num_starts,
        num_iter=config.start_iterations,
    )
    solver = epropnp.LMSolver(dof=6, num_iter=config.max_iterations, init_solver=starts)
    layer = epropnp.EProPnP6DoF(mc_samples=config.num_samples, solver=solver, sampler=sampler)
    box = problem.box
    lower, upper = (None, None) if box is None else (box[0, :2], box[0, 2:])
    camera = epropnp.PerspectiveCamera(
        problem.camera.expand(len(problem.pose), 3, 3), lb=lower, ub=upper
    )
    cost_fun = epropnp.AdaptiveHuberPnPCost(relative_delta=0.5)
    loss_of = epropnp.MonteCarloPoseLoss()
    one = torch.tensor(1.0)

    def step() -> None:
        for leaf in problem.leaves:
            leaf.grad = None
        cost_fun.set_param(problem.x2d.detach(), problem.w2d)
        _, _, plus, _, log_weights, cost_target = layer.monte_carlo_forward(
            *problem.leaves, camera, cost_fun, pose_init=problem.pose, with_pose_opt_plus=True
        )
        assert plus is not None and cost_target is not None
        torch.autograd.backward(loss_of(log_weights, cost_target, one) + plus.mean())

    return step


Times = dict[str, list[float]]


def take_turns(steps: dict[str, Callable[[], None]], repetitions: int) -> tuple[Times, Times]:
    """Milliseconds of every call after one to warm up: of the clock, and of all its threads."""
    clock: Times = {name: [] for name in steps}
    threads: Times = {name: [] for name in steps}
    for step in steps.values():
        step()
    for _ in range(repetitions):
        for name, step in steps.items():
            start, start_of_threads = time.perf_counter(), time.process_time()
            step()
            threads[name].append(1e3 * (time.process_time() - start_of_threads))
            clock[name].append(1e3 * (time.perf_counter() - start))
    return clock, threads


def measure(workload: Workload, samples: int, repetitions: int) -> dict[str, Any]:
    problem, config = make_problem_of(workload), workload.config(samples)
    steps = {
        "c": c_step(problem, config),
        "torch": torch_step(problem, config),
        "compat": compat_step(problem, config, "mixture"),
        "compat amis": compat_step(problem, config, "amis"),
    }
    clock, threads = take_turns(steps, repetitions)
    median = {name: statistics.median(t) for name, t in clock.items()}
    alone = {
        name: statistics.median(take_turns({name: steps[name]}, repetitions)[0][name])
        for name in ("c", "torch")
    }
    return {
        "workload": workload.name,
        "samples": samples,
        "median_ms": median,
        "least_ms": {name: min(t) for name, t in clock.items()},
        "least_ms_of_all_threads": {name: min(t) for name, t in threads.items()},
        "torch_over_c_ms": median["torch"] - median["c"],
        "allowed_ms": 0.15 * median["c"] + 0.2,
        "alone_ms": alone,
        "alone_torch_over_c_ms": alone["torch"] - alone["c"],
        "alone_allowed_ms": 0.15 * alone["c"] + 0.2,
    }


def overhead_us(calls: int) -> dict[str, float]:
    """This thread's time in one call on one object of four points, operator and C ABI."""
    tiny = Workload("tiny", 1, 4, 1, 3, 1, 1, box=False)
    problem = make_problem_of(tiny)
    config = Config(num_samples=32, num_starts=1, start_iterations=1, keep_samples=False).encoded
    tensors, config = make_problem(config, *problem.leaves, problem.camera)
    pose = problem.pose
    detached = [None if x is None else x.detach() for x in tensors]
    operators: dict[str, Callable[[], Any]] = {
        "pose_plus": lambda: _autograd.pose_plus(*detached, pose, config),
        "pose_plus with autograd": lambda: _autograd.pose_plus(*tensors, pose, config),
        "sample": lambda: _autograd.sample(*detached, pose, seed, None, config),
    }
    seed = torch.zeros(1, dtype=torch.int64)
    result = {}
    for name, operator in operators.items():
        verb = name.split()[0]
        result[name] = thread_us(operator, calls)
        kept = operator()  # its structs point to these
        args = _calls.prepare(verb, config).args
        result[name] -= thread_us(lambda: _abi.call(verb, args, torch.get_num_threads()), calls)
        del kept
    return result


def thread_us(call: Callable[[], Any], calls: int) -> float:
    best = float("inf")
    for _ in range(5):
        start = time.thread_time()
        for _ in range(calls):
            call()
        best = min(best, time.thread_time() - start)
    return 1e6 * best / calls


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("--repetitions", type=int, default=15)
    parser.add_argument("--threads", type=int, default=torch.get_num_threads())
    parser.add_argument("--samples", type=int, nargs="+", default=[512, 128])
    parser.add_argument("--json", metavar="FILE", help="write the numbers here instead of stdout")
    arguments = parser.parse_args()
    torch.set_num_threads(arguments.threads)
    report = {
        "propnp": propnp.__version__,
        "build": _abi.BUILD_INFO,
        "torch": torch.__version__,
        "threads": torch.get_num_threads(),
        "overhead_us": overhead_us(200),
        "steps": [
            measure(workload, samples, arguments.repetitions)
            for workload in WORKLOADS
            for samples in arguments.samples
        ],
    }
    text = json.dumps(report, indent=2)
    if arguments.json is None:
        print(text)
    else:
        with open(arguments.json, "w") as file:
            file.write(text + "\n")


if __name__ == "__main__":
    main()
