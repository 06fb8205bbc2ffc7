"""Training: what optimizers and the random stream mean in a captured step, beyond their own Python code."""

from __future__ import annotations

from typing import Any

import torch

from diptych.capture.staging.builtin.registry import meaning
from diptych.capture.staging.gradients import write_gradient
from diptych.capture.values import Scalar
from diptych.graph import own
from diptych.graph.spec import NumberSpec


@meaning(torch.optim.Optimizer.zero_grad)
def optimizer_zero_grad(stager: Any, optimizer: torch.optim.Optimizer, set_to_none: bool = True) -> None:
    """`optimizer.zero_grad()`: what the gradients were does not matter."""
    if set_to_none is not True:
        stager.python(torch.optim.Optimizer.zero_grad, (optimizer, set_to_none), {})
        return
    for group in stager.getattr(optimizer, "param_groups"):
        for parameter in group["params"]:
            write_gradient(stager, parameter, None)


@meaning(torch.manual_seed)
def torch_manual_seed(stager: Any, seed: Any) -> torch.Generator:
    """`torch.manual_seed(n)`: the random stream of the graph goes on from there."""
    seed = stager.tape.as_scalar(stager.resolve(seed))
    node = seed.node if isinstance(seed, Scalar) else seed
    stager.tape.emit(own.OWN["manual_seed"], (node,), None, NumberSpec("int"))
    return torch.default_generator
