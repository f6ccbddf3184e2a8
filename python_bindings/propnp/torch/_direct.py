# SPDX-License-Identifier: Apache-2.0
# SPDX-FileCopyrightText: The propnp authors
"""The operators without PyTorch's dispatcher, where it would only hand plain tensors on to the
kernel: on its way it takes longer than the kernel does besides the library's own call, and it makes
tensors of all that was not asked for.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn

from . import _kernels, _ops

_PLAIN = frozenset([Tensor, nn.Parameter])


def _is_plain(args: tuple[Any, ...]) -> bool:
    """Whether nobody watches operators (modes, transforms, tracing), or needs one to know that it
    has no derivative, and all tensors have memory that says what they are.
    """
    if (
        torch.compiler.is_compiling()
        or torch.is_grad_enabled()
        or torch._C._len_torch_dispatch_stack()
        or torch._C._are_functorch_transforms_active()
        or torch._C._get_tracing_state()
    ):
        return False
    for x in args:
        if isinstance(x, Tensor) and (type(x) not in _PLAIN or x.is_meta or x.is_neg()):
            return False
    return True


class Direct:
    """Called as the operator; what was not asked for may come back as None."""

    def __init__(self, name: str) -> None:
        self._op = getattr(_ops, name)
        self._kernel = getattr(_kernels, name)

    def __call__(self, *args: Any) -> Any:
        return (self._kernel if _is_plain(args) else self._op)(*args)


sample_vjp = Direct("sample_vjp")
pose_plus_vjp = Direct("pose_plus_vjp")
implicit_vjp = Direct("implicit_vjp")
