"""The U-Net and its discriminator of patches: both networks and optimizers in one compiled step."""

from __future__ import annotations

from functools import partial
from typing import Any

import jax
import jax.numpy as jnp

from benchmarks.speed.in_jax.classifying import STATISTICS
from benchmarks.speed.in_jax.images import Network
from benchmarks.speed.in_jax.layers import Weights, binary_cross_entropy, conv, conv_transpose
from benchmarks.speed.in_jax.optimizers import adam, adam_state

RATES = {"rate": 2e-4, "betas": (0.5, 0.999)}


def down(net: Network, name: str, x: Any) -> Any:
    x = conv(net.weights, f"{name}.conv", x, 2, 1)
    if f"{name}.norm.weight" in net.weights:
        x = net.norm(f"{name}.norm", x)
    return jax.nn.leaky_relu(x, 0.2)


def translated(net: Network, prefix: str, x: Any) -> Any:
    """The generator."""
    kept = []
    for number in range(4):
        x = down(net, f"{prefix}downs.{number}", x)
        kept.append(x)
    x = kept.pop()
    for number in range(3):
        name = f"{prefix}ups.{number}"
        x = jax.nn.relu(net.norm(f"{name}.norm", conv_transpose(net.weights, f"{name}.conv", x)))
        x = jnp.concatenate([x, kept.pop()], 1)
    return jnp.tanh(conv_transpose(net.weights, f"{prefix}last", x))


def judged(net: Network, x: Any, y: Any) -> Any:
    """The discriminator; its running statistics go on."""
    z = down(net, "1.layers.0", jnp.concatenate([x, y], 1))
    z = down(net, "1.layers.1", z)
    net.weights = {**net.weights, **net.changed}
    return conv(net.weights, "1.layers.2", z, padding=1)


def train(parameters: Weights, small: bool) -> tuple[Any, Any]:
    statistics = {name: value for name, value in parameters.items() if name.endswith(STATISTICS)}
    weights = {name: value for name, value in parameters.items() if name not in statistics}
    generator = {name: value for name, value in weights.items() if name.startswith("0.")}
    discriminator = {name: value for name, value in weights.items() if name.startswith("1.")}

    def first_loss(discriminator: Weights, statistics: Weights, x: Any, y: Any, fake: Any) -> tuple[Any, Any]:
        net = Network({**discriminator, **statistics}, True)
        real_loss = binary_cross_entropy(judged(net, x, y), 1.0)
        return (real_loss + binary_cross_entropy(judged(net, x, fake), 0.0)) / 2, net.changed

    def second_loss(generator: Weights, discriminator: Weights, statistics: Weights, x: Any, y: Any) -> Any:
        net = Network({**generator, **discriminator, **statistics}, True)
        fake = translated(net, "0.", x)
        loss = binary_cross_entropy(judged(net, x, fake), 1.0) + 100 * jnp.abs(fake - y).mean()
        return loss, net.changed

    @partial(jax.jit, donate_argnums=0)
    def step(state: Any, x: Any, y: Any) -> tuple[Any, Any]:
        generator, discriminator, statistics, moments, other_moments = state
        fake = translated(Network({**generator, **statistics}, True), "0.", x)
        slope = jax.value_and_grad(first_loss, has_aux=True)
        (one, changed), gradients = slope(discriminator, statistics, x, y, fake)
        discriminator, other_moments = adam(discriminator, gradients, other_moments, **RATES)
        slope = jax.value_and_grad(second_loss, has_aux=True)
        (other, changed), gradients = slope(generator, discriminator, {**statistics, **changed}, x, y)
        generator, moments = adam(generator, gradients, moments, **RATES)
        return (generator, discriminator, {**statistics, **changed}, moments, other_moments), (one, other)

    return (generator, discriminator, statistics, adam_state(generator), adam_state(discriminator)), step


def infer(parameters: Weights, small: bool) -> tuple[Any, Any]:
    @jax.jit
    def step(weights: Weights, x: Any) -> tuple[Any, Any]:
        return weights, translated(Network(weights, False), "", x)

    return parameters, step
