"""What can be hybridized, and the ways to say so."""

from __future__ import annotations

import functools
import inspect

import pytest
import torch
from torch import nn

import diptych
from tests.hybrid.scripts import attempt, indistinguishable

X = torch.tensor([1.0, -2.0, 3.0])


@diptych.hybridize
def bare(x, scale=2.0):
    """Doubles what is positive in sum."""
    return x * scale if x.sum() > 0 else x


@diptych.hybridize()
def called(x):
    return x * 2 if x.sum() > 0 else x


@diptych.hybridize(speculate=False)
def with_option(x):
    return x * 2 if x.sum() > 0 else x


@pytest.mark.parametrize("program", [bare, called, with_option], ids=["bare", "called", "with_option"])
def test_decorator(program):
    for x in (X, X, -X):
        assert program(x).equal(x * 2 if x.sum() > 0 else x)
    assert program.stats.graphs == 1
    assert program.stats.graph_calls >= 2


def test_decorator_keeps_name_text_and_signature():
    assert bare.__name__ == "bare"
    assert bare.__doc__ == "Doubles what is positive in sum."
    assert bare.__module__ == __name__
    assert list(inspect.signature(bare).parameters) == ["x", "scale"]
    assert "bare" in repr(bare)


class Scaler:
    """Hybridized methods of every kind."""

    count = 0

    def __init__(self, scale):
        self.scale = scale
        self.calls = 0

    @diptych.hybridize
    def apply(self, x, shift=0.0):
        self.calls += 1
        return x * self.scale + shift if x.sum() > 0 else x

    @classmethod
    @diptych.hybridize
    def of_class(cls, x):
        cls.count += 1
        return x * cls.count if x.sum() > 0 else x

    @staticmethod
    @diptych.hybridize
    def static(x):
        return x * 5 if x.sum() > 0 else x

    @property
    @diptych.hybridize
    def doubled(self):
        return torch.ones(2) * self.scale * 2

    @diptych.hybridize
    def __call__(self, x):
        return self.apply(x) + 1


class Child(Scaler):
    @diptych.hybridize
    def apply(self, x, shift=0.0):
        return super().apply(x, shift) * 10


def test_method_of_several_instances():
    one, other = Scaler(2.0), Scaler(torch.tensor(3.0))
    for number, x in enumerate((X, -X, X), 1):
        assert one.apply(x).equal(x * 2 if x.sum() > 0 else x)
        assert other.apply(x, 1.0).equal(x * 3 + 1 if x.sum() > 0 else x)
        assert (one.calls, other.calls) == (number, number)
    assert one.apply(x=X, shift=2.0).equal(X * 2 + 2)
    assert Scaler.apply(one, X).equal(X * 2)
    assert one.apply.stats is Scaler.apply.stats
    assert one.apply.stats.graph_calls > 0


def test_method_of_a_subclass():
    child = Child(2.0)
    assert child.apply(X, 1.0).equal((X * 2 + 1) * 10)
    assert child.apply(-X).equal(-X * 10)
    assert child.calls == 2


def test_class_method_and_static_method():
    Scaler.count = 0
    assert Scaler.of_class(X).equal(X)
    assert Scaler.of_class(X).equal(X * 2)
    assert Scaler(1.0).of_class(X).equal(X * 3)
    assert Child.of_class(X).equal(X * 4)
    assert (Scaler.count, Child.count) == (3, 4)
    assert Scaler.static(X).equal(X * 5)
    assert Scaler(1.0).static(-X).equal(-X)


def test_property_and_call():
    scaler = Scaler(4.0)
    assert scaler.doubled.equal(torch.full((2,), 8.0))
    scaler.scale = 1.0
    assert scaler.doubled.equal(torch.full((2,), 2.0))
    assert scaler(X).equal(X + 1)


class Branching(nn.Module):
    """A module whose forward is hybridized in its class."""

    def __init__(self, scale):
        super().__init__()
        self.weight = nn.Parameter(torch.full((3,), scale))

    @diptych.hybridize(speculate=False)
    def forward(self, x):
        return x * self.weight if x.sum() > 0 else x - self.weight


def test_forward_of_a_module_class():
    for scale in (2.0, 3.0):
        net = Branching(scale)
        result = net(X)
        assert result.equal(X * scale)
        result.sum().backward()
        assert net.weight.grad.equal(X)
        assert net(-X).equal(-X - scale)
    assert Branching.forward.stats.graph_calls == 4
    assert list(net.state_dict()) == ["weight"]


def plain(x, scale):
    return x * scale if x.sum() > 0 else x


class Callable:
    def __init__(self, scale):
        self.scale = scale

    def __call__(self, x):
        return x * self.scale if x.sum() > 0 else x

    def method(self, x):
        return x - self.scale if x.sum() > 0 else x

    @classmethod
    def make(cls, x):
        return x * 7 if x.sum() > 0 else x


def deeper(f):
    @functools.wraps(f)
    def wrapper(*args, **kwargs):
        return f(*args, **kwargs) * 10

    return wrapper


FORMS = {
    "lambda": lambda: lambda x: x * 2 if x.sum() > 0 else x,
    "partial": lambda: functools.partial(plain, scale=3.0),
    "partial of a method": lambda: functools.partial(Callable(2.0).method),
    "callable object": lambda: Callable(4.0),
    "bound method": lambda: Callable(5.0).method,
    "class method": lambda: Callable.make,
    "decorated": lambda: deeper(lambda x: x + 1 if x.sum() > 0 else x),
    "cached": lambda: functools.lru_cache(deeper(lambda x: x + 1 if x.sum() > 0 else x)),
    "closure": lambda: (lambda scale: lambda x: x * scale if x.sum() > 0 else x)(6.0),
    "built-in": lambda: torch.sin,
    "operator": lambda: torch.ops.aten.exp.default,
    "method of tensors": lambda: torch.Tensor.exp,
    "function of torch": lambda: nn.functional.softplus,
    "without source": lambda: eval("lambda x: x * 2 if x.sum() > 0 else x"),
    "compiled by script": lambda: torch.jit.script(nn.Linear(3, 3)),
}


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_form(form):
    @indistinguishable(graph=False)
    def script(hybridize):
        program = hybridize(FORMS[form]())
        for x in (X, -X, 2 * X):
            yield attempt(program, x)

    script()


@pytest.mark.parametrize("value", [3, "f", torch.ones(2), None, [], torch.nn.Linear, Callable, int])
def test_what_cannot_be_hybridized(value):
    if value is None:
        assert callable(diptych.hybridize(value))  # hybridize() is the decorator
        return
    with pytest.raises(TypeError, match="hybridize takes"):
        diptych.hybridize(value)


@indistinguishable(graph=False)
def test_generator_function(hybridize):
    def program(x):
        for i in range(3):
            if x.sum() > i:
                yield x * i

    program = hybridize(program)
    for x in (X, -X, 3 * X):
        yield list(program(x))


@indistinguishable(graph=False)
def test_coroutine_function(hybridize):
    async def program(x):
        return x * 2 if x.sum() > 0 else x

    program = hybridize(program)
    for x in (X, -X):
        coroutine = program(x)
        try:
            coroutine.send(None)
        except StopIteration as done:
            yield done.value


@indistinguishable
def test_recursion_through_the_hybridized_name(hybridize):
    @hybridize
    def halve(x, depth=0):
        if x.norm() > 1:
            return halve(x / 2, depth + 1)
        return x, depth

    for x in (X, 8 * X, 0 * X):
        yield attempt(halve, x)
