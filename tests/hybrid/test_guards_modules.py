"""Modules: flags, layers, hooks, parameters and buffers change between two calls."""

from __future__ import annotations

import pytest
import torch
from torch import nn
from torch.nn.utils import parametrizations, parametrize

from tests.hybrid.scripts import attempt, gradients, indistinguishable

X = torch.tensor([[1.0, -2.0, 3.0], [0.5, 0.0, -1.0]])


class Net(nn.Module):
    """A sequence, a list of modules, a plain list of modules, and a decision."""

    def __init__(self):
        super().__init__()
        self.layers = nn.Sequential(nn.Linear(3, 3), nn.ReLU())
        self.experts = nn.ModuleList([nn.Linear(3, 3), nn.Linear(3, 3)])
        self.named = nn.ModuleDict({"a": nn.Tanh()})
        self.plain = [nn.Softplus()]
        self.activation = torch.sigmoid
        self.drop = nn.Dropout(0.5)
        self.register_buffer("offset", torch.zeros(3))
        self.gain = 1.0

    def forward(self, x):
        x = self.layers(x)
        for expert in self.experts:
            x = x + expert(x) if x.sum() > 0 else x - expert(x)
        for module in [*self.named.values(), *self.plain]:
            x = module(x)
        return self.drop(self.activation(x + self.offset)) * self.gain


def quiet():
    """A net that does not drop anything."""
    net = Net()
    net.drop.p = 0.0
    return net


def train_and_back(net):
    yield net.eval()
    yield net.train()


def submodule_only(net):
    yield net.drop.eval()


def append_to_sequence(net):
    yield net.layers.append(nn.Tanh())
    yield net.layers.pop(0)
    yield net.layers.insert(0, nn.Hardtanh())


def replace_in_sequence(net):
    net.layers[1] = nn.Sigmoid()
    yield
    net.layers[0] = nn.Linear(3, 3, bias=False)
    yield
    del net.layers[0]
    yield


def module_list(net):
    yield net.experts.append(nn.Linear(3, 3))
    net.experts[0] = nn.Identity()
    yield
    yield net.experts.pop(1)


def module_dict(net):
    yield net.named.update({"b": nn.ReLU()})
    yield net.named.pop("a")


def plain_list(net):
    yield net.plain.append(torch.exp)
    net.plain[0] = nn.ELU()
    yield
    yield net.plain.clear()


def function_attribute(net):
    net.activation = torch.sin
    yield
    net.activation = lambda x: x * 3
    yield
    del net.activation
    net.activation = nn.Tanh()
    yield


def whole_submodule(net):
    net.layers = nn.Linear(3, 3)
    yield
    net.layers = nn.Sequential()
    yield


def forward_of_an_instance(net):
    net.layers[0].forward = lambda x: x * 2
    yield
    del net.layers[0].forward
    yield
    net.forward = lambda x: x * 7
    yield


def buffer_rebound(net):
    net.offset = torch.ones(3)
    yield
    net.offset = torch.ones(2, 3)
    yield
    net.offset.mul_(4)
    yield
    net.offset = torch.tensor(2.0, dtype=torch.float64)
    yield


def parameter_rebound(net):
    net.layers[0].weight = nn.Parameter(torch.eye(3))
    yield
    net.layers[0].weight.data = 3 * torch.eye(3)
    yield
    net.layers[0].weight.data.mul_(2)
    yield


def parameter_removed(net):
    net.layers[0].bias = None
    yield
    net.layers[0].bias = nn.Parameter(torch.full((3,), 5.0))
    yield


def parameter_of_another_size(net):
    net.layers[0] = nn.Linear(3, 1)
    yield
    net.layers[0].weight = nn.Parameter(torch.ones(3, 3))
    yield


def loaded(net):
    other = Net().state_dict()
    yield net.load_state_dict(other)
    yield net.load_state_dict({k: 2 * v for k, v in other.items()}, assign=True)


def optimizer_step(net):
    optimizer = torch.optim.SGD(net.parameters(), lr=0.5)
    for parameter in net.parameters():
        parameter.grad = torch.ones_like(parameter)
    yield optimizer.step()
    yield optimizer.step()


def frozen(net):
    net.layers[0].weight.requires_grad_(False)
    yield
    net.requires_grad_(False)
    yield
    net.requires_grad_(True)
    yield


def tied(net):
    net.experts[1] = net.experts[0]
    yield
    net.experts[1] = nn.Linear(3, 3)
    net.experts[1].weight = net.experts[0].weight
    yield
    net.experts[1].weight = nn.Parameter(torch.ones(3, 3))
    yield


def number(net):
    for net.gain in (2.0, 2, -1.5):
        yield


def config_of_a_layer(net):
    net.drop.p = 0.9
    yield
    net.layers[1].inplace = True
    yield
    net.named["a"] = nn.Hardtanh(-0.1, 0.1)
    yield
    net.named["a"].max_val = 5.0
    yield


def precision(net):
    yield net.double()
    yield net.float()


def cast_submodule(net):
    yield net.layers.double()


def forward_hook(net):
    handle = net.layers[0].register_forward_hook(lambda module, inputs, output: output * 2)
    yield
    other = net.register_forward_hook(lambda module, inputs, output: output + 100)
    yield
    handle.remove()
    yield
    other.remove()
    yield


def forward_pre_hook(net):
    handle = net.register_forward_pre_hook(lambda module, inputs: (inputs[0] * 3,))
    yield
    net.layers.register_forward_pre_hook(lambda module, inputs: (inputs[0] - 1,))
    yield
    handle.remove()
    yield


def hook_with_keywords(net):
    net.layers[1].register_forward_hook(lambda module, args, kwargs, output: -output, with_kwargs=True)
    yield


def global_hook(net):
    handle = nn.modules.module.register_module_forward_hook(
        lambda module, inputs, output: output * 2 if isinstance(module, nn.ReLU) else None
    )
    try:
        yield
    finally:
        handle.remove()
    yield


def parametrization(net):
    parametrize.register_parametrization(net.layers[0], "weight", nn.ReLU())
    yield
    parametrize.remove_parametrizations(net.layers[0], "weight")
    yield


def weight_norm(net):
    parametrizations.weight_norm(net.layers[0])
    yield
    net.layers[0].parametrizations.weight.original0.data.mul_(3)
    yield


def class_of_a_module(net):
    net.layers[1].__class__ = nn.Tanh
    yield


CHANGES = [
    train_and_back, submodule_only, append_to_sequence, replace_in_sequence, module_list, module_dict, plain_list,
    function_attribute, whole_submodule, forward_of_an_instance, buffer_rebound, parameter_rebound, parameter_removed,
    parameter_of_another_size, loaded, optimizer_step, frozen, tied, number, config_of_a_layer, precision,
    cast_submodule, forward_hook, forward_pre_hook, hook_with_keywords, global_hook, parametrization, weight_norm,
    class_of_a_module,
]  # fmt: skip


@pytest.mark.parametrize("change", CHANGES, ids=lambda c: c.__name__)
def test_change_of_a_module(change):
    @indistinguishable
    def script(hybridize):
        net = Net() if change in (train_and_back, submodule_only, config_of_a_layer) else quiet()
        program = hybridize(net)
        yield call(program, net)
        for _ in change(net):
            yield call(program, net)
            yield call(program, net)

    script()


def call(program, net):
    """The result of a call and the gradients of the parameters."""
    torch.manual_seed(1)
    result = attempt(program, X)
    wanted = [p for p in net.parameters() if p.requires_grad]
    if not isinstance(result, torch.Tensor) or not result.requires_grad or not wanted:
        return result
    return result, gradients(result, *wanted)


@indistinguishable
def test_batch_norm_settings(hybridize):
    norm = nn.BatchNorm1d(3)
    program = hybridize(norm)
    yield program(X), norm.running_mean
    norm.momentum = 0.9
    yield program(X), norm.running_mean
    norm.momentum = None
    yield program(X), norm.running_mean, norm.num_batches_tracked
    norm.eps = 1.0
    yield program(X)
    norm.reset_running_stats()
    yield norm.running_mean, program(X)
    norm.eval()
    yield program(X), norm.running_mean
    norm.track_running_stats = False
    norm.running_mean = norm.running_var = None
    yield program(X)


@indistinguishable
def test_method_of_a_module_class_replaced(hybridize):
    class Local(nn.Module):
        def forward(self, x):
            return self.act(x) if x.sum() > 0 else x

        def act(self, x):
            return torch.relu(x)

    net = Local()
    program = hybridize(net)
    yield program(X)
    Local.act = lambda self, x: x * 10
    yield program(X)
    Local.forward = lambda self, x: x - 10
    yield program(X)


@indistinguishable
def test_module_in_a_global_list_and_a_closure(hybridize):
    layers = [nn.Linear(3, 3), nn.Linear(3, 3)]
    last = nn.Tanh()

    def program(x):
        for layer in layers:
            x = layer(x)
        return last(x)

    program = hybridize(program)
    yield program(X)
    layers.reverse()
    yield program(X)
    layers[0] = layers[1]
    yield program(X)
    last = nn.ReLU()
    yield program(X)
    layers[0].train(False)
    last.register_forward_hook(lambda *a: a[2] + 1)
    yield program(X)


@indistinguishable(graph=False)
def test_gradient_of_a_parameter_is_read(hybridize):
    net = nn.Linear(3, 3)
    program = hybridize(lambda x: x if net.weight.grad is None else x + net.weight.grad.sum())
    yield program(X)
    net.weight.grad = torch.ones(3, 3)
    yield program(X)
    net.weight.grad = torch.full((3, 3), 2.0)
    yield program(X)
    net.zero_grad()
    yield program(X)


@indistinguishable
def test_requires_grad_is_read(hybridize):
    net = nn.Linear(3, 3)
    program = hybridize(lambda x: net(x) * 2 if net.weight.requires_grad else -net(x))
    yield program(X)
    net.requires_grad_(False)
    yield program(X)


@indistinguishable
def test_number_of_parameters_is_read(hybridize):
    net = nn.Sequential(nn.Linear(3, 3))
    program = hybridize(lambda x: net(x) + sum(p.square().sum() for p in net.parameters()) + len(list(net.modules())))
    yield program(X)
    net.append(nn.Linear(3, 3))
    yield program(X)
    net[0].extra = nn.Parameter(torch.tensor(5.0))
    yield program(X)


@indistinguishable
def test_training_flag_is_read_through_a_list(hybridize):
    nets = [nn.Dropout(0.5), nn.Dropout(0.5)]
    program = hybridize(lambda x: x * sum(1 if net.training else 10 for net in nets))
    yield program(X)
    nets[1].eval()
    yield program(X)
    nets[0].eval()
    yield program(X)
