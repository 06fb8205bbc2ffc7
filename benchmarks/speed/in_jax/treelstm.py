"""The TreeLSTM: `lax.scan` over the nodes of all trees of a batch."""

from __future__ import annotations

from functools import partial
from typing import Any

import jax
import jax.numpy as jnp
from jax import lax

from benchmarks.speed.in_jax.layers import Weights, cross_entropy, linear
from benchmarks.speed.in_jax.optimizers import adagrad, zeros
from benchmarks.speed.in_jax.trees import LEFT, RIGHT, WORD, Tree, table


def forward(weights: Weights, nodes: Any, roots: Any) -> Any:
    """Logits of all trees."""
    rows, batch, _ = nodes.shape
    width = weights["embedding.weight"].shape[1]
    columns = jnp.arange(batch)

    def node(done: tuple[Any, Any], row: tuple[Any, Any]) -> tuple[tuple[Any, Any], None]:
        hidden, cells = done
        number, what = row
        word, left, right = what[:, WORD], what[:, LEFT], what[:, RIGHT]
        gates = linear(weights, "leaf", weights["embedding.weight"][jnp.maximum(word, 0)])
        enter, leave, candidate = jnp.split(gates, 3, -1)
        leaf_cell = jax.nn.sigmoid(enter) * jnp.tanh(candidate)
        both = jnp.concatenate([hidden[left, columns], hidden[right, columns]], -1)
        enter, forget_left, forget_right, merge_leave, candidate = jnp.split(linear(weights, "merge", both), 5, -1)
        cell = jax.nn.sigmoid(enter) * jnp.tanh(candidate) + jax.nn.sigmoid(forget_left) * cells[left, columns]
        cell = cell + jax.nn.sigmoid(forget_right) * cells[right, columns]
        is_leaf = (word >= 0)[:, None]
        cell, leave = jnp.where(is_leaf, leaf_cell, cell), jnp.where(is_leaf, leave, merge_leave)
        return (hidden.at[number].set(jax.nn.sigmoid(leave) * jnp.tanh(cell)), cells.at[number].set(cell)), None

    empty = jnp.zeros((rows, batch, width))
    (hidden, _), _ = lax.scan(node, (empty, empty), (jnp.arange(rows), nodes))
    return linear(weights, "classify", hidden[roots, columns])


def train(parameters: Weights, small: bool) -> tuple[Any, Any]:
    def loss(weights: Weights, nodes: Any, roots: Any, labels: Any) -> Any:
        return cross_entropy(forward(weights, nodes, roots), labels)

    @partial(jax.jit, donate_argnums=0)
    def compiled(state: Any, nodes: Any, roots: Any, labels: Any) -> tuple[Any, Any]:
        weights, sums = state
        value, gradients = jax.value_and_grad(loss)(weights, nodes, roots, labels)
        return adagrad(weights, gradients, sums, 0.05), value

    def step(state: Any, trees: list[Tree]) -> tuple[Any, Any]:
        return compiled(state, *table(trees, 3 if small else 10))

    return (parameters, zeros(parameters)), step


def infer(parameters: Weights, small: bool) -> tuple[Any, Any]:
    compiled = jax.jit(forward)

    def step(weights: Weights, trees: list[Tree]) -> tuple[Any, Any]:
        nodes, roots, _ = table(trees, 3 if small else 10)
        return weights, compiled(weights, nodes, roots)

    return parameters, step
