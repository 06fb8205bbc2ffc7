"""The ways to get a graph from a program: ours and those that come with torch.

A peer captures a program given its first call and returns something callable, with a count of the graphs that
served the calls. Each is used as its documentation recommends for "one graph of everything".
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import torch
from torch import nn

import diptych
from tests.capture.cases import Call
from tests.capture.observation import Program


@dataclass(frozen=True)
class Captured:
    """What stands in for the program; `flaw(limit)` says what else than at most `limit` graphs served it, if any."""

    run: Program
    flaw: Callable[[int], str] = lambda limit: ""


Peer = Callable[[Program, Call], Captured]


def by_diptych(program: Program, first: Call) -> Captured:
    """`diptych.hybridize` as it is: the first call is observed, the second captured; a graph holds all paths."""
    return hybridized(program, True)


def by_staging(program: Program, first: Call) -> Captured:
    """`diptych.hybridize` with nothing speculated: it captures when it is first called."""
    return hybridized(program, False)


def hybridized(program: Program, speculate: bool) -> Captured:
    """A program that may fall back, or need more graphs than one."""
    running: Any = diptych.hybridize(program, speculate=speculate, backend="eager")

    def flaw(limit: int) -> str:
        stats = running.stats
        paths = sum(graph["kind"] == "one path" for graph in running.report().data["graphs"])
        imperative = stats.imperative_calls - stats.observed_calls
        counts = f"{stats.graphs} graphs ({paths} of one path), {stats.fallbacks} fallbacks, {imperative} imperative"
        served = 1 <= stats.graphs <= limit and not (paths or stats.fallbacks or imperative)
        return "" if served else "; ".join([counts, *map(str, stats.refusals)])

    return Captured(running, flaw)


class Holder(nn.Module):
    """A function as a module, as `torch.export` wants it; a method's module is a child, so that its state is lifted."""

    def __init__(self, function: Program) -> None:
        super().__init__()
        self.function = function
        owner = getattr(function, "__self__", None)
        if isinstance(owner, nn.Module):
            self.owner = owner

    def forward(self, *args: Any, **kwargs: Any) -> Any:
        return self.function(*args, **kwargs)


def by_export(program: Program, first: Call) -> Captured:
    """`torch.export.export(strict=False)` at the first call: one graph or an error."""
    module = program if isinstance(program, nn.Module) else Holder(program)
    exported = torch.export.export(module, first.args, first.kwargs, strict=False).module()
    return Captured(without_module(exported))


def by_compile(program: Program, first: Call) -> Captured:
    """`torch.compile(fullgraph=True)` with its own graphs run as they are; it captures when it is called."""
    graphs = 0

    def backend(graph: torch.fx.GraphModule, example_inputs: list[torch.Tensor]) -> Callable[..., Any]:
        nonlocal graphs
        graphs += 1
        return graph.forward

    compiled = torch.compile(program, fullgraph=True, backend=backend)
    return Captured(without_module(compiled), lambda limit: "" if 1 <= graphs <= limit else f"{graphs} graphs")


def by_script(program: Program, first: Call) -> Captured:
    """`torch.jit.script`: compiled from source, with its own if and while."""
    scripted = torch.jit.script(program)
    return Captured(without_module(scripted))


def without_module(running: Program) -> Program:
    """The call alone: a peer's wrapper may name state differently, and only the user's module is looked at."""
    return lambda *args, **kwargs: running(*args, **kwargs)


PEERS: dict[str, Peer] = {
    "diptych": by_diptych,
    "diptych-staged": by_staging,
    "export": by_export,
    "compile": by_compile,
    "script": by_script,
}
