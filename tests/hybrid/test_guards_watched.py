"""Tables that the guards watch as a whole: written to in every way, once, or all the time."""

from __future__ import annotations

import pytest
import torch
from torch import nn

import diptych
from diptych.hybrid import guarding, native
from tests.hybrid.scripts import attempt, indistinguishable

X = torch.tensor([[1.0, -2.0, 3.0], [0.5, 4.0, -1.0]])


class Settings:
    def __init__(self, scale=2.0):
        self.scale = scale


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        torch.manual_seed(0)
        self.first = nn.Linear(3, 3)
        self.second = nn.Sequential(nn.Linear(3, 3), nn.Tanh(), nn.BatchNorm1d(3, momentum=0.0))
        self.register_buffer("offset", torch.tensor([1.0, 2.0, 3.0]))
        self.factor = 1.5
        self.sizes = (1, 2)
        self.settings = Settings()
        self.calls = 0

    def forward(self, x):
        y = self.second(self.first(x)) * self.factor + self.offset
        return y * self.settings.scale + self.sizes[-1] if self.training else y - self.settings.scale


class Halved(nn.Linear):
    def forward(self, x):
        return super().forward(x) / 2


def other_table(module):
    """Another dict with another value, in place of the one with the attributes."""
    module.__dict__ = {**module.__dict__, "factor": 7.0}


CHANGES = {
    "attribute": lambda net: setattr(net, "factor", 4.0),
    "equal attribute of another type": lambda net: setattr(net, "sizes", (1, 2.0)),
    "past the module": lambda net: object.__setattr__(net, "factor", 5.0),
    "in the table": lambda net: net.__dict__.update(factor=6.0),
    "other table": other_table,
    "flag": lambda net: net.eval(),
    "flag of a layer": lambda net: net.second.eval(),
    "class": lambda net: setattr(net.first, "__class__", Halved),
    "in a setting": lambda net: setattr(net.settings, "scale", 3.0),
    "setting": lambda net: setattr(net, "settings", Settings(-1.0)),
    "layer": lambda net: setattr(net, "first", nn.Linear(3, 3)),
    "layer in the table": lambda net: net._modules.update(first=nn.Identity()),
    "layers": lambda net: setattr(net, "_modules", {**net._modules, "first": nn.Identity()}),
    "layers in order": lambda net: net.second._modules.update({"0": net.second._modules.pop("0")}),
    "one more layer": lambda net: net.second.append(nn.Sigmoid()),
    "parameter": lambda net: setattr(net.first, "weight", nn.Parameter(torch.ones(3, 3))),
    "parameter in the table": lambda net: net.first._parameters.update(weight=nn.Parameter(torch.zeros(3, 3))),
    "parameters": lambda net: setattr(net.first, "_parameters", {"weight": nn.Parameter(X[:, :2]), "bias": None}),
    "no bias": lambda net: setattr(net.first, "bias", None),
    "data": lambda net: setattr(net.first.weight, "data", torch.full((3, 3), 2.0)),
    "data of another type": lambda net: net.double(),
    "gradient": lambda net: net.requires_grad_(False),
    "in place": lambda net: net.first.weight.data.t_().mul_(3),
    "resized": lambda net: net.offset.resize_(1),
    "swapped": lambda net: torch.utils.swap_tensors(net.first.weight, nn.Parameter(torch.ones(3, 3).double())),
    "buffer": lambda net: setattr(net, "offset", torch.zeros(3)),
    "hook": lambda net: net.first.register_forward_hook(lambda module, inputs, output: output * 2),
    "hook in the table": lambda net: net._forward_hooks.update({0: lambda module, inputs, output: output * 3}),
    "hooks": lambda net: setattr(net, "_forward_hooks", {0: lambda module, inputs, output: output * 3}),
    "forward": lambda net: setattr(net, "forward", lambda x: x * 9),
}  # fmt: skip


@pytest.mark.parametrize("managers", [True, False], ids=["managers", "python"])
@pytest.mark.parametrize("change", CHANGES)
def test_change(change, managers, monkeypatch):
    monkeypatch.setattr(guarding, "works", lambda: managers)
    monkeypatch.setattr(native, "works", lambda: managers)

    @indistinguishable(varied=change != "equal attribute of another type")
    def script(hybridize):
        net = Net()
        program = hybridize(net)
        for _ in range(3):
            yield attempt(program, X)
        CHANGES[change](net)
        for _ in range(3):
            yield attempt(program, X)

    script()


@indistinguishable
def test_written_by_the_same_line_all_the_time(hybridize):
    """Python has ways of its own to write attributes in a loop: each write has to be noticed."""
    settings = Settings()

    def double(x):
        return x * settings.scale

    program = hybridize(double)
    for number in range(60):
        settings.scale = float(number // 4)
        yield program(X)


@indistinguishable
def test_modes_that_alternate(hybridize):
    net = Net()
    program = hybridize(net)
    for number in range(12):
        net.train(number % 3 > 0)
        yield program(X)
        net.calls = number
        yield program(X)


def test_a_table_written_to_all_the_time_is_not_watched():
    net = Net()
    program = diptych.hybridize(net, speculate=False)
    tables = []
    for number in range(8):
        net.calls = number
        program(X)
        tables.append(id(net.__dict__) in program._hybrid.entries[0].maker.watch.versions)
    assert tables[0]
    assert not tables[-1]
    assert (program.stats.graphs, program.stats.graph_calls) == (1, 8)
    fast = program._hybrid.entries[0].fast
    net.calls = 9
    program(X)
    assert program._hybrid.entries[0].fast is fast


def held(entry):
    """The tensors that the function of a graph keeps alive."""
    values = () if entry.fast is None else entry.fast.__globals__.values()
    return [item for value in values if isinstance(value, tuple) for item in value if isinstance(item, torch.Tensor)]


@pytest.mark.parametrize("other", [nn.Linear(3, 3), nn.Linear(3, 3).double()], ids=["fits", "does not fit"])
def test_old_parameters_are_let_go(other):
    net = nn.Linear(3, 3)
    program = diptych.hybridize(net)
    for _ in range(3):
        program(X)
    old, entry = net.weight, program._hybrid.entries[0]
    assert any(tensor is old for tensor in held(entry))
    net.weight, net.bias = other.weight, other.bias
    attempt(program, X)
    assert not any(tensor is old for tensor in held(entry))


@pytest.mark.filterwarnings("ignore:The PyTorch API of nested tensors")
@pytest.mark.parametrize("change", ["rebound", "swapped"])
def test_nested_parameter(change):
    """torch's own comparison raises at a nested tensor, and would leave torch functions disabled."""
    net = nn.Linear(3, 3)
    program = diptych.hybridize(net)
    for _ in range(3):
        program(X)
    nested = nn.Parameter(torch.nested.nested_tensor([torch.ones(2), torch.ones(3)]))
    if change == "rebound":
        net.weight = nested
    else:
        torch.utils.swap_tensors(net.weight, nested)
    with pytest.raises(RuntimeError):
        program(X)
    assert torch._C._is_torch_function_enabled()
    assert net.weight.is_nested


def test_managers_work():
    assert native.works()


@pytest.mark.parametrize("change", native.CHANGES)
def test_a_watch_notices(change):
    assert native.notices(change)
    native_change = native.CHANGES[change]
    native.CHANGES[change] = lambda probe: None
    try:
        assert not native.notices(change)
    finally:
        native.CHANGES[change] = native_change
