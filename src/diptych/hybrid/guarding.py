"""One generated function per graph: whether the graph fits a call, and the flat inputs that the call feeds it.

The function is a fast sufficient test. Each place of the outside is read once, each fact is one comparison, and all
tensors are compared by one call into torch. Where it says no, the guards themselves are asked: they decide, and say
which fact does not hold.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any, cast

import torch
from torch._C._dynamo.guards import TensorGuards

from diptych.capture.guards import Equal, Guard, Keys, Lacks, Leaf, Length, OfType, Same, SameAs, TensorFacts, Unchanged
from diptych.capture.program import Program, SizeGuard
from diptych.capture.sources import (
    Argument,
    Attribute,
    ClassEntry,
    Constantly,
    Item,
    Source,
    read_function,
    read_names,
    read_self,
)

Fit = Callable[[Any], list[Any] | None]
TABLES = ("_parameters", "_buffers", "_modules")
IMMUTABLE = (bool, int, float, complex, str, bytes, type(None), torch.dtype, torch.device, torch.Size, range, slice)


class Writer:
    """Writes the source of the function; `seen` are the values that the places had when the guards last held."""

    def __init__(self, seen: dict[int, Any]) -> None:
        self.seen = seen
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
        step = source.read
        if isinstance(step, Constantly):
            return self.place(id(source), self.constant(step.value))
        if source.parent is None:
            if isinstance(step, Argument):
                arguments = self.place("arguments", "roots.arguments")
                return self.place(id(source), f"{arguments}[{step.name!r}]")
            if step is read_names:
                return self.place(id(source), f"(*{self.place('arguments', 'roots.arguments')},)")
            if step is read_function or step is read_self:
                return self.place(id(source), "roots.function" + ".__self__" * (step is read_self))
            if isinstance(step, ClassEntry) and step.name in step.kind.__dict__:
                return self.place(id(source), f"{self.constant(step.kind.__dict__)}[{step.name!r}]")
            return self.place(id(source), f"{self.constant(step)}(roots)")
        owner = self.read(source.parent)
        if isinstance(step, Attribute):
            return self.place(id(source), self.attribute(owner, source.parent, step.name))
        if isinstance(step, Item) and type(step.key) in (str, int):
            return self.place(id(source), f"{owner}[{step.key!r}]")
        return self.place(id(source), f"{self.constant(step)}({owner})")

    def attribute(self, owner: str, parent: Source, name: str) -> str:
        """An attribute, read from the table where it was found."""
        own = getattr(self.seen[id(parent)], "__dict__", None)
        if not isinstance(own, dict):
            return f"{self.constant(Attribute(name))}({owner})"
        table = self.place((owner, "__dict__"), f"{owner}.__dict__")
        for inner in TABLES:
            found = own.get(inner)
            if isinstance(found, dict) and name in found:
                return f"{self.place((owner, inner), f'{table}[{inner!r}]')}[{name!r}]"
        return f"{table}[{name!r}]" if name in own else f"{self.constant(Attribute(name))}({owner})"

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
        place, seen = self.read(guard.source), self.seen[id(guard.source)]
        if isinstance(guard.constant, TensorFacts):
            self.tensors.append((place, guard.constant, seen))
        else:
            self.require(self.fact(check, place, seen))

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
        """What the graph needs to know of every tensor."""
        if not self.tensors:
            return
        sizes: list[Any] = []
        strides: list[Any] = []
        for place, facts, seen in self.tensors:
            if not isinstance(seen, torch.nn.Parameter):  # torch's comparison aborts at a nested tensor
                self.require(f"not {place}.is_nested")
            sizes.append(list(facts.shape))
            empty = seen.numel() == 0
            steps = facts.stride if facts.stride is not None else [None] * len(facts.shape)
            strides.append(
                [s if empty or n != 1 else None for s, n in zip(steps, facts.shape, strict=True)] if steps else []
            )
            if facts.stride is None:
                self.require(f"{place}.is_contiguous() and {place}.numel()")
        check = TensorGuards(
            *[seen for *_, seen in self.tensors], dynamic_dims_sizes=sizes, dynamic_dims_strides=strides
        ).check
        self.require(f"{self.constant(check)}({', '.join(place for place, *_ in self.tensors)})")

    def size(self, guard: SizeGuard, flat: list[str]) -> None:
        """A condition on symbolic sizes."""
        for symbol, (position, dim) in guard.places.items():
            self.place(symbol, f"{flat[position]}.shape[{dim}]")
            self.lines.append(f"{symbol} = {self.places[symbol]}")
        self.require(guard.text)

    def function(self, flat: list[str]) -> Fit:
        """The finished function."""
        body = "\n".join(f"        {line}" for line in [*self.lines, f"return [{', '.join(flat)}]"])
        code = f"def fit(roots):\n    try:\n{body}\n    except Exception:\n        return None\n"
        exec(compile(code, "<guards>", "exec"), self.names)
        return self.names["fit"]


def generate(program: Program, seen: dict[int, Any]) -> Fit:
    """The function for a captured program, given the values of all its sources at a call whose guards held."""
    writer = Writer(seen)
    tuples = constant_tuples(program.guards, seen)
    covered = {id(item) for items in tuples.values() for item in items}
    for guard in program.guards:
        if id(guard) in covered:
            continue
        if id(guard) in tuples:
            writer.constant_tuple(guard.source, tuples[id(guard)])
        else:
            writer.guard(guard)
    flat = [writer.read(source) for source in program.sources]
    writer.all_tensors()
    for size in program.sizes:
        writer.size(cast(SizeGuard, size), flat)
    return writer.function(flat)


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
