"""Operations that native code leaves to PyTorch, called from C: against the same called from Python."""

from __future__ import annotations

import pytest
import torch

import diptych
from diptych.autodiff.written import write_out
from diptych.backends.native import shim
from diptych.backends.native.call import NativeFailed, NativeGraph, compile_native
from diptych.backends.native.entry import Entry
from diptych.backends.native.function import write_function
from tests.backends.test_native_steps import graph_of

aten = torch.ops.aten
X, W, B = torch.randn(2, 4, 6, 6), torch.randn(8, 4, 3, 3), torch.randn(8)
G = torch.randn(2, 8, 6, 6)
SAME = ([1, 1], [1, 1], [1, 1], False, [0, 0], 1)
P = torch.rand(3, 5)

CALLS = {
    "convolution": (lambda x, w, b: aten.convolution(x, w, b, *SAME), (X, W, B)),
    "no bias": (lambda x, w: aten.convolution(x, w, None, *SAME), (X, W)),
    "one number for two": (lambda x, w: aten.convolution(x, w, None, [1], [1], [1], False, [0], 1), (X, W)),
    "groups": (lambda x, w: aten.convolution(x, w, None, [2, 1], [1, 1], [1, 1], False, [0, 0], 2), (X, W[:, :2])),
    "transposed": (
        lambda x, w: aten.convolution(x, w, None, [2, 2], [1, 1], [1, 1], True, [1, 1], 1),
        (X, W[:4].clone()),
    ),
    "channels last": (
        lambda x, w, b: aten.convolution(x, w, b, *SAME),
        (X.to(memory_format=torch.channels_last), W, B),
    ),
    "strided": (lambda x, w, b: aten.convolution(x[:, ::2], w[:, :2], b[::2].repeat(2), *SAME), (X, W, B)),
    "no rows": (lambda x, w, b: aten.convolution(x, w, b, *SAME), (X[:0], W, B)),
    "double": (lambda x, w, b: aten.convolution(x, w, b, *SAME), (X.double(), W.double(), B.double())),
    "backward": (lambda g, x, w: aten.convolution_backward(g, x, w, [8], *SAME, [True] * 3), (G, X, W)),
    "part of backward": (
        lambda g, x, w: aten.convolution_backward(g, x, w, [0], *SAME, [False, True, False])[1],
        (G, X, W),
    ),
    "pool": (lambda x: aten.max_pool2d_with_indices(x, [2, 2], [2, 2]), (X,)),
    "norm": (lambda x, b: aten._native_batch_norm_legit.no_stats(x, b[:4], None, True, 0.1, 1e-5), (X, B)),
    "sort": (lambda x: aten.sort(x, 1, True), (X,)),
    "sort of a number": (lambda x: aten.sort(x), (torch.tensor(3.0),)),
    "draw": (lambda x: aten.randn([2, 3], dtype=torch.float64, device="cpu", pin_memory=False), (X,)),
    "whole draw": (lambda x: aten.randint.low(-3, 9, [7]), (X,)),
    "permutation": (lambda x: aten.randperm(9), (X,)),
    "coins": (lambda p: aten.bernoulli(p), (P,)),
    "dropout": (lambda p: aten.native_dropout(p, 0.5, True), (P,)),
}


@pytest.mark.parametrize("name", CALLS)
def test_call(name) -> None:
    operation, tensors = CALLS[name]

    def program(*given):
        made = operation(*given)
        return made if isinstance(made, tuple) else (made,)

    native = compile_native(graph_of(program, tensors), "calls")
    assert not native.function.calls, "no Python in between"
    assert "d_aten(" in native.function.source
    for seed in range(3):
        torch.manual_seed(seed)
        expected = [*program(*tensors), torch.rand(1)]
        torch.manual_seed(seed)
        found = [*native(*tensors), torch.rand(1)]
        for want, have in zip(expected, found, strict=True):
            assert (have.dtype, have.shape) == (want.dtype, want.shape)
            torch.testing.assert_close(have, want, rtol=1e-5, atol=1e-5)


def native_of(program, *args) -> NativeGraph:
    return compile_native(write_out(diptych.capture(program, *args).module, list(args), grad=False).forward, "program")


def test_in_a_loop_each_round_has_its_own_result() -> None:
    def program(x, w):
        rounds = 0
        before = x
        while x.abs().max() > 0.1 and rounds < 9:
            before, x = x, torch.conv2d(x, w, padding=1) * 0.5
            rounds += 1
        return x, before, rounds

    w = W[:4] * 0.2
    code = native_of(program, X, w)
    assert not code.function.calls
    for scale in (1.0, 0.3, 0.0):
        for want, have in zip(program(X * scale, w), code(X * scale, w), strict=True):
            torch.testing.assert_close(have, want)


def test_what_raises_in_pytorch_ends_the_run_and_says_why() -> None:
    def program(p):
        return (aten.bernoulli(p) + 1,)

    code = compile_native(graph_of(program, (P,)), "program")
    with pytest.raises(NativeFailed, match="p_in"):
        code(P + 2)
    assert code(P)[0].shape == P.shape
    assert torch.is_grad_enabled()


@pytest.mark.parametrize("entry", [None, Entry])
def test_results_outlive_the_function_and_are_not_shared(entry) -> None:
    def program(x, w):
        y = aten.convolution(x, w, None, *SAME)
        return y, y.relu(), y.view(-1), y[0], aten.sort(y)[1]

    code = NativeGraph(write_function(graph_of(program, (X, W)), "program"), entry)
    for want, have in zip(program(X, W), code(X, W), strict=True):
        assert (have.shape, have.stride(), have.requires_grad) == (want.shape, want.stride(), False)
        torch.testing.assert_close(have, want)
    kept = code(X, W)
    first = [made.clone() for made in kept]
    code(X * 2, W)
    for was, now in zip(first, kept, strict=True):
        assert torch.equal(was, now)


@pytest.mark.parametrize("entry", [None, Entry])
def test_nothing_but_the_caller_keeps_a_result(entry) -> None:
    def program(x, w):
        y = aten.convolution(x, w, None, *SAME)
        return y, aten.convolution(y, w[:, :1].repeat(1, 8, 1, 1), None, *SAME)

    code = NativeGraph(write_function(graph_of(program, (X, W)), "program"), entry)
    assert {slot[0] for slot in code.function.slots} == {"owned"}
    assert [made._use_count() for made in code(X, W)] == [1, 1]


def test_without_the_interface_python_calls(monkeypatch) -> None:
    monkeypatch.setattr(shim, "functions", lambda: None)
    code = compile_native(graph_of(lambda x, w: (aten.convolution(x, w, None, *SAME),), (X, W)), "program")
    assert len(code.function.calls) == 1
    torch.testing.assert_close(code(X, W)[0], aten.convolution(X, W, None, *SAME))


def test_an_argument_that_c_cannot_hand_over_goes_through_python() -> None:
    code = compile_native(graph_of(lambda x: (aten.renorm(x, 2, 0, 1.5),), (P,)), "program")
    assert len(code.function.calls) == 1
    torch.testing.assert_close(code(P)[0], aten.renorm(P, 2, 0, 1.5))
