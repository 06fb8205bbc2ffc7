"""A hybridized module is a module around the user's own object."""

from __future__ import annotations

import copy
import io
import pickle

import pytest
import torch
from torch import nn
from torch.func import functional_call
from torch.nn.utils import parameters_to_vector

import diptych
from tests.hybrid.scripts import attempt, gradients, indistinguishable

X = torch.tensor([[1.0, -2.0, 3.0], [0.5, 0.0, -1.0]])


class Net(nn.Module):
    """Decides on a value, keeps a buffer, a counter and a list."""

    def __init__(self):
        super().__init__()
        self.layer = nn.Linear(3, 3)
        self.register_buffer("mean", torch.zeros(3))
        self.register_buffer("scratch", torch.zeros(3), persistent=False)
        self.calls = 0
        self.history = []
        self.last = None

    def forward(self, x):
        y = self.layer(x)
        if y.sum() > 0:
            y = y * 2
            self.mean.lerp_(x.mean(0), 0.5)
        else:
            self.mean = self.mean + 1
        self.calls += 1
        self.last = y.detach()
        self.history.append(self.calls)
        return y

    def twice(self, x):
        return self.forward(self.forward(x))


def pair():
    """A module and its hybridized form."""
    net = Net()
    return net, diptych.hybridize(net, speculate=False)


def test_is_a_module_with_the_same_parameters():
    net, program = pair()
    assert isinstance(program, nn.Module)
    assert list(program.state_dict()) == list(net.state_dict())
    for names in ("named_parameters", "named_buffers"):
        ours, theirs = dict(getattr(program, names)()), dict(getattr(net, names)())
        assert list(ours) == list(theirs)
        assert all(ours[name] is theirs[name] for name in theirs)
    assert parameters_to_vector(program.parameters()).equal(parameters_to_vector(net.parameters()))


def test_children_are_the_users():
    net, program = pair()
    assert program.layer is net.layer
    assert dict(program.named_children()) == dict(net.named_children())
    assert [name for name, _ in program.named_modules()] == [name for name, _ in net.named_modules()]
    assert program.get_submodule("layer") is net.layer
    assert program.get_parameter("layer.weight") is net.layer.weight


def test_attributes_written_by_forward_land_on_the_module():
    net, program = pair()
    for x in (X, -X, X):
        result = program(x)
    assert program.stats.graph_calls == 3
    assert net.calls == program.calls == 3
    assert net.history == [1, 2, 3]
    assert net.history is program.history
    assert net.last.equal(result)
    assert program.mean is net.mean
    assert "calls" not in vars(program)


def test_attributes_are_read_and_written_through():
    net, program = pair()
    program.calls = 41
    program(X)
    assert net.calls == 42
    program.extra = nn.Parameter(torch.ones(2))
    assert net.extra is program.extra
    assert "extra" in dict(net.named_parameters())
    del program.extra
    assert not hasattr(net, "extra")
    net.register_buffer("late", torch.ones(1))
    assert "late" in program.state_dict()
    with pytest.raises(AttributeError, match="nothing"):
        program.nothing  # noqa: B018


@indistinguishable
def test_train_eval_and_requires_grad(hybridize):
    net = nn.Sequential(nn.Linear(3, 3), nn.Dropout(0.5), nn.BatchNorm1d(3))
    program = hybridize(net)
    for mode in (program.train, program.eval, program.train):
        yield mode() is program, program.training, net.training, net[1].training
        yield program(X), net[2].running_mean
    program.train(False)
    yield program.requires_grad_(False) is program, [p.requires_grad for p in net.parameters()], program(X)


@indistinguishable
def test_state_dict_round_trip(hybridize):
    one, other = Net(), Net()
    program = hybridize(one)
    yield program(X)
    yield program.state_dict()
    yield str(program.load_state_dict(other.state_dict())), program(X)
    buffer = io.BytesIO()
    torch.save(program.state_dict(), buffer)
    buffer.seek(0)
    fresh = Net()
    fresh.load_state_dict(torch.load(buffer))
    yield fresh.state_dict(), fresh(X)
    yield attempt(program.load_state_dict, {"layer.weight": torch.ones(3, 3)})
    yield str(program.load_state_dict({"layer.weight": torch.ones(3, 3)}, strict=False)), program(X)


@indistinguishable
def test_conversions(hybridize):
    net = Net()
    program = hybridize(net)
    yield program(X)
    yield program.to(torch.float64) is program, net.layer.weight.dtype, attempt(program, X)
    yield program(X.double()), net.mean
    yield program.half().layer.weight.dtype, program.float().layer.weight.dtype
    yield program(X), program.cpu() is program
    yield program.to("meta").layer.weight.device, attempt(program, X.to("meta"))


@indistinguishable
def test_methods_of_the_module(hybridize):
    program = hybridize(Net())
    yield program.twice(X), program.calls
    yield program(X), program.calls


@indistinguishable
def test_apply_and_initialisation(hybridize):
    net = Net()
    program = hybridize(net)
    yield program(X)
    program.apply(lambda m: nn.init.constant_(m.weight, 0.5) if isinstance(m, nn.Linear) else None)
    yield program(X), net.layer.weight
    program.zero_grad()
    program(X).sum().backward()
    yield [p.grad for p in program.parameters()]
    program.zero_grad(set_to_none=False)
    yield [p.grad for p in program.parameters()]


@indistinguishable
def test_hooks(hybridize):
    net = Net()
    program = hybridize(net)
    seen = []
    yield program(X)
    outer = program.register_forward_hook(lambda module, inputs, output: output + 1)
    yield program(X)
    inner = net.register_forward_hook(lambda module, inputs, output: seen.append(len(inputs)))
    yield program(X), list(seen)
    before = program.register_forward_pre_hook(lambda module, inputs: (inputs[0] * 2,))
    yield program(X), list(seen)
    for handle in (outer, inner, before):
        handle.remove()
    yield program(X), list(seen)


@pytest.mark.filterwarnings("ignore:Full backward hook")
@indistinguishable(graph=False)
def test_hooks_are_called_once_with_the_module(hybridize):
    net = Net()
    program = hybridize(net)
    calls = []
    program.register_forward_hook(lambda module, inputs, output: calls.append(("forward", module.calls)))
    program.register_forward_pre_hook(lambda module, inputs: calls.append(("before", module.calls)))
    program.layer.register_full_backward_hook(lambda module, before, after: calls.append("backward"))
    for x in (X, -X):
        program(x).sum().backward()
        yield list(calls)


@indistinguishable
def test_hook_that_raises(hybridize):
    net = Net()
    program = hybridize(net)

    def refuse(module, inputs):
        raise ValueError("no")

    yield program(X), net.calls
    handle = net.register_forward_pre_hook(refuse)
    yield attempt(program, X), net.calls
    handle.remove()
    yield program(X), net.calls


@indistinguishable
def test_deepcopy(hybridize):
    net = Net()
    program = hybridize(net)
    yield program(X), net.calls
    twin = copy.deepcopy(program)
    yield twin(X), twin.calls, net.calls, twin.layer.weight is net.layer.weight
    twin.layer.weight.data.zero_()
    yield twin(X), program(X), net.calls, twin.calls


def test_pickle():
    net, program = pair()
    program(X)
    twin = pickle.loads(pickle.dumps(program))
    assert type(twin) is type(program)
    assert twin.calls == 1
    assert twin(X).equal(copy.deepcopy(net)(X))
    assert twin.layer.weight is not net.layer.weight


def test_repr_names_the_module():
    net, program = pair()
    assert repr(net) in repr(program)
    assert repr(program) != repr(net)


@indistinguishable
def test_inside_another_module(hybridize):
    inner = Net()
    outer = nn.Sequential(nn.Linear(3, 3), hybridize(inner), nn.Tanh())
    for x in (X, -X, X):
        yield outer(x), list(outer.state_dict()), inner.calls
    outer.eval()
    yield outer(X), inner.training
    outer.double()
    yield outer(X.double()), inner.layer.weight.dtype
    outer.load_state_dict({k: torch.ones_like(v) for k, v in outer.state_dict().items()})
    yield outer(X.double())


@indistinguishable
def test_inside_a_hybridized_module(hybridize):
    inner = Net()
    outer = hybridize(nn.Sequential(nn.Linear(3, 3), hybridize(inner), nn.Tanh()))
    for x in (X, -X, X):
        yield outer(x), list(outer.state_dict()), inner.calls
    inner.eval()
    yield outer(X)


@pytest.mark.parametrize("make", [lambda p: torch.optim.SGD(p, lr=0.1, momentum=0.9), torch.optim.Adam])
def test_training(make):
    @indistinguishable
    def script(hybridize):
        net = Net()
        program = hybridize(net)
        optimizer = make(program.parameters())
        for x in (X, -X, 2 * X, X, -X):
            optimizer.zero_grad()
            loss = (program(x) - 1).square().mean()
            loss.backward()
            optimizer.step()
            yield loss, [p.grad for p in net.parameters()]
        yield net.state_dict(), net.history

    script()


@indistinguishable
def test_second_order_gradients(hybridize):
    net = Net()
    program = hybridize(net)
    for x in (X, -X):
        x = x.clone().requires_grad_()
        (first,) = torch.autograd.grad(program(x).tanh().square().sum(), x, create_graph=True)
        yield first, gradients(first, x, net.layer.weight)


@indistinguishable(graph=False)
def test_functional_call(hybridize):
    net = Net()
    program = hybridize(net)
    yield program(X)
    for scale in (0.0, 1.0, 2.0):
        values = {"layer.weight": scale * torch.eye(3), "layer.bias": torch.ones(3)}
        yield functional_call(program, values, (X,)), net.layer.weight
    yield program(X)


@indistinguishable
def test_lazy_module(hybridize):
    net = nn.Sequential(nn.LazyLinear(3), nn.ReLU())
    program = hybridize(net)
    yield program(X), list(program.state_dict())
    yield program(X + 1), net[0].weight


@indistinguishable
def test_module_with_several_inputs_and_outputs(hybridize):
    program = hybridize(nn.LSTM(3, 4, batch_first=True))
    x = torch.ones(2, 5, 3)
    y, state = program(x)
    yield y, state
    yield program(x, state)
    yield program(x[:, :2], state)
    yield program(hx=state, input=x)


@indistinguishable(graph=False)
def test_forward_called_directly(hybridize):
    net = Net()
    program = hybridize(net)
    yield program.forward(X), net.calls
    net.register_forward_hook(lambda *a: a[2] + 1)
    yield program.forward(X), program(X), net.calls


def test_hybridizing_twice_gives_the_same_object():
    _, program = pair()
    assert diptych.hybridize(program, speculate=False) is program


def test_two_wrappers_of_one_module():
    net = Net()
    one, other = diptych.hybridize(net, speculate=False), diptych.hybridize(net, speculate=False)
    one(X)
    other(X)
    assert net.calls == 2
    assert (one.stats.graph_calls, other.stats.graph_calls) == (1, 1)
