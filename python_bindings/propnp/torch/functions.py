# SPDX-License-Identifier: Apache-2.0
# SPDX-FileCopyrightText: The propnp authors
"""Poses, posteriors and their gradients as functions of tensors.

Every function takes

    x3d (B, N, 3)   points in the object frame, any one unit of length
    x2d (B, N, 2)   pixels, the centre of the top-left one at (0, 0)
    w2d (B, N, 2)   1/sigma in 1/px, >= 0, or None: 1
    camera          matrices (3, 3) or (B, 3, 3), or a propnp.Camera

and as keywords the further tensors of `_inputs.make_problem` (counts or offsets of ragged batches,
box_px, prior, delta, base_rotation, object_ids, views and rigs) and the options of `Config`. float32
and float64; half precision is computed in float32. A failed object has a status, zeros and a zero
gradient, and leaves the others alone. Errors of the whole call raise propnp.PropnpError.
"""

from __future__ import annotations

from typing import Any, Optional, Sequence, Union

import torch
from torch import Tensor

from ..camera import Camera
from ..symmetries import Symmetries
from . import _autograd, _ops, _vmap  # noqa: F401: vmap rules are registered
from ._config import Config, changed
from ._inputs import as_real, make_problem
from ._outputs import SAMPLE_OUTPUTS, absent_outputs
from ._problem import NUM_DIFFERENTIABLE, Problem, num_objects
from ._symmetries import class_of
from ._symmetries import encode as encode_symmetries
from .results import Evaluation, Expectation, Posterior, Solution

_TENSORS = frozenset(
    "sqrt_info prior box_px counts offsets base_rotation object_ids view_offsets view_camera "
    "view_rig camera_from_rig".split()
)
DEFAULTS = Config()

# Options that are sequences.
_SEQUENCES = ("yaw_axis", "quantile_levels", "region_shares")

CameraLike = Union[Tensor, Camera]


def _problem(
    config: Config,
    x3d: Tensor,
    x2d: Tensor,
    w2d: Optional[Tensor],
    camera: CameraLike,
    keywords: dict[str, Any],
) -> tuple[Problem, str]:
    tensors = {name: value for name, value in keywords.items() if name in _TENSORS}
    options = {name: value for name, value in keywords.items() if name not in _TENSORS}
    for name in ("delta", "relative_delta"):
        if isinstance(options.get(name), Tensor):
            tensors["delta"] = options.pop(name)
    for name in _SEQUENCES:
        if isinstance(options.get(name), list):
            options[name] = tuple(options[name])
    encoded = config.encoded
    if options:
        encoded = changed(encoded, tuple(options), tuple(options.values()))
    return make_problem(encoded, x3d, x2d, w2d, camera, **tensors)


def make_seed(seed: Union[int, Tensor, None], device: torch.device) -> Tensor:
    """(1) int64. Of None, from PyTorch's generator: torch.manual_seed repeats it."""
    if isinstance(seed, Tensor):
        return seed.to(torch.int64).reshape(-1)
    if seed is None:
        return torch.randint(0, 1 << 62, (1,), device=device)
    return torch.tensor([seed], dtype=torch.int64, device=device)


def _wants_gradient(tensors: Sequence[Optional[Tensor]]) -> bool:
    return torch.is_grad_enabled() and any(
        tensor is not None and tensor.requires_grad for tensor in tensors
    )


def sample(
    x3d: Tensor,
    x2d: Tensor,
    w2d: Optional[Tensor],
    camera: CameraLike,
    *,
    pose_target: Optional[Tensor] = None,
    seed: Union[int, Tensor, None] = None,
    symmetries: Optional[Symmetries] = None,
    config: Config = DEFAULTS,
    **keywords: Any,
) -> Posterior:
    """The pose posteriors of B objects, and their log evidence with its gradient.

    Args:
        pose_target: (B, 7) or 4DoF (B, 4): target of the loss, and one more start of the search.
        seed: key of the random streams, a number or (1) int64; None: from PyTorch's generator.
        symmetries: rotations that leave an object as it is; their tables are constants, object_class
            may be a tensor (B). Without effect on log_evidence, loss and their gradients.

    Of the options, quantile_levels, region_shares (sequences of shares, 0 to 1), draws (a number)
    and moments=True ask for summaries, which carry no gradient. The gradient of log_evidence, or of loss, is found in the forward pass, in O(B N) memory.

    >>> import torch, propnp.torch
    >>> x3d = torch.tensor([[[-1., -1, 0], [1, -1, 0], [1, 1, 0], [-1, 1, 0]]])
    >>> x2d = torch.tensor([[[220., 140], [420, 140], [420, 340], [220, 340]]])
    >>> camera = torch.tensor([[600., 0, 320], [0, 600, 240], [0, 0, 1]])
    >>> posterior = propnp.torch.sample(x3d, x2d, None, camera, seed=0)
    >>> posterior.pose.shape
    torch.Size([1, 7])
    """
    problem, encoded = _problem(config, x3d, x2d, w2d, camera, keywords)
    if _wants_gradient(problem[:NUM_DIFFERENTIABLE]):
        kind = "evidence" if pose_target is None else "loss"
        of_prior = _wants_gradient((problem.prior_a, problem.prior_b))
        encoded = changed(encoded, ("gradient", "prior_gradient"), (kind, of_prior))
    if pose_target is not None:
        pose_target = as_real(pose_target.detach())
    object_class = class_of(symmetries, x3d, num_objects(problem))
    if symmetries is not None:
        encoded = changed(encoded, ("symmetries",), (encode_symmetries(symmetries),))
    outputs = _autograd.sample(
        *problem, pose_target, make_seed(seed, x3d.device), object_class, encoded
    )
    named: dict[str, Any] = dict(zip(SAMPLE_OUTPUTS, outputs))
    for name in absent_outputs(encoded, pose_target is not None):
        named[name] = None
    return Posterior(**named)


def solve(
    x3d: Tensor,
    x2d: Tensor,
    w2d: Optional[Tensor],
    camera: CameraLike,
    *,
    pose_init: Optional[Tensor] = None,
    pose_target: Optional[Tensor] = None,
    seed: Union[int, Tensor, None] = None,
    config: Config = DEFAULTS,
    **keywords: Any,
) -> Solution:
    """Poses of least cost. Their gradient is that of the implicit function theorem.

    Args:
        pose_init: (B, 7) or (B, 4): where to start; None: random subsets of the points.
        pose_target: (B, 7) or (B, 4): one more start.
        seed: as in `sample`.
    """
    problem, encoded = _problem(config, x3d, x2d, w2d, camera, keywords)
    outputs = _autograd.solve(
        *problem,
        None if pose_init is None else as_real(pose_init.detach()),
        None if pose_target is None else as_real(pose_target.detach()),
        make_seed(0 if pose_init is not None and seed is None else seed, x3d.device),
        encoded,
    )
    return Solution(*outputs)


def pose_plus(
    x3d: Tensor,
    x2d: Tensor,
    w2d: Optional[Tensor],
    camera: CameraLike,
    pose: Tensor,
    *,
    config: Config = DEFAULTS,
    **keywords: Any,
) -> Tensor:
    """The pose (B, 7) or (B, 4) after one Gauss-Newton step from `pose`: the derivative
    regularisation of EPro-PnP (Chen et al., CVPR 2022). `pose` itself carries no gradient.
    """
    problem, encoded = _problem(config, x3d, x2d, w2d, camera, keywords)
    plus: Tensor = _autograd.pose_plus(*problem, as_real(pose.detach()), encoded)[0]
    return plus


def expectation(
    x3d: Tensor,
    x2d: Tensor,
    w2d: Optional[Tensor],
    camera: CameraLike,
    sample_pose: Tensor,
    sample_log_weight: Tensor,
    *,
    config: Config = DEFAULTS,
    **keywords: Any,
) -> Expectation:
    """Costs (B, S) of kept samples, their mean translation and expected cost, with gradients.

    Args:
        sample_pose: (B, S, 7) or (B, S, 4).
        sample_log_weight: (B, S), of a Posterior. Its dependence on the correspondences is part of
            the gradients; the tensors themselves carry none.
    """
    problem, encoded = _problem(config, x3d, x2d, w2d, camera, keywords)
    outputs = _autograd.expectation(
        *problem,
        as_real(sample_pose.detach()),
        as_real(sample_log_weight.detach()),
        encoded,
    )
    return Expectation(*outputs)


def evaluate(
    x3d: Tensor,
    x2d: Tensor,
    w2d: Optional[Tensor],
    camera: CameraLike,
    pose: Tensor,
    *,
    config: Config = DEFAULTS,
    **keywords: Any,
) -> Evaluation:
    """The cost at `pose` (B, 7) or (B, 4) with residuals and Jacobian; no gradients."""
    with torch.no_grad():
        problem, encoded = _problem(config, x3d, x2d, w2d, camera, keywords)
        return Evaluation(*_ops.evaluate(*problem, as_real(pose), encoded))
