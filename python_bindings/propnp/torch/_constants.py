# SPDX-License-Identifier: Apache-2.0
# SPDX-FileCopyrightText: The propnp authors
"""Small tensors that every call needs, made once."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

_made: dict[Any, Tensor] = {}


def constant(values: tuple[Any, ...], dtype: torch.dtype, device: torch.device) -> Tensor:
    """torch.tensor(values), not to be written to."""
    if torch.compiler.is_compiling():
        return torch.tensor(values, dtype=dtype, device=device)
    key = values, dtype, device
    tensor = _made.get(key)
    if tensor is None:
        tensor = torch.tensor(values, dtype=dtype, device=device)
        if type(tensor) is Tensor:  # none of a mode that tensors have no numbers in
            _made[key] = tensor
    return tensor
