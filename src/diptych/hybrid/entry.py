"""A captured graph in use: is it valid for this call, and what does a run of it do."""

from __future__ import annotations

import collections
import itertools
import random
import statistics
import time
import warnings
from typing import Any, NoReturn

import torch

from diptych.capture.guards import Equal, Guard, OfType, SameAs, TensorFacts
from diptych.capture.program import Program, Roots
from diptych.capture.sources import Source
from diptych.capture.streams import keeper
from diptych.capture.structure import Examples, Structure
from diptych.graph.printing import Event, held_events
from diptych.hybrid.guarding import Fit, Maker
from diptych.hybrid.sharing import Sharing
from diptych.hybrid.tiers import Tiers

SERIAL = itertools.count()
TIMED = 16
"""The first checks of the guards are timed, and then one of so many."""


class Plan:
    """The sources of a graph in an order in which each is read once, from the one it is a step from."""

    def __init__(self, sources: list[Source]) -> None:
        self.steps: list[tuple[int, Any]] = []
        self.index: dict[int, int] = {}
        for source in sources:
            self.add(source)

    def add(self, source: Source) -> int:
        """The position of a source's value."""
        known = self.index.get(id(source))
        if known is None:
            parent = -1 if source.parent is None else self.add(source.parent)
            self.steps.append((parent, source.read))
            known = self.index[id(source)] = len(self.steps) - 1
        return known


class Unfit(Exception):
    """A guard does not hold; `guard` says which (None for a condition on sizes or memory)."""

    def __init__(self, guard: Guard | None, value: Any = None) -> None:
        super().__init__(guard.text if guard else "sizes")
        self.guard = guard
        self.value = value


class Fallback(Exception):
    """The graph could not finish this call; nothing has been committed."""

    def __init__(self, error: BaseException) -> None:
        super().__init__(str(error))
        self.error = error
        self.assumption: bool = getattr(error, "assumption", False)


class Entry:
    """One graph of a hybridized program."""

    def __init__(self, program: Program, context: Any, vary: dict[str, Any], backend: str = "eager") -> None:
        self.serial = next(SERIAL)
        self.program = program
        self.context = context
        self.vary = vary
        self.calls = 0
        writes = any(update.kind == "tensor" for update in program.updates)
        self.sharing = Sharing(program) if writes else None
        self.plan = Plan([])
        # Each guard directly after the reads it needs: a later read may only make sense once it holds.
        self.checks: list[tuple[int, int, Guard, int | None]] = []
        for guard in program.guards:
            other = self.plan.add(guard.check.source) if isinstance(guard.check, SameAs) else None
            position = self.plan.add(guard.source)
            self.checks.append((len(self.plan.steps), position, guard, other))
        self.inputs = [self.plan.add(source) for source in program.sources]
        self.fast: Fit | None = None
        self.maker = Maker(program)
        self.checks_made = 0
        self.check_times: collections.deque[int] = collections.deque(maxlen=TIMED)
        self.tiers = Tiers(program, backend)
        self.run_graph: Any = self.tiers.plain if self.tiers.backend in ("auto", "eager") else self.tiers
        if program.inference:
            self.run_graph = torch.inference_mode()(self.run_graph)

    def quick(self, roots: Roots) -> list[Any] | None:
        """The flat inputs for this call if the generated function says that the guards hold."""
        if self.fast is None:
            return None
        self.checks_made += 1
        if self.checks_made > TIMED and self.checks_made % TIMED:
            flat = self.fast(roots)
        else:
            start = time.perf_counter_ns()
            flat = self.fast(roots)
            self.check_times.append(time.perf_counter_ns() - start)
        if flat is not None and self.sharing is not None and not self.sharing.holds_still(flat):
            return None
        return flat

    def old(self) -> bool:
        """Whether the generated function may say no although the guards hold."""
        return self.fast is None or self.maker.old()

    def guard_cost(self) -> float | None:
        """How long the guards take, in microseconds (median); None if they were not checked yet."""
        return statistics.median(self.check_times) / 1000 if self.check_times else None

    def fit(self, roots: Roots) -> list[Any]:
        """The flat inputs for this call; Unfit if a guard does not hold."""
        try:
            values = self.walk(roots)
        except Unfit:
            if self.maker.outdated(self.checks_made):
                self.fast = None
            raise
        if self.maker.outdated(self.checks_made):
            seen = {source: values[index] for source, index in self.plan.index.items()}
            self.fast = self.maker.make(seen, self.checks_made)
        return [values[position] for position in self.inputs]

    def walk(self, roots: Roots) -> list[Any]:
        """The values of all sources at this call; Unfit if a guard does not hold."""
        steps, values, done = self.plan.steps, [], 0
        for needed, position, guard, other in self.checks:
            try:
                while done < needed:
                    parent, read = steps[done]
                    values.append(read(roots if parent < 0 else values[parent]))
                    done += 1
                value = values[position]
                check = guard.check
                if isinstance(check, SameAs) and other is not None:
                    holds = (value is values[other]) == check.same
                else:
                    holds = check(value)
            except (AttributeError, KeyError, IndexError, TypeError, ValueError):
                raise Unfit(guard) from None
            if not holds:
                raise Unfit(guard, value)
        for parent, read in steps[done:]:
            values.append(read(roots if parent < 0 else values[parent]))
        flat = [values[position] for position in self.inputs]
        for condition in self.program.sizes:
            if not condition(flat):
                raise Unfit(None)
        if self.sharing is not None and not self.sharing.holds(flat):
            raise Unfit(None)
        return values

    def differences(self, roots: Roots) -> dict[str, Any] | None:
        """What would have to vary for this graph to fit the call; None if it could not."""
        vary: dict[str, Any] = {}
        for guard in self.program.guards:
            try:
                value = guard.source.fetch(roots)
            except (AttributeError, KeyError, IndexError, TypeError, ValueError):
                return None
            check = guard.check
            if isinstance(check, SameAs) or check(value):
                continue
            if isinstance(guard.source.read, Structure):
                continue
            if isinstance(guard.constant, TensorFacts) and isinstance(value, torch.Tensor):
                dims = differing(guard.constant, value)
                if dims is None:
                    return None
                vary[guard.source.path] = dims
            elif isinstance(check, Equal) and type(check.value) in (int, float) and type(value) is type(check.value):
                vary[guard.source.path] = "number"
            elif isinstance(check, OfType):
                return None
            else:
                return None
        return vary

    def structures(self) -> dict[str, Any]:
        """What the graph knows of the structures that it folds."""
        found = ((guard.source.path, guard.source.read) for guard in self.program.guards)
        return {path: Examples(read) for path, read in found if isinstance(read, Structure)}

    def run(self, roots: Roots, flat: list[Any], run: Any = None) -> Any:
        """Run the graph, by `run` if given, and commit; Fallback if it cannot finish.

        An exception of the program itself passes.
        """
        program = self.program
        run = run or self.run_graph
        if program.warns and any(action == "error" for action, *_ in warnings.filters):
            raise Fallback(RuntimeError("a warning would be an exception now"))
        states = (torch.get_rng_state(), random.getstate()) if program.draws else None
        keepers = [keeper(stream) for stream in program.streams]
        events: list[Event] = []
        try:
            if program.tells:
                with held_events() as events:
                    outputs = run(*flat)
            else:
                outputs = run(*flat)
        except BaseException as error:
            raised = error.__dict__.pop("diptych_raised", None)
            if raised is None and not isinstance(error, Exception):
                raise
            if raised is None or getattr(raised[0], "implicit", False):
                if states is not None:
                    torch.set_rng_state(states[0])
                    random.setstate(states[1])
                    for put_back in keepers:
                        put_back()
                raise Fallback(error) from error
            let_out(events)
            self.calls += 1
            program.raised(raised, roots, flat)
            reraise(error, getattr(raised[0], "where", None))
        let_out(events)
        self.calls += 1
        return program.finish(roots, outputs, flat)


def let_out(events: list[Event]) -> None:
    """What a run of the graph has printed, logged and warned of."""
    for event in events:
        event()


def differing(facts: TensorFacts, value: torch.Tensor) -> tuple[int, ...] | None:
    """The dimensions in which a tensor's sizes differ, if nothing else does."""
    if (
        value.is_nested
        or value.layout != torch.strided
        or value.dim() != len(facts.shape)
        or value.dtype != facts.dtype
        or value.device != facts.device
    ):
        return None
    if value.requires_grad != facts.requires_grad or type(value) is not facts.kind:
        return None
    dims = tuple(d for d, (a, b) in enumerate(zip(facts.shape, value.shape, strict=True)) if a is None or a != b)
    return dims or None


def reraise(error: BaseException, where: Any) -> NoReturn:
    """Raise the program's own exception so that its traceback shows the user's line."""
    error.__traceback__ = None
    if where is None:
        raise error
    code = compile("\n" * (where.line - 1) + "raise error", where.file, "exec")
    if hasattr(code, "replace"):
        code = code.replace(co_name=where.function or "<module>")
    exec(code, {"error": error})
    raise AssertionError("the line above raises")
