"""Results that replace what is in an input, without a tensor of their own."""

from __future__ import annotations

import pytest
import torch
from torch.fx.experimental.proxy_tensor import make_fx

import diptych
from diptych.backends.native.call import NativeFailed, compile_native


def exchanged(x: torch.Tensor, y: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    """Each becomes something of the other, which has to be what it was before."""
    return x + y, y * 2 + x.flip(0), x.sum()


def test_inputs_are_read_before_they_are_written_to():
    given = torch.randn(7), torch.randn(7)
    graph = compile_native(make_fx(exchanged, tracing_mode="fake")(*given), "exchanged", {0: 0, 1: 1})
    wanted = exchanged(*given)
    x, y = (tensor.clone() for tensor in given)
    made = graph(x, y)
    assert made[0] is x
    assert made[1] is y
    for value, right in zip(made, wanted, strict=True):
        torch.testing.assert_close(value, right)


def test_nothing_is_written_by_a_run_that_fails():
    def looked_up(x: torch.Tensor, index: torch.Tensor) -> torch.Tensor:
        return x + x[index]

    x = torch.randn(4)
    graph = compile_native(make_fx(looked_up, tracing_mode="fake")(x, torch.zeros(4, dtype=torch.int64)), "up", {0: 0})
    before = x.clone()
    with pytest.raises(NativeFailed):
        graph(x, torch.tensor([0, 1, 9, 2]))
    assert torch.equal(x, before)
    graph(x, torch.tensor([0, 1, 3, 2]))
    torch.testing.assert_close(x, before + before[torch.tensor([0, 1, 3, 2])])


class Training:
    """One step of SGD with momentum."""

    def __init__(self) -> None:
        torch.manual_seed(0)
        self.model = torch.nn.Linear(4, 3)
        self.optimizer = torch.optim.SGD(self.model.parameters(), lr=0.1, momentum=0.9)

    def step(self, x: torch.Tensor) -> torch.Tensor:
        self.optimizer.zero_grad()
        loss = self.model(x).pow(2).mean()
        loss.backward()
        self.optimizer.step()
        return loss.detach()


def test_parameters_stay_the_same_tensors_and_count_their_versions():
    plain, native = Training(), Training()
    step = diptych.hybridize(native.step, backend="native")
    before = [(p, p.data_ptr(), p._version) for p in native.model.parameters()]
    for seed in range(6):
        torch.manual_seed(seed)
        x = torch.randn(5, 4)
        torch.testing.assert_close(step(x), plain.step(x))
    assert "native" in str(step.report())
    for (p, address, version), q, mine in zip(before, plain.model.parameters(), native.model.parameters(), strict=True):
        assert mine is p
        assert p.data_ptr() == address
        assert p._version > version
        torch.testing.assert_close(p, q)


def test_a_history_that_needs_the_old_values_is_noticed():
    native = Training()
    step = diptych.hybridize(native.step, backend="native")
    x = torch.randn(5, 4, requires_grad=True)
    for _ in range(4):
        step(x.detach())
    out = native.model(x).pow(2).sum()
    step(x.detach())
    with pytest.raises(RuntimeError, match="modified by an inplace operation"):
        out.backward()
