"""The profiler: a program runs as its author wrote it, and what it does is written down line by line.

The transformed program runs under the hooks' plain meaning, so it computes, writes, prints and raises what it would
anyway; on the way each line notes which sides its branches took, how many trips its loops made, which Python values
came out of tensors, which types its tensors had and which state it read and wrote (the profiler of Jeong et al.,
"Speculative Symbolic Graph Execution of Imperative Deep Learning Programs", 2019).
"""

from __future__ import annotations

import functools
import logging
import sys
import types
import warnings
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from types import FrameType
from typing import Any

import torch

from diptych.capture.completion import Completion
from diptych.capture.convert import convert, convertible, is_converted
from diptych.capture.hooks import interpreting
from diptych.capture.interpreter import Frame, Interpreter, Thunk
from diptych.capture.python_operators import BINARY
from diptych.capture.source import NoSource

SHOWN = 8
"""How many different values, types and names are kept of a line."""

FRAMES = frozenset({"locals", "vars", "dir", "eval", "exec", "_getframe", "currentframe", "stack", "extract_stack"})
"""Functions that use such names may look at their own frames: they run unobserved."""

CONVERSIONS = frozenset({int, float, bool, complex})
TAKEN = frozenset({"item", "tolist", "__int__", "__float__", "__bool__", "__index__", "numpy"})
MODULE_CALL = torch.nn.Module.__call__
LOGGED = frozenset({"debug", "info", "warning", "error", "exception", "critical", "log"})


@dataclass
class LineProfile:
    """What a line of the program did: all counts are of one observed call."""

    sides: Counter[bool] = field(default_factory=Counter)
    """How often a branch or condition was true and false."""
    trips: Counter[int] = field(default_factory=Counter)
    """Of a loop: how often it made how many trips."""
    values: dict[str, None] = field(default_factory=dict)
    """Python values taken out of tensors."""
    types: dict[tuple[torch.dtype, torch.Size], None] = field(default_factory=dict)
    """Sizes and dtypes of the tensors that were computed."""
    reads: dict[str, None] = field(default_factory=dict)
    """Attributes, items and globals with numbers or tensors that were read."""
    writes: dict[str, None] = field(default_factory=dict)
    """Attributes, items and globals that were written."""

    def data(self) -> dict[str, Any]:
        """As plain data, without what is empty."""
        sides = {str(side).lower(): count for side, count in sorted(self.sides.items(), reverse=True)}
        trips = {str(count): times for count, times in sorted(self.trips.items())}
        made = [f"{str(dtype).removeprefix('torch.')}{list(shape)}" for dtype, shape in self.types]
        named = {"values": self.values, "types": made, "reads": self.reads, "writes": self.writes}
        found: dict[str, Any] = {"sides": sides, "trips": trips, **{name: list(kept) for name, kept in named.items()}}
        return {name: kept for name, kept in found.items() if kept}


class Profiler(Interpreter):
    """Every hook with its plain meaning, and a note of what it did."""

    def __init__(self) -> None:
        self.lines: dict[tuple[str, int], LineProfile] = {}
        self.places: dict[tuple[int, int], LineProfile] = {}
        self.codes: list[types.CodeType] = []
        self.twins: dict[types.FunctionType, types.FunctionType] = {}

    def run(self, function: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        """An imperative call of `function`, observed as far as its source can be had."""
        limit = sys.getrecursionlimit()
        sys.setrecursionlimit(max(limit, 20_000))  # a hook, a thunk and a body stand where one frame stood
        try:
            with interpreting(self):
                return self.twin(function)(*args, **kwargs)
        finally:
            sys.setrecursionlimit(limit)

    # What is called -----------------------------------------------------------------------------------------------

    def twin(self, f: Any) -> Any:
        """What to call in place of `f` so that its lines are seen: the transformed function, where there is one."""
        kind = type(f)
        if kind is types.FunctionType:
            made = self.twins.get(f)
            if made is None:
                made = self.twins[f] = transformed(f)
            return made
        if kind is types.MethodType:
            inner = f.__func__
            made = self.twin(inner) if type(inner) is types.FunctionType else inner
            return f if made is inner else types.MethodType(made, f.__self__)
        if isinstance(f, torch.nn.Module) and kind.__call__ is MODULE_CALL:
            forward = f.forward
            made = self.twin(forward)
            return made if made is not forward and plainly_called(f) else f
        return f

    def call(self, f: Any, /, *args: Any, **kwargs: Any) -> Any:
        """`f(*args, **kwargs)`."""
        frame = sys._getframe(1)
        if type(f) is types.BuiltinFunctionType and f is not warnings.warn:  # functions of torch, methods of tensors
            result = f(*args, **kwargs)
        else:
            if logs(f) or (f is warnings.warn and len(args) < 3):
                kwargs["stacklevel"] = distance(frame, kwargs.get("stacklevel", 1))
            result = self.twin(f)(*args, **kwargs)
        if isinstance(result, torch.Tensor):
            self.computed(frame, result)
        elif taken(f, args):
            keep(self.line(frame).values, repr(result)[:60])
        return result

    def computed(self, frame: FrameType, result: torch.Tensor) -> None:
        """A line has computed a tensor."""
        kinds = self.line(frame).types
        if len(kinds) < SHOWN:
            kinds[result.dtype, result.shape] = None

    def line(self, frame: FrameType) -> LineProfile:
        """The notes of the line at which a frame stands."""
        place = (id(frame.f_code), frame.f_lasti)
        found = self.places.get(place)
        if found is None:
            self.codes.append(frame.f_code)  # so that no other code has its address
            line = (frame.f_code.co_filename, frame.f_lineno)
            found = self.places[place] = self.lines.setdefault(line, LineProfile())
        return found

    # Decisions ----------------------------------------------------------------------------------------------------

    def if_(
        self, test: Any, then: Thunk, orelse: Thunk, frame: Frame, live: tuple[str, ...], rest: Thunk | None = None
    ) -> Completion:
        side = bool(test)
        self.line(sys._getframe(1)).sides[side] += 1
        return super().if_(side, then, orelse, frame, live, rest)

    def choose(self, test: Any, then: Thunk, orelse: Thunk) -> Any:
        side = bool(test)
        self.line(sys._getframe(1)).sides[side] += 1
        return then() if side else orelse()

    def plain_truth(self, value: Any) -> bool:
        side = bool(value)
        self.line(sys._getframe(1)).sides[side] += 1
        return side

    def while_(
        self,
        test: Thunk,
        body: Thunk,
        orelse: Thunk | None,
        frame: Frame,
        head: tuple[str, ...],
        after: tuple[str, ...],
        rest: Thunk | None = None,
    ) -> Completion:
        trips = Trips(self.line(sys._getframe(1)), body)
        try:
            done = super().while_(test, trips, orelse, frame, head, after)
        finally:
            trips.end()
        return rest() if done is None and rest is not None else done

    def for_(
        self,
        items: Any,
        assign: Callable[[Any], None],
        body: Thunk,
        orelse: Thunk | None,
        frame: Frame,
        head: tuple[str, ...],
        after: tuple[str, ...],
        rest: Thunk | None = None,
    ) -> Completion:
        trips = Trips(self.line(sys._getframe(1)), body)
        try:
            done = super().for_(items, assign, trips, orelse, frame, head, after)
        finally:
            trips.end()
        return rest() if done is None and rest is not None else done

    # Values and state ---------------------------------------------------------------------------------------------

    def binary(self, name: str, left: Any, right: Any) -> Any:
        result = BINARY[name](left, right)
        if isinstance(result, torch.Tensor):
            self.computed(sys._getframe(1), result)
        return result

    def getattr(self, owner: Any, name: str) -> Any:
        value = getattr(owner, name)
        if type(value) in STATE and not isinstance(owner, torch.Tensor):
            reads = self.line(sys._getframe(1)).reads
            if len(reads) < SHOWN:
                reads[f"{titled(owner)}.{name}"] = None
        return value

    def load_global(self, table: dict[str, Any], name: str) -> Any:
        value = table[name] if name in table else super().load_global(table, name)
        if type(value) in STATE:
            keep(self.line(sys._getframe(1)).reads, name)
        return value

    def setattr(self, owner: Any, name: str, value: Any) -> None:
        keep(self.line(sys._getframe(1)).writes, f"{titled(owner)}.{name}")
        setattr(owner, name, value)

    def setitem(self, owner: Any, key: Any, value: Any) -> None:
        shown = repr(key) if isinstance(key, str | int) else "..."
        keep(self.line(sys._getframe(1)).writes, f"{titled(owner)}[{shown[:30]}]")
        owner[key] = value

    def set_global(self, table: dict[str, Any], name: str, value: Any) -> None:
        keep(self.line(sys._getframe(1)).writes, name)
        table[name] = value


STATE = frozenset({bool, int, float, str, torch.Tensor, torch.nn.Parameter, torch.nn.Buffer})


class Trips:
    """The body of a loop, counted."""

    def __init__(self, line: LineProfile, body: Thunk) -> None:
        self.line, self.body, self.count = line, body, 0

    def __call__(self) -> Any:
        self.count += 1
        return self.body()

    def end(self) -> None:
        """The loop is over."""
        self.line.trips[self.count] += 1


def transformed(f: types.FunctionType) -> types.FunctionType:
    """The transformed twin of a function of the user; itself if it has none, or may look at its frame."""
    if is_converted(f) or not convertible(f) or "/torch/" in f.__code__.co_filename or looks_at_frames(f.__code__):
        return f
    try:
        return convert(f)
    except NoSource:
        return f


@functools.cache
def looks_at_frames(code: types.CodeType) -> bool:
    """Whether a function, or one inside it, mentions a name by which frames are looked at."""
    inner = (constant for constant in code.co_consts if isinstance(constant, types.CodeType))
    return not FRAMES.isdisjoint(code.co_names) or any(map(looks_at_frames, inner))


def plainly_called(module: torch.nn.Module) -> bool:
    """Whether calling a module is calling its `forward`: no hooks, no compiled version, no tracing."""
    tables = vars(torch.nn.modules.module)
    names = ("_backward_hooks", "_backward_pre_hooks", "_forward_hooks", "_forward_pre_hooks")
    hooked = any(getattr(module, name) or tables.get(f"_global{name}") for name in names)
    return not hooked and module._compiled_call_impl is None and not torch.jit.is_tracing()


def taken(f: Any, args: tuple[Any, ...]) -> bool:
    """Whether a call has made a Python value of a tensor."""
    if isinstance(f, type):
        return f in CONVERSIONS and bool(args) and isinstance(args[0], torch.Tensor)
    return isinstance(f, types.BuiltinMethodType) and isinstance(f.__self__, torch.Tensor) and f.__name__ in TAKEN


def logs(f: Any) -> bool:
    """Whether a function writes to a log."""
    if isinstance(f, types.MethodType):
        return isinstance(f.__self__, logging.Logger | logging.LoggerAdapter) and f.__name__ in LOGGED
    return isinstance(f, types.FunctionType) and f.__module__ == "logging" and f.__name__ in LOGGED


def distance(frame: FrameType | None, level: int) -> int:
    """The `stacklevel` that means the same place as `level` does without the frames of the profiler."""
    steps = 2
    for _ in range(level - 1):
        while frame is not None and frame.f_code not in BOUNDS:
            frame, steps = frame.f_back, steps + 1
        while frame is not None and frame.f_globals.get("__name__", "").startswith("diptych."):
            frame, steps = frame.f_back, steps + 1
    return steps


BOUNDS = (Profiler.call.__code__, Profiler.run.__code__)
"""Where one function of the user calls another, or is called from outside."""


def keep(names: dict[str, None], name: str) -> None:
    """Note a name, if there are not too many."""
    if len(names) < SHOWN:
        names[name] = None


def titled(owner: Any) -> str:
    """How an object is named in the notes."""
    return owner.__name__ if isinstance(owner, type | types.ModuleType) else type(owner).__name__
