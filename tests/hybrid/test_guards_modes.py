"""Modes of torch that change between two calls."""

from __future__ import annotations

import contextlib

import pytest
import torch
from torch import nn
from torch.overrides import TorchFunctionMode
from torch.utils._python_dispatch import TorchDispatchMode

from tests.hybrid.scripts import attempt, indistinguishable

X = torch.tensor([[1.0, -2.0, 3.0], [0.5, 0.0, -1.0]])


@contextlib.contextmanager
def default_dtype(dtype):
    before = torch.get_default_dtype()
    torch.set_default_dtype(dtype)
    try:
        yield
    finally:
        torch.set_default_dtype(before)


class Doubling(TorchFunctionMode):
    """Doubles what `torch.relu` gives."""

    def __torch_function__(self, func, types, args=(), kwargs=None):
        result = func(*args, **(kwargs or {}))
        return result * 2 if func is torch.relu else result


class Counting(TorchDispatchMode):
    """Counts the matrix products that are carried out."""

    def __init__(self):
        super().__init__()
        self.products = 0

    def __torch_dispatch__(self, func, types, args=(), kwargs=None):
        self.products += func in (torch.ops.aten.mm.default, torch.ops.aten.addmm.default)
        return func(*args, **(kwargs or {}))


MODES = {
    "no_grad": torch.no_grad,
    "inference_mode": torch.inference_mode,
    "autocast": lambda: torch.autocast("cpu", torch.bfloat16),
    "double": lambda: default_dtype(torch.float64),
    "function mode": Doubling,
    "dispatch mode": Counting,
    "meta device": lambda: torch.device("meta"),
    "anomaly": torch.autograd.detect_anomaly,
}


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.layer = nn.Linear(3, 3)

    def forward(self, x):
        y = torch.relu(self.layer(x))
        y = y * 2 if y.sum() > 0 else y
        return y, torch.ones(1) * 2, torch.is_grad_enabled(), torch.get_default_dtype()


def seen(result):
    """What tells the modes apart in a result."""
    if isinstance(result, tuple) and isinstance(result[0], torch.Tensor):
        tensors = [v for v in result if isinstance(v, torch.Tensor)]
        return [(t.dtype, t.device, t.requires_grad, t.is_inference(), t) for t in tensors], result
    return result


@pytest.mark.parametrize("name", MODES)
@pytest.mark.parametrize("inside_first", [False, True])
@pytest.mark.filterwarnings("ignore:Anomaly Detection")
def test_mode_around_a_call(name, inside_first):
    @indistinguishable(varied=name not in ("dispatch mode", "anomaly"))
    def script(hybridize):
        program = hybridize(Net())
        for inside in (inside_first, not inside_first, inside_first):
            with MODES[name]() if inside else contextlib.nullcontext() as mode:
                result = seen(attempt(program, X))
            yield result, getattr(mode, "products", None)

    script()


@indistinguishable
def test_two_modes_nested(hybridize):
    program = hybridize(Net())
    yield seen(program(X))
    with torch.no_grad():
        yield seen(program(X))
        with torch.enable_grad():
            yield seen(program(X))
        with default_dtype(torch.float64):
            yield seen(attempt(program, X))
    with torch.set_grad_enabled(False):
        yield seen(program(X))


@indistinguishable
def test_mode_is_left_as_it_was(hybridize):
    def fails(x):
        with torch.no_grad():
            if x.sum() > 0:
                raise ValueError("too large")
            return x * 2

    program = hybridize(fails)
    for x in (X, -X, X):
        yield attempt(program, x), torch.is_grad_enabled()


@indistinguishable
def test_program_in_no_grad_decorator(hybridize):
    weight = torch.ones(3, requires_grad=True)

    @hybridize
    @torch.no_grad()
    def program(x):
        return x * weight if x.sum() > 0 else x - weight

    yield program(X)
    yield program(-X)
    weight = torch.full((3,), 4.0, requires_grad=True)
    yield program(X)


@indistinguishable
def test_seeded_stream(hybridize):
    program = hybridize(lambda x: torch.dropout(x, 0.5, True) if x.sum() > 0 else x + torch.rand(3))
    for x in (X, -X, X):
        torch.manual_seed(3)
        yield program(x), torch.rand(2)
        yield program(x), torch.rand(2)


@indistinguishable(graph=False)
def test_generator_argument(hybridize):
    program = hybridize(lambda x, generator: x + torch.rand(3, generator=generator))
    one, other = torch.Generator().manual_seed(1), torch.Generator().manual_seed(2)
    for generator in (one, one, other, one):
        yield program(X, generator), generator.initial_seed(), torch.rand(1)


@indistinguishable
def test_state_of_autocast_is_read(hybridize):
    program = hybridize(lambda x: x * 2 if torch.is_autocast_enabled("cpu") else x)
    yield program(X)
    with torch.autocast("cpu", torch.bfloat16):
        yield program(X)
    yield program(X)


@indistinguishable
def test_deterministic_algorithms_are_read(hybridize):
    program = hybridize(lambda x: x * 2 if torch.are_deterministic_algorithms_enabled() else x)
    yield program(X)
    torch.use_deterministic_algorithms(True)
    try:
        yield program(X)
    finally:
        torch.use_deterministic_algorithms(False)
    yield program(X)


@indistinguishable
def test_number_of_threads_is_read(hybridize):
    program = hybridize(lambda x: x * torch.get_num_threads())
    before = torch.get_num_threads()
    try:
        torch.set_num_threads(1)
        yield program(X)
        torch.set_num_threads(2)
        yield program(X)
    finally:
        torch.set_num_threads(before)
