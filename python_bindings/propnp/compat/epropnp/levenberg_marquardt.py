# SPDX-License-Identifier: Apache-2.0
# SPDX-FileCopyrightText: The propnp authors
"""The published solvers."""

from __future__ import annotations

from typing import Any, Optional

import torch
from torch import Tensor, nn

from ...errors import InvalidArgumentError
from ...torch import _autograd, _ops
from ...torch._config import Config, make_config
from ...torch._inputs import as_real, pinhole_parameters
from ...torch._problem import Problem
from ...torch.functions import make_seed
from ...torch.results import without_gaps
from .camera import PerspectiveCamera, camera_box, camera_matrices
from .common import pnp_denormalize, pnp_normalize
from .cost_fun import HuberPnPCost

Solved = tuple[Tensor, Optional[Tensor], Optional[Tensor]]


class LMSolver(nn.Module):
    """Levenberg-Marquardt on all points, from a given pose or from what init_solver finds.

    Args:
        dof: 4: poses [x y z yaw] with yaw about +Y in radians; 6: [x y z w i j k].
        num_iter: of all points, at most.
        normalize: move the object frame to the points' mean first.
        init_solver: an RSLMSolver, or a dict of its options with `type`.
    """

    def __init__(
        self,
        dof: int = 4,
        num_iter: int = 10,
        min_lm_diagonal: float = 1e-6,
        max_lm_diagonal: float = 1e32,
        min_relative_decrease: float = 1e-3,
        initial_trust_region_radius: float = 30.0,
        max_trust_region_radius: float = 1e16,
        eps: float = 1e-5,
        normalize: bool = False,
        init_solver: Any = None,
    ) -> None:
        super().__init__()
        self.dof = dof
        self.num_iter = num_iter
        self.min_lm_diagonal = min_lm_diagonal
        self.max_lm_diagonal = max_lm_diagonal
        self.min_relative_decrease = min_relative_decrease
        self.initial_trust_region_radius = initial_trust_region_radius
        self.max_trust_region_radius = max_trust_region_radius
        self.eps = eps
        self.normalize = normalize
        self.init_solver: Any = build_solver(init_solver)

    def forward(
        self,
        x3d: Tensor,
        x2d: Tensor,
        w2d: Tensor,
        camera: PerspectiveCamera,
        cost_fun: HuberPnPCost,
        with_pose_opt_plus: bool = False,
        pose_init: Optional[Tensor] = None,
        normalize_override: Optional[bool] = None,
        **kwargs: Any,
    ) -> tuple[Tensor, Optional[Tensor], Optional[Tensor], Optional[Tensor]]:
        """pose_opt, pose_cov, cost and pose_opt_plus; see solve. pose_opt_plus (num_obj, 7 or 4),
        one more Gauss-Newton step, carries gradients.
        """
        normalize = self.normalize if normalize_override is None else normalize_override
        offset = None
        if normalize:
            offset, x3d, pose_init = pnp_normalize(x3d, pose_init)
        pose_opt, pose_cov, cost = self.solve(
            x3d, x2d, w2d, camera, cost_fun, pose_init=pose_init, **kwargs
        )
        pose_opt_plus = None
        if with_pose_opt_plus:
            pose_opt_plus = self.gn_pose(x3d, x2d, w2d, pose_opt, camera, cost_fun)
        if offset is not None:
            if pose_cov is not None:
                raise NotImplementedError("the covariance of a normalized problem")
            pose_opt = pnp_denormalize(offset, pose_opt)
            if pose_opt_plus is not None:
                pose_opt_plus = pnp_denormalize(offset, pose_opt_plus)
        return pose_opt, pose_cov, cost, pose_opt_plus

    @torch.no_grad()
    def solve(
        self,
        x3d: Tensor,
        x2d: Tensor,
        w2d: Tensor,
        camera: PerspectiveCamera,
        cost_fun: HuberPnPCost,
        pose_init: Optional[Tensor] = None,
        cost_init: Optional[Tensor] = None,
        with_pose_cov: bool = False,
        with_cost: bool = False,
        force_init_solve: bool = False,
        fast_mode: bool = False,
    ) -> Solved:
        """pose_opt (num_obj, 7 or 4), pose_cov (num_obj, D, D) in the published tangent or None,
        cost (num_obj) or None.

        Args:
            x3d: (num_obj, n, 3). x2d, w2d: (num_obj, n, 2).
            pose_init: (num_obj, 7 or 4); None: init_solver finds it.
            cost_init: taken for the published signature; not needed.
            force_init_solve: run init_solver though there is a pose_init; the better one is refined.
            fast_mode: Gauss-Newton.
        """
        problem = make_problem(x3d, x2d, w2d, camera, cost_fun)
        config = self.config(camera, cost_fun, fast_mode)
        alone = pose_init is not None and not force_init_solve
        if not alone and self.starting_solver() is None:
            raise InvalidArgumentError("there is neither a pose_init nor an init_solver")
        seed = make_seed(0 if alone else None, x3d.device)
        start = None if pose_init is None else as_real(pose_init)
        outputs = _autograd.solve(
            *problem, start if alone else None, None if alone else start, seed, config.encoded
        )
        pose = without_gaps(outputs[0])
        cov = self._covariance(problem, pose, config) if with_pose_cov else None
        return pose, cov, outputs[1] if with_cost else None

    def starting_solver(self) -> Any:
        """Whose random starts are used."""
        return self.init_solver

    def config(
        self,
        camera: PerspectiveCamera,
        cost_fun: HuberPnPCost,
        fast_mode: bool = False,
        **options: Any,
    ) -> Config:
        """The options of the library that do what this solver's do, and further ones."""
        starts = self.starting_solver()
        delta = cost_fun.delta
        if starts is not None:
            options.setdefault("num_starts", starts.num_proposals)
            options["start_points"] = starts.num_points
            options["start_iterations"] = starts.num_iter
        if not isinstance(delta, Tensor):
            if delta is None:
                raise InvalidArgumentError("the cost has no delta: call set_param(x2d, w2d) first")
            options["delta"] = float(delta)
        return make_config(
            dof=self.dof,
            loss="huber",
            z_min=float(camera.z_min),
            max_iterations=self._iterations(),
            method="gauss_newton" if fast_mode else "levenberg_marquardt",
            covariance="gauss_newton",
            initial_radius=self.initial_trust_region_radius,
            max_radius=self.max_trust_region_radius,
            min_diagonal=self.min_lm_diagonal,
            max_diagonal=self.max_lm_diagonal,
            min_relative_decrease=self.min_relative_decrease,
            epsilon=self.eps,
            clamped_derivative="exact" if fast_mode else "drop",
            **options,
        )

    def _iterations(self) -> int:
        return self.num_iter

    def _covariance(self, problem: Problem, pose: Tensor, config: Config) -> Tensor:
        """inverse(J^T J + eps I) of the robustly weighted rows, in the published tangent: its
        rotation is -1/2 of ours, its yaw ours.
        """
        outputs = _ops.evaluate(*problem, pose, config.encoded)
        loss_weight, jacobian = outputs[3], outputs[4]
        if self.dof == 6:
            jacobian = jacobian * jacobian.new_tensor([1.0, 1, 1, -2, -2, -2])
        rows = (jacobian * loss_weight.sqrt()[..., None, None]).flatten(1, 2)
        damping = self.eps * torch.eye(self.dof, dtype=rows.dtype, device=rows.device)
        covariance: Tensor = torch.linalg.inv(rows.mT @ rows + damping)
        return covariance

    def gn_pose(
        self,
        x3d: Tensor,
        x2d: Tensor,
        w2d: Tensor,
        pose: Tensor,
        camera: PerspectiveCamera,
        cost_fun: HuberPnPCost,
    ) -> Tensor:
        """The pose (num_obj, 7 or 4) after a Gauss-Newton step from `pose`, with gradients."""
        problem = make_problem(x3d, x2d, w2d, camera, cost_fun)
        config = self.config(camera, cost_fun)
        plus: Tensor = _autograd.pose_plus(*problem, as_real(pose.detach()), config.encoded)[0]
        return plus

    def gn_step(
        self,
        x3d: Tensor,
        x2d: Tensor,
        w2d: Tensor,
        pose: Tensor,
        camera: PerspectiveCamera,
        cost_fun: HuberPnPCost,
    ) -> Tensor:
        """That step (num_obj, 6 or 4) in the published tangent, with gradients."""
        plus = self.gn_pose(x3d, x2d, w2d, pose, camera, cost_fun)
        if self.dof == 4:
            return plus - pose
        basis = camera.get_quaternion_transfrom_mat(pose[..., 3:])
        turned = plus[..., None, 3:]
        along = turned @ pose[..., 3:, None]
        return torch.cat((plus[..., :3] - pose[..., :3], ((turned @ basis) / along)[..., 0, :]), -1)

    def pose_add(self, pose_opt: Tensor, step: Tensor, camera: PerspectiveCamera) -> Tensor:
        """`pose_opt` (..., 7 or 4) moved by a step (..., 6 or 4) in the published tangent."""
        if self.dof == 4:
            return pose_opt + step
        basis = camera.get_quaternion_transfrom_mat(pose_opt[..., 3:])
        quaternion = pose_opt[..., 3:] + (basis @ step[..., 3:, None])[..., 0]
        return torch.cat(
            (pose_opt[..., :3] + step[..., :3], nn.functional.normalize(quaternion, dim=-1)), -1
        )


class RSLMSolver(LMSolver):
    """Random-sample Levenberg-Marquardt: the best of many solutions on few points each.

    Args:
        num_points: of a subset. num_proposals: subsets. num_iter: on each.
    """

    def __init__(
        self, num_points: int = 16, num_proposals: int = 64, num_iter: int = 3, **kwargs: Any
    ) -> None:
        super().__init__(num_iter=num_iter, **kwargs)
        self.num_points = num_points
        self.num_proposals = num_proposals

    def starting_solver(self) -> Any:
        return self

    def _iterations(self) -> int:
        return 0  # on all points


def build_solver(solver: Any) -> Any:
    """A solver as it is, or from a dict of its options with `type`, as published configurations
    have it.
    """
    if not isinstance(solver, dict):
        return solver
    options = dict(solver)
    kinds = {"LMSolver": LMSolver, "RSLMSolver": RSLMSolver}
    kind = options.pop("type", None)
    if kind not in kinds:
        raise InvalidArgumentError(f"solver type is {kind!r}, expected {' or '.join(kinds)}")
    return kinds[kind](**options)


def make_problem(
    x3d: Tensor,
    x2d: Tensor,
    w2d: Tensor,
    camera: PerspectiveCamera,
    cost_fun: HuberPnPCost,
) -> Problem:
    """The tensors of published arguments as the operators take them."""
    delta = cost_fun.delta
    if isinstance(delta, Tensor):
        delta = as_real(delta.expand(x3d.shape[:1]))
    else:
        delta = None
    x3d = as_real(x3d)
    return Problem(
        x3d,
        as_real(x2d),
        as_real(w2d),
        pinhole_parameters(as_real(camera_matrices(camera))),
        delta,
        box=camera_box(camera, x3d),
    )
