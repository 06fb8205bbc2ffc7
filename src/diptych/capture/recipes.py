"""How to tell whether a node is of a kind, and what it holds: steps over numbered places, place 0 being the node."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from diptych.capture.guards import Equal, Guard, Length, NotInstance, OfType, Same, SameAs
from diptych.capture.sources import Attribute, Item, Source

Match = Callable[[Any], tuple[tuple[Any, ...], tuple[Any, ...]] | None]

TEXTS = {
    "attribute": "{other} = {place}.__dict__[{value}]",
    "item": "{other} = {place}[{value}]",
    "call": "{other} = {value}({place})",
    "is place": "{place} is {other}",
    "is not place": "{place} is not {other}",
    "is value": "{place} is {value}",
    "equals": "type({place}) is type({value}) and {place} == {value}",
    "of type": "type({place}) is {value}",
    "of length": "type({place}) is {value} and len({place}) == {number}",
    "no instance": "not isinstance({place}, {value})",
    "test": "{value}({place})",
}
"""The steps in Python: the first three read something into a place, the others have to hold."""
READS = ("attribute", "item", "call")


@dataclass(frozen=True)
class Step:
    """One step: it reads or tests `place`; `other` is another place, or the length that is asked for."""

    name: str
    place: int
    other: int
    value: Any


@dataclass(frozen=True)
class Recipe:
    """The steps of a kind, the number of places, and in which of them the children and the data of a node are."""

    steps: tuple[Step, ...]
    places: int
    children: tuple[int, ...]
    rows: tuple[int, ...]


def recipe_for(example: Any, facts: Sequence[Guard], children: Sequence[Source], rows: Sequence[Source]) -> Recipe:
    """The recipe of a kind of which `example` is one."""
    steps: list[Step] = []
    places: dict[int, tuple[int, Any]] = {}

    def read(source: Source) -> tuple[int, Any]:
        """The number and, for the example, the value of a place."""
        if source.parent is None:
            return 0, example
        if id(source) not in places:
            owner, seen = read(source.parent)
            value = source.read(seen)
            number = len(places) + 1
            steps.append(reading(source.read, owner, number, seen, value))
            places[id(source)] = (number, value)
        return places[id(source)]

    for fact in facts:
        place = read(fact.source)[0]
        other = read(fact.check.source)[0] if isinstance(fact.check, SameAs) else 0
        steps.append(testing(fact.check, place, other))
    results = [tuple(read(source)[0] for source in group) for group in (children, rows)]
    return Recipe(tuple(steps), len(places) + 1, results[0], results[1])


def reading(read: Any, owner: int, number: int, seen: Any, value: Any) -> Step:
    """What reads something of `seen`, which stands in place `owner`."""
    table = getattr(seen, "__dict__", None)
    if isinstance(read, Attribute) and isinstance(table, dict) and table.get(read.name, read) is value:
        defined = inspect.getattr_static(type(seen), read.name, None)
        if not hasattr(type(defined), "__set__"):
            return Step("attribute", owner, number, read.name)
    if isinstance(read, Item) and type(read.key) in (int, str):
        return Step("item", owner, number, read.key)
    return Step("call", owner, number, read)


def testing(check: Any, place: int, other: int) -> Step:
    """What tests a fact about a place."""
    match check:
        case SameAs(same=alike):
            return Step("is place" if alike else "is not place", place, other, None)
        case Equal(value=value) if value is None or value is True or value is False:
            return Step("is value", place, 0, value)
        case Equal(value=value) if type(value) in (int, str):
            return Step("equals", place, 0, value)
        case OfType(kind=kind):
            return Step("of type", place, 0, kind)
        case Same(value=value):
            return Step("is value", place, 0, value)
        case Length(kind=kind, length=length):
            return Step("of length", place, length, kind)
        case NotInstance(kinds=kinds):
            return Step("no instance", place, 0, kinds)
        case _:
            return Step("test", place, 0, check)


def compiled(recipe: Recipe) -> Match:
    """A function of a node: the children and data of one of this kind, None for any other."""
    names: dict[str, Any] = {}
    lines: list[str] = []
    for k, step in enumerate(recipe.steps):
        names[f"k{k}"] = step.value
        text = TEXTS[step.name].format(place=f"v{step.place}", other=f"v{step.other}", value=f"k{k}", number=step.other)
        lines.append(text if step.name in READS else f"if not ({text}): return None")
    results = ["".join(f"v{place}, " for place in group) for group in (recipe.children, recipe.rows)]
    body = "\n".join(f"        {line}" for line in [*lines, f"return ({results[0]}), ({results[1]})"])
    code = f"def match(v0):\n    try:\n{body}\n    except Exception:\n        return None\n"
    exec(compile(code, "<kind of node>", "exec"), names)
    return names["match"]
