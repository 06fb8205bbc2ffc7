"""The short way of a call gives what the long way gives, whatever has changed since it was made."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from typing import Any

import pytest
import torch
from torch import nn
from torch.utils._python_dispatch import TorchDispatchMode

import diptych


class Net(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.inner = nn.Linear(4, 4)
        self.scale = 2.0

    def forward(self, x: torch.Tensor, y: float = 0.5) -> torch.Tensor:
        return self.inner(x) * self.scale * y if self.training else self.inner(x).relu() + y


class Counting(TorchDispatchMode):
    """Counts operations."""

    def __init__(self) -> None:
        super().__init__()
        self.count = 0

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        self.count += 1
        return func(*args, **(kwargs or {}))


def running() -> tuple[Net, Any]:
    """A module without gradients, and the same hybridized, with a short way."""
    torch.manual_seed(0)
    net = Net().eval().requires_grad_(False)
    hybrid = diptych.hybridize(net, backend="native")
    for _ in range(12):
        hybrid(torch.randn(3, 4), 0.5)
    assert hybrid._hybrid.lane is not None
    return net, hybrid


def doubled(module: nn.Module, args: Any, output: torch.Tensor) -> torch.Tensor:
    return output * 2


CHANGES: dict[str, Callable[[Net], Any]] = {
    "nothing": lambda net: None,
    "training": lambda net: net.train(),
    "an attribute": lambda net: setattr(net, "scale", 3.0),
    "values": lambda net: net.inner.weight.mul_(2),
    "a parameter": lambda net: setattr(net.inner, "weight", nn.Parameter(torch.randn(4, 4), requires_grad=False)),
    "a submodule": lambda net: setattr(net, "inner", nn.Linear(4, 4).requires_grad_(False)),
    "data": lambda net: setattr(net.inner.bias, "data", torch.randn(4)),
    "a hook": lambda net: net.inner.register_forward_hook(doubled),
    "gradients": lambda net: net.requires_grad_(True),
    "double": lambda net: net.double(),
}


@pytest.mark.parametrize("change", CHANGES)
def test_changes_of_the_module(change: str):
    net, hybrid = running()
    CHANGES[change](net)
    dtype = net.inner.weight.dtype
    for _ in range(3):
        x = torch.randn(3, 4, dtype=dtype)
        made, wanted = hybrid(x, 0.5), net(x, 0.5)
        torch.testing.assert_close(made, wanted)
        assert made.requires_grad == wanted.requires_grad


def test_other_arguments():
    net, hybrid = running()
    x = torch.randn(3, 4)
    for args, kwargs in [
        ((x,), {}),
        ((x, 0.25), {}),
        ((x,), {"y": 0.75}),
        ((torch.randn(5, 4), 0.5), {}),
        ((torch.randn(4, 3).t(), 0.5), {}),
        ((x.clone().requires_grad_(), 0.5), {}),
    ]:
        made, wanted = hybrid(*args, **kwargs), net(*args, **kwargs)
        torch.testing.assert_close(made, wanted)
        assert made.requires_grad == wanted.requires_grad
    with pytest.raises(TypeError):
        hybrid(x, 0.5, 1)


MODES: dict[str, Callable[[], AbstractContextManager[Any]]] = {
    "none": nullcontext,
    "no_grad": torch.no_grad,
    "inference": torch.inference_mode,
    "autocast": lambda: torch.autocast("cpu", torch.bfloat16),
    "dispatch": Counting,
}


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("before", ["none", "no_grad"])
def test_modes(mode: str, before: str):
    with MODES[before]():
        net, hybrid = running()
        for _ in range(3):
            x = torch.randn(3, 4)
            with MODES[mode]():
                made, wanted = hybrid(x, 0.5), net(x, 0.5)
            torch.testing.assert_close(made, wanted)
            assert (made.dtype, made.is_inference()) == (wanted.dtype, wanted.is_inference())
            assert torch.is_grad_enabled() == (before == "none")


def test_a_mode_sees_the_operations():
    _, hybrid = running()
    with Counting() as seen:
        hybrid(torch.randn(3, 4), 0.5)
    assert seen.count > 0


def test_under_a_transform():
    net, hybrid = running()
    x = torch.randn(6, 3, 4)
    torch.testing.assert_close(torch.vmap(lambda rows: hybrid(rows, 0.5))(x), net(x, 0.5))


def test_functions_and_methods():
    class Owner:
        def __init__(self, factor: float) -> None:
            self.factor = factor

        @diptych.hybridize(backend="native")
        def scaled(self, x: torch.Tensor) -> torch.Tensor:
            return (x * self.factor).tanh()

    one, other = Owner(2.0), Owner(3.0)
    for _ in range(12):
        x = torch.randn(4)
        torch.testing.assert_close(one.scaled(x), (x * 2.0).tanh())
    torch.testing.assert_close(other.scaled(x), (x * 3.0).tanh())
    one.factor = 5.0
    torch.testing.assert_close(one.scaled(x), (x * 5.0).tanh())


def test_calls_are_counted():
    _, hybrid = running()
    before = hybrid.stats.graph_calls
    for _ in range(5):
        hybrid(torch.randn(3, 4), 0.5)
    assert hybrid.stats.graph_calls == before + 5
