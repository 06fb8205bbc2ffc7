"""Numbers, strings and containers in attributes: whatever a trace may read changes between two calls."""

from __future__ import annotations

import collections
import copy

import numpy as np
import pytest
import torch

from tests.hybrid.scripts import attempt, indistinguishable
from tests.hybrid.things import Choosing, Thing

X = torch.tensor([1.0, -2.0, 3.0])


class Described(Thing):
    def apply(self, y):
        return y, type(self.value).__name__, repr(self.value)


VALUES = {
    "int": (1, 2, 3, 1),
    "float": (0.5, 2.5, 0.5, -1.0),
    "str": ("sin", "cos", "exp", "sin"),
    "bool": (True, False, True),
    "None to number": (None, 2.0, None),
    "number to str": (2.0, "sin", 2.0),
    "int to float": (2, 2.0, 2),
    "True to 1": (True, 1, 1.0, True),
    "zero to minus zero": (0.0, -0.0, 0.0),
    "infinity": (float("inf"), float("nan"), float("nan"), float("-inf")),
    "complex": (1 + 2j, 1.0, 2 - 1j),
    "tensor to number": (torch.tensor(2.0), 2.0, torch.tensor(4.0)),
    "large int": (2**40, 2**63, 3),
}


@pytest.mark.parametrize("values", VALUES.values(), ids=VALUES.keys())
@pytest.mark.parametrize("kind", [Choosing, Described])
def test_hyper_parameter(kind, values):
    @indistinguishable
    def script(hybridize):
        thing = kind(values[0])
        program = hybridize(thing)
        for value in values:
            thing.value = value
            yield attempt(program, X), attempt(program, -X)

    script()


CONTAINERS = {
    "list entry": ([1.0, 2.0], lambda v: v.__setitem__(0, 5.0)),
    "list append": ([1.0, 2.0], lambda v: v.append(3.0)),
    "list pop": ([1.0, 2.0], lambda v: v.pop()),
    "list order": ([1.0, 2.0], lambda v: v.reverse()),
    "list of lists": ([[1.0], [2.0]], lambda v: v[1].append(7.0)),
    "dict in list": ([{"a": 1.0}], lambda v: v[0].update(a=2.0)),
    "dict entry": ({"a": 1.0, "b": 2.0}, lambda v: v.update(a=9.0)),
    "dict new key": ({"a": 1.0, "b": 2.0}, lambda v: v.update(c=9.0)),
    "dict key removed": ({"a": 1.0, "b": 2.0}, lambda v: v.pop("a")),
    "dict order": ({"a": 1.0, "b": 2.0}, lambda v: v.update(a=v.pop("a"))),
    "dict of dicts": ({"a": {"b": 1.0}}, lambda v: v["a"].update(b=4.0)),
    "key of equal value": ({1: 1.0}, lambda v: (v.clear(), v.update({True: 1.0}))),
    "OrderedDict": (collections.OrderedDict(a=1.0, b=2.0), lambda v: v.move_to_end("a")),
    "defaultdict": (collections.defaultdict(float, a=1.0), lambda v: v.update(a=3.0)),
    "Counter": (collections.Counter("ab"), lambda v: v.update("a")),
    "deque": (collections.deque([1.0, 2.0]), lambda v: v.rotate(1)),
    "set": ({1.0, 2.0}, lambda v: v.add(3.0)),
    "set of another type": ({1, 2}, lambda v: (v.clear(), v.update({1.0, 2.0}))),
    "bytearray": (bytearray(b"ab"), lambda v: v.append(3)),
    "numpy array": (np.array([1.0, 2.0]), lambda v: v.__setitem__(0, 5.0)),
    "list of tensors": ([torch.ones(3), torch.zeros(3)], lambda v: v.__setitem__(0, torch.full((3,), 4.0))),
    "tensor in list written": ([torch.ones(3), torch.zeros(3)], lambda v: v[0].fill_(4.0)),
    "tensors in list swapped": ([torch.ones(3), torch.zeros(3)], lambda v: v.reverse()),
    "one tensor twice": ([torch.ones(3), torch.zeros(3)], lambda v: v.__setitem__(1, v[0])),
}


def flatten(value):
    """Reads a nested container to the last item, order and types included."""
    if isinstance(value, dict):
        return [text for key, item in value.items() for text in [repr(key), *flatten(item)]]
    if isinstance(value, list | tuple | collections.deque):
        return [text for item in value for text in flatten(item)]
    if isinstance(value, set):
        return [repr(item) for item in sorted(value)]
    if isinstance(value, bytearray):
        return list(value)
    if isinstance(value, np.ndarray):
        return value.tolist()
    return [value]


class Flattening(Thing):
    def apply(self, y):
        return y, flatten(self.value)


@pytest.mark.parametrize("name", CONTAINERS)
def test_container_in_an_attribute(name):
    @indistinguishable(graph=False)
    def script(hybridize):
        value, change = CONTAINERS[name]
        thing = Flattening(copy.deepcopy(value))
        program = hybridize(thing)
        yield program(X)
        yield program(-X)
        change(thing.value)
        yield program(X)
        yield program(-X)

    script()
