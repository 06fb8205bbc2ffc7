"""The comparison of scripts finds what is wrong."""

from __future__ import annotations

import pytest
import torch

from tests.hybrid.scripts import answers, attempt, differences, indistinguishable
from tests.hybrid.things import Choosing

X = torch.tensor([1.0, -2.0, 3.0])


class Frozen:
    """A wrong way to make a program fast: the first answer, for ever."""

    def __init__(self, program):
        self.program = program
        self.answers = []

    def __call__(self, *args):
        if not self.answers:
            self.answers.append(attempt(self.program, *args))
        return self.answers[0]


def changing(hybridize):
    thing = Choosing(2.0)
    program = hybridize(thing)
    yield program(X)
    thing.value = 4.0
    yield program(X)


def printing(hybridize):
    program = hybridize(print)
    for _ in range(2):
        yield program("a line")


def requiring(hybridize):
    program = hybridize(lambda x: x * 2)
    for x in (X, X.clone().requires_grad_()):
        yield program(x)


@pytest.mark.parametrize("script", [changing, printing, requiring])
def test_a_wrong_program_is_found(script):
    expected = answers(script, lambda program: program)
    assert differences(expected, answers(script, lambda program: program)) == []
    assert differences(expected, answers(script, Frozen)) != []


def test_a_script_that_changes_nothing_is_found():
    def script(hybridize):
        program = hybridize(Choosing(2.0))
        yield program(X)
        yield program(X)

    with pytest.raises(AssertionError, match="all answers agree"):
        indistinguishable(script)()


def test_a_script_without_a_graph_is_found():
    def script(hybridize):
        program = hybridize(lambda x: torch.from_numpy(x.numpy() * 2))
        yield program(X)
        yield program(-X)

    with pytest.raises(AssertionError, match="no call was served by a graph"):
        indistinguishable(script)()
