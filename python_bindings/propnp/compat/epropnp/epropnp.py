# SPDX-License-Identifier: Apache-2.0
# SPDX-FileCopyrightText: The propnp authors
"""The published layers."""

from __future__ import annotations

import math
from typing import Any, Optional

from torch import Tensor, nn

from ..._options import SAMPLERS
from ...errors import InvalidArgumentError
from ...torch import _autograd
from ...torch._config import Config
from ...torch._inputs import as_real
from ...torch._outputs import SAMPLE_OUTPUTS, absent_outputs
from ...torch.functions import make_seed
from ...torch.results import Posterior
from .camera import PerspectiveCamera
from .common import pnp_denormalize, pnp_normalize
from .cost_fun import HuberPnPCost
from .levenberg_marquardt import LMSolver, RSLMSolver, build_solver, make_problem

_PUBLISHED_ROUNDS = 4

MonteCarlo = tuple[
    Tensor, Optional[Tensor], Optional[Tensor], Tensor, Tensor, Optional[Tensor]
]


class EProPnPBase(nn.Module):
    """End-to-end probabilistic perspective-n-points.

    Args:
        mc_samples: samples an object.
        num_iter: rounds of the published sampler.
        normalize: move the object frame to the points' mean first.
        eps: taken for the published signature.
        solver: an LMSolver with an init_solver, or a dict of options with `type`.
        sampler: "mixture" (default), "mixture_mc", "laplace", or "amis": the published one.

    After monte_carlo_forward, `posterior` is a propnp.torch.Posterior with what this interface has no
    place for: modes with their probabilities, diagnostics, and the evidence corrected by control
    variates, whose gradient is found when it is asked for. In the published measure, log evidence is
    less by log 4 (6DoF).
    """

    dof: int
    posterior: Optional[Posterior]

    def __init__(
        self,
        mc_samples: int = 512,
        num_iter: int = 4,
        normalize: bool = False,
        eps: float = 1e-5,
        solver: Any = None,
        *,
        sampler: str = "mixture",
    ) -> None:
        super().__init__()
        if num_iter <= 0 or mc_samples % num_iter != 0:
            raise InvalidArgumentError(
                f"mc_samples is {mc_samples}, expected a multiple of num_iter, {num_iter}"
            )
        if sampler not in SAMPLERS:
            raise InvalidArgumentError(f"sampler is {sampler!r}, expected {', '.join(SAMPLERS)}")
        if sampler == "amis" and num_iter != _PUBLISHED_ROUNDS:
            raise InvalidArgumentError(
                f"num_iter is {num_iter}, expected {_PUBLISHED_ROUNDS} with the sampler amis"
            )
        self.mc_samples = mc_samples
        self.num_iter = num_iter
        self.iter_samples = mc_samples // num_iter
        self.eps = eps
        self.normalize = normalize
        self.sampler = sampler
        if solver is None:
            starts = RSLMSolver(dof=self.dof, num_points=16, num_proposals=64, num_iter=3)
            solver = LMSolver(dof=self.dof, num_iter=10, init_solver=starts)
        self.solver: Any = build_solver(solver)
        if self.solver.dof != self.dof:
            raise InvalidArgumentError(f"the solver has dof {self.solver.dof}, expected {self.dof}")
        self.posterior = None

    def __getstate__(self) -> dict[str, Any]:
        """Copies and pickles go without the last posterior: it belongs to an autograd graph."""
        return {**self.__dict__, "posterior": None}

    def forward(self, *args: Any, **kwargs: Any) -> Any:
        """The solver's: pose_opt, pose_cov, cost, pose_opt_plus."""
        return self.solver(*args, **kwargs)

    def monte_carlo_forward(
        self,
        x3d: Tensor,
        x2d: Tensor,
        w2d: Tensor,
        camera: PerspectiveCamera,
        cost_fun: HuberPnPCost,
        pose_init: Optional[Tensor] = None,
        force_init_solve: bool = True,
        with_pose_opt_plus: bool = False,
        with_cost: bool = False,
        fast_mode: bool = False,
    ) -> MonteCarlo:
        """Weighted samples of the pose posterior.

        Args:
            x3d: (num_obj, n, 3). x2d, w2d: (num_obj, n, 2).
            pose_init: (num_obj, 7 or 4), the target in training; one more start of the search.
            force_init_solve: False: with a pose_init, hardly any random starts besides it.

        Returns:
            pose_opt (num_obj, 7 or 4), the mode of lowest cost.
            cost (num_obj) of it, or None.
            pose_opt_plus (num_obj, 7 or 4) after one Gauss-Newton step, with gradients, or None.
            pose_samples (mc_samples, num_obj, 7 or 4).
            pose_sample_logweights (mc_samples, num_obj), with gradients: log(exp(-cost) / density),
            densities with respect to dt and the area of the unit 3-sphere (4DoF: dt dyaw).
            cost_init (num_obj), with gradients, or None.
        """
        offset = None
        if self.normalize:
            offset, x3d, pose_init = pnp_normalize(x3d, pose_init)
        config = self._config(camera, cost_fun, pose_init, force_init_solve, fast_mode)
        problem = make_problem(x3d, x2d, w2d, camera, cost_fun)
        target = None if pose_init is None else as_real(pose_init.detach())
        seed = make_seed(None, x3d.device)
        outputs = _autograd.sample(*problem, target, seed, None, config.encoded)
        named: dict[str, Any] = dict(zip(SAMPLE_OUTPUTS, outputs))
        absent = dict.fromkeys(absent_outputs(config.encoded, target is not None))
        self.posterior = posterior = Posterior(**{**named, **absent})
        pose_opt, cost = posterior.least_cost()
        pose_opt_plus = None
        if with_pose_opt_plus:
            pose_opt_plus = _autograd.pose_plus(*problem, pose_opt, config.encoded)[0]
        pose_samples = named["sample_pose"].transpose(0, 1)
        if offset is not None:
            pose_opt, pose_samples = (pnp_denormalize(offset, p) for p in (pose_opt, pose_samples))
            if pose_opt_plus is not None:
                pose_opt_plus = pnp_denormalize(offset, pose_opt_plus)
        return (
            pose_opt,
            cost if with_cost else None,
            pose_opt_plus,
            pose_samples,
            self._published_log_weights(named["sample_log_weight"]),
            named["cost_target"],
        )

    def _published_log_weights(self, log_weight: Tensor) -> Tensor:
        """The published 6DoF density is on the unit 3-sphere, where every rotation is twice and an
        area of 2 pi^2 stands for the 8 pi^2 of all rotations.
        """
        log_weight = log_weight.t()
        return log_weight - math.log(4) if self.dof == 6 else log_weight

    def _config(
        self,
        camera: PerspectiveCamera,
        cost_fun: HuberPnPCost,
        pose_init: Optional[Tensor],
        force_init_solve: bool,
        fast_mode: bool,
    ) -> Config:
        options: dict[str, Any] = {}
        if self.solver.starting_solver() is None or (pose_init is not None and not force_init_solve):
            if pose_init is None:
                raise InvalidArgumentError("there is neither a pose_init nor an init_solver")
            options["num_starts"] = 1
        config: Config = self.solver.config(
            camera,
            cost_fun,
            fast_mode,
            sampler=self.sampler,
            num_samples=self.mc_samples,
            samples_first=True,
            **options,
        )
        return config


class EProPnP6DoF(EProPnPBase):
    """Poses [x y z w i j k] with a unit quaternion. See EProPnPBase.

    Args:
        acg_mle_iter, acg_dispersion: of the published sampler, at their published values.
    """

    dof = 6

    def __init__(
        self, *args: Any, acg_mle_iter: int = 3, acg_dispersion: float = 0.001, **kwargs: Any
    ) -> None:
        super().__init__(*args, **kwargs)
        if self.sampler == "amis" and (acg_mle_iter, acg_dispersion) != (3, 0.001):
            raise InvalidArgumentError(
                f"acg_mle_iter is {acg_mle_iter} and acg_dispersion {acg_dispersion}, expected 3 "
                "and 0.001 with the sampler amis"
            )
        self.acg_mle_iter = acg_mle_iter
        self.acg_dispersion = acg_dispersion


class EProPnP4DoF(EProPnPBase):
    """Poses [x y z yaw], yaw about +Y in radians. See EProPnPBase."""

    dof = 4
