"""Operations that stay whole where PyTorch has one kernel for all of their steps, which is faster than the steps are.

An LSTM without gradients is one call of oneDNN on a CPU. Measured on two cores over 20 steps of 16 rows, oneDNN takes
2.2 times as long as native code with 16 columns, as long with 64, and 0.7 to 0.9 times as long from 128 on. `one_hot`
looks at what it is given, and raises; taken apart on tensors without data it does not.
"""

from __future__ import annotations

from typing import Any

import torch
from torch.utils import _pytree as pytree

aten = torch.ops.aten
WORK = 1 << 20
"""From how many multiplications of a step on: 16 rows of 128 columns are as many."""


def stays_whole(target: Any, args: Any) -> bool:
    """Whether an operation is recorded as it is."""
    return target is aten.one_hot.default or (target is aten.lstm.input and one_call(*args))


def one_call(
    x: torch.Tensor, hidden: Any, weights: Any, biases: bool, layers: int, dropout: float, train: bool, *ways: bool
) -> bool:
    """Whether PyTorch's kernel serves an LSTM, and is the faster way."""
    tensors = [value for value in pytree.tree_leaves((x, hidden, weights)) if isinstance(value, torch.Tensor)]
    if torch.is_grad_enabled() and any(value.requires_grad for value in tensors):
        return False
    if (train and dropout) or any(value.dtype is not torch.float32 for value in tensors) or x.dim() != 3:
        return False
    if any(isinstance(n, torch.SymInt) for value in tensors for n in value.shape):
        return False
    _, rows, columns = hidden[0].shape
    return rows * columns * weights[1].shape[0] >= WORK
