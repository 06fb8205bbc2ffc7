"""Graphs in the exchange format mean what they meant, and what it has no words for is refused by name."""

from __future__ import annotations

import importlib.util

import pytest
import torch

import diptych
from diptych.autodiff.written import write_out
from diptych.backends.compilers import stand_ins
from diptych.backends.exchange import NotExchanged, exchange
from diptych.backends.native.call import NativeFailed
from diptych.backends.onnxruntime import compile_onnx
from diptych.passes.pipeline import optimise


def straight(x, w):
    return torch.softmax(torch.relu(x @ w), -1), x.sum()


def branch(x, w):
    return (x @ w).tanh() if x.sum() > 0 else x


def loop(x, w):
    rounds = 0
    while x.norm() < 10 and rounds < 7:
        x, w = torch.tanh(x @ w) + x * 1.5, w
        rounds += 1
    return x, rounds


def same_twice(x, w):
    y, z = (x + 1, x + 1) if x.sum() > 0 else (w, w)
    return y * z, x.sum() > 0 and w.sum() > 0


PROGRAMS = [straight, branch, loop, same_twice]
W = torch.eye(3) + 0.1


def inputs():
    return [torch.ones(3, 3) * scale for scale in (0.2, -0.2, 30.0, 0.0)]


def written(program, *samples, grad=False):
    graph = diptych.capture(program, *samples)
    made = write_out(graph.module, samples, grad)
    optimise(made.forward)
    return made


def check(run, program):
    for x in inputs():
        made = run(x, W)
        expected = program(x, W)
        expected = expected if isinstance(expected, tuple) else (expected,)
        for have, want in zip(made, expected, strict=True):
            if isinstance(want, torch.Tensor):
                torch.testing.assert_close(have, want)
            else:
                assert (have, type(have)) == (want, type(want))


@pytest.mark.parametrize("program", PROGRAMS)
def test_the_meaning_is_kept(program) -> None:
    found = exchange(written(program, inputs()[0], W).forward)
    check(found.function(found.module), program)
    targets = {str(node.target) for node in found.module.graph.nodes if node.op == "call_function"}
    assert not {name for name in targets if "diptych" in name}


@torch.no_grad()
def test_a_path_that_the_code_is_not_for_is_noticed() -> None:
    v = torch.ones(3, requires_grad=True)
    with torch.enable_grad():
        made = written(lambda x, v: (x * v).sum() if x.sum() > 0 else x.sum(), torch.ones(3), v, grad=True)
    assert made.backward is not None
    forward = exchange(made.forward)
    function = forward.function(forward.module)
    assert torch.equal(function(torch.ones(3), v)[0], torch.tensor(3.0))
    with pytest.raises(NativeFailed):
        function(-torch.ones(3), v)
    assert len(stand_ins(made.backward)) == 1 + len(made.saved)


def fibonacci(x):
    a, b = 1, 1
    while x.sum() < 100:
        a, b, x = b, a + b, x * 2
    return x, b


def drawing(x):
    return torch.dropout(x, 0.5, True) if x.sum() > 0 else x


def scaled(x):
    rounds = 0
    while x.sum() < 100:
        rounds += 1
        x = x * rounds + 1
    return x


@pytest.mark.parametrize(
    ("program", "said"), [(fibonacci, "add"), (drawing, "random draw"), (scaled, "a number that is computed")]
)
def test_what_has_no_words_is_refused(program, said) -> None:
    made = written(program, torch.ones(3))
    with pytest.raises(NotExchanged, match=said) as refusal:
        exchange(made.forward)
    assert "test_exchange.py" in str(refusal.value)


@pytest.mark.slow
@pytest.mark.parametrize("program", [branch, loop])
def test_inductor(program) -> None:
    hybrid = diptych.hybridize(program, speculate=False, backend="inductor")
    check(lambda *given: made if isinstance(made := hybrid(*given), tuple) else (made,), program)
    assert hybrid.report().data["graphs"][0]["tier"] == "inductor"


@pytest.mark.slow
def test_inductor_with_gradients_of_both_orders() -> None:
    def program(x):
        return (x.tanh() * x).sum()

    hybrid = diptych.hybridize(program, speculate=False, backend="inductor")
    found = []
    for run in (program, hybrid):
        x = torch.linspace(-1, 1, 5, requires_grad=True)
        (plain,) = torch.autograd.grad(run(x), x)
        (first,) = torch.autograd.grad(run(x), x, create_graph=True)
        (second,) = torch.autograd.grad(first.sum(), x)
        found.append((plain, first, second))
    torch.testing.assert_close(*found)
    assert hybrid.report().data["graphs"][0]["tier"] == "inductor"


def test_onnxruntime_says_what_is_not_installed(monkeypatch) -> None:
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    hybrid = diptych.hybridize(straight, speculate=False, backend="onnxruntime")
    check(hybrid, straight)
    assert "onnxruntime: not installed (pip install diptych[onnx])" in str(hybrid.report())


def test_onnxruntime_has_no_gradients() -> None:
    hybrid = diptych.hybridize(lambda x: x.exp().sum(), speculate=False, backend="onnxruntime")
    x = torch.ones(3, requires_grad=True)
    hybrid(x).backward()
    torch.testing.assert_close(x.grad, x.detach().exp())
    assert "gradients in ONNX Runtime" in str(hybrid.report())


@pytest.mark.parametrize("program", [straight, branch])
def test_onnxruntime(program) -> None:
    pytest.importorskip("onnxruntime")
    hybrid = diptych.hybridize(program, speculate=False, backend="onnxruntime")
    check(lambda *given: made if isinstance(made := hybrid(*given), tuple) else (made,), program)
    assert hybrid.report().data["graphs"][0]["tier"] == "onnxruntime"


def test_onnxruntime_is_not_used_if_its_results_differ(monkeypatch) -> None:
    made = written(straight, inputs()[0], W)
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: name)
    monkeypatch.setattr(
        "diptych.backends.onnxruntime.session",
        lambda module, given: lambda *values: [value + 0.1 for value in module(*values)],
    )
    with pytest.raises(NotExchanged, match="not those of PyTorch"):
        compile_onnx(made.forward, [inputs()[0], W])
