# SPDX-License-Identifier: Apache-2.0
# SPDX-FileCopyrightText: The propnp authors
"""The published interface of EPro-PnP (Chen et al., CVPR 2022), computed by propnp.

    from propnp.compat.epropnp import EProPnP6DoF, LMSolver, RSLMSolver
    from propnp.compat.epropnp import AdaptiveHuberPnPCost, PerspectiveCamera

Classes, keywords, shapes, the tangent of covariances and the measure of log weights are as
published. The default sampler is propnp's own, which covers every mode and needs fewer samples;
`sampler="amis"` is the published one. docs/pytorch.md says what differs.
"""

from .camera import PerspectiveCamera
from .common import evaluate_pnp, pnp_denormalize, pnp_normalize
from .cost_fun import AdaptiveHuberPnPCost, HuberPnPCost
from .epropnp import EProPnP4DoF, EProPnP6DoF
from .levenberg_marquardt import LMSolver, RSLMSolver
from .monte_carlo_pose_loss import MonteCarloPoseLoss

__all__ = [
    "AdaptiveHuberPnPCost",
    "EProPnP4DoF",
    "EProPnP6DoF",
    "HuberPnPCost",
    "LMSolver",
    "MonteCarloPoseLoss",
    "PerspectiveCamera",
    "RSLMSolver",
    "evaluate_pnp",
    "pnp_denormalize",
    "pnp_normalize",
]
