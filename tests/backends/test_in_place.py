"""New values of inputs that are computed where they go: what is read, and what fails, decides whether they may."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
import torch
from torch.fx.experimental.proxy_tensor import make_fx

from diptych.backends.native.call import NativeFailed, NativeGraph, compile_native

Program = Callable[..., tuple[torch.Tensor, ...]]


def momentum(x: torch.Tensor, m: torch.Tensor, g: torch.Tensor) -> tuple[torch.Tensor, ...]:
    """With weight decay, each of the two is a function of both."""
    new = 0.9 * m + (g + 0.1 * x)
    return x - 0.1 * new, new


def swapped(x: torch.Tensor, m: torch.Tensor, g: torch.Tensor) -> tuple[torch.Tensor, ...]:
    return m * 1.0, x * 1.0


def reversed_(x: torch.Tensor, m: torch.Tensor, g: torch.Tensor) -> tuple[torch.Tensor, ...]:
    """Other elements are read than those that are written."""
    new = (x.flip(0) + g).tanh()
    return new, m + new


def read_later(x: torch.Tensor, m: torch.Tensor, g: torch.Tensor) -> tuple[torch.Tensor, ...]:
    """What was there before is needed after the new value."""
    new = (x * g).tanh().exp()
    return new, m + (new.sum() * x).cumsum(0)


def summed(x: torch.Tensor, m: torch.Tensor, g: torch.Tensor) -> tuple[torch.Tensor, ...]:
    """Each element needs all."""
    return x.softmax(0), m / m.norm()


def twice(x: torch.Tensor, m: torch.Tensor, g: torch.Tensor) -> tuple[torch.Tensor, ...]:
    """One value for both."""
    new = (x + m + g).tanh().exp().sin()
    return new, new.clone()


def chain(x: torch.Tensor, m: torch.Tensor, g: torch.Tensor) -> tuple[torch.Tensor, ...]:
    new = m * 0.5 + g * g
    return x - g / (new.sqrt() + 1e-8) - 0.01 * x, new


PROGRAMS: list[Program] = [momentum, swapped, reversed_, read_later, summed, twice, chain]


def compiled(program: Program, *given: Any, written: dict[int, int]) -> NativeGraph:
    return compile_native(make_fx(program, tracing_mode="fake")(*given), program.__name__, written)


@pytest.mark.parametrize("program", PROGRAMS, ids=lambda program: program.__name__)
@pytest.mark.parametrize("shape", [(7,), (33, 5), (1,), (0,)])
def test_the_new_values_are_right(program: Program, shape: tuple[int, ...]) -> None:
    x, m, g = (torch.rand(shape) + 0.1 for _ in range(3))
    graph = compiled(program, x, m, g, written={0: 0, 1: 1})
    for _ in range(3):
        wanted = program(x, m, g)
        made = graph(x, m, g)
        assert made[0] is x
        assert made[1] is m
        torch.testing.assert_close((x, m), wanted)


def test_an_optimizer_works_on_the_memory_of_its_state() -> None:
    x, m, g = (torch.rand(64) for _ in range(3))
    made = compiled(momentum, x, m, g, written={0: 0, 1: 1})
    assert "arena +" not in made.source, "neither new value has memory of its own"


def test_what_fails_leaves_everything_as_it_was() -> None:
    def program(x: torch.Tensor, m: torch.Tensor, index: torch.Tensor) -> tuple[torch.Tensor, ...]:
        new = (m * 0.9 + x).tanh().exp()
        return x - new, new, torch.ones(4)[index]

    x, m, index = torch.rand(64), torch.rand(64), torch.tensor([1, 3])
    graph = compiled(program, x, m, index, written={0: 0, 1: 1})
    before = x.clone(), m.clone()
    with pytest.raises(NativeFailed):
        graph(x, m, torch.tensor([1, 4]))
    assert (x.equal(before[0]), m.equal(before[1])) == (True, True)
    wanted = program(x, m, index)
    graph(x, m, index)
    torch.testing.assert_close((x, m), wanted[:2])
    assert "float *b0 = x1;" in graph.source, "the new value waits until nothing fails any more"
