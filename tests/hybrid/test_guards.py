"""Python values outside the arguments: whatever a trace may read changes between two calls."""

from __future__ import annotations

import collections
import copy
import dataclasses
import enum
import functools
import os
import random
import types

import numpy as np
import pytest
import torch

from tests.hybrid.scripts import attempt, indistinguishable

X = torch.tensor([1.0, -2.0, 3.0])
SCALE: float = 2.0
SHIFT = torch.zeros(3)
TABLE: dict[str, float] = {}
SETTINGS = types.ModuleType("settings")


def activation(x):
    return torch.relu(x)


class Mode(enum.Enum):
    ADD = 1
    MULTIPLY = 2


@dataclasses.dataclass
class Inner:
    gain: float = 1.0


@dataclasses.dataclass
class Config:
    scale: float = 2.0
    steps: int = 2
    inner: Inner = dataclasses.field(default_factory=Inner)


class Thing:
    """A callable object with one attribute, `value`, which decides what is done to the argument."""

    common = 2.0

    def __init__(self, value=None):
        self.value = value

    def __call__(self, x):
        y = x * 2 if x.sum() > 0 else x - 1
        return self.apply(y)

    def apply(self, y):
        return y + self.value


class Choosing(Thing):
    def apply(self, y):
        if self.value is None:
            return y
        if isinstance(self.value, str):
            return getattr(y, self.value)()
        if self.value is True:
            return y + 100
        return y // self.value if isinstance(self.value, int) else y / self.value


class Common(Thing):
    def apply(self, y):
        return y * self.common


class Described(Thing):
    def apply(self, y):
        return y, type(self.value).__name__, self.value


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


@indistinguishable
def test_global_number(hybridize):
    global SCALE

    def program(x):
        return x * SCALE if x.sum() > 0 else x

    program = hybridize(program)
    for SCALE in (2.0, 3.0, 3, 2.0):
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
def test_function_attribute(hybridize):
    def program(x):
        return x * original.scale

    original = program
    original.scale = 2.0
    program = hybridize(program)
    yield program(X)
    original.scale = 3.0
    yield program(X)


@indistinguishable
def test_code_of_a_helper_replaced(hybridize):
    def helper(x):
        return x + 1

    program = hybridize(lambda x: helper(x))
    yield program(X)
    helper.__code__ = (lambda x: x * 100).__code__
    yield program(X)


@indistinguishable
def test_class_attribute(hybridize):
    class Local(Common):
        common = 2.0

    thing = Local()
    program = hybridize(thing)
    yield program(X)
    Local.common = 3.0
    yield program(X)
    thing.common = 5.0
    yield program(X)
    del thing.common
    yield program(X)
    del Local.common
    yield program(X)


@indistinguishable
def test_method_of_a_class_replaced(hybridize):
    class Local(Common):
        pass

    thing = Local()
    program = hybridize(thing)
    yield program(X)
    Local.apply = lambda self, y: y + 50
    yield program(X)
    thing.apply = lambda y: y - 50
    yield program(X)
    del thing.apply
    del Local.apply
    yield program(X)


@indistinguishable
def test_class_of_an_object_replaced(hybridize):
    thing = Common(4.0)
    program = hybridize(lambda x: thing.apply(x))
    yield program(X)
    thing.__class__ = Choosing
    yield program(X)


@indistinguishable
def test_property(hybridize):
    class Local(Thing):
        @property
        def twice(self):
            return 2 * self.value

        def apply(self, y):
            return y * self.twice

    thing = Local(1.0)
    program = hybridize(thing)
    yield program(X)
    thing.value = 4.0
    yield program(X)
    Local.twice = property(lambda self: -1.0)
    yield program(X)


@indistinguishable
def test_slots(hybridize):
    class Local:
        __slots__ = ("scale",)

    local = Local()
    program = hybridize(lambda x: x * local.scale)
    for local.scale in (1.0, 2.0, torch.ones(3)):
        yield program(X)


@indistinguishable
def test_attribute_that_comes_and_goes(hybridize):
    thing = types.SimpleNamespace()
    program = hybridize(lambda x: x * getattr(thing, "scale", 10.0) if hasattr(thing, "on") else -x)
    yield program(X)
    thing.on = True
    yield program(X)
    thing.scale = 2.0
    yield program(X)
    del thing.scale
    yield program(X)
    del thing.on
    yield program(X)


@indistinguishable
def test_getattr_of_the_class(hybridize):
    class Local:
        def __init__(self):
            self.values = {"scale": 2.0}

        def __getattr__(self, name):
            try:
                return self.__dict__["values"][name]
            except KeyError:
                raise AttributeError(name) from None

    local = Local()
    program = hybridize(lambda x: x * local.scale)
    yield program(X)
    local.values["scale"] = 3.0
    yield program(X)
    local.scale = 4.0
    yield program(X)


@indistinguishable
def test_enum(hybridize):
    thing = types.SimpleNamespace(mode=Mode.ADD)
    program = hybridize(lambda x: x + 5 if thing.mode is Mode.ADD else x * 5)
    for thing.mode in (Mode.ADD, Mode.MULTIPLY, Mode.ADD, None):
        yield program(X)


@indistinguishable
def test_dataclass_config(hybridize):
    config = Config()

    def program(x):
        for _ in range(config.steps):
            x = x * config.scale + config.inner.gain
        return x

    program = hybridize(program)
    yield program(X)
    config.scale = 3.0
    yield program(X)
    config.steps = 3
    yield program(X)
    config.inner.gain = -1.0
    yield program(X)
    config.inner = Inner(8.0)
    yield program(X)
    config = Config(inner=Inner(2.0))
    yield program(X)


@indistinguishable
def test_identity_of_two_objects(hybridize):
    first, second = Config(), Config()
    pair = [first, second]
    program = hybridize(lambda x: x + 1 if pair[0] is pair[1] else x - 1)
    yield program(X)
    pair[1] = first
    yield program(X)
    pair[0] = second
    yield program(X)


@indistinguishable
def test_type_of_an_object(hybridize):
    holder = types.SimpleNamespace(item=Inner())
    program = hybridize(lambda x: x + 1 if isinstance(holder.item, Inner) else x - 1)
    yield program(X)
    holder.item = Config()
    yield program(X)
    holder.item = 3
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
