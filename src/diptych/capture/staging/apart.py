"""The world with some of its objects unknown: what is read of them while a node stands for all of its kind."""

from __future__ import annotations

from types import TracebackType
from typing import Any

import torch

from diptych.capture.guards import Guard, SameAs
from diptych.capture.staging.externals import External
from diptych.capture.staging.outside import CONTAINERS, PLAIN, World
from diptych.capture.structure import NODE, root
from diptych.capture.tensors import handle


def reachable(value: Any) -> set[int]:
    """The objects that can be reached from a node, without what modules, classes and functions hold."""
    found: set[int] = set()
    todo = [value]
    while todo:
        item = todo.pop()
        if id(item) in found or isinstance(item, (*PLAIN, torch.nn.Module, type)) or callable(item):
            continue
        found.add(id(item))
        if isinstance(item, dict):
            todo += item.values()
        elif isinstance(item, CONTAINERS):
            todo += item
        elif not isinstance(item, torch.Tensor):
            todo += vars(item).values() if hasattr(item, "__dict__") else ()
    return found


class Known:
    """What is known of the world at some point, to come back to."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.tables = [dict(table) for table in self.of(world)]
        self.counts = len(world.guards), len(world.externals)
        self.places = dict(world.tape.trail.layers[0].old)

    def of(self, world: World) -> tuple[dict[Any, Any], ...]:
        """The tables of what was read."""
        return world.sources, world.reads, world.inputs, world.numbers, world.unread

    def restore(self) -> None:
        """Forget what was read since."""
        world = self.world
        for table, before in zip(self.of(world), self.tables, strict=True):
            table.clear()
            table.update(before)
        guards, externals = self.counts
        del world.guards[guards:]
        drop(world, world.externals[externals:])
        del world.externals[externals:]
        layer = world.tape.trail.layers[0].old
        for key, (place, value) in list(layer.items()):
            if key in world.baseline and key not in self.places:
                place.set(value)
                del layer[key], world.baseline[key]


def drop(world: World, externals: list[External]) -> None:
    """Tensors and numbers that are no inputs of the graph after all."""
    root = world.tape.root
    for external in externals:
        root.graph.erase_node(external.node)
    root.last = next((n for n in reversed(root.graph.nodes) if n.op == "placeholder"), None)


class Apart:
    """For a while nothing is known of the objects in `reach`; what is read of them meanwhile is `facts` and `rows`."""

    def __init__(self, world: World, reach: set[int]) -> None:
        self.world = world
        self.reach = reach
        self.facts: list[Guard] = []
        self.rows: list[External] = []
        self.swapped: list[tuple[Any, Any]] = []

    def check(self) -> None:
        """The program has not written to any of the objects."""
        world = self.world
        for key, tensor in world.inputs.items():
            if key in self.reach and handle(tensor).store.version != 0:
                raise world.tape.refuse("recursion-objects", "a tensor of a structure that was written")
        for layer in world.tape.trail.layers:
            for key, (place, before) in layer.old.items():
                if id(getattr(place, "owner", None)) not in self.reach:
                    continue
                now = place.get()
                if now is not before and now is not world.baseline.get(key, before):
                    raise world.tape.refuse("recursion-objects", "a structure that was changed")

    def __enter__(self) -> Apart:
        world = self.world
        self.check()
        self.tables = (world.sources, world.reads, world.inputs)
        world.sources = {k: v for k, v in world.sources.items() if k not in self.reach}
        world.reads = {k: v for k, v in world.reads.items() if k[0] not in self.reach}
        world.inputs = {k: v for k, v in world.inputs.items() if k not in self.reach}
        self.marks = (len(world.guards), len(world.externals))
        self.first = dict(world.tape.trail.layers[0].old)
        self.baseline = dict(world.baseline)
        for key, (place, value) in self.first.items():
            if key in world.baseline and id(getattr(place, "owner", None)) in self.reach:
                self.swapped.append((place, place.get()))
                place.set(value)
        return self

    def __exit__(self, kind: type[BaseException] | None, error: Any, trace: TracebackType | None) -> None:
        world = self.world
        guards, externals = self.marks
        made, read = world.guards[guards:], world.externals[externals:]
        self.facts = [g for g in made if root(g.source) is NODE]
        self.rows = [e for e in read if root(e.source) is NODE]
        world.guards[guards:] = [g for g in made if root(g.source) is not NODE]
        world.externals[externals:] = [e for e in read if root(e.source) is not NODE]
        mine = {k for k, source in world.sources.items() if root(source) is NODE}
        sources, reads, inputs = self.tables
        sources.update((k, v) for k, v in world.sources.items() if k not in mine)
        reads.update((k, v) for k, v in world.reads.items() if k[0] not in mine)
        inputs.update((k, v) for k, v in world.inputs.items() if k not in mine)
        world.sources, world.reads, world.inputs = sources, reads, inputs
        world.numbers = {k: v for k, v in world.numbers.items() if not k.startswith(NODE.path)}
        layer = world.tape.trail.layers[0].old
        for key, (place, value) in list(layer.items()):
            if key not in self.first and id(getattr(place, "owner", None)) in mine:
                place.set(value)
                del layer[key]
                world.baseline.pop(key, None)
        for place, value in self.swapped:
            place.set(value)

    def mixes(self) -> bool:
        """Whether a fact compares a node with something that is not of it."""
        return any(isinstance(g.check, SameAs) and root(g.check.source) is not NODE for g in self.facts)
