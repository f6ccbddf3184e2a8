# SPDX-License-Identifier: Apache-2.0
# SPDX-FileCopyrightText: The propnp authors
"""propnp for PyTorch: differentiable poses and pose posteriors.

    layer = propnp.torch.ProbabilisticPnP(dof=6)
    loss_of = propnp.torch.MonteCarloPoseLoss()
    posterior = layer(x3d, x2d, w2d, camera, pose_target)
    loss_of(posterior, w2d.mean()).backward()

The functions are operators of torch.library: they work under torch.compile, torch.func.vmap,
autocast (in float32), in DataLoader workers and with DistributedDataParallel.
"""

from ._config import Config
from ._first_calls import settle_first_calls
from .functions import evaluate, expectation, pose_plus, sample, solve
from .modules import MonteCarloPoseLoss, ProbabilisticPnP
from .results import Evaluation, Expectation, Posterior, Solution

__all__ = [
    "Config",
    "Evaluation",
    "Expectation",
    "MonteCarloPoseLoss",
    "Posterior",
    "ProbabilisticPnP",
    "Solution",
    "evaluate",
    "expectation",
    "pose_plus",
    "sample",
    "solve",
]

settle_first_calls()
