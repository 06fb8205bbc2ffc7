"""Convolutions with channels last against channels first, forward and backward: `python -m benchmarks.native.layout`.

Both layouts of the same tensors take turns; the ratio is channels first by channels last, the time of bringing the
input and the weight into the other layout and the result back included, and left out.
"""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable

import torch
import torch.nn.functional as F
from rich.console import Console
from rich.table import Table

LAST = torch.channels_last
SHAPES: dict[str, tuple[tuple[int, ...], tuple[int, ...], int, int]] = {
    "lenet, first": ((16, 1, 28, 28), (6, 1, 5, 5), 1, 2),
    "first, 3x3 of 32": ((64, 1, 28, 28), (32, 1, 3, 3), 1, 1),
    "lenet, second": ((16, 6, 14, 14), (16, 6, 5, 5), 1, 0),
    "resnet, 3x3 of 64": ((4, 64, 16, 16), (64, 64, 3, 3), 1, 1),
    "resnet, 1x1 of 256": ((4, 64, 16, 16), (256, 64, 1, 1), 1, 0),
    "resnet, 3x3 of 512": ((4, 512, 2, 2), (512, 512, 3, 3), 1, 1),
    "unet, 4x4 by 2": ((1, 32, 32, 32), (64, 32, 4, 4), 2, 1),
    "gan, 4x4 by 2": ((32, 32, 14, 14), (64, 32, 4, 4), 2, 1),
    "automaton, 1x1": ((4, 36, 24, 24), (32, 36, 1, 1), 1, 0),
}
"""Name -> input, weight, stride and padding. The input of a first layer needs no gradient."""


def step(x: torch.Tensor, weight: torch.Tensor, stride: int, padding: int, turned: bool) -> Callable[[], object]:
    """A convolution with its gradients; with `turned`, from and to channels first."""

    def run() -> object:
        given, kernel = (x.to(memory_format=LAST), weight.to(memory_format=LAST)) if turned else (x, weight)
        made = F.conv2d(given, kernel, None, stride, padding)
        made = made.contiguous() if turned else made
        return torch.autograd.grad(made.sum(), [value for value in (x, weight) if value.requires_grad])

    return run


def medians(ways: list[Callable[[], object]], rounds: int = 60) -> list[float]:
    """The median time of each, in turns."""
    times: list[list[float]] = [[] for _ in ways]
    for number in range(rounds + 5):
        for way, found in zip(ways, times, strict=True):
            began = time.perf_counter()
            way()
            if number >= 5:
                found.append(time.perf_counter() - began)
    return [statistics.median(found) for found in times]


def main() -> None:
    """Print the table."""
    torch.manual_seed(0)
    table = Table("convolution", "channels first, us", "last, us", "ratio", "last, turned, us", "ratio")
    for name, (shape, kernel, stride, padding) in SHAPES.items():
        x, weight = torch.randn(shape, requires_grad="first" not in name), torch.randn(kernel, requires_grad=True)
        last = [v.detach().to(memory_format=LAST).requires_grad_(v.requires_grad) for v in (x, weight)]
        ways = [
            step(x, weight, stride, padding, False),
            step(last[0], last[1], stride, padding, False),
            step(x, weight, stride, padding, True),
        ]
        first, other, turned = (1e6 * seconds for seconds in medians(ways))
        table.add_row(
            name, f"{first:.0f}", f"{other:.0f}", f"{first / other:.2f}", f"{turned:.0f}", f"{first / turned:.2f}"
        )
    Console().print(table)


if __name__ == "__main__":
    main()
