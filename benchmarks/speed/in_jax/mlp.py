"""Three layers; the number of rows is that of the batches."""

from __future__ import annotations

from typing import Any

import jax

from benchmarks.speed.in_jax.layers import linear


@jax.jit
def step(state: Any, x: Any) -> tuple[Any, Any]:
    for number in (0, 2):
        x = jax.nn.relu(linear(state, f"{number}", x))
    return state, linear(state, "4", x)


def infer_1(parameters: dict[str, Any], small: bool) -> tuple[Any, Any]:
    return parameters, step


infer_8 = infer_1
