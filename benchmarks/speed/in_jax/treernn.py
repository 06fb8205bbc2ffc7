"""The TreeRNN: `lax.scan` over the nodes of all trees of a batch."""

from __future__ import annotations

from functools import partial
from typing import Any

import jax
import jax.numpy as jnp
from jax import lax

from benchmarks.speed.in_jax.layers import Weights, cross_entropy, linear
from benchmarks.speed.in_jax.optimizers import sgd
from benchmarks.speed.in_jax.trees import LEFT, RIGHT, WORD, Tree, table


def forward(weights: Weights, nodes: Any, roots: Any) -> Any:
    """Logits of all trees."""
    rows, batch, _ = nodes.shape
    columns = jnp.arange(batch)

    def node(done: Any, row: tuple[Any, Any]) -> tuple[Any, None]:
        number, what = row
        both = jnp.concatenate([done[what[:, LEFT], columns], done[what[:, RIGHT], columns]], -1)
        leaf = weights["embedding.weight"][jnp.maximum(what[:, WORD], 0)]
        merged = jnp.tanh(linear(weights, "merge", both))
        return done.at[number].set(jnp.where((what[:, WORD] >= 0)[:, None], leaf, merged)), None

    empty = jnp.zeros((rows, batch, weights["embedding.weight"].shape[1]))
    done, _ = lax.scan(node, empty, (jnp.arange(rows), nodes))
    return linear(weights, "classify", done[roots, columns])


def train(parameters: Weights, small: bool) -> tuple[Any, Any]:
    def loss(weights: Weights, nodes: Any, roots: Any, labels: Any) -> Any:
        return cross_entropy(forward(weights, nodes, roots), labels)

    @partial(jax.jit, donate_argnums=0)
    def compiled(weights: Any, nodes: Any, roots: Any, labels: Any) -> tuple[Any, Any]:
        value, gradients = jax.value_and_grad(loss)(weights, nodes, roots, labels)
        return sgd(weights, gradients, 0.05), value

    def step(weights: Any, trees: list[Tree]) -> tuple[Any, Any]:
        return compiled(weights, *table(trees, 3 if small else 10))

    return parameters, step


def infer(parameters: Weights, small: bool) -> tuple[Any, Any]:
    compiled = jax.jit(forward)

    def step(weights: Weights, trees: list[Tree]) -> tuple[Any, Any]:
        nodes, roots, _ = table(trees, 3 if small else 10)
        return weights, compiled(weights, nodes, roots)

    return parameters, step
