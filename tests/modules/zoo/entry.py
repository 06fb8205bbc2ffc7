"""What a zoo entry is: a recipe for a module and for one set of arguments."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn


@dataclass(frozen=True)
class Entry:
    """A module and fresh arguments for one call.

    ``make`` and ``inputs`` draw from torch's default generator, so a seed set before the call fixes what they return.
    """

    name: str
    make: Callable[[], nn.Module]
    inputs: Callable[[], tuple[Any, ...]]
    train: bool = True
    kwargs: Callable[[], dict[str, Any]] = dict


def image(size: int = 8, channels: int = 3, batch: int = 2) -> Callable[[], tuple[Tensor]]:
    """A batch of square images."""
    return lambda: (torch.randn(batch, channels, size, size),)


def rows(n: int = 2, d: int = 3) -> Callable[[], tuple[Tensor]]:
    """A matrix of n rows."""
    return lambda: (torch.randn(n, d),)


def labelled(n: int, d: int, classes: int) -> Callable[[], tuple[Tensor, Tensor]]:
    """A matrix of n rows and a class for each."""
    return lambda: (torch.randn(n, d), torch.randint(classes, (n,)))
