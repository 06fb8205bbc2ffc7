"""Layers with the weights of torch, by their names there, and with its layouts: [batch, channels, height, width]."""

from __future__ import annotations

from typing import Any

import jax
import jax.numpy as jnp
from jax import lax

Weights = dict[str, Any]
IMAGES = ("NCHW", "OIHW", "NCHW")


def linear(weights: Weights, name: str, x: Any) -> Any:
    """x [..., in] to [..., out]."""
    return x @ weights[f"{name}.weight"].T + weights[f"{name}.bias"]


def conv(weights: Weights, name: str, x: Any, stride: int = 1, padding: Any = 0, groups: int = 1) -> Any:
    """A convolution; `padding` is a number or two."""
    high, wide = padding if isinstance(padding, tuple) else (padding, padding)
    pads = [(high, high), (wide, wide)]
    kernel = weights[f"{name}.weight"]
    y = lax.conv_general_dilated(
        x, kernel, (stride, stride), pads, dimension_numbers=IMAGES, feature_group_count=groups
    )
    bias = weights.get(f"{name}.bias")
    return y if bias is None else y + bias[:, None, None]


def conv_transpose(weights: Weights, name: str, x: Any) -> Any:
    """To twice the size: kernel 4, stride 2, padding 1."""
    kernel = jnp.flip(weights[f"{name}.weight"], (2, 3)).swapaxes(0, 1)
    y = lax.conv_general_dilated(x, kernel, (1, 1), [(2, 2), (2, 2)], lhs_dilation=(2, 2), dimension_numbers=IMAGES)
    bias = weights.get(f"{name}.bias")
    return y if bias is None else y + bias[:, None, None]


def batch_norm(weights: Weights, name: str, x: Any, training: bool, eps: float = 1e-5) -> tuple[Any, Weights]:
    """The result, and what becomes of the running statistics."""
    changed: Weights = {}
    if training:
        mean, variance = x.mean((0, 2, 3)), x.var((0, 2, 3))
        count = x.size // x.shape[1]
        new = {"running_mean": mean, "running_var": variance * (count / (count - 1))}
        for kind, value in new.items():
            changed[f"{name}.{kind}"] = lax.stop_gradient(0.9 * weights[f"{name}.{kind}"] + 0.1 * value)
        changed[f"{name}.num_batches_tracked"] = weights[f"{name}.num_batches_tracked"] + 1
    else:
        mean, variance = weights[f"{name}.running_mean"], weights[f"{name}.running_var"]
    factor = weights[f"{name}.weight"] * lax.rsqrt(variance + eps)
    return (x - mean[:, None, None]) * factor[:, None, None] + weights[f"{name}.bias"][:, None, None], changed


def max_pool(x: Any, size: int, stride: int, padding: int = 0) -> Any:
    pads = ((0, 0), (0, 0), (padding, padding), (padding, padding))
    return lax.reduce_window(x, -jnp.inf, lax.max, (1, 1, size, size), (1, 1, stride, stride), pads)


def mean_pool(x: Any) -> Any:
    """Three by three, the same size; beyond the border is zero, and counts."""
    pads = ((0, 0), (0, 0), (1, 1), (1, 1))
    return lax.reduce_window(x, 0.0, lax.add, (1, 1, 3, 3), (1, 1, 1, 1), pads) / 9


def cross_entropy(logits: Any, labels: Any) -> Any:
    """The mean over all rows; logits [rows, classes]."""
    scores = jax.nn.log_softmax(logits)
    return -jnp.take_along_axis(scores, labels[:, None], 1).mean()


def binary_cross_entropy(logits: Any, label: float) -> Any:
    """The mean, where all labels are the same."""
    return jnp.mean(jnp.maximum(logits, 0) - logits * label + jnp.log1p(jnp.exp(-jnp.abs(logits))))


def dropout(key: Any, x: Any, share: float) -> Any:
    """The share is put to zero, the rest made larger."""
    kept = jax.random.bernoulli(key, 1 - share, x.shape)
    return jnp.where(kept, x / (1 - share), 0.0)
