"""Loops over neighbouring dimensions are one loop."""

from __future__ import annotations

import torch
from torch.fx.experimental.proxy_tensor import make_fx

from diptych.backends.native.call import compile_native
from diptych.backends.native.collapse import collapse


def test_two_loops_are_one_where_every_address_has_them_together():
    ranges, lines = collapse([("i0", 3), ("i1", 4), ("i2", 5)], ["y[i0*20 + i1*5 + i2] = x[i0*40 + i1*10 + i2*2];"])
    assert (ranges, lines) == ([("i2", 60)], ["y[i2] = x[i2*2];"])


def test_a_dimension_that_something_needs_by_itself_stays():
    lines = ["y[i0*20 + i1*5 + i2] = x[i0*20 + i1*5 + i2] + b[i1];"]
    ranges = [("i0", 3), ("i1", 4), ("i2", 5)]
    assert collapse(ranges, lines) == (ranges, lines)


def test_other_strides_are_another_order():
    lines = ["y[i0*4 + i1] = x[i0 + i1*3];"]
    ranges = [("i0", 3), ("i1", 4)]
    assert collapse(ranges, lines) == (ranges, lines)


def test_a_loop_of_one_round_is_none():
    assert collapse([("i0", 1), ("i1", 4)], ["y[i1] = x[i1];"]) == ([("i1", 4)], ["y[i1] = x[i1];"])
    assert collapse([("i0", 1)], ["y[0] = 1;"]) == ([("i0", 1)], ["y[0] = 1;"])


def test_values_of_images_by_channel():
    def program(x: torch.Tensor, scale: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        y = x * scale[None, :, None, None]
        return y.tanh(), y.sum((0, 2, 3))

    given = torch.randn(3, 4, 5, 6), torch.randn(4)
    graph = compile_native(make_fx(program, tracing_mode="fake")(*given))
    assert "< 30;" in graph.source
    torch.testing.assert_close(graph(*given), program(*given))
