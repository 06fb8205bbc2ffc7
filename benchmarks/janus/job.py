"""What each of the programs makes: a training that goes forward step by step."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from torch import nn
from torch.optim import Optimizer


@dataclass(frozen=True)
class Job:
    """`step(*arguments(k))` is step number `k`, which returns its losses and changes `models` and `optimizers`.

    `carried()` is what else one step leaves to the next one.
    """

    step: Callable[..., Any]
    arguments: Callable[[int], tuple[Any, ...]]
    models: tuple[nn.Module, ...]
    optimizers: tuple[Optimizer, ...]
    carried: Callable[[], Any] = lambda: None

    def state(self) -> list[Any]:
        """Parameters, buffers and gradients of the models, the state of the optimizers, and what is carried."""
        gradients = [[parameter.grad for parameter in model.parameters()] for model in self.models]
        return [
            [dict(model.state_dict()) for model in self.models],
            gradients,
            [optimizer.state_dict() for optimizer in self.optimizers],
            self.carried(),
        ]
