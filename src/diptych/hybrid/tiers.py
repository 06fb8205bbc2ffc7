"""How a graph runs: operation by operation at once, and in native code where that is faster."""

from __future__ import annotations

import statistics
import threading
import time
from typing import Any

import torch

from diptych.backends.plain import compile_plain
from diptych.capture.program import Program
from diptych.errors import DiptychError
from diptych.graph.spec import TensorSpec
from diptych.hybrid.compiled import Compiled

BACKENDS = ("auto", "eager", "native")
TRIALS = 5
"""How many calls of each tier are timed before one is chosen."""
KINDS = 4
"""For how many types of inputs a graph is compiled."""


class Tiers:
    """A graph as a function over its flat inputs, by the tier that is right for a call.

    With `auto`, calls run operation by operation until the code is there (it is made in the background); then calls of
    both tiers are timed in turns, and the faster one stays. With `native`, the first call waits for the code.
    """

    def __init__(self, program: Program, backend: str) -> None:
        self.program = program
        self.plain = compile_plain(program.graph)
        self.wanted = self.backend = backend
        self.native: dict[Any, Trial | None] = {}
        self.why = reason_against(program)
        if self.why and backend != "eager":
            self.backend = "eager"
        self.lock = threading.Lock()
        specs = [place.spec for place in program.graph.inputs]
        self.fixed = all(isinstance(n, int) for spec in specs if isinstance(spec, TensorSpec) for n in spec.shape)
        """Whether the guards leave one type of inputs only."""

    def __call__(self, *flat: Any) -> tuple[Any, ...]:
        if self.backend == "eager":
            return self.plain(*flat)
        key = () if self.fixed else types_of(flat)
        trial = self.native.get(key)
        if trial is None:
            if key in self.native:
                return self.plain(*flat)
            trial = self.begin(key, flat)
            if trial is None:
                return self.plain(*flat)
        return trial.run(flat)

    def begin(self, key: Any, flat: tuple[Any, ...]) -> Trial | None:
        """Have native code made for inputs like these."""
        with self.lock:
            if key in self.native or len(self.native) >= KINDS:
                return self.native.get(key)
            trial = self.native[key] = Trial(self.plain, self.backend == "native")
        grad = torch.is_grad_enabled()

        def make() -> None:
            try:
                with torch.set_grad_enabled(grad):
                    trial.compiled = Compiled(self.program.graph, flat, self.plain)
            except DiptychError as error:
                self.why = str(error)
                self.native[key] = None

        if self.backend == "native":
            make()
        else:
            threading.Thread(target=make, name="diptych-compile", daemon=True).start()
        return self.native[key]

    def settled(self) -> Any:
        """The code that all calls run by from now on, if it has no gradients to give; else None."""
        trial = self.native.get(()) if self.fixed else None
        code = trial.compiled.code if trial is not None and trial.chosen == "native" and trial.compiled else None
        if code is None or code.backward is not None or code.inputs or code.forward.function.random:
            return None
        return code.forward.direct if len(code.forward.function.results) == code.written.outputs else None

    @property
    def tier(self) -> str:
        """What calls run by now."""
        trials = [trial for trial in self.native.values() if trial is not None]
        return "native" if any(trial.chosen == "native" for trial in trials) else "plain"


class Trial:
    """Two ways to run the same calls; the faster one is chosen (`sure` of the native one beforehand)."""

    def __init__(self, plain: Any, sure: bool) -> None:
        self.plain = plain
        self.compiled: Compiled | None = None
        self.chosen = "native" if sure else ""
        self.times: dict[str, list[float]] = {"plain": [], "native": []}

    def run(self, flat: tuple[Any, ...]) -> tuple[Any, ...]:
        """One call."""
        compiled = self.compiled
        if compiled is None or self.chosen == "plain":
            return self.plain(*flat)
        if self.chosen == "native":
            if compiled.failures and compiled.hopeless():
                self.chosen = "plain"
            return compiled(*flat)
        tier = "native" if len(self.times["native"]) <= len(self.times["plain"]) else "plain"
        start = time.perf_counter()
        made = compiled(*flat) if tier == "native" else self.plain(*flat)
        self.times[tier].append(time.perf_counter() - start)
        if len(self.times["plain"]) >= TRIALS:
            plain, native = (statistics.median(self.times[name]) for name in ("plain", "native"))
            self.chosen = "native" if native < plain else "plain"
        return made


def types_of(flat: tuple[Any, ...]) -> Any:
    """What native code is made for: sizes, strides, dtypes and the need of gradients; kinds of numbers."""
    return (
        torch.is_grad_enabled(),
        *(
            (value.shape, value.stride(), value.dtype, value.requires_grad)
            if isinstance(value, torch.Tensor)
            else type(value)
            for value in flat
        ),
    )


def reason_against(program: Program) -> str:
    """Why a program is not compiled at all, or an empty text."""
    if program.tells:
        return "the program prints, logs or warns"
    if program.streams:
        return "the program draws from generators of its own"
    if program.inference:
        return "the program runs in inference mode"
    devices = {str(getattr(spec, "device", "cpu")) for spec in (i.spec for i in program.graph.inputs)}
    return "" if devices <= {"cpu"} else "the program has tensors that are not on the CPU"
