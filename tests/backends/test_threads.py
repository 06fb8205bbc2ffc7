"""Loops that threads share give, bit for bit, what one thread gives; operations that PyTorch has one kernel for."""

from __future__ import annotations

from collections.abc import Callable, Generator

import pytest
import torch
from torch.fx.experimental.proxy_tensor import make_fx

import diptych
from diptych.backends.native import build
from diptych.backends.native.call import NativeGraph, compile_native

SHARED = "#pragma omp parallel for"


@pytest.fixture
def two_threads() -> Generator[None]:
    before = torch.get_num_threads()
    torch.set_num_threads(2)
    yield
    torch.set_num_threads(before)


def compiled(program: Callable[..., torch.Tensor], *given: torch.Tensor) -> NativeGraph:
    return compile_native(make_fx(program, tracing_mode="fake")(*given), "program")


PROGRAMS: dict[str, Callable[[torch.Tensor], torch.Tensor]] = {
    "elements": lambda x: x * x + 1,
    "a slow function": lambda x: (x * 0.5).tanh(),
    "rows": lambda x: x.softmax(-1),
    "sums of rows": lambda x: (x * 2).sum(-1),
    "sums of columns": lambda x: (x * 2).sum(0),
    "all": lambda x: x.sum(),
    "running sums": lambda x: x.cumsum(1),
    "picked": lambda x: x[torch.tensor([3, 1, 2]).repeat(40)] * 2,
    "put together": lambda x: torch.zeros_like(x).index_add(0, torch.tensor([3, 1, 3]).repeat(50)[: len(x)], x),
    "the other way": lambda x: x.t() + x.t().flip(0),
}


@pytest.mark.usefixtures("two_threads")
@pytest.mark.parametrize("name", PROGRAMS)
def test_two_threads_give_the_bits_of_one(name: str) -> None:
    x = torch.randn(120, 1100)
    graph = compiled(PROGRAMS[name], x)
    found = [graph(x)[0].clone() for _ in range(5)]
    torch.set_num_threads(1)
    alone = graph(x)[0]
    assert all(made.equal(alone) for made in found)
    torch.testing.assert_close(alone, PROGRAMS[name](x), rtol=1e-4, atol=1e-4)


@pytest.mark.skipif(build.THREADS not in build.extras(), reason="PyTorch has threads of another kind")
def test_threads_are_asked_for_large_loops_only() -> None:
    def program(x: torch.Tensor) -> torch.Tensor:
        return x * x + 1

    assert SHARED in compiled(program, torch.randn(300, 300)).source
    assert SHARED not in compiled(program, torch.randn(30, 30)).source


def test_an_lstm_without_gradients_is_one_call() -> None:
    layer = torch.nn.LSTM(128, 128, num_layers=2).eval()
    x = torch.randn(3, 16, 128)
    fast = diptych.hybridize(lambda x: layer(x), backend="native", speculate=False)
    with torch.no_grad():
        (made, (hidden, cell)), (right, (last, state)) = fast(x), layer(x)
    assert (made.equal(right), hidden.equal(last), cell.equal(state)) == (True, True, True)
    made, _ = fast(x)
    right, _ = layer(x)
    torch.testing.assert_close(
        torch.autograd.grad(made.sum(), layer.weight_hh_l0), torch.autograd.grad(right.sum(), layer.weight_hh_l0)
    )
