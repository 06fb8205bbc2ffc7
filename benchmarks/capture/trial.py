"""One program under one peer: how far its calls can be told from the imperative program's."""

from __future__ import annotations

import time
import warnings
from dataclasses import dataclass, field

import torch
from torch import nn

from benchmarks.capture.peers import PEERS, without_module
from benchmarks.capture.programs import program
from tests.capture.harness import Case, build, run
from tests.capture.observation import Difference, Observation, differences, observe

STATUSES = {
    "served": "like the imperative program in every aspect, by one graph",
    "split": "the same, but by several graphs or partly by the imperative program",
    "refused": "right until an error said that it cannot be captured or run",
    "effects": "answers are right, but not state, lines, random stream or the like",
    "wrong": "another result, exception or gradient than imperatively",
    "timeout": "took too long",
    "crash": "the process died",
}

ANSWERS = {"exception", "result", "requires_grad", "gradients", "second_gradients"}
"""The aspects of an observation that are a call's answer; the others are its effects."""

MARKS = ("._is_torch_compile", ".__overloads__")
"""What torch's own tools note down on the user's module; no user would miss it."""


@dataclass(frozen=True)
class Outcome:
    """`aspects` are those in which a wrong call differed; `seconds` are for the capture and all calls."""

    status: str
    detail: str = ""
    aspects: list[str] = field(default_factory=list)
    seconds: float = 0.0


def trial(name: str, peer: str) -> Outcome:
    """Run all calls imperatively and through the peer and compare call by call."""
    torch.set_num_threads(1)
    warnings.simplefilter("ignore")
    case = program(name)
    built = build(case)
    begin = time.perf_counter()
    try:
        captured = PEERS[peer](built.program, built.calls[0])
    except Exception as error:
        return Outcome("refused", first_line(error), seconds=time.perf_counter() - begin)
    found: list[Difference] = []
    expected = imperative(case, as_module=isinstance(captured.run, nn.Module))
    begin_calls = time.perf_counter()
    capturing = begin_calls - begin
    for number, (want, call) in enumerate(zip(expected, built.calls, strict=True)):
        have = unmarked(observe(captured.run, built, call, 100 + number))
        now = differences(number, want, have)
        if now and not found and have.error is not None and want.error is None:
            seconds = capturing + time.perf_counter() - begin_calls
            return Outcome("refused", f"call {number}: {first_line(have.error)}", seconds=seconds)
        found += now
    seconds = capturing + time.perf_counter() - begin_calls
    if found:
        aspects = {difference.aspect for difference in found}
        first = min(found, key=lambda difference: difference.aspect not in ANSWERS)
        return Outcome("wrong" if aspects & ANSWERS else "effects", str(first), sorted(aspects), seconds)
    flaw = captured.flaw(case.max_graphs)
    return Outcome("split" if flaw else "served", flaw, seconds=seconds)


def imperative(case: Case, as_module: bool) -> list[Observation]:
    """What the program itself does; not `as_module` when the peer's stand-in is no module and has no state_dict."""
    observations, _ = run(build(case), lambda program: program if as_module else without_module(program))
    return observations


def unmarked(observation: Observation) -> Observation:
    """The observation without torch's own marks on the user's module."""
    for table in filter(None, observation.tables.values()):
        for path in [path for path in table if any(mark in str(path) for mark in MARKS)]:
            del table[path]
        for path, picture in table.items():
            if isinstance(picture, tuple):
                table[path] = tuple(part for part in picture if not (isinstance(part, str) and part in MARKS))
    return observation


def first_line(error: BaseException) -> str:
    lines = str(error).strip().splitlines()
    return f"{type(error).__name__}: {lines[0] if lines else ''}"
