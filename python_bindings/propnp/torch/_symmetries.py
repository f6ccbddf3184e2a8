# SPDX-License-Identifier: Apache-2.0
# SPDX-FileCopyrightText: The propnp authors
"""The tables of propnp.Symmetries, which are constants of an operator, as a string."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Optional

import torch
from torch import Tensor

from ..symmetries import Symmetries

_FIELDS = {
    "rotation": torch.float64,
    "offsets": torch.int64,
    "axis": torch.float64,
    "centre": torch.float64,
}


def _encode_now(symmetries: Symmetries) -> str:
    """`object_class` comes as a tensor of its own."""
    tables = {}
    for name, dtype in _FIELDS.items():
        values = getattr(symmetries, name)
        if values is not None:
            tables[name] = torch.as_tensor(values, dtype=dtype).tolist()
    return json.dumps(tables)


encode: Callable[[Symmetries], str]
encode = torch.compiler.assume_constant_result(_encode_now)  # type: ignore[no-untyped-call]


def tables_of(encoded: str) -> dict[str, Tensor]:
    """For the struct of the library."""
    return {
        name: torch.tensor(values, dtype=_FIELDS[name])
        for name, values in json.loads(encoded).items()
    }


def class_of(symmetries: Optional[Symmetries], like: Tensor, objects: int) -> Optional[Tensor]:
    """(B) int32, of one for all, too."""
    if symmetries is None or symmetries.object_class is None:
        return None
    values: Tensor = torch.as_tensor(symmetries.object_class, dtype=torch.int32, device=like.device)
    return values.expand(objects)
