"""The life of a hybridized program: choose a graph, run it, capture a new one, or fall back."""

from __future__ import annotations

import inspect
import threading
import time
from collections.abc import Iterator
from typing import Any

import torch
from torch._C._functorch import peek_interpreter_stack

from diptych.capture.hooks import HOOKS
from diptych.capture.interpreter import PLAIN, Signal
from diptych.capture.program import Roots, binder
from diptych.capture.refusals import Refused
from diptych.capture.source import NoSource
from diptych.capture.speculation import Speculate
from diptych.capture.tracing import trace
from diptych.errors import DiptychError
from diptych.graph.program import SymbolicGraph
from diptych.hybrid.entry import Entry, Fallback, Unfit
from diptych.hybrid.lane import MISS, TRIES, Lane, lane_of
from diptych.hybrid.limits import GRAPH_LIMIT, REFUSAL_LIMIT, Patience, changing_paths, too_many_graphs
from diptych.hybrid.observing import Observing
from diptych.hybrid.relaxation import LOOSENING_LIMIT, Relaxation, opened, unsteady
from diptych.hybrid.report import Report
from diptych.hybrid.rest import Rest
from diptych.hybrid.stats import Stats
from diptych.hybrid.tiers import IMPERATIVE, Turn
from diptych.hybrid.timing import watch_backward
from diptych.hybrid.worker import TRACING

LANE = 4
"""After how many calls that went the long way a short one is looked for."""
PATH_LIMIT = 12
"""How many graphs of single paths are kept, where a program cannot be staged."""
LOSS_LIMIT = 16
"""After how many calls that take yet another path the graphs of single paths are given up."""
STAGING_LIMIT = 3
"""After how many refusals, answered by graphs of single paths, staging is not tried again."""


class Hybrid:
    """The life of a hybridized program: choose a graph, run it, capture a new one, or fall back."""

    def __init__(self, function: Any, speculate: bool, backend: str = "eager") -> None:
        self.function = function
        self.bind = binder(function)
        self.defaults = defaults_of(function)
        self.binds_method = False
        self.stats = Stats()
        self.entries: list[Entry] = []
        self.refused: list[DiptychError] = []
        self.lock = threading.Lock()
        self.errors: dict[str, None] = {}
        self.misses: dict[str, None] = {}
        self.failed: dict[str, None] = {}
        self.speculate = speculate
        self.backend = backend
        self.observing = Observing(speculate)
        self.relaxation = Relaxation()
        self.unstaged = 0
        self.lost = 0
        self.given_up = 0
        self.crowded = False
        self.patience = Patience()
        self.lane: Lane | None = None
        self.lanes = 0
        self.rest = Rest()
        self.clock = time.perf_counter
        called = function.forward if isinstance(function, torch.nn.Module) else function
        if (
            inspect.isgeneratorfunction(called)
            or inspect.iscoroutinefunction(called)
            or inspect.isasyncgenfunction(called)
        ):
            self.refuse(Refused("generator-decision", f"{called.__qualname__} is a generator or a coroutine"))
            self.given_up = REFUSAL_LIMIT

    @property
    def graphs(self) -> list[SymbolicGraph]:
        """The graphs, in the order in which they were captured."""
        return [entry.program.graph for entry in sorted(self.entries, key=lambda entry: entry.serial)]

    def report(self) -> Report:
        """What was captured, what was refused and why; prints as text."""
        return Report(self)

    def run(self, function: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        """One call."""
        if torch.compiler.is_compiling():  # first of all: Dynamo folds it, and must not see the rest
            return function(*args, **kwargs)
        lane = self.lane
        if lane is not None and not kwargs:
            made = lane(function, args)
            if made is not MISS:
                with self.lock:
                    self.stats.graph_calls += 1
                return made
        if HOOKS.current is not PLAIN:
            return HOOKS.call(function, *args, **kwargs)
        began = self.clock()
        if self.gave_up() or foreign():
            return self.imperative(function, args, kwargs)
        if defaults_of(function) != self.defaults:
            self.defaults = defaults_of(function)
            self.bind = binder(function)
        try:
            roots = self.bind(*args, **kwargs)
        except TypeError:
            return self.imperative(function, args, kwargs)
        roots.function = function
        context = surroundings()
        for entry, flat in self.fitting(roots, context):
            try:
                turn = entry.tiers.turn(flat)
                if turn is None:
                    return self.serve(entry, flat, roots)
                return self.take(turn, entry, flat, roots, began, (function, args, kwargs))
            except Fallback as fallback:
                self.note(fallback)
                if not fallback.assumption:
                    self.patience.miss()
                    return self.imperative(function, args, kwargs)
        if self.observing.left and self.observing.begin():
            with self.lock:
                self.stats.observed_calls += 1
                self.stats.imperative_calls += 1
            return self.observing.run(function, roots, args, kwargs)
        entry = self.capture(roots, context, function, args, kwargs)
        if entry is None:
            if self.full():
                self.missed()
            return self.imperative(function, args, kwargs)
        try:
            return self.serve(entry, entry.fit(roots), roots)
        except Unfit as unfit:
            self.useless(entry, unfit)
        except Fallback as fallback:
            self.note(fallback)
        return self.imperative(function, args, kwargs)

    def take(self, turn: Turn, entry: Entry, flat: list[Any], roots: Roots, began: float, call: Any) -> Any:
        """A call by the way whose turn it is; timed with the guards, which the imperative program does not need."""
        if turn.way == IMPERATIVE:
            self.rest.look(turn)
            began = self.clock()
            result = self.imperative(*call)
        else:
            self.rest.end()
            result = self.serve(entry, flat, roots, turn.run)
        if turn.timed:
            clock = entry.tiers.clock(self.clock)
            sample = turn.choice.trial.note(turn.way, clock() - began)
            watch_backward(result, flat, sample, clock)
        return result

    def full(self) -> bool:
        """Whether no more graphs are captured."""
        return len(self.entries) >= GRAPH_LIMIT or self.given_up >= REFUSAL_LIMIT

    def missed(self) -> None:
        """A call fitted no graph, and there will be no other."""
        self.patience.miss()
        paths = sum(entry.program.assumes for entry in self.entries)
        if self.patience.waiting and paths and not self.crowded:
            self.crowded = True
            self.refuse(changing_paths(paths))

    def gave_up(self) -> bool:
        """Whether this call is not even tried."""
        if self.rest.waiting:
            self.rest.waiting -= 1
            return True
        if self.patience.waiting:
            self.patience.waiting -= 1
            return True
        return self.given_up >= REFUSAL_LIMIT and not self.entries

    def fitting(self, roots: Roots, context: Any) -> Iterator[tuple[Entry, list[Any]]]:
        """The graphs that are valid for a call, with their inputs: those first that are found valid at once."""
        slow: list[Entry] = []
        full = self.full()
        for entry in list(self.entries):
            if entry.context == context:
                flat = entry.quick(roots)
                if flat is not None:
                    yield entry, flat
                elif not full or entry.old():
                    slow.append(entry)
        for entry in slow:
            try:
                flat = entry.fit(roots)
            except Unfit as unfit:
                self.misses[str(unfit)] = None
                continue
            yield entry, flat

    def serve(self, entry: Entry, flat: list[Any], roots: Roots, run: Any = None) -> Any:
        """A call by a graph; Fallback if the graph cannot finish it."""
        try:
            result = entry.run(roots, flat, run)
        except Fallback:
            raise
        except BaseException:
            with self.lock:
                self.stats.graph_calls += 1
            raise
        with self.lock:
            self.stats.graph_calls += 1
        self.lost = 0
        if self.patience.misses:
            self.patience.hit()
        if self.lanes < TRIES and not self.stats.graph_calls % LANE:
            self.lanes += 1
            self.lane = lane_of(entry)
        if self.entries and self.entries[0] is not entry:
            with self.lock:  # the graph used last is tried first
                if entry in self.entries:
                    self.entries.remove(entry)
                    self.entries.insert(0, entry)
        return result

    def useless(self, entry: Entry, unfit: Unfit) -> None:
        """A graph does not even fit the call that it was made for."""
        with self.lock:
            self.entries.remove(entry)
            self.stats.graphs -= 1
            self.given_up += 1
        self.refuse(Refused("internal", f"the graph does not fit the call it was made for: {unfit}"))

    def note(self, fallback: Fallback) -> None:
        """A graph did not finish a call."""
        if fallback.assumption:
            self.failed[str(fallback.error)] = None
            return
        with self.lock:
            self.stats.fallbacks += 1
        self.errors[f"{type(fallback.error).__name__}: {fallback.error}"] = None

    def imperative(self, function: Any, args: Any, kwargs: Any) -> Any:
        """A call as the user wrote it."""
        with self.lock:
            self.stats.imperative_calls += 1
        return function(*args, **kwargs)

    def capture(self, roots: Roots, context: Any, function: Any, args: Any, kwargs: Any) -> Entry | None:
        """A new graph for this call: with what has varied so far left open, if that can be captured."""
        if self.full():
            if len(self.entries) >= GRAPH_LIMIT and not self.crowded:
                self.crowded = True
                self.refuse(too_many_graphs(self.misses))
            return None
        attempts = self.relaxation.attempts(self.entries, context, roots)
        tries: list[tuple[dict[str, Any], Speculate]] = []
        if self.unstaged < STAGING_LIMIT:
            tries += [(vary, Speculate.NOTHING) for vary in attempts]
        paths = sum(entry.program.assumes for entry in self.entries)
        if self.speculate and paths >= PATH_LIMIT:
            self.lose()
        elif self.speculate:
            sizes = {path: dims for path, dims in attempts[0].items() if dims != "number"}
            open_sizes = [sizes, {}] if sizes else [{}]
            tries += [(v, s) for s in (Speculate.DECISIONS, Speculate.NUMBERS) for v in open_sizes]
        for vary, speculate in tries:
            program = self.traced(function, args, kwargs, vary, speculate)
            if program is None:
                continue
            if speculate is Speculate.NOTHING:
                program, vary = self.loosen(program, vary, roots, function, args, kwargs)
            else:
                self.unstaged += 1
            entry = Entry(program, context, vary, self.backend)
            self.stats.graphs += 1
            self.entries.insert(0, entry)
            return entry
        costly = any(getattr(refusal, "refusal", "") == "too-many-paths" for refusal in self.refused)
        self.given_up += REFUSAL_LIMIT // 2 if costly else 1
        return None

    def lose(self) -> None:
        """A call took a path that no graph has, and there are enough graphs: soon they are no longer tried."""
        self.lost += 1
        if self.lost > LOSS_LIMIT:
            with self.lock:
                self.entries = [entry for entry in self.entries if not entry.program.assumes]
            self.speculate = False

    def traced(self, function: Any, args: Any, kwargs: Any, vary: dict[str, Any], speculate: Speculate) -> Any:
        """A captured program, or None; why it was refused is noted."""
        try:
            with TRACING:
                return trace(function, args, kwargs, vary, speculate)
        except (Refused, NoSource, DiptychError) as refusal:
            self.refuse(refusal)
        except Signal as signal:
            self.refuse(Refused("internal", f"{type(signal).__name__} was not handled"))
        except RecursionError as error:
            self.refuse(Refused("internal", f"RecursionError: {error}"))
        except Exception as error:
            self.refuse(Refused("internal", f"{type(error).__name__}: {error}"))
        return None

    def loosen(self, program: Any, vary: dict[str, Any], roots: Roots, function: Any, args: Any, kwargs: Any) -> Any:
        """Capture again with what varies left open, and again if that shows more of it."""
        for _ in range(LOOSENING_LIMIT):
            varied = {**self.observing.changed(program.guards), **unsteady(program, roots)}
            wider = opened(vary, varied, alike=True)
            if wider == vary:
                break
            try:
                with TRACING:
                    program, vary = trace(function, args, kwargs, wider), wider
            except Exception:
                break
        return program, vary

    def refuse(self, refusal: Any) -> None:
        """Note why a capture was refused, once."""
        text = str(refusal)
        # The traceback would keep the call's arguments alive.
        refusal.__traceback__ = refusal.__cause__ = refusal.__context__ = None
        if text not in self.stats.refusals:
            self.stats.refusals.append(text)
            self.refused.append(refusal)


def defaults_of(function: Any) -> tuple[int, int]:
    """Which defaults a function has now."""
    called = function.forward if isinstance(function, torch.nn.Module) else function
    return id(getattr(called, "__defaults__", None)), id(getattr(called, "__kwdefaults__", None))


def surroundings() -> tuple[Any, ...]:
    """Modes of torch that decide what a program means (a default device is a mode, and so foreign)."""
    return torch.is_grad_enabled(), torch.is_inference_mode_enabled(), torch.get_default_dtype()


def foreign() -> bool:
    """Whether someone else is interpreting tensors now: autocast, a mode, a functorch transform, a tracer."""
    return (
        torch.is_autocast_enabled("cpu")
        or torch.is_autocast_enabled("cuda")
        or torch._C._len_torch_dispatch_stack() > 0
        or torch._C._len_torch_function_stack() > 0
        or not torch._C._is_torch_function_enabled()
        or peek_interpreter_stack() is not None  # pyright: ignore[reportUnnecessaryComparison]  (None outside vmap, grad)
        or torch.jit.is_tracing()
    )
