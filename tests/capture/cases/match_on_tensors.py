"""Patterns over values that tensors decide: numbers, attributes, items; captures only where the whole pattern fits."""

import dataclasses

import torch

EXPECT = "graph"


@dataclasses.dataclass
class State:
    kind: str
    count: int
    value: torch.Tensor


def step(x, words):
    name = "none"
    state = State("up", 0, x)
    if x.sum() > 0:
        state = State("down", int(x[0]), x * 2)
    match state:
        case State("up", value=v):
            y = v + 1
        case State(kind="down", count=0 | 1 as n):
            y = x * (n + 3)
        case State(count=int(n)) if n > 4:
            y = x / n
        case _:
            y = -x
    match (int(x[1]), *words):
        case (0, name):
            y = y * 2
        case (k, "a", *rest) if k > 0:
            y = y + k + len(rest)
        case [_, *rest, name]:
            y = y - len(rest)
    match {"x": x, "n": int(x[0]), "flag": True}:
        case {"n": 2, **others}:
            y = y * len(others)
        case {"missing": _} | {"n": -3}:
            y = y * 100
        case {"flag": True, "x": torch.Tensor() as t}:
            y = y + t
    return y, name


def make():
    def call(a, b, *words):
        return torch.tensor([a, b], requires_grad=True), words

    calls = [
        call(-1.0, -2.0, "a"),
        call(0.0, 3.0, "a"),
        call(2.0, 1.0, "a"),
        call(5.0, 0.5, "a"),
        call(-3.0, 0.0, "a"),
        call(3.0, -1.0, "a"),
    ]
    return step, calls
