"""`hybridize(backend=...)`: native code gives what imperative PyTorch gives, gradients and effects included."""

from __future__ import annotations

import copy
import time

import pytest
import torch
from torch import nn

import diptych
from tests.capture.harness import case_named, case_names, compare

CASES = [name for name in case_names() if name.startswith(("if_", "lp_", "tr_"))]


def close(case: str) -> bool:
    """Whether a program is one whose results do not hang on the last bits."""
    return case not in ("tr_ema_teacher",)


@pytest.mark.parametrize("name", [name for name in CASES if close(name)])
def test_corpus(name, monkeypatch) -> None:
    monkeypatch.setattr("tests.capture.observation.RTOL", 1e-4)
    verdict = compare(case_named(name), lambda p: diptych.hybridize(p, speculate=False, backend="native"))
    assert verdict.status != "wrong", str(verdict)


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.first, self.norm, self.second = nn.Linear(4, 8), nn.LayerNorm(8), nn.Linear(8, 3)

    def forward(self, x):
        h, rounds = torch.relu(self.norm(self.first(x))), 0
        while h.norm() > 1 and rounds < 5:
            h = torch.tanh(h * 0.5)
            rounds += 1
        return self.second(h), rounds


def data(steps):
    generator = torch.Generator().manual_seed(0)
    return [(torch.randn(5, 4, generator=generator), torch.randint(3, (5,), generator=generator)) for _ in range(steps)]


def trained(backend, whole):
    torch.manual_seed(0)
    net = Net()
    optimizer = torch.optim.Adam(net.parameters(), 0.01)
    model = net if backend is None or whole else diptych.hybridize(net, backend=backend)

    def step(x, y):
        optimizer.zero_grad()
        out, rounds = model(x)
        loss = nn.functional.cross_entropy(out, y)
        loss.backward()
        optimizer.step()
        return loss.item(), rounds

    run = diptych.hybridize(step, backend=backend) if backend is not None and whole else step
    losses = [run(*batch) for batch in data(12)]
    return losses, net, run if whole else model


@pytest.mark.parametrize("whole", [False, True], ids=["the model", "the whole step"])
def test_training(whole) -> None:
    expected, reference, _ = trained(None, whole)
    losses, net, hybrid = trained("native", whole)
    torch.testing.assert_close([a for a, _ in losses], [a for a, _ in expected], rtol=1e-4, atol=1e-5)
    assert [b for _, b in losses] == [b for _, b in expected]
    for one, other in zip(net.parameters(), reference.parameters(), strict=True):
        torch.testing.assert_close(one, other, rtol=1e-3, atol=1e-4)
    (graph,) = hybrid.report().data["graphs"]
    assert graph["tier"] == "native"


def test_gradients_for_some_outputs_leave_the_others_alone() -> None:
    def program(x, w, v):
        return (x * w).sum(), (x * v).tanh().sum()

    hybrid = diptych.hybridize(program, speculate=False, backend="native")
    for chosen in (0, 1, 1, 0, None):
        x = torch.randn(3)
        w, v = torch.randn(3, requires_grad=True), torch.randn(3, requires_grad=True)
        a, b = copy.deepcopy(w), copy.deepcopy(v)
        for run, one, other in ((program, a, b), (hybrid, w, v)):
            outputs = run(x, one, other)
            (sum(outputs) if chosen is None else outputs[chosen]).backward()
        assert (a.grad is None) == (w.grad is None)
        assert (b.grad is None) == (v.grad is None)
        for want, have in ((a.grad, w.grad), (b.grad, v.grad)):
            if want is not None:
                torch.testing.assert_close(have, want)
    assert hybrid.stats.imperative_calls == 0


def test_a_gradient_that_a_path_does_not_reach_is_none() -> None:
    def program(x, w):
        return (x @ w).sum() if x.sum() > 0 else x.exp().sum()

    hybrid = diptych.hybridize(program, speculate=False, backend="native")
    for sign in (1.0, -1.0, 1.0, -1.0):
        x, w = (sign * torch.ones(2)).requires_grad_(), torch.ones(2, requires_grad=True)
        hybrid(x, w).backward()
        assert (w.grad is None) == (sign < 0)
        torch.testing.assert_close(x.grad, torch.ones(2) if sign > 0 else torch.full((2,), -1.0).exp())


def test_second_derivatives() -> None:
    hybrid = diptych.hybridize(lambda x: (x**3).sum(), speculate=False, backend="native")
    x = torch.randn(4, requires_grad=True)
    (first,) = torch.autograd.grad(hybrid(x), x, create_graph=True)
    (second,) = torch.autograd.grad(first.sum(), x)
    torch.testing.assert_close(first, 3 * x**2)
    torch.testing.assert_close(second, 6 * x)


def test_a_backward_twice_over_an_input_that_was_written() -> None:
    hybrid = diptych.hybridize(lambda x, y: (x.exp() * y).sum(), speculate=False, backend="native")
    x, y = torch.randn(4, requires_grad=True), torch.randn(4, requires_grad=True)
    out = hybrid(x, y)
    with torch.no_grad():
        y.add_(1)
    with pytest.raises(RuntimeError, match="modified by an inplace operation"):
        out.backward()


def test_exceptions_are_the_programs() -> None:
    def program(x):
        if x.sum() > 0:
            raise ValueError(f"sum is {float(x.sum())}")
        return x + 1

    hybrid = diptych.hybridize(program, speculate=False, backend="native")
    assert torch.equal(hybrid(-torch.ones(2)), torch.zeros(2))
    with pytest.raises(ValueError, match=r"sum is 2\.0"):
        hybrid(torch.ones(2))


def test_why_there_is_no_native_code_is_told() -> None:
    hybrid = diptych.hybridize(lambda x: x * 1j, speculate=False, backend="native")
    x = torch.ones(2)
    assert torch.equal(hybrid(x), x * 1j)
    assert "complex64" in str(hybrid.report())


def test_auto_chooses_by_time() -> None:
    def program(x):
        total = x
        for _ in range(40):
            total = torch.tanh(total * 1.1 + x)
        return total

    hybrid = diptych.hybridize(program, speculate=False, backend="auto")
    x = torch.randn(8)
    expected = program(x)
    deadline = time.monotonic() + 60
    while hybrid.report().data["graphs"][:1] == [] or hybrid.report().data["graphs"][0]["tier"] != "native":
        torch.testing.assert_close(hybrid(x), expected)
        assert time.monotonic() < deadline, "forty small operations are faster in one function"
    torch.testing.assert_close(hybrid(x), expected)


def test_code_that_mostly_fails_is_given_up() -> None:
    def program(x):
        return x * 2, int(x[0]) ** 3 * 10**15

    hybrid = diptych.hybridize(program, speculate=False, backend="native")
    x = torch.full((2,), 4096.0)
    for _ in range(12):
        made, number = hybrid(x)
        assert torch.equal(made, x * 2)
        assert number == 4096**3 * 10**15
    (graph,) = hybrid.report().data["graphs"]
    assert graph["tier"] == "plain"


def test_an_unknown_backend() -> None:
    with pytest.raises(ValueError, match="backend is one of auto, eager, native, inductor, onnxruntime"):
        diptych.hybridize(lambda x: x, backend="tpu")


def seeded(x: torch.Tensor) -> torch.Tensor:
    """Draws from a stream that it seeds itself."""
    torch.manual_seed(0)
    return x + torch.empty(3).uniform_(-1, 1)


def test_a_seed_is_set_at_each_run():
    native = diptych.hybridize(seeded, backend="native")
    x = torch.ones(3)
    for _ in range(5):
        torch.manual_seed(1)
        assert torch.equal(native(x), seeded(x))
        state = torch.get_rng_state()
        native(x)
        assert torch.equal(torch.get_rng_state(), state)
    assert "native" in str(native.report())
