"""Globals, closure cells, defaults and functions: what a name stands for changes between two calls."""

from __future__ import annotations

import functools
import os
import random
import types

import numpy as np
import torch

from tests.hybrid.scripts import attempt, indistinguishable

X = torch.tensor([1.0, -2.0, 3.0])
SCALE: float = 2.0
SHIFT = torch.zeros(3)
TABLE: dict[str, float] = {}
SETTINGS = types.ModuleType("settings")


def activation(x):
    return torch.relu(x)


@indistinguishable
def test_global_number(hybridize):
    global SCALE

    def program(x):
        return x * SCALE if x.sum() > 0 else x

    program = hybridize(program)
    for value in (2.0, 3.0, 3, 2.0):
        SCALE = value
        yield program(X)


@indistinguishable
def test_global_tensor_rebound_and_written(hybridize):
    global SHIFT
    program = hybridize(lambda x: x + SHIFT if x.sum() > 0 else x - SHIFT)
    SHIFT = torch.ones(3)
    yield program(X)
    SHIFT.mul_(5)
    yield program(X)
    SHIFT = torch.full((3,), 7.0)
    yield program(-X)
    SHIFT = torch.tensor(1, dtype=torch.int64)
    yield program(X)


@indistinguishable
def test_global_function_rebound(hybridize):
    global activation
    before = activation

    def program(x):
        return activation(x) if x.sum() > 0 else -x

    program = hybridize(program)
    yield program(X)
    activation = torch.sin
    yield program(X)

    def activation(x):
        return x * 10

    yield program(X)
    activation = before
    yield program(X)


@indistinguishable
def test_global_dict_entry(hybridize):
    TABLE.clear()
    program = hybridize(lambda x: x * TABLE.get("scale", 10.0) if x.sum() > 0 else x)
    yield program(X)
    TABLE["scale"] = 3.0
    yield program(X)
    TABLE["other"] = 1.0
    yield program(X)
    del TABLE["scale"]
    yield program(X)


@indistinguishable
def test_membership_in_a_global_dict(hybridize):
    TABLE.clear()
    program = hybridize(lambda x: x * 5 if "on" in TABLE else x + len(TABLE))
    yield program(X)
    TABLE["on"] = 1.0
    yield program(X)
    TABLE.clear()
    TABLE["off"] = 1.0
    yield program(X)


@indistinguishable
def test_attribute_of_a_python_module(hybridize):
    SETTINGS.scale = 2.0
    program = hybridize(lambda x: x * SETTINGS.scale)
    yield program(X)
    SETTINGS.scale = 4.0
    yield program(X)
    del SETTINGS.scale
    yield attempt(program, X)


@indistinguishable
def test_global_deleted_and_defined_again(hybridize):
    global SCALE
    SCALE = 2.0
    program = hybridize(lambda x: x * SCALE)
    yield program(X)
    del SCALE
    yield attempt(program, X)
    SCALE = 5.0
    yield program(X)


@indistinguishable
def test_closure_cell(hybridize):
    scale, bias, function = 2.0, torch.ones(3), torch.sin

    def program(x):
        return function(x) * scale + bias if x.sum() > 0 else x

    program = hybridize(program)
    yield program(X)
    scale = 3.0
    yield program(X)
    bias = torch.full((3,), 4.0)
    yield program(X)
    bias.zero_()
    yield program(X)
    function = activation
    yield program(X)
    bias = None
    yield attempt(program, X)


@indistinguishable
def test_closure_cell_of_a_helper(hybridize):
    def make(scale):
        def helper(x):
            return x * scale

        def change(value):
            nonlocal scale
            scale = value

        return helper, change

    helper, change = make(2.0)
    program = hybridize(lambda x: helper(x) if x.sum() > 0 else x)
    yield program(X)
    change(5.0)
    yield program(X)


@indistinguishable
def test_default_arguments(hybridize):
    def original(x, scale=2.0, *, shift=1.0):
        return x * scale + shift if x.sum() > 0 else x

    program = hybridize(original)
    yield program(X)
    original.__defaults__ = (4.0,)
    yield program(X)
    original.__kwdefaults__ = {"shift": -1.0}
    yield program(X)


@indistinguishable
def test_default_arguments_of_a_helper(hybridize):
    def helper(x, scale=2.0, *, shift=1.0):
        return x * scale + shift

    program = hybridize(lambda x: helper(x) if x.sum() > 0 else x)
    yield program(X)
    helper.__defaults__ = (4.0,)
    yield program(X)
    helper.__kwdefaults__ = {"shift": -1.0}
    yield program(X)


@indistinguishable
def test_mutable_default_argument(hybridize):
    def original(x, seen=[]):  # noqa: B006
        seen.append(1)
        return x * len(seen)

    program = hybridize(original)
    yield program(X)
    yield program(X)
    original.__defaults__[0].append(1)
    yield program(X)


@indistinguishable
def test_list_of_functions(hybridize):
    steps = [torch.sin, activation, lambda x: x + 1]

    def program(x):
        for step in steps:
            x = step(x)
        return x

    program = hybridize(program)
    yield program(X)
    steps.append(torch.exp)
    yield program(X)
    steps[1] = torch.neg
    yield program(X)
    del steps[0]
    yield program(X)
    steps.clear()
    yield program(X)


@indistinguishable
def test_partial(hybridize):
    box = [functools.partial(torch.add, alpha=2)]
    program = hybridize(lambda x: box[0](x, x))
    yield program(X)
    box[0] = functools.partial(torch.add, alpha=5)
    yield program(X)
    program = hybridize(functools.partial(lambda scale, x: x * scale, 3.0))
    yield program(X)


@indistinguishable(graph=False)
def test_cached_function(hybridize):
    values = {"scale": 2.0}

    @functools.lru_cache
    def scale():
        return values["scale"]

    program = hybridize(lambda x: x * scale())
    yield program(X)
    values["scale"] = 3.0
    yield program(X)
    scale.cache_clear()
    yield program(X)


@indistinguishable(graph=False)
def test_iterator_in_an_attribute(hybridize):
    thing = types.SimpleNamespace(numbers=iter([1.0, 2.0, 3.0, 4.0]))
    program = hybridize(lambda x: x * next(thing.numbers))
    for _ in range(4):
        yield program(X)
    yield attempt(program, X)


@indistinguishable(graph=False)
def test_environment_variable(hybridize):
    program = hybridize(lambda x: x * float(os.environ.get("DIPTYCH_TEST_SCALE", "1")))
    try:
        yield program(X)
        os.environ["DIPTYCH_TEST_SCALE"] = "3"
        yield program(X)
    finally:
        os.environ.pop("DIPTYCH_TEST_SCALE", None)
    yield program(X)


@indistinguishable(graph=False)
def test_python_and_numpy_random(hybridize):
    program = hybridize(lambda x: x * random.random() + np.random.rand())
    for _ in range(4):
        yield program(X)


@indistinguishable
def test_dtype_and_device_in_attributes(hybridize):
    thing = types.SimpleNamespace(dtype=torch.float64, device=torch.device("cpu"), shape=torch.Size([3]))
    program = hybridize(lambda x: torch.ones(thing.shape, dtype=thing.dtype, device=thing.device) + x.to(thing.dtype))
    yield program(X)
    thing.dtype = torch.float16
    yield program(X)
    thing.device = torch.device("meta")
    yield attempt(program, X)
    thing.device, thing.shape = torch.device("cpu"), torch.Size([2, 3])
    yield program(X)
