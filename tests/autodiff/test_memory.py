"""Writes into parts of a memory that others see: disjoint parts stay, others are refused."""

from __future__ import annotations

import random

import pytest
import torch
from torch import nn

import diptych
from diptych.autodiff.memory import disjoint
from diptych.autodiff.refusal import NotWrittenOut
from diptych.autodiff.written import write_out


def test_disjoint_is_what_a_write_shows() -> None:
    draw = random.Random(0)
    seen = set()
    for _ in range(400):
        rank = draw.randint(0, 3)
        memory = torch.zeros(200)
        a, b = (
            memory.as_strided(
                [draw.randint(0 if draw.random() < 0.1 else 1, 3) for _ in range(rank)],
                [draw.choice([0, 1, 2, 3, 6, 12]) for _ in range(rank)],
                draw.randint(0, 40),
            )
            for _ in range(2)
        )
        a.fill_(1)
        expected = not b.any()
        assert disjoint(a, b) is disjoint(b, a) is bool(expected)
        seen.add(expected)
    assert seen == {True, False}


def test_parts_of_other_types_are_not_told_apart() -> None:
    memory = torch.zeros(8)
    assert disjoint(memory[:4], memory[4:])
    assert not disjoint(memory[:4], memory[4:].view(torch.float64))


@pytest.mark.parametrize("kind", [nn.LSTM, nn.GRU, nn.RNN])
@pytest.mark.parametrize("both", [False, True])
def test_recurrent_layers(kind, both) -> None:
    torch.manual_seed(0)
    layers = kind(3, 4, num_layers=2, bidirectional=both).double()

    def program(x):
        outputs, state = layers(x)
        return outputs, *(state if isinstance(state, tuple) else (state,))

    run = diptych.hybridize(program, backend="native")
    for _ in range(3):
        x = torch.randn(5, 2, 3, dtype=torch.float64, requires_grad=True)
        expected, found = program(x), run(x)
        for want, have in zip(expected, found, strict=True):
            torch.testing.assert_close(have, want)
        given = [x, *layers.parameters()]
        wanted = torch.autograd.grad(sum(v.sin().sum() for v in expected), given)
        made = torch.autograd.grad(sum(v.sin().sum() for v in found), given)
        for want, have in zip(wanted, made, strict=True):
            torch.testing.assert_close(have, want)
    (graph,) = run.report().data["graphs"]
    assert graph["tier"] == "native", graph["tier_reason"]


@pytest.mark.parametrize("name", ["unsafe_chunk", "chunk"])
def test_writes_into_parts(name) -> None:
    """Gates as PyTorch's own cells make them."""

    def program(x):
        a, b, c = getattr(torch, name)(x * 2, 3, 1)
        with torch.no_grad():
            return a.sigmoid_() + b.tanh_() * c

    run = diptych.hybridize(program, backend="native")
    for _ in range(3):
        x = torch.randn(2, 6)
        torch.testing.assert_close(run(x), program(x))


def test_what_sees_the_same_elements_is_refused() -> None:
    """A composite operation that writes inside: what it reads afterwards through another tensor is not known."""
    layers = nn.LSTM(3, 4)
    graph = diptych.capture(lambda x: layers(x)[0], torch.randn(5, 2, 3))
    flat = [graph.state[i.name] if i.role == "state" else torch.randn(5, 2, 3) for i in graph.inputs]
    assert write_out(graph.module, flat, grad=False).outputs == 1
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("diptych.autodiff.recorder.disjoint", lambda a, b: False)
        with pytest.raises(NotWrittenOut, match="written through another one"):
            write_out(graph.module, flat, grad=False)
