# SPDX-License-Identifier: Apache-2.0
# SPDX-FileCopyrightText: The propnp authors
"""The same numbers in every run: PyTorch's elementwise functions are called once before they matter.

PyTorch takes these functions from MKL, which looks up the kernel of each on its first call. Where
two threads make that call at once, one of them may run a kernel of low accuracy (relative errors of
1e-4) for its part of the tensor, in a process out of a hundred on a busy machine:
https://github.com/pytorch/pytorch/issues/188792. One call on one thread settles it.
"""

import torch

ELEMENTWISE = (torch.acos, torch.cos, torch.exp, torch.log, torch.sin, torch.sqrt)


def settle_first_calls() -> None:
    """Calls the functions that layers, losses and the networks before them use most."""
    for dtype in (torch.float32, torch.float64):
        for function in ELEMENTWISE:
            function(torch.ones(1, dtype=dtype, device="cpu"))
