"""What a program of this benchmark is: one step, the batches it is called with, and how to begin anew."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from torch.optim import Optimizer
from torch.utils import _pytree as pytree

from benchmarks.janus.job import Job


@dataclass(frozen=True)
class Work:
    """`step(*batches[k % len(batches)])` is call number `k`; it returns tensors, and if it trains, it changes state.

    `training`: whether the step asks for gradients; a step that does not is called with gradients switched off.
    `models` and `optimizers` are what the step changes, `begin_anew()` puts back what else it leaves to the next one.
    `draws`: it draws random numbers, so that a peer with a random stream of its own gives other results.
    `tolerance`: how far results of the first steps may be apart, relative to the largest entry of each;
    `checked` is how many steps are compared.
    `plain` says what a batch is without torch: numbers, NumPy arrays, and tuples and lists of them.
    """

    step: Callable[..., Any]
    batches: list[tuple[Any, ...]]
    training: bool = False
    models: tuple[nn.Module, ...] = ()
    optimizers: tuple[Optimizer, ...] = ()
    begin_anew: Callable[[], None] = lambda: None
    draws: bool = False
    tolerance: float = 1e-3
    checked: int = 5
    plain: Callable[[tuple[Any, ...]], Any] = lambda batch: arrays(batch)
    initial: list[dict[str, Tensor]] = field(init=False)

    def __post_init__(self) -> None:
        copies = [{name: value.clone() for name, value in model.state_dict().items()} for model in self.models]
        object.__setattr__(self, "initial", copies)

    def restore(self) -> None:
        """Weights, buffers and optimizers are as they were before the first step, in the same memory."""
        with torch.no_grad():
            for model, copies in zip(self.models, self.initial, strict=True):
                for name, value in model.state_dict().items():
                    value.copy_(copies[name])
            for optimizer in self.optimizers:
                for state in optimizer.state.values():
                    for value in state.values():
                        if isinstance(value, Tensor):
                            value.zero_()
        self.begin_anew()

    def parameters(self) -> dict[str, np.ndarray]:
        """Weights and buffers before the first step, by the names of `state_dict`; "1.weight" of the second model."""
        many = len(self.models) > 1
        return {
            f"{number}.{name}" if many else name: value.numpy()
            for number, copies in enumerate(self.initial)
            for name, value in copies.items()
        }


def from_job(
    job: Job, batches: int, *, draws: bool = False, begin_anew: Callable[[], None] = lambda: None, **more: Any
) -> Work:
    """A training of `benchmarks/janus`."""
    arguments = [job.arguments(number) for number in range(batches)]
    return Work(job.step, arguments, True, job.models, job.optimizers, begin_anew, draws, **more)


def arrays(tree: Any) -> Any:
    """The same with NumPy arrays in place of tensors."""
    return pytree.tree_map_only(Tensor, lambda tensor: tensor.detach().cpu().numpy().copy(), tree)


def results(tree: Any) -> list[np.ndarray]:
    """All numbers that a step returned, in order, as float64."""
    leaves = pytree.tree_leaves(arrays(tree))
    return [np.asarray(leaf, dtype=np.float64) for leaf in leaves if isinstance(leaf, np.ndarray | int | float)]
