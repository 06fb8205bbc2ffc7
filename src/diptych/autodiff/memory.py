"""Whether tensors that see one storage have elements in common."""

from __future__ import annotations

import numpy as np
import torch

LIMIT = 1 << 20
"""Up to how many elements are looked at one by one."""


def disjoint(a: torch.Tensor, b: torch.Tensor) -> bool:
    """Whether two tensors of the same storage surely have no element in common."""
    known = all(isinstance(n, int) for t in (a, b) for n in (*t.shape, *t.stride(), t.storage_offset()))
    if not known or a.element_size() != b.element_size():
        return False
    if a.numel() == 0 or b.numel() == 0:
        return True
    (low, high), (start, end) = extent(a), extent(b)
    if high < start or end < low:
        return True
    if max(a.numel(), b.numel()) > LIMIT:
        return False
    return not np.isin(places(a), places(b), kind="table").any()


def extent(value: torch.Tensor) -> tuple[int, int]:
    """The first and the last place in the storage, in elements."""
    first = int(value.storage_offset())
    return first, first + sum((n - 1) * step for n, step in zip(value.shape, value.stride(), strict=True))


def places(value: torch.Tensor) -> np.ndarray:
    """The place of each element in the storage."""
    found = np.array([value.storage_offset()])
    for size, step in zip(value.shape, value.stride(), strict=True):
        found = np.add.outer(found, np.arange(size) * step).ravel()
    return found
