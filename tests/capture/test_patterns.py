"""Errors of the patterns of `match` are those of Python."""

from collections.abc import Callable
from typing import Any, ClassVar

import pytest
import torch

import diptych


class Pair:
    __match_args__ = ("a", "b")

    def __init__(self, a: Any, b: Any) -> None:
        self.a, self.b = a, b


class Odd:
    __match_args__: ClassVar = ["a"]


def too_many(subject: Any, x: torch.Tensor) -> torch.Tensor:
    match subject:
        case Pair(a, b, c):
            return x * a * b * c
    return x


def twice(subject: Any, x: torch.Tensor) -> torch.Tensor:
    match subject:
        case Pair(a, a=b):
            return x * a * b
    return x


def strange(subject: Any, x: torch.Tensor) -> torch.Tensor:
    match subject:
        case Odd(a):
            return x * a
    return x


def no_class(subject: Any, x: torch.Tensor) -> torch.Tensor:
    kind: Any = torch.relu
    match subject:
        case kind():
            return x
    return x * 2


def repeated(subject: Any, x: torch.Tensor) -> torch.Tensor:
    class K:
        key = "a"

    match subject:
        case {K.key: a, "a": b}:
            return x * a * b
    return x


SUBJECTS = {too_many: Pair(1, 2), twice: Pair(1, 2), strange: Odd(), no_class: 1, repeated: {"a": 3, "b": 4}}


@pytest.mark.parametrize("program", SUBJECTS, ids=lambda p: p.__name__)
def test_errors_of_patterns(program: Callable[..., Any]) -> None:
    """The same exception with the same words; where the pattern does not come to it, the same result."""
    hybrid = diptych.hybridize(program)
    with pytest.raises((TypeError, ValueError)) as expected:
        program(SUBJECTS[program], torch.ones(2))
    for _ in range(2):
        with pytest.raises(type(expected.value)) as found:
            hybrid(SUBJECTS[program], torch.ones(2))
        assert str(found.value) == str(expected.value)
    if program is not no_class:
        assert torch.equal(hybrid("other", torch.ones(2)), torch.ones(2))


def test_names_are_bound_where_the_whole_pattern_fits() -> None:
    """A pattern that fits in part binds nothing."""

    def program(subject: Any, x: torch.Tensor) -> Any:
        a: Any = "before"
        match subject:
            case [a, 1]:
                return x, a
            case {"a": a, "b": int()}:
                return x * 2, a
        return x * 3, a

    hybrid = diptych.hybridize(program)
    for subject in ([5, 1], [5, 2], {"a": 1, "b": 2}, {"a": 1, "b": 2.5}, (7, True)):
        expected, name = program(subject, torch.ones(2))
        found, same = hybrid(subject, torch.ones(2))
        assert torch.equal(found, expected)
        assert same == name
    assert hybrid.stats.imperative_calls <= 1
