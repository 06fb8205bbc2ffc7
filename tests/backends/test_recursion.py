"""Recursion in native code against imperative Python: values, which tensor a result is, exceptions, and depth."""

from __future__ import annotations

import random

import pytest
import torch

import diptych
from diptych.autodiff.written import write_out
from diptych.backends.native.call import NativeFailed, NativeGraph, compile_native
from diptych.passes.pipeline import optimise


def native(program, *args) -> NativeGraph:
    graph = diptych.capture(program, *args)
    module = write_out(graph.module, list(args), grad=False).forward
    optimise(module, check=True)
    return compile_native(module, program.__name__)


def down(x, n):
    if n <= 0:
        return x
    return down(torch.tanh(x * 1.1), n - 1) * 0.9


def linear(x, n):
    return down(x, int(n))


def tree(x):
    if x.sum() < 1:
        return x
    return tree(x * 0.4) + tree(x * 0.5)


def summed(x, n, total, count):
    if n == 0:
        return total, count
    return summed(x * 0.5, n - 1, total + x, count + n)


def accumulator(x, n):
    return summed(x, int(n), torch.zeros(3), 0)


def even(x, n):
    if n == 0:
        return x
    return odd(x * 2, n - 1)


def odd(x, n):
    if n == 0:
        return -x
    return even(x + 1, n - 1)


def mutual(x, n):
    return even(x, int(n))


def numbers(x, n):
    if n <= 0:
        return float(x[0]), n, x.max() > 0
    mean, least, positive = numbers(x.roll(1) - 0.1, n - 2)
    return mean * 0.5 + n, least, positive


def scalars(x, n):
    mean, least, positive = numbers(x, int(n))
    return mean, least, positive


def newton(x, n):
    if n == 0:
        return x
    rounds = 0
    while x.abs().max() > 1 and rounds < 20:
        x = x * 0.7
        rounds += 1
    return newton(x + n + rounds, n - 1)


def loop_inside(x, n):
    return newton(x, int(n))


def loop_outside(x, n):
    k, total = int(n), x * 0
    while k > 0:
        total = total + down(x, k)
        k -= 1
    return total if total.sum() > 0 else down(total, 2)


def ackermann(m, n):
    if m == 0:
        return n + 1
    if n == 0:
        return ackermann(m - 1, 1)
    return ackermann(m - 1, ackermann(m, n - 1))


def nested(x, n):
    return ackermann(int(n) % 3, 2), x


def drops(x, n):
    if n == 0:
        return x
    return drops(torch.nn.functional.dropout(x, 0.4), n - 1) + x


def draws(x, n):
    return drops(x, int(n))


PROGRAMS = [linear, accumulator, mutual, scalars, loop_inside, loop_outside, nested, draws]


def same(found, expected) -> None:
    expected = expected if isinstance(expected, tuple) else (expected,)
    for a, b in zip(found, expected, strict=True):
        assert type(a) is type(b)
        if isinstance(b, torch.Tensor):
            torch.testing.assert_close(a, b, rtol=1e-5, atol=1e-6, equal_nan=True)
        else:
            assert a == pytest.approx(b)


@pytest.mark.parametrize("program", PROGRAMS, ids=lambda p: p.__name__)
def test_values_are_those_of_python(program):
    generator = torch.Generator().manual_seed(4)
    run = native(program, torch.randn(3, generator=generator), torch.tensor(3))
    for depth in (0, 1, 2, 5, 50, 3):
        x = torch.randn(3, generator=generator)
        torch.manual_seed(depth)
        expected = program(x, torch.tensor(depth))
        torch.manual_seed(depth)
        same(run(x, torch.tensor(depth)), expected)


def test_recursion_in_the_shape_of_a_tree():
    run = native(tree, torch.rand(300))
    for size in (0.001, 1.0, 30.0):
        x = torch.rand(300) * size
        same(run(x), tree(x))


def test_the_argument_itself_is_given_back():
    run = native(linear, torch.randn(3), torch.tensor(3))
    x = torch.randn(3)
    assert run(x, torch.tensor(0))[0] is x
    assert run(x, torch.tensor(1))[0] is not x


def test_a_run_that_goes_too_deep_fails_and_the_next_one_does_not():
    run = native(linear, torch.randn(3), torch.tensor(3))
    x = torch.randn(3)
    same(run(x, torch.tensor(800)), linear(x, torch.tensor(800)))
    for depth in (950, 10**9):
        with pytest.raises(NativeFailed, match="code 7"):
            run(x, torch.tensor(depth))
    same(run(x, torch.tensor(7)), linear(x, torch.tensor(7)))


def test_stacks_of_c_are_not_used_up_by_many_calls_of_python():
    run = native(mutual, torch.randn(3), torch.tensor(3))
    same(run(torch.ones(3), torch.tensor(700)), mutual(torch.ones(3), torch.tensor(700)))
    with pytest.raises(NativeFailed):  # each call of `even` from inside is two of Python's
        run(torch.ones(3), torch.tensor(905))


def raises(x, n):
    if n > 4:
        raise ValueError("too many")
    if x.sum() > 3:
        return x
    return raises(x + 1, n + 1)


@pytest.mark.parametrize("depth", [0, 2, 5, 3000])
def test_programs_run_as_in_python(depth):
    def attempt(f, *args):
        try:
            return f(*args)
        except (ValueError, RecursionError) as error:
            return type(error).__name__

    for program in (linear, mutual, lambda x, n: raises(x - 5, int(n))):
        hybrid = diptych.hybridize(program, backend="native", speculate=False)
        for n in (3, depth, 1):
            x = torch.randn(3)
            found, expected = attempt(hybrid, x, torch.tensor(n)), attempt(program, x, torch.tensor(n))
            assert isinstance(found, str) == isinstance(expected, str)
            same((found,), expected)


STEPS = [
    "x * 0.5 + 0.1",
    "torch.tanh(x)",
    "x.roll(1) - y",
    "torch.where(x > y, x, y * 0.5)",
    "x.cumsum(0).clamp(-2, 2)",
]
TESTS = ["n <= 0", "n <= 0 or x.sum() > 4", "x.abs().max() < 0.05 or n < 1"]


def random_program(number: int) -> str:
    """The text of a recursive function, drawn at random."""
    draw = random.Random(number)
    lines = ["import torch", "def recur(x, y, n):", f"    if {draw.choice(TESTS)}:"]
    lines += [f"        return {draw.choice(['x', 'y', 'x + y', '-x'])}, {draw.choice(['n', 'n * 3', 'n * 2 + 1'])}"]
    lines += [f"    {draw.choice('xy')} = {draw.choice(STEPS)}" for _ in range(draw.randrange(3))]
    for name in ["a", "b"][: draw.choice([1, 1, 2])]:
        operands = f"{draw.choice(['x', 'y', 'x - y'])}, {draw.choice('xy')}, n - {draw.choice([1, 2])}"
        lines += [f"    {name}, {name}n = recur({operands})"]
        if draw.random() < 0.4:
            lines += [f"    if {name}.sum() > 0:", f"        x = {name} * 0.5", "    else:", "        y = x - 1"]
    last = "b" if any(line.strip().startswith("b, ") for line in lines) else "a"
    lines += [f"    return {draw.choice(['x', 'y', 'a'])} * 0.5 + {last}, an + {last}n"]
    return "\n".join([*lines, "def program(x, y, n):", "    return recur(x, y, int(n))", ""])


@pytest.mark.parametrize("number", range(8))
def test_random_recursive_programs(number, tmp_path):
    text = random_program(number)
    path = tmp_path / "program.py"
    path.write_text(text)
    space: dict = {}
    exec(compile(text, str(path), "exec"), space)
    program = space["program"]
    generator = torch.Generator().manual_seed(number)
    run = native(program, torch.randn(4, generator=generator), torch.randn(4, generator=generator), torch.tensor(3))
    for depth in (0, 1, 4, 7):
        args = torch.randn(4, generator=generator), torch.randn(4, generator=generator), torch.tensor(depth)
        same(run(*args), program(*args))
