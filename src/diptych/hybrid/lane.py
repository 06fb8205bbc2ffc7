"""The short way of a call: an entry that is served by native code alone, without effects, and no questions open.

Everything that the long way asks is asked here, too, in as few steps as possible; a call that does not fit goes the
long way, which knows what to do.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from torch._C._functorch import peek_interpreter_stack

from diptych.backends.native.call import NativeFailed
from diptych.capture.hooks import HOOKS
from diptych.capture.interpreter import PLAIN
from diptych.hybrid.entry import Entry
from diptych.hybrid.native import global_state

MISS: Any = object()
"""What a lane gives for a call that has to go the long way."""
FAILURES = 4
"""After how many runs that did not finish a lane is closed."""
TRIES = 16
"""How many lanes are made for a program."""
Lane = Callable[[Any, tuple[Any, ...]], Any]

dispatchers, functions = torch._C._len_torch_dispatch_stack, torch._C._len_torch_function_stack
tracing, inference = torch._C._get_tracing_state, torch.is_inference_mode_enabled
grad_enabled, set_grad = torch.is_grad_enabled, torch._C._set_grad_enabled


def lane_of(entry: Entry) -> Lane | None:
    """The short way to an entry that has just served a call; None if it has none."""
    program, same_state = entry.program, global_state()
    if program.updates or program.aliases or program.draws or program.tells or program.streams or program.warns:
        return None
    run, fit = entry.tiers.settled(), entry.maker.short
    if run is None or fit is None or same_state is None or entry.sharing is not None:
        return None
    build, asks = program.build, entry.tiers.asking()
    failures = 0

    def lane(function: Any, args: tuple[Any, ...]) -> Any:
        nonlocal failures
        if (
            HOOKS.current is not PLAIN
            or not same_state()
            or inference()
            or dispatchers()
            or functions()
            or peek_interpreter_stack() is not None  # pyright: ignore[reportUnnecessaryComparison]
            or tracing() is not None  # pyright: ignore[reportUnnecessaryComparison]
            or failures >= FAILURES
        ):
            return MISS
        flat = fit(function, args)
        if flat is None or (asks is not None and asks()):
            return MISS
        grad = grad_enabled()
        set_grad(False)
        try:
            made = run(*flat)
        except NativeFailed:
            failures += 1
            return MISS
        finally:
            set_grad(grad)
        entry.calls += 1
        return build(made)

    return lane
