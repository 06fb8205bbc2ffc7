"""Guards: what a trace relied on, checked before its graph is used again."""

from __future__ import annotations

import dataclasses
import operator
import types
from collections.abc import Callable
from typing import Any

import torch

from diptych.capture.sources import Source
from diptych.capture.trail import MISSING, AttributePlace


@dataclasses.dataclass(frozen=True)
class Guard:
    """A fact about the world that the trace relied on: `check` of the value at `source`."""

    source: Source
    text: str
    check: Callable[[Any], bool]
    constant: Any = MISSING


@dataclasses.dataclass(frozen=True)
class TensorFacts:
    """What a graph needs to know of a tensor: sizes of None vary."""

    dtype: torch.dtype
    device: torch.device
    shape: tuple[int | None, ...]
    stride: tuple[int, ...] | None
    requires_grad: bool
    kind: type

    def hold(self, value: Any) -> bool:
        """Whether `value` is such a tensor."""
        if type(value) is not self.kind or value.dtype != self.dtype or value.requires_grad != self.requires_grad:
            return False
        if value.is_nested or value.layout != torch.strided or value.is_conj() or value.is_neg():
            return False
        if value.dim() != len(self.shape) or value.device != self.device:
            return False
        for want, got in zip(self.shape, value.shape, strict=True):
            if got != want and (want is not None or got == 0):  # a symbolic size is at least 1
                return False
        return value.is_contiguous() if self.stride is None else same_strides(value, self.stride)


def same_strides(value: torch.Tensor, stride: tuple[int, ...]) -> bool:
    """Whether the strides agree where they matter."""
    if value.numel() == 0:
        return tuple(value.stride()) == stride
    return all(size <= 1 or a == b for size, a, b in zip(value.shape, value.stride(), stride, strict=True))


def describe(facts: TensorFacts) -> str:
    """A tensor's facts for people."""
    sizes = ", ".join("*" if s is None else str(s) for s in facts.shape)
    grad = ", requires grad" if facts.requires_grad else ""
    return f"{str(facts.dtype).removeprefix('torch.')}[{sizes}]{grad}"


class Equal:
    """The value is equal, and of the same type (for containers of constants, item by item)."""

    def __init__(self, value: Any, kind: type | None = None) -> None:
        self.value, self.kind = value, kind or type(value)

    def __call__(self, now: Any) -> bool:
        if type(now) is not self.kind:
            return False
        if self.kind is float:
            return repr(now) == repr(self.value)  # tells 0.0 from -0.0, and nan equals nan
        if isinstance(now, set | frozenset):
            return now == self.value and {(type(v), v) for v in now} == {(type(v), v) for v in self.value}
        return bool(now == self.value)


class EqualArray:
    """An array with the same elements."""

    def __init__(self, value: Any) -> None:
        self.value = value.copy()

    def __call__(self, now: Any) -> bool:
        if type(now) is not type(self.value):
            return False
        if isinstance(now, bytearray):
            return now == self.value
        return now.dtype == self.value.dtype and now.shape == self.value.shape and now.tobytes() == self.value.tobytes()


class Same:
    """The very object, and still of its class."""

    def __init__(self, value: Any) -> None:
        self.value, self.kind = value, type(value)

    def __call__(self, now: Any) -> bool:
        if isinstance(now, types.MethodType | types.MethodWrapperType) and type(now) is self.kind:
            return now == self.value
        return now is self.value and type(now) is self.kind


class SameAs:
    """The very object that stands at another source (or, if `same` is False, another one)."""

    def __init__(self, source: Source, same: bool = True) -> None:
        self.source, self.same = source, same

    def __call__(self, now: Any) -> bool:
        raise TypeError("compared by the guards' own walk")


class Unchanged:
    """A function whose code and defaults are what they were."""

    def __init__(self, function: Any) -> None:
        self.state = (function.__code__, function.__defaults__, dict(function.__kwdefaults__ or {}))

    def __call__(self, now: Any) -> bool:
        code, defaults, keywords = self.state
        if now.__code__ is not code or now.__defaults__ is not defaults:
            return False
        found = now.__kwdefaults__ or {}
        return len(found) == len(keywords) and all(found.get(k, self) is v for k, v in keywords.items())


class Leaf:
    """A tensor that is a leaf of autograd which requires a gradient, or not."""

    def __init__(self, leaf: bool) -> None:
        self.leaf = leaf

    def __call__(self, now: Any) -> bool:
        return (now.requires_grad and now.is_leaf) == self.leaf


class OfType:
    """An object of exactly this type."""

    def __init__(self, kind: type) -> None:
        self.kind = kind

    def __call__(self, now: Any) -> bool:
        return type(now) is self.kind


class NotInstance:
    """A value of none of these classes."""

    def __init__(self, kinds: tuple[type, ...]) -> None:
        self.kinds = kinds

    def __call__(self, now: Any) -> bool:
        return not isinstance(now, self.kinds)


class Length:
    """A sequence of this type and length."""

    def __init__(self, kind: type, length: int) -> None:
        self.kind, self.length = kind, length

    def __call__(self, now: Any) -> bool:
        return type(now) is self.kind and len(now) == self.length


class Keys:
    """A dict of this type with these keys in order."""

    def __init__(self, kind: type, keys: list[Any]) -> None:
        self.kind, self.keys = kind, keys

    def __call__(self, now: Any) -> bool:
        if type(now) is not self.kind or len(now) != len(self.keys):
            return False
        if all(map(operator.is_, now, self.keys)):  # mostly; quick
            return True
        return all(a is b or (type(a) is type(b) and is_equal(a, b)) for a, b in zip(now, self.keys, strict=True))


def is_equal(a: Any, b: Any) -> bool:
    """Whether two keys are equal; tensors are only equal to themselves."""
    return not isinstance(a, torch.Tensor) and bool(a == b)


class Lacks:
    """An object without this attribute."""

    def __init__(self, name: str) -> None:
        self.name = name

    def __call__(self, now: Any) -> bool:
        return AttributePlace(now, self.name).get() is MISSING
