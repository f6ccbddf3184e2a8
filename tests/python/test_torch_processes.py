# SPDX-License-Identifier: Apache-2.0
# SPDX-FileCopyrightText: The propnp authors
"""propnp.torch in DataLoader workers and in two processes that train together."""

import os
import socket

import pytest

torch = pytest.importorskip("torch")

import torch.distributed
import torch.multiprocessing
from torch.utils.data import DataLoader, Dataset

import propnp.torch
from torch_scenes import make_torch_scene


class Posteriors(Dataset):
    """Each item is a log evidence that a worker computes."""

    def __len__(self):
        return 6

    def __getitem__(self, index):
        scene = make_torch_scene(index, objects=2)
        return propnp.torch.sample(*scene.problem, seed=index, num_samples=64).log_evidence


@pytest.mark.parametrize("method", ["fork", "spawn"])
def test_data_loader_workers(method):
    expected = [item.clone() for item in (Posteriors()[k] for k in range(6))]
    # The parent has used its context, whose threads a forked child does not have.
    loader = DataLoader(
        Posteriors(), batch_size=None, num_workers=2, multiprocessing_context=method
    )
    for got, wanted in zip(loader, expected):
        torch.testing.assert_close(got, wanted, rtol=0, atol=0)


def count_of_threads():
    return len(os.listdir("/proc/self/task"))


@pytest.mark.skipif(not torch.backends.openmp.is_available(), reason="torch without OpenMP")
def test_shares_the_threads_of_torch():
    # In a process of its own, where neither has threads yet.
    context = torch.multiprocessing.get_context("spawn")
    with context.Pool(1) as pool:
        of_torch, of_both, shared, own = pool.apply(_threads_and_evidence)
    assert of_both == of_torch
    assert torch.equal(shared, own)


def _threads_and_evidence():
    """Numbers of threads before and after a call, its evidence, and that with threads of its own."""
    torch.set_num_threads(4)
    torch.rand(1 << 20).mul_(2)  # now its team is there
    of_torch = count_of_threads()
    scene = make_torch_scene(1, objects=8)

    def log_evidence():
        return propnp.torch.sample(*scene.problem, seed=1, num_samples=64).log_evidence

    shared = log_evidence()
    of_both = count_of_threads()
    propnp.torch._calls.gomp_parallel = lambda: None
    own = log_evidence()
    assert count_of_threads() > of_both
    return of_torch, of_both, shared, own


class Network(torch.nn.Module):
    """Moves the pixels by a learned offset and scales the weights."""

    def __init__(self):
        super().__init__()
        self.offset = torch.nn.Parameter(torch.zeros(2, dtype=torch.float64))
        self.log_scale = torch.nn.Parameter(torch.zeros(2, dtype=torch.float64))
        self.layer = propnp.torch.ProbabilisticPnP(num_samples=64, num_starts=8)

    def forward(self, scene, object_ids):
        return self.layer(
            scene.x3d,
            scene.x2d + self.offset,
            scene.w2d * self.log_scale.exp(),
            scene.camera,
            scene.pose,
            seed=3,
            object_ids=object_ids,
        )


def train_step(rank, world, port, results):
    """A step on this process's share of four objects."""
    os.environ.update(MASTER_ADDR="127.0.0.1", MASTER_PORT=str(port))
    torch.distributed.init_process_group("gloo", rank=rank, world_size=world)
    try:
        scene = make_torch_scene(7, objects=4)
        share = slice(rank * 4 // world, (rank + 1) * 4 // world)
        ids = torch.arange(4)[share]
        scene.x3d, scene.x2d, scene.w2d, scene.pose = (
            x[share] for x in (scene.x3d, scene.x2d, scene.w2d, scene.pose)
        )
        network = torch.nn.parallel.DistributedDataParallel(Network())
        loss_of = propnp.torch.MonteCarloPoseLoss(momentum=0.5)
        loss_of(network(scene, ids), torch.tensor(1.0 + rank)).backward()
        results[rank] = [p.grad.tolist() for p in network.parameters()] + [
            loss_of.norm_factor.item()
        ]
    finally:
        torch.distributed.destroy_process_group()


def run_processes(world):
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    with torch.multiprocessing.Manager() as manager:
        results = manager.dict()
        torch.multiprocessing.spawn(train_step, (world, port, results), nprocs=world)
        return dict(results)


@pytest.mark.skipif(not torch.distributed.is_available(), reason="PyTorch without distributed")
def test_two_processes_train_as_one():
    together, alone = run_processes(2), run_processes(1)
    assert together[0] == together[1]
    *gradients, factor = together[0]
    *reference, factor_alone = alone[0]
    # One process weighs 1, two 1 and 2, whose mean is 1.5: norm factors 1 and 1.25.
    assert factor_alone == pytest.approx(1.0) and factor == pytest.approx(1.25)
    for got, wanted in zip(gradients, reference):
        assert max(map(abs, wanted)) > 1e-6
        assert got == pytest.approx([x / 1.25 for x in wanted], rel=1e-6)
