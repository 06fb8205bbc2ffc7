"""Objects and their classes: attributes, methods and types change between two calls."""

from __future__ import annotations

import dataclasses
import enum
import types

import torch

from tests.hybrid.scripts import indistinguishable
from tests.hybrid.things import Choosing, Common, Thing

X = torch.tensor([1.0, -2.0, 3.0])


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
