"""Loops that repeat become one C function."""

from __future__ import annotations

import pytest
import torch
from torch.fx.experimental.proxy_tensor import make_fx

from diptych.backends.native import outline
from diptych.backends.native.call import compile_native


def unrolled(x: torch.Tensor, w: torch.Tensor) -> torch.Tensor:
    """The same step for each row, and one that is another."""
    state = torch.zeros(4)
    for t in range(6):
        state = torch.tanh(x[t] * 0.5 + state @ w)
    return state.exp()


def compiled(rows: int = 6):
    torch.manual_seed(0)
    given = torch.randn(rows, 4), torch.randn(4, 4)
    return compile_native(make_fx(unrolled, tracing_mode="fake")(*given)), given


def test_steps_of_an_unrolled_loop_are_one_function():
    graph, given = compiled()
    assert graph.source.count("void loops") < 4
    assert graph.source.count("    loops0(") + graph.source.count("    loops1(") >= 5
    assert graph.source.count("tanhf(") <= 4  # the declaration, the first step, the others
    torch.testing.assert_close(graph(*given)[0], unrolled(*given))


@pytest.mark.parametrize("long", [0, 10**9])
def test_results_do_not_depend_on_it(monkeypatch: pytest.MonkeyPatch, long: int):
    monkeypatch.setattr(outline, "LONG", long)
    graph, given = compiled()
    torch.testing.assert_close(graph(*given)[0], unrolled(*given))


def test_long_programs_have_all_loops_in_functions(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(outline, "LONG", 0)
    graph, _ = compiled()
    body = graph.source[graph.source.index("int d_run") :]
    assert "for (" not in body
