"""The GAN on digits: both networks and optimizers in one compiled step."""

from __future__ import annotations

from functools import partial
from typing import Any

import jax
import jax.numpy as jnp

from benchmarks.speed.in_jax.classifying import STATISTICS
from benchmarks.speed.in_jax.images import Network
from benchmarks.speed.in_jax.layers import Weights, binary_cross_entropy, conv, conv_transpose, linear
from benchmarks.speed.in_jax.optimizers import adam, adam_state

RATES = {"rate": 2e-4, "betas": (0.5, 0.999)}


def generated(net: Network, prefix: str, noise: Any) -> Any:
    layers = f"{prefix}layers"
    x = linear(net.weights, f"{layers}.0", noise)
    x = x.reshape(len(x), -1, 7, 7)
    x = jax.nn.relu(net.norm(f"{layers}.2", x))
    x = jax.nn.relu(net.norm(f"{layers}.5", conv_transpose(net.weights, f"{layers}.4", x)))
    return jnp.tanh(conv_transpose(net.weights, f"{layers}.7", x))


def judged(net: Network, images: Any) -> Any:
    """Logits [batch]; the running statistics go on."""
    x = jax.nn.leaky_relu(conv(net.weights, "1.layers.0", images, 2, 1), 0.2)
    x = jax.nn.leaky_relu(net.norm("1.layers.3", conv(net.weights, "1.layers.2", x, 2, 1)), 0.2)
    net.weights = {**net.weights, **net.changed}
    return linear(net.weights, "1.layers.6", x.reshape(len(x), -1))[:, 0]


def train(parameters: Weights, small: bool) -> tuple[Any, Any]:
    statistics = {name: value for name, value in parameters.items() if name.endswith(STATISTICS)}
    weights = {name: value for name, value in parameters.items() if name not in statistics}
    generator = {name: value for name, value in weights.items() if name.startswith("0.")}
    discriminator = {name: value for name, value in weights.items() if name.startswith("1.")}
    size = generator["0.layers.0.weight"].shape[1]

    def first_loss(discriminator: Weights, statistics: Weights, images: Any, fake: Any) -> tuple[Any, Any]:
        net = Network({**discriminator, **statistics}, True)
        real_loss = binary_cross_entropy(judged(net, images), 1.0)
        return real_loss + binary_cross_entropy(judged(net, fake), 0.0), net.changed

    def second_loss(generator: Weights, discriminator: Weights, statistics: Weights, noise: Any) -> Any:
        net = Network({**generator, **discriminator, **statistics}, True)
        fake = generated(net, "0.", noise)
        return binary_cross_entropy(judged(net, fake), 1.0), net.changed

    @partial(jax.jit, donate_argnums=0)
    def step(state: Any, images: Any) -> tuple[Any, Any]:
        generator, discriminator, statistics, moments, other_moments, key = state
        key, now = jax.random.split(key)
        noise = jax.random.normal(now, (len(images), size))
        fake = generated(Network({**generator, **statistics}, True), "0.", noise)
        slope = jax.value_and_grad(first_loss, has_aux=True)
        (one, changed), gradients = slope(discriminator, statistics, images, fake)
        discriminator, other_moments = adam(discriminator, gradients, other_moments, **RATES)
        slope = jax.value_and_grad(second_loss, has_aux=True)
        (other, changed), gradients = slope(generator, discriminator, {**statistics, **changed}, noise)
        generator, moments = adam(generator, gradients, moments, **RATES)
        return (generator, discriminator, {**statistics, **changed}, moments, other_moments, key), (one, other)

    moments, other_moments = adam_state(generator), adam_state(discriminator)
    return (generator, discriminator, statistics, moments, other_moments, jax.random.key(0)), step


def infer(parameters: Weights, small: bool) -> tuple[Any, Any]:
    @jax.jit
    def step(weights: Weights, noise: Any) -> tuple[Any, Any]:
        return weights, generated(Network(weights, False), "", noise)

    return parameters, step
