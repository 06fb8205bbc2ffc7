"""Decoding with a beam in a `lax.while_loop`."""

from __future__ import annotations

from typing import Any

import jax
import jax.numpy as jnp
from jax import lax

from benchmarks.speed.in_jax.layers import Weights, linear

END = 0


def cell(weights: Weights, x: Any, hidden: Any) -> Any:
    """`nn.GRUCell`."""
    entered = x @ weights["cell.weight_ih"].T + weights["cell.bias_ih"]
    kept = hidden @ weights["cell.weight_hh"].T + weights["cell.bias_hh"]
    r1, z1, n1 = jnp.split(entered, 3, -1)
    r2, z2, n2 = jnp.split(kept, 3, -1)
    update = jax.nn.sigmoid(z1 + z2)
    return (1 - update) * jnp.tanh(n1 + jax.nn.sigmoid(r1 + r2) * n2) + update * hidden


def infer(parameters: Weights, small: bool) -> tuple[Any, Any]:
    words, beam, longest = (12, 2, 6) if small else (100, 4, 30)
    only_end = jnp.full((words,), -1e9).at[END].set(0.0)

    @jax.jit
    def step(weights: Weights, state: Any) -> tuple[Any, Any]:
        def going_on(carried: Any) -> Any:
            number, ended = carried[0], carried[1]
            return (number < longest) & ~ended.all()

        def body(carried: Any) -> Any:
            number, ended, hidden, total, last, sequences = carried
            hidden = cell(weights, weights["embedding.weight"][last], hidden)
            scores = jax.nn.log_softmax(linear(weights, "scores", hidden))
            scores = jnp.where(ended[:, None], only_end, scores)
            total, best = lax.top_k((total[:, None] + scores).reshape(-1), beam)
            parent, last = best // words, best % words
            sequences = sequences[parent].at[:, number].set(last)
            return number + 1, ended[parent] | (last == END), hidden[parent], total, last, sequences

        hidden = jnp.broadcast_to(state, (beam, len(state)))
        total = jnp.full((beam,), -1e9).at[0].set(0.0)
        empty = jnp.zeros((beam, longest), jnp.int32)
        begin = (0, jnp.zeros(beam, bool), hidden, total, jnp.ones(beam, jnp.int32), empty)
        *_, total, _, sequences = lax.while_loop(going_on, body, begin)
        return weights, (sequences, total)

    return parameters, step
