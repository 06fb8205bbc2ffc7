"""What one call of a program did, seen from outside, and how long calls take."""

from __future__ import annotations

import contextlib
import io
import statistics
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import torch
from torch import nn

from diptych.cli.target import SEED

TIMING_SECONDS = 0.5
"""How long the calls of one program are timed."""

MOST_CALLS = 100
"""How often one program is called for its timing at most."""


@dataclass(frozen=True)
class Outcome:
    """The result of a call or the exception it raised, what it printed, and what it left behind.

    `after` holds the arguments after the call and, for a module, its parameters and buffers.
    """

    result: Any
    error: Exception | None
    printed: str
    after: dict[str, Any]
    seconds: float


def observe(call: Callable[..., Any], arguments: tuple[Any, ...], owner: Callable[..., Any]) -> Outcome:
    """Call `call`, seeded, and see what happens; `owner` is the program whose parameters and buffers may change."""
    result: Any = None
    error: Exception | None = None
    torch.manual_seed(SEED)
    with contextlib.redirect_stdout(io.StringIO()) as printed:
        start = time.perf_counter()
        try:
            result = call(*arguments)
        except Exception as raised:
            error = raised
        seconds = time.perf_counter() - start
    after = {f"argument {number}": value for number, value in enumerate(arguments)}
    after.update(_state(owner))
    return Outcome(result, error, printed.getvalue(), after, seconds)


def median_seconds(call: Callable[..., Any], arguments: Callable[[], tuple[Any, ...]]) -> tuple[float, int]:
    """The median time of a call, and of how many; every call gets new arguments, made outside the measured time.

    A program with a state of its own may raise in a later call; the calls before are what counts then.
    """
    seconds: list[float] = []
    until = time.perf_counter() + TIMING_SECONDS
    with contextlib.redirect_stdout(io.StringIO()), contextlib.suppress(Exception):
        while len(seconds) < MOST_CALLS and (time.perf_counter() < until or not seconds):
            given = arguments()
            start = time.perf_counter()
            call(*given)
            seconds.append(time.perf_counter() - start)
    return (statistics.median(seconds) if seconds else 0.0), len(seconds)


def _state(owner: Callable[..., Any]) -> dict[str, Any]:
    module = owner if isinstance(owner, nn.Module) else getattr(owner, "__self__", None)
    return dict(module.state_dict()) if isinstance(module, nn.Module) else {}
