"""How a graph runs: operation by operation at once, and in native code where that is faster."""

from __future__ import annotations

import threading
from collections.abc import Callable, Collection
from dataclasses import dataclass
from typing import Any

import torch

from diptych.backends.native.walker import quicken
from diptych.backends.plain import compile_plain
from diptych.capture.program import Program
from diptych.errors import DiptychError
from diptych.graph import walk
from diptych.graph.fold import structure_of
from diptych.graph.spec import TensorSpec
from diptych.hybrid.compiled import Compiled
from diptych.hybrid.tidy import tidy
from diptych.hybrid.trial import Trial
from diptych.hybrid.worker import WORKER, Task

BACKENDS = ("auto", "eager", "native", "inductor", "onnxruntime")
KINDS = 4
"""For how many types of inputs a graph is compiled."""
IMPERATIVE, PLAIN, NATIVE, INDUCTOR = "imperative", "plain", "native", "inductor"


@dataclass
class Choice:
    """How calls with inputs of one type run, with `auto`."""

    trial: Trial
    compiled: Compiled | None = None
    making: bool = False

    def final(self) -> bool:
        """Whether nothing but a change of speed changes it."""
        return bool(self.trial.chosen) and not self.making


@dataclass(frozen=True)
class Turn:
    """How one call runs: by `run` (the graph operation by operation, if None), or imperatively."""

    choice: Choice
    way: str
    timed: bool
    run: Compiled | None


class Tiers:
    """A graph as a function over its flat inputs, by the tier that is right for a call.

    With a backend by name, the first call waits for the code. With `auto`, the imperative program and the graph run in
    turns until the faster one is known; the code is made in the background meanwhile, and then measured against it.
    """

    def __init__(self, program: Program, backend: str, submit: Callable[[Task], None] = WORKER.submit) -> None:
        self.program = program
        self.plain = compile_plain(program.graph)
        self.wanted = self.backend = backend
        self.submit = submit
        self.native: dict[Any, Compiled | None] = {}
        self.choices: dict[Any, Choice] = {}
        self.devices = {getattr(place.spec, "device", "cpu").split(":")[0] for place in program.graph.inputs}
        self.compiler = compiler_for(self.devices, backend)
        self.why = reason_against(program, self.devices, self.compiler) if backend != "eager" else ""
        if self.why and backend != "auto":
            self.backend = "eager"
        self.lock = threading.Lock()
        structure = structure_of(program.graph.module)
        self.open = frozenset(k for k, node in enumerate(walk.placeholders(program.graph.module)) if node in structure)
        """The inputs that code is made for whatever the number of their rows."""
        specs = [place.spec for k, place in enumerate(program.graph.inputs) if k not in self.open]
        self.fixed = all(isinstance(n, int) for spec in specs if isinstance(spec, TensorSpec) for n in spec.shape)
        """Whether the guards leave one type of inputs only."""

    def __call__(self, *flat: Any) -> tuple[Any, ...]:
        """A call with a backend by name."""
        key = () if self.fixed else types_of(flat, self.open)
        compiled = self.native.get(key)
        if compiled is None:
            if key not in self.native and len(self.native) < KINDS:
                with self.lock:
                    if key not in self.native:
                        self.native[key] = self.make(flat, torch.is_grad_enabled(), do)
                compiled = self.native[key]
            if compiled is None:
                return self.plain(*flat)
        if compiled.failures and compiled.hopeless():
            self.native[key] = None
            self.why = "most runs of the code do not finish: it is not made for the path that they take"
        return compiled(*flat)

    def make(self, flat: tuple[Any, ...], grad: bool, later: Callable[[Task], None]) -> Compiled | None:
        """Native code for inputs like these; None, and `why`, if there is none."""
        try:
            for structure in self.program.structures:
                quicken(structure)
            with torch.set_grad_enabled(grad):
                made = Compiled(self.program.graph, flat, self.plain, later, self.compiler)
            tidy()
            return made
        except Exception as error:  # whatever goes wrong, the program goes on without
            self.why = str(error) if isinstance(error, DiptychError) else f"{type(error).__name__}: {error}"
            return None

    def turn(self, flat: Any) -> Turn | None:
        """How a call runs with `auto`; None with other backends."""
        if self.backend != "auto":
            return None
        key = () if self.fixed else types_of(flat, self.open)
        choice = self.choices.get(key)
        if choice is None:
            choice = self.choice(key, flat)
        if choice.compiled is not None and choice.compiled.failures and choice.compiled.hopeless():
            self.why = "most runs of the code do not finish: it is not made for the path that they take"
            choice.compiled = None
            choice.trial.remove(self.compiler)
        way, timed = choice.trial.turn()
        return Turn(choice, way, timed, choice.compiled if way == self.compiler else None)

    def choice(self, key: Any, flat: Any) -> Choice:
        """How inputs of a type not seen before run; beyond `KINDS` types there is one choice for all others."""
        with self.lock:
            if key in self.choices:
                return self.choices[key]
            if len(self.choices) >= KINDS:
                return self.choices.setdefault(None, Choice(Trial([IMPERATIVE, PLAIN])))
            choice = self.choices[key] = Choice(Trial([IMPERATIVE, PLAIN]))
        if not self.why:
            choice.making = True
            samples, grad = tuple(flat), torch.is_grad_enabled()
            self.submit(lambda: self.adopt(choice, samples, grad))
        return choice

    def adopt(self, choice: Choice, flat: tuple[Any, ...], grad: bool) -> None:
        """Make native code, and have it measured."""

        def later(task: Task) -> None:
            def whole() -> None:
                task()
                choice.making = False
                choice.trial.add(self.compiler)

            choice.trial.remove(self.compiler)  # what is measured until then is not what it will cost
            choice.making = True
            self.submit(whole)

        choice.compiled = self.make(flat, grad, later)
        choice.making = False
        if choice.compiled is not None:
            choice.trial.add(self.compiler)

    def settled(self) -> Any:
        """The code that all calls run by from now on, if it has no gradients to give; else None."""
        choice = self.choices.get(())
        compiled = (
            choice.compiled if choice is not None and choice.trial.chosen == self.compiler else self.native.get(())
        )
        return compiled.code.direct if self.fixed and compiled is not None else None

    def asking(self) -> Callable[[], bool] | None:
        """What tells whether a call is to be timed, or runs otherwise by now; None if that is never asked."""
        choice = self.choices.get(())
        return None if choice is None else choice.trial.asks(self.compiler)

    def clock(self, clock: Callable[[], float]) -> Callable[[], float]:
        """A clock that is read when a GPU, if there is one in it, has done what it was asked for."""
        return clock if "cuda" not in self.devices else lambda: (torch.cuda.synchronize(), clock())[1]

    @property
    def tier(self) -> str:
        """What calls run by now; of several types of inputs, the fastest tier that one has."""
        if any(compiled is not None for compiled in self.native.values()):
            return self.compiler
        ways = {choice.trial.chosen or "measured" for choice in self.choices.values()}
        return next((way for way in (self.compiler, PLAIN, "measured", IMPERATIVE) if way in ways), PLAIN)

    def costs(self) -> list[dict[str, float]]:
        """For each type of inputs, what a call cost by each way, in microseconds."""
        found = [choice.trial.costs() for choice in self.choices.values()]
        return [{way: round(1e6 * value, 1) for way, value in costs.items()} for costs in found if costs]


def do(task: Task) -> None:
    """Do a task at once."""
    task()


def types_of(flat: Any, open_: Collection[int] = ()) -> Any:
    """What native code is made for: sizes (not of the inputs `open_`), strides, dtypes, gradients; kinds of numbers."""
    return (
        torch.is_grad_enabled(),
        *(
            type(value)
            if not isinstance(value, torch.Tensor)
            else (value.dtype, value.requires_grad, *((value.shape, value.stride()) if k not in open_ else ()))
            for k, value in enumerate(flat)
        ),
    )


def compiler_for(devices: set[str], backend: str) -> str:
    """What compiles graphs whose inputs are on these devices."""
    if backend in ("auto", "eager"):
        return NATIVE if devices <= {"cpu"} else INDUCTOR
    return backend


def reason_against(program: Program, devices: set[str], compiler: str) -> str:
    """Why a program is not compiled at all, or an empty text."""
    if program.tells:
        return "the program prints, logs or warns"
    if program.streams:
        return "the program draws from generators of its own"
    if program.inference:
        return "the program runs in inference mode"
    if compiler != INDUCTOR and not devices <= {"cpu"}:
        return "the program has tensors that are not on the CPU"
    return ""
