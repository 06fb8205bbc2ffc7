"""ResNet-50 and Inception-v3 as functions of their weights; a table of running statistics comes out beside."""

from __future__ import annotations

from typing import Any

import jax
import jax.numpy as jnp

from benchmarks.speed.in_jax.layers import Weights, batch_norm, conv, linear, max_pool, mean_pool


class Network:
    """Applies layers by name, and gathers what becomes of the running statistics in `changed`."""

    def __init__(self, weights: Weights, training: bool) -> None:
        self.weights, self.training = weights, training
        self.changed: Weights = {}

    def norm(self, name: str, x: Any, eps: float = 1e-5) -> Any:
        y, changed = batch_norm(self.weights, name, x, self.training, eps)
        self.changed |= changed
        return y

    def resnet(self, x: Any) -> Any:
        """ResNet-50, to logits."""
        x = jax.nn.relu(self.norm("norm", conv(self.weights, "stem", x, 2, 3)))
        x, index = max_pool(x, 3, 2, 1), 0
        for stage, count in enumerate((3, 4, 6, 3)):
            for block in range(count):
                x = self.bottleneck(f"blocks.{index}", x, 2 if stage and not block else 1)
                index += 1
        return linear(self.weights, "classes", x.mean((2, 3)))

    def bottleneck(self, name: str, x: Any, stride: int) -> Any:
        w = self.weights
        y = jax.nn.relu(self.norm(f"{name}.reduce_norm", conv(w, f"{name}.reduce", x)))
        y = jax.nn.relu(self.norm(f"{name}.spatial_norm", conv(w, f"{name}.spatial", y, stride, 1)))
        y = self.norm(f"{name}.expand_norm", conv(w, f"{name}.expand", y))
        if f"{name}.shortcut.0.weight" in w:
            x = self.norm(f"{name}.shortcut.1", conv(w, f"{name}.shortcut.0", x, stride))
        return jax.nn.relu(y + x)

    def layer(self, name: str, x: Any, stride: int = 1, padding: Any = 0) -> Any:
        """A convolution, normalised."""
        return jax.nn.relu(self.norm(f"{name}.norm", conv(self.weights, f"{name}.conv", x, stride, padding), 0.001))

    def chain(self, name: str, x: Any, *layers: tuple[int, Any]) -> Any:
        """Such layers, each with stride and padding."""
        for number, (stride, padding) in enumerate(layers):
            x = self.layer(f"{name}.{number}", x, stride, padding)
        return x

    def inception(self, x: Any) -> Any:
        """Inception-v3, to what its last layer gets."""
        x = self.layer("stem.0", x, 2)
        x = self.layer("stem.2", self.layer("stem.1", x), padding=1)
        x = self.layer("stem.5", self.layer("stem.4", max_pool(x, 3, 2)))
        x = max_pool(x, 3, 2)
        blocks = [self.block_a] * 3 + [self.block_b] + [self.block_c] * 4 + [self.block_d] + [self.block_e] * 2
        for number, block in enumerate(blocks):
            x = block(f"blocks.{number}", x)
        return x.mean((2, 3))

    def block_a(self, n: str, x: Any) -> Any:
        five = self.chain(f"{n}.five", x, (1, 0), (1, 2))
        three = self.chain(f"{n}.three", x, (1, 0), (1, 1), (1, 1))
        return jnp.concatenate([self.layer(f"{n}.pixel", x), five, three, self.layer(f"{n}.pool", mean_pool(x))], 1)

    def block_b(self, n: str, x: Any) -> Any:
        twice = self.chain(f"{n}.twice", x, (1, 0), (1, 1), (2, 0))
        return jnp.concatenate([self.layer(f"{n}.three", x, 2), twice, max_pool(x, 3, 2)], 1)

    def block_c(self, n: str, x: Any) -> Any:
        row, column = (1, (0, 3)), (1, (3, 0))
        seven = self.chain(f"{n}.seven", x, (1, 0), row, column)
        twice = self.chain(f"{n}.twice", x, (1, 0), column, row, column, row)
        return jnp.concatenate([self.layer(f"{n}.pixel", x), seven, twice, self.layer(f"{n}.pool", mean_pool(x))], 1)

    def block_d(self, n: str, x: Any) -> Any:
        three = self.chain(f"{n}.three", x, (1, 0), (2, 0))
        seven = self.chain(f"{n}.seven", x, (1, 0), (1, (0, 3)), (1, (3, 0)), (2, 0))
        return jnp.concatenate([three, seven, max_pool(x, 3, 2)], 1)

    def block_e(self, n: str, x: Any) -> Any:
        three = self.fork(f"{n}.three.1", self.layer(f"{n}.three.0", x))
        twice = self.fork(f"{n}.twice.2", self.chain(f"{n}.twice", x, (1, 0), (1, 1)))
        return jnp.concatenate([self.layer(f"{n}.pixel", x), three, twice, self.layer(f"{n}.pool", mean_pool(x))], 1)

    def fork(self, n: str, x: Any) -> Any:
        row, column = self.layer(f"{n}.row", x, padding=(0, 1)), self.layer(f"{n}.column", x, padding=(1, 0))
        return jnp.concatenate([row, column], 1)
