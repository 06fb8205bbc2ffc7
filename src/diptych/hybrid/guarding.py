"""One generated function per graph: whether the graph fits a call, and the flat inputs that the call feeds it.

The function is a fast sufficient test. Facts about arguments come first, and tensors are compared by one call into
torch. Of the outside, most facts are about values in tables that nobody writes to between calls (a module's attributes
and submodules): those tables are watched as a whole, and then the values in them are constants of the function. Other
places are read once, and each fact is one comparison.

Where the function says no, the guards themselves are asked: they decide, and say which fact does not hold. If all hold,
a watched table was written to: the function is made anew, without the tables that change all the time.
"""

from __future__ import annotations

import functools
import itertools
import math
import re
import types
from collections.abc import Callable
from typing import Any, cast

import torch

from diptych.capture.guards import Equal, Guard, Keys, Lacks, Leaf, Length, OfType, Same, SameAs, TensorFacts, Unchanged
from diptych.capture.program import Program, SizeGuard
from diptych.capture.sources import (
    Argument,
    Attribute,
    CallAgain,
    CellSource,
    ClassEntry,
    Constantly,
    GlobalSource,
    Item,
    Source,
    read_function,
    read_names,
    read_self,
)
from diptych.hybrid.native import Watch, recover, tensor_check, works
from diptych.hybrid.settled import IMMUTABLE, TABLES, Settled, stored_in

Fit = Callable[[Any], list[Any] | None]
Short = Callable[[Any, tuple[Any, ...]], list[Any] | None]
RESTLESS = 16
"""A watched table that is written to within so many checks, twice, is not watched any more."""


class Maker:
    """Makes the function of one graph, and again when a table that it watches was written to."""

    def __init__(self, program: Program) -> None:
        self.program = program
        self.watch: Watch | None = None
        self.made_at = 0
        self.strikes: dict[int, int] = {}
        self.short: Short | None = None
        """The same for a call by position, as a function of the program and its arguments."""

    def old(self) -> bool:
        """Whether a table that the function watches was written to."""
        return self.watch is not None and bool(self.watch.changed())

    def outdated(self, checks: int) -> bool:
        """Whether the function says no because it is old, or was never made; then forget what it watches."""
        if self.watch is not None:
            changed = self.watch.changed()
            if not changed:
                return False
            if checks - self.made_at < RESTLESS:
                self.strikes.update((key, self.strikes.get(key, 0) + 1) for key in changed)
            self.watch = self.short = None
        return True

    def make(self, seen: dict[int, Any], checks: int) -> Fit:
        """The function, given the values of all sources at a call whose guards held."""
        self.made_at = checks
        self.watch = Watch({key for key, count in self.strikes.items() if count > 1}, works())
        fit, self.short = generate(self.program, seen, self.watch)
        return fit


class Writer:
    """Writes the source of the function; `seen` are the values that the sources had when the guards last held."""

    def __init__(self, seen: dict[int, Any], watch: Watch) -> None:
        self.seen = seen
        self.watch = watch
        self.settled = Settled(seen, watch)
        self.lines: list[str] = []
        self.names: dict[str, Any] = {"math": math}
        self.places: dict[Any, str] = {}
        self.tensors: list[tuple[str, TensorFacts, torch.Tensor]] = []

    def constant(self, value: Any) -> str:
        """A name for an object."""
        name = f"k{len(self.names)}"
        self.names[name] = value
        return name

    def place(self, key: Any, expression: str) -> str:
        """A name for what an expression gives, evaluated once."""
        if key not in self.places:
            self.places[key] = f"v{len(self.places)}"
            self.lines.append(f"{self.places[key]} = {expression}")
        return self.places[key]

    def read(self, source: Source) -> str:
        """A name for the value at a source."""
        known = self.places.get(id(source))
        if known is not None:
            return known
        if self.settled.is_settled(source) and self.settled.may_be_held(source):
            self.places[id(source)] = self.constant(self.seen[id(source)])
            return self.places[id(source)]
        return self.place(id(source), self.root(source) if source.parent is None else self.step(source, source.parent))

    def root(self, source: Source) -> str:
        """How a source that is a step from no other is read."""
        step: Any = source.read
        match step:
            case Constantly(value=value):
                return self.constant(value)
            case Argument(name=name):
                return f"{self.place('arguments', 'roots.arguments')}[{name!r}]"
            case GlobalSource(table=table, name=name):
                return f"{self.constant(table)}[{name!r}]"
            case CellSource(cell=cell):
                return f"{self.constant(cell)}.cell_contents"
            case ClassEntry(kind=kind, name=name):
                return self.class_entry(kind, name)
            case _ if step is read_names:
                return f"(*{self.place('arguments', 'roots.arguments')},)"
            case _ if step is read_function or step is read_self:
                return "roots.function" + ".__self__" * (step is read_self)
            case CallAgain(function=function, args=(), kwargs=()):
                return f"{self.constant(function)}()"
            case CallAgain():
                return f"{self.constant(step)}(None)"
            case _:
                return f"{self.constant(step)}(roots)"

    def class_entry(self, kind: type, name: str) -> str:
        """What a class defines under a name: in its base that has it, as long as no class before that one does."""
        bases = list(kind.__mro__)
        first = next(i for i, base in enumerate(bases) if name in base.__dict__)
        if first:
            self.require(f"{self.constant(kind)}.__mro__ is {self.constant(kind.__mro__)}")
        for base in bases[:first]:
            self.require(f"{name!r} not in {self.constant(base.__dict__)}")
        return f"{self.constant(bases[first].__dict__)}[{name!r}]"

    def step(self, source: Source, parent: Source) -> str:
        """How a source is read from the one before."""
        step: Any = source.read
        match step:
            case Attribute(name=name):
                return self.attribute(parent, name)
            case Item(key=str() | int() as key) if type(key) in (str, int):
                return f"{self.read(parent)}[{key!r}]"
            case _:
                return f"{self.constant(step)}({self.read(parent)})"

    def attribute(self, parent: Source, name: str) -> str:
        """An attribute, read from the table where it was found."""
        place, owner = self.read(parent), self.seen[id(parent)]
        own = getattr(owner, "__dict__", None)
        if not isinstance(own, dict):
            return f"{self.constant(Attribute(name))}({place})"
        watched = self.settled.own(parent) is not None
        table = self.constant(own) if watched else self.place((place, "__dict__"), f"{place}.__dict__")
        found = stored_in(own, name)
        if name not in found:
            return f"{self.constant(Attribute(name))}({place})"
        if found is not own:
            inner = next(inner for inner in TABLES if own.get(inner) is found)
            table = self.constant(found) if watched else self.place((place, inner), f"{table}[{inner!r}]")
        return f"{table}[{name!r}]"

    def require(self, condition: str) -> None:
        """The function ends here unless a condition holds."""
        self.lines.append(f"if not ({condition}): return None")

    def guard(self, guard: Guard) -> None:
        """One fact."""
        check: Any = guard.check
        if isinstance(check, SameAs):
            other = self.read(check.source)
            self.require(f"{self.read(guard.source)} {'is' if check.same else 'is not'} {other}")
            return
        seen = self.seen[id(guard.source)]
        if self.settled.implied(guard.source, check, seen):
            return
        place = self.read(guard.source)
        if isinstance(guard.constant, TensorFacts):
            self.tensors.append((place, guard.constant, seen))
        else:
            self.require(self.fact(check, place, seen))
        if isinstance(check, Same) and check.value is seen:
            self.settled.compare(guard.source)

    def fact(self, check: Any, place: str, seen: Any) -> str:
        """A condition that implies the fact, and mostly is it."""
        call = f"{self.constant(check)}({place})"
        match check:
            case Equal(value=value) if value is None or value is True or value is False:
                return f"{place} is {value}"
            case Equal() if type(seen) in IMMUTABLE:
                return f"{place} is {self.constant(seen)} or {call}"
            case Same(value=value, kind=kind) if seen is value:
                return f"{place} is {self.constant(value)} and type({place}) is {self.constant(kind)}"
            case OfType(kind=kind):
                return f"type({place}) is {self.constant(kind)}"
            case Length(kind=kind, length=length):
                return f"type({place}) is {self.constant(kind)} and len({place}) == {length}"
            case Keys() if not seen:
                return f"not {place} and ({place} is {self.constant(seen)} or {call})"
            case Lacks(name=name) if hasattr(type(seen), name) and isinstance(getattr(seen, "__dict__", None), dict):
                table = self.place((place, "__dict__"), f"{place}.__dict__")
                return f"{name!r} not in {table}"
            case Unchanged(state=(code, defaults, {**keywords})) if not keywords:
                same = (
                    f"{place}.__code__ is {self.constant(code)} and {place}.__defaults__ is {self.constant(defaults)}"
                )
                return f"{same} and not {place}.__kwdefaults__"
            case Leaf(leaf=leaf):
                return f"({place}.requires_grad and {place}.is_leaf) is {leaf}"
            case _:
                return call

    def constant_tuple(self, source: Source, items: list[Guard]) -> None:
        """A tuple of constants: the same tuple, or one with the same items."""
        if self.settled.is_settled(source):
            return
        checks = [item.check for item in items]

        def equal(value: Any) -> bool:
            if type(value) is not tuple or len(value) != len(checks):
                return False
            return all(check(item) for check, item in zip(checks, value, strict=True))

        place, seen = self.read(source), self.seen[id(source)]
        if all(type(item) is str for item in seen):
            self.require(f"{place} == {self.constant(seen)}")
        else:
            self.require(f"{place} is {self.constant(seen)} or {self.constant(equal)}({place})")

    def all_tensors(self) -> None:
        """What the graph needs to know of the tensors read so far."""
        if not self.tensors:
            return
        for place, facts, _ in self.tensors:
            if facts.stride is None:
                self.require(f"{place}.is_contiguous() and {place}.numel()")
        check = tensor_check([facts for _, facts, _ in self.tensors], [seen for *_, seen in self.tensors])
        self.require(f"{self.constant(check)}({self.listed([place for place, *_ in self.tensors], '(', ',)')})")
        self.tensors = []

    def listed(self, places: list[str], opening: str, closing: str) -> str:
        """A tuple or list of values: runs of constants are one."""
        parts: list[str] = []
        for fixed, run in itertools.groupby(places, lambda place: place in self.names):
            names = list(run)
            parts.append(f"*{self.constant(tuple(self.names[name] for name in names))}" if fixed else ", ".join(names))
        return opening + ", ".join(parts) + closing

    def size(self, guard: SizeGuard, flat: list[str]) -> None:
        """A condition on symbolic sizes."""
        for symbol, (position, dim) in guard.places.items():
            self.place(symbol, f"{flat[position]}.shape[{dim}]")
            self.lines.append(f"{symbol} = {self.places[symbol]}")
        self.require(guard.text)

    def watched(self) -> list[str]:
        """Whether nothing watched has changed."""
        found: list[str] = []
        if self.settled.module is not None:
            found.append(f"if roots.function is not {self.constant(self.settled.module)}: return None")
        if self.watch.things:
            check, things = self.constant(self.watch.root.check), self.constant(tuple(self.watch.things))
            found.append(f"if not {check}({things}): return None")
        if self.settled.empty:
            found.append(f"if any({self.constant(tuple(self.settled.empty))}): return None")
        return found

    def functions(self, first: int, flat: list[str], names: tuple[str, ...]) -> tuple[Fit, Short | None]:
        """The finished function: the first lines are about arguments, then comes what is watched.

        And the same for a call that gives the arguments of these names by position, if there is such a function.
        """
        lines = [*self.lines[:first], *self.watched(), *self.lines[first:], f"return {self.listed(flat, '[', ']')}"]
        body = "\n".join(f"        {line}" for line in lines)
        code = f"def fit(roots):\n    try:\n{body}\n    except Exception:\n        return {self.constant(recover)}()\n"
        given = f"arguments = {{{', '.join(f'{name!r}: args[{k}]' for k, name in enumerate(names))}}}"
        short = body.replace("roots.arguments", "arguments").replace("roots.function", "function")
        if not names or re.search(r"\broots\b", short):
            exec(compiled(code), self.names)
            return self.names["fit"], None
        lines = ["def short(function, args):", f"    if len(args) != {len(names)}: return None", "    try:"]
        lines += [f"        {given}", short, "    except Exception:", f"        return {self.constant(recover)}()", ""]
        exec(compiled(code + "\n".join(lines)), self.names)
        return self.names["fit"], self.names["short"]


@functools.lru_cache(16)
def compiled(code: str) -> types.CodeType:
    """The code of a function: the same text is common when a function is made anew."""
    return compile(code, "<guards>", "exec")


def about_arguments(guard: Guard) -> bool:
    """Whether a guard is about an argument, or what is reached from one."""
    source = guard.source
    while source.parent is not None:
        source = source.parent
    return isinstance(source.read, Argument) or source.read is read_names


def generate(program: Program, seen: dict[int, Any], watch: Watch) -> tuple[Fit, Short | None]:
    """The functions for a captured program, given the values of all its sources at a call whose guards held."""
    writer = Writer(seen, watch)
    tuples = constant_tuples(program.guards, seen)
    covered = {id(item) for items in tuples.values() for item in items}
    guards = [guard for guard in program.guards if id(guard) not in covered]
    first = 0
    for own in (True, False):
        for guard in guards:
            if about_arguments(guard) is own:
                if id(guard) in tuples:
                    writer.constant_tuple(guard.source, tuples[id(guard)])
                else:
                    writer.guard(guard)
        if own:
            writer.all_tensors()
            first = len(writer.lines)
    flat = [writer.read(source) for source in program.sources]
    writer.all_tensors()
    for size in program.sizes:
        writer.size(cast(SizeGuard, size), flat)
    return writer.functions(first, flat, program.names)


def constant_tuples(guards: list[Guard], seen: dict[int, Any]) -> dict[int, list[Guard]]:
    """The guards on the length of a tuple whose items are all guarded to be constants, with the guards of the items."""
    items: dict[int, dict[Any, Guard]] = {}
    for guard in guards:
        step = guard.source.read
        if guard.source.parent is not None and isinstance(step, Item) and isinstance(guard.check, Equal):
            items.setdefault(id(guard.source.parent), {})[step.key] = guard
    found: dict[int, list[Guard]] = {}
    for guard in guards:
        value = seen[id(guard.source)] if isinstance(guard.check, Length) else None
        known = items.get(id(guard.source), {})
        if type(value) is tuple and all(type(v) in IMMUTABLE for v in value) and len(known) == len(value) > 0:
            found[id(guard)] = [known[index] for index in range(len(value))]
    return found
