"""Native code against Python: control flow, numbers, draws, failures, and what is an input or a view."""

from __future__ import annotations

import pytest
import torch

import diptych
from diptych.autodiff.written import write_out
from diptych.backends.native.call import NativeFailed, NativeGraph, compile_native
from diptych.backends.native.unsupported import Unsupported
from diptych.passes.pipeline import optimise


def native(program, *args) -> NativeGraph:
    graph = diptych.capture(program, *args)
    module = write_out(graph.module, list(args), grad=False).forward
    optimise(module)
    return compile_native(module, program.__name__)


def newton(x):
    y, rounds = x.clone(), 0
    while (y * y - x).abs().max() > 1e-6 and rounds < 50:
        y = 0.5 * (y + x / y)
        rounds += 1
    return y, rounds


def sides(x):
    y = -x
    if x.sum() > 0:
        y = x.exp() if x.max() > 2 else x * 3
    return y + 1


def collatz(n):
    k = int(n)
    steps = 0
    while k != 1:
        k = k // 2 if k % 2 == 0 else 3 * k + 1
        steps += 1
    return steps, k - 2 * steps, k / (steps + 1)


def stops(x):
    for i in range(10):
        if x[i % 3] > i:
            return x * i, i
    return x, -1


def swaps(a, b):
    rounds = 0
    while a.sum() < b.sum() and rounds < 9:
        a, b = b * 0.5, a * 1.5 + 1
        rounds += 1
    return a, b


def running(x):
    total, best = 0.0, -1
    for i in range(4):
        value = float(x[i])
        total = total * 0.5 + abs(value)
        if value > 0.5:
            best = max(best, i)
    return total, best, min(total, 1.0), not best


FLOW = [
    (newton, lambda g: (torch.rand(7, generator=g) * 9 + 0.1,)),
    (sides, lambda g: (torch.randn(5, generator=g) * 2,)),
    (collatz, lambda g: (torch.randint(1, 999, (), generator=g),)),
    (stops, lambda g: (torch.rand(3, generator=g) * 12 - 2,)),
    (swaps, lambda g: (torch.randn(4, generator=g), torch.randn(4, generator=g))),
    (running, lambda g: (torch.randn(4, generator=g),)),
]


@pytest.mark.parametrize(("program", "make"), FLOW, ids=lambda v: getattr(v, "__name__", ""))
def test_flow(program, make) -> None:
    generator = torch.Generator().manual_seed(0)
    code = native(program, *make(generator))
    for _ in range(12):
        args = make(generator)
        expected, found = program(*args), code(*args)
        expected = expected if isinstance(expected, tuple) else (expected,)
        shown = [v for v in found if v is not None][-len(expected) :] if len(found) != len(expected) else found
        for want, have in zip(expected, shown, strict=True):
            assert type(want) is type(have)
            torch.testing.assert_close(have, want)


def test_a_draw_comes_from_the_stream() -> None:
    def program(x):
        return torch.rand(3) + x, torch.nn.functional.dropout(x, 0.5)

    x = torch.ones(3)
    code = native(program, x)
    torch.manual_seed(5)
    expected = [*program(x), torch.rand(1)]
    torch.manual_seed(5)
    found = [*code(x), torch.rand(1)]
    for want, have in zip(expected, found, strict=True):
        assert torch.equal(want, have)


def test_an_operation_without_code_is_called() -> None:
    def program(x):
        return torch.sort(x * 2).values + 1

    x = torch.randn(6)
    code = native(program, x)
    assert not code.function.calls, "no Python in between"
    assert "aten::sort" in code.function.source
    assert torch.equal(code(x)[0], program(x))


def test_what_raises_ends_the_run() -> None:
    def program(x):
        if x.sum() > 0:
            raise ValueError("too much")
        return x + 1

    x = -torch.ones(2)
    code = native(program, x)
    assert torch.equal(code(x)[0], x + 1)
    with pytest.raises(NativeFailed):
        code(-x)


def test_a_row_that_is_not_there_ends_the_run() -> None:
    def program(x, k):
        return x[k]

    x = torch.arange(6.0).view(3, 2)
    code = native(program, x, torch.tensor([0, -1]))
    assert torch.equal(code(x, torch.tensor([2, -3]))[0], x[[2, 0]])
    with pytest.raises(NativeFailed):
        code(x, torch.tensor([0, 3]))


@pytest.mark.parametrize("value", [3, -3, 2**40, -(2**62), 2**63 - 1])
def test_numbers_that_are_too_large_end_the_run(value) -> None:
    def program(n):
        k = int(n)
        return k * k + k, k // 7, k % 7

    code = native(program, torch.tensor(1))
    try:
        found = code(torch.tensor(value))
    except NativeFailed:
        assert abs(value) > 2**31
    else:
        assert found == (value * value + value, value // 7, value % 7)


def test_inputs_stay_themselves_and_views_stay_views() -> None:
    def program(x):
        return x, x.t(), x + 1, x[0]

    x = torch.randn(3, 4)
    one, turned, more, row = native(program, x)(x)
    assert one is x
    assert turned._base is x
    assert turned.stride() == (1, 4)
    assert row._base is x
    assert more._base is None


def test_a_branch_that_gives_its_input_gives_itself() -> None:
    def program(x):
        return x if x.sum() > 0 else x * 2

    x = torch.ones(3)
    code = native(program, x)
    assert code(x)[0] is x
    assert torch.equal(code(-x)[0], -2 * x)


def test_results_are_laid_out_like_pytorchs() -> None:
    def other(x):
        return x.t() * 2, x.permute(1, 0) + 1

    code = native(other, torch.randn(2, 3))
    x = torch.randn(2, 3)
    assert [v.stride() for v in code(x)] == [v.stride() for v in other(x)]


def test_types_without_code_are_named() -> None:
    def program(x):
        return (x * 1j).real

    x = torch.ones(2)
    with pytest.raises(Unsupported, match="complex64") as caught:
        native(program, x)
    assert caught.value.where.file == __file__


def test_the_text_names_the_users_lines() -> None:
    code = native(newton, torch.ones(2))
    assert "test_native_flow.py:" in code.source
    assert "y = 0.5 * (y + x / y)" in code.source
    assert "for (;;)" in code.source
