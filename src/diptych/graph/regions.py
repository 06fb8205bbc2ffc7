"""Regions: graphs under construction, one inside the other; what a region uses from outside becomes its operand."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import torch
from torch import fx

from diptych.graph.assembling import assembled


class Leak(Exception):
    """A value of one region is used where it does not exist (in the other side of a branch)."""


class Region:
    """A graph being built; `operands` are the values of `parent` that it uses, in the order of its placeholders.

    One that `repeats` (the body of a loop or of a function) may run more than once in a run of the whole graph.
    """

    def __init__(self, parent: Region | None, repeats: bool = False) -> None:
        self.parent = parent
        self.repeats: bool = repeats or (parent is not None and parent.repeats)
        self.graph = fx.Graph()
        self.modules: dict[str, Any] = {}
        self.operands: list[fx.Node] = []
        self.lifted: dict[fx.Node, fx.Node] = {}
        self.last: fx.Node | None = None
        self.depth: int = 0 if parent is None else parent.depth + 1

    def leak(self, text: str) -> Exception:
        """The error for a value that does not exist here."""
        return Leak(text)

    def sees(self, node: fx.Node) -> bool:
        """Whether `node` belongs to this region or to one around it."""
        if node._erased:
            return False
        region: Region | None = self
        while region is not None:
            if node.graph is region.graph:
                return True
            region = region.parent
        return False

    def use(self, node: fx.Node) -> fx.Node:
        """`node` as seen from this region: itself, or the placeholder that brings it in."""
        if node._erased:
            raise self.leak(f"{node} was dropped")
        if node.graph is self.graph:
            return node
        if node in self.lifted:
            return self.lifted[node]
        if self.parent is None:
            raise self.leak(f"{node} is not available here")
        outer = self.parent.use(node)
        if outer not in self.lifted:
            self.operands.append(outer)
            self.lifted[outer] = self.placeholder(f"a{len(self.operands)}", outer.meta)
        self.lifted[node] = self.lifted[outer]
        return self.lifted[node]

    def placeholder(self, name: str, meta: dict[str, Any]) -> fx.Node:
        """A new placeholder after the ones there are."""
        if self.last is None:
            first = next(iter(self.graph.nodes), None)
            if first is None:
                node = self.graph.placeholder(name)
            else:
                with self.graph.inserting_before(first):
                    node = self.graph.placeholder(name)
        else:
            with self.graph.inserting_after(self.last):
                node = self.graph.placeholder(name)
        self.last = node
        node.meta = dict(meta)
        return node

    def module(self, stem: str, module: Any) -> fx.Node:
        """A `get_attr` node for a region or a constant of this graph."""
        name = f"{stem}_{len(self.modules)}"
        self.modules[name] = module
        return self.graph.create_node("get_attr", name, name=name)

    def drop(self, mark: fx.Node | None) -> None:
        """Erase everything after `mark`, except placeholders."""
        doomed: list[fx.Node] = []
        for node in reversed(self.graph.nodes):
            if node is mark:
                break
            if node.op != "placeholder":
                doomed.append(node)
        for node in doomed:
            node.args, node.kwargs = (), {}
        for node in doomed:
            self.graph.erase_node(node)

    def mark(self) -> fx.Node | None:
        """The last node, to come back to with `drop`."""
        return next(iter(reversed(self.graph.nodes)), None)

    def finish(self, outputs: Sequence[Any], operands: Iterable[fx.Node] = ()) -> fx.GraphModule:
        """Close the region: it returns `outputs`; its operands are brought into the order of `operands`."""
        wanted = list(operands)
        for outer in wanted:
            if outer not in self.lifted:
                self.operands.append(outer)
                self.lifted[outer] = self.placeholder(f"a{len(self.operands)}", outer.meta)
        at = None
        for node in self.graph.nodes:
            if node.op == "placeholder" and node not in {self.lifted[o] for o in wanted}:
                at = node
        for outer in wanted:
            inner = self.lifted[outer]
            if at is None:
                first = next(iter(self.graph.nodes))
                if first is not inner:
                    first.prepend(inner)
            else:
                at.append(inner)
            at = inner
        self.operands = wanted
        result = self.graph.output(tuple(outputs))
        result.meta = {"spec": tuple(o.meta.get("spec") if isinstance(o, fx.Node) else None for o in outputs)}
        return assembled(Holder(self.modules), self.graph)


class Holder(torch.nn.Module):
    """What the `get_attr` nodes of a graph refer to."""

    def __init__(self, members: dict[str, Any]) -> None:
        super().__init__()
        for name, member in members.items():
            if isinstance(member, torch.Tensor):
                self.register_buffer(name, member, persistent=False)
            else:
                setattr(self, name, member)


def union(regions: Iterable[Region]) -> list[fx.Node]:
    """The operands of several regions, each once, in order."""
    return list(dict.fromkeys(outer for region in regions for outer in region.operands))
