"""Gradients through recursion: native code and the written graphs as they run in Python, against imperative PyTorch."""

from __future__ import annotations

import pytest
import torch

import diptych
from diptych.autodiff.refusal import NotWrittenOut
from diptych.autodiff.written import write_out
from diptych.backends.native.call import NativeFailed, compile_native
from diptych.passes.pipeline import optimise


def cell(x, n, w, b):
    if n <= 0:
        return x
    return cell(torch.tanh(x @ w + b), n - 1, w, b) * 0.9 + x


def weights(x, n, w, b):
    return cell(x, int(n), w, b)


def deep(x, n):
    if n == 0:
        return x
    return deep(torch.sin(x) * 1.01, n - 1)


def linear(x, n, w, b):
    return deep(x, int(n)) * w.sum()


def pair(x, y, n):
    if n == 0:
        return x, y.exp()
    a, c = pair(x * y, y + 0.1, n - 1)
    return c * 0.3, a + x


def two_results(x, n, w, b):
    p, q = pair(x.tanh(), x.sigmoid(), int(n))
    return p * q.sum()


def tree(x, n):
    if n <= 0 or x.sum() > 5:
        return x * x
    return tree(x.sin() * 0.8, n - 1) + tree(x * 0.5, n - 2).tanh()


def forks(x, n, w, b):
    return tree(x, int(n))


def composed(x, n):
    if n <= 0:
        return x.tanh()
    return composed(composed(x * 0.9, n - 2), n - 1) + x


def of_itself(x, n, w, b):
    return composed(x, int(n))


def even(x, n, b):
    if n == 0:
        return x * b
    return odd(x.exp() * 0.1, n - 1, b)


def odd(x, n, b):
    if n == 0:
        return -x
    return even(x + b, n - 1, b) * x


def mutual(x, n, w, b):
    return even(x, int(n), b)


def looped(x, n, w):
    k = 0
    while x.abs().sum() > 2 and k < 9:
        x = x * 0.6 + w.sum() * 0.01
        k += 1
    if n == 0:
        return x
    return looped(x.exp(), n - 1, w) * x


def loop_inside(x, n, w, b):
    return looped(x, int(n), w)


def dropped(x, n):
    if n == 0:
        return x
    return dropped(torch.nn.functional.dropout(x, 0.3), n - 1) * x.cos()


def draws(x, n, w, b):
    return dropped(x, int(n))


def ignores(x, n):
    if n == 0:
        return x * 2
    ignored = ignores(x.cos(), n - 1)
    return x.sin() + ignored.detach()


def detached(x, n, w, b):
    return ignores(x * 0.1, int(n))


PROGRAMS = [weights, linear, two_results, forks, of_itself, mutual, loop_inside, draws, detached]
DEPTHS = (0, 1, 2, 6, 3)


def example(seed: int, depth: int) -> list[torch.Tensor]:
    generator = torch.Generator().manual_seed(seed)
    made = [torch.randn(sizes, generator=generator) * 0.5 for sizes in ((3, 4), (4, 4), (4,))]
    x, w, b = (value.requires_grad_() for value in made)
    return [x, torch.tensor(depth), w, b]


def both(program):
    args = example(0, 3)
    written = write_out(diptych.capture(program, *args).module, args)
    assert written.backward is not None
    optimise(written.forward, check=True)
    optimise(written.backward, check=True)
    return (
        written,
        (written.forward, written.backward),
        (compile_native(written.forward), compile_native(written.backward)),
    )


def attempt(written, forward, backward, args, seed):
    """Value and gradients as two graphs give them; None where the run is not one that they are for."""
    flat = [value.detach() for value in args]
    torch.manual_seed(7)
    try:
        made = forward(*flat)
        saved = [flat[-1 - k] if k < 0 else made[k] for k in written.saved]
        found = backward(seed, *saved)
    except (NativeFailed, RuntimeError):
        return None
    grads = [None] * len(args)
    for k, grad in zip(written.wanted, found, strict=True):
        grads[k] = grad
    return made[0], grads


@pytest.mark.parametrize("program", PROGRAMS, ids=lambda p: p.__name__)
def test_gradients_are_those_of_autograd(program):
    written, graphs, native = both(program)
    finished = 0
    for number, depth in enumerate(DEPTHS):
        args = example(number, depth)
        torch.manual_seed(7)
        expected = program(*args)
        seed = torch.randn(expected.shape)
        wanted = torch.autograd.grad(expected, [args[0], *args[2:]], seed, allow_unused=True)
        for run in (native, graphs):
            found = attempt(written, *run, args, seed)
            if found is None:
                continue
            finished += 1
            torch.testing.assert_close(found[0], expected.detach(), rtol=1e-4, atol=1e-5)
            for a, b in zip([found[1][0], *found[1][2:]], wanted, strict=True):
                assert (a is None) <= (b is None)
                if a is not None:
                    torch.testing.assert_close(a, torch.zeros_like(a) if b is None else b, rtol=1e-3, atol=1e-5)
    assert finished >= 4


@pytest.mark.parametrize("program", PROGRAMS, ids=lambda p: p.__name__)
def test_programs_train_as_in_python(program):
    hybrid = diptych.hybridize(program, backend="native", speculate=False)
    for number, depth in enumerate(DEPTHS):
        found, expected = [], []
        for f, made in ((hybrid, found), (program, expected)):
            args = example(number, depth)
            torch.manual_seed(3)
            value = f(*args)
            value.square().sum().backward()
            made += [value.detach(), *(args[k].grad for k in (0, 2, 3))]
        for a, b in zip(found, expected, strict=True):
            assert (a is None) == (b is None)
            if b is not None:
                torch.testing.assert_close(a, b, rtol=1e-3, atol=1e-4)


def test_deep_recursion():
    written, _, native = both(linear)
    for depth in (50, 800):
        args = example(1, depth)
        expected = linear(*args)
        seed = torch.ones_like(expected)
        found = attempt(written, *native, args, seed)
        assert found is not None
        torch.testing.assert_close(found[0], expected.detach(), rtol=1e-3, atol=1e-4)
        wanted = torch.autograd.grad(expected, [args[0], args[2]], seed)
        torch.testing.assert_close([found[1][0], found[1][2]], list(wanted), rtol=1e-3, atol=1e-4)
    assert attempt(written, *native, example(1, 950), seed) is None


def summed(x, n, total):
    if n == 0:
        return total
    return summed(x * 0.5, n - 1, total + x)


def accumulator(x, n):
    return summed(x, int(n), torch.zeros(3))


def cut(x, y, n):
    if n == 0:
        return x * y.detach()
    return cut(x.detach(), y * 1.1, n - 1)


def cuts(x, n):
    return cut(x, x.exp(), int(n))


def test_what_requires_a_gradient_on_some_paths_only_is_refused():
    x = torch.randn(3, requires_grad=True)
    with pytest.raises(NotWrittenOut, match="requires a gradient in some calls"):
        write_out(diptych.capture(cuts, x, torch.tensor(2)).module, [x, torch.tensor(2)])


@pytest.mark.parametrize("program", [accumulator, cuts], ids=lambda p: p.__name__)
def test_results_require_gradients_where_they_do_in_python(program):
    x = torch.randn(3, requires_grad=True)
    hybrid = diptych.hybridize(program, backend="native", speculate=False)
    for depth in (2, 0, 3, 1):
        found, expected = hybrid(x, torch.tensor(depth)), program(x, torch.tensor(depth))
        torch.testing.assert_close(found, expected)
        assert found.requires_grad == expected.requires_grad
        if expected.requires_grad:
            grads = [torch.autograd.grad(value.sum(), x)[0] for value in (found, expected)]
            torch.testing.assert_close(*grads)
