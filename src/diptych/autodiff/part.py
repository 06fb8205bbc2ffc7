"""Parts of a graph under construction, and how a part comes by values of a part that ran before it.

The gradient of a branch or a loop needs values from inside of it. What is cheap is computed again; the rest is saved:
the branch, or the loop, gets one more output.
"""

from __future__ import annotations

import operator
from collections.abc import Callable
from typing import Protocol

import sympy
import torch
from torch import fx

from diptych.graph.regions import Leak, Region

aten = torch.ops.aten

VIEWS = {
    *(aten.permute.default, aten.view.default, aten.expand.default, aten.unsqueeze.default, aten.squeeze.dims),
    *(aten.squeeze.dim, aten.slice.Tensor, aten.select.int, aten.alias.default, aten.t.default, aten.transpose.int),
}
FREE = {aten.full.default, aten.scalar_tensor.default, aten.arange.start_step, aten.arange.default, aten.sym_size.int}
COSTLY = {
    getattr(aten, name)
    for name in ("exp", "log", "tanh", "sigmoid", "pow", "erf", "sin", "cos", "sqrt", "rsqrt", "softplus", "gelu")
}


def repeatable(node: fx.Node) -> bool:
    """Whether a step costs little enough to be done twice: views, constants, plain arithmetic."""
    if node.target in VIEWS or node.target in FREE or sizing(node):
        return True
    tags = getattr(node.target, "tags", ())
    packet = getattr(node.target, "overloadpacket", None)
    random = torch.Tag.nondeterministic_seeded in tags
    return torch.Tag.pointwise in tags and packet not in COSTLY and not random


def sizing(node: fx.Node) -> bool:
    """Whether a step computes a size of sizes."""
    return node.target in (operator.add, operator.mul, operator.floordiv) and node.meta.get("val", node) is None


class Site(Protocol):
    """Where a finished part stands: the branch, or the loop, that runs it."""

    def expose(self, part: Part, node: fx.Node) -> fx.Node:
        """A node of the surrounding part that has the value of `node` of this part (all rounds' values of a loop)."""
        ...

    def enter(self, reverse: Part, node: fx.Node) -> fx.Node:
        """The value that `node` had in the round that the part `reverse` goes back over now; only of a loop."""
        ...


class Part(Region):
    """A region, or a whole graph, under construction; `site` is where it stands, once it is finished.

    A part that `reverses` the rounds of a loop gets what it needs of each round as rows; `rows` are those it has: the
    node of the loop's body, and the placeholder of this part for it.
    """

    def __init__(self, parts: dict[fx.Graph, Part], parent: Part | None, repeats: bool = False) -> None:
        super().__init__(parent, repeats)
        self.parts = parts
        parts[self.graph] = self
        self.site: Site | None = None
        self.reverses: Site | None = None
        self.rows: dict[fx.Node, fx.Node] = {}
        self.stacks: list[fx.Node] = []
        self.copies: dict[fx.Node, fx.Node] = {}
        self.saved: dict[fx.Node, fx.Node] = {}
        self.saves: Callable[[fx.Node], fx.Node] | None = None
        self.sizes: dict[sympy.Basic, fx.Node] = {}
        """Symbols that mean the number of rows of a parameter of this part."""
        self.volatile: set[fx.Node] = set()
        """Inputs that are overwritten once the graph has run."""

    def sized(self, symbol: sympy.Basic) -> fx.Node | None:
        """The parameter of this part, or of one around it, whose number of rows a symbol means here."""
        part: Region | None = self
        while isinstance(part, Part):
            if symbol in part.sizes:
                return part.sizes[symbol]
            part = part.parent
        return None

    def use(self, node: fx.Node) -> fx.Node:
        """`node` as seen from this part."""
        if self.sees(node):
            return super().use(node)
        if node not in self.copies:
            self.copies[node] = self.again(node) if self.may_repeat(node) else self.bring(node)
        return self.copies[node]

    def may_repeat(self, node: fx.Node) -> bool:
        """Whether a value of an earlier part is computed again here: it is cheap, and nothing more has to be saved."""
        if node.op != "call_function" or not repeatable(node):
            return False
        if node.target in VIEWS or node.target in FREE or sizing(node):
            return True
        return all(self.has(source) for source in node.all_input_nodes)

    def has(self, node: fx.Node) -> bool:
        """Whether a value is there without being saved for it."""
        if self.sees(node) or node in self.copies or node.op == "get_attr":
            return True
        owner = self.parts[node.graph]
        if node.op == "placeholder":
            outer = next((o for o, inner in owner.lifted.items() if inner is node), None)
            return self.has(outer) if outer is not None else owner.parent is None and node not in owner.volatile
        return False

    def again(self, node: fx.Node) -> fx.Node:
        """The same step once more, here."""
        args, kwargs = fx.map_arg((node.args, node.kwargs), self.use)
        made = self.graph.call_function(node.target, args, kwargs)  # type: ignore[arg-type]
        made.meta = dict(node.meta)
        return made

    def bring(self, node: fx.Node) -> fx.Node:
        """A value of a part that ran before, saved by it."""
        owner = self.parts[node.graph]
        outer = next((o for o, inner in owner.lifted.items() if inner is node), None)
        if outer is not None:
            return self.use(outer)
        at: Part | None = self
        while at is not None:
            if at.reverses is not None and at.reverses is owner.site:
                return self.use(at.row(node, owner))
            if at.saves is not None and owner.site is None:
                return self.use(at.saves(node))
            parent = at.parent
            assert parent is None or isinstance(parent, Part)
            at = parent
        if owner.site is None:
            raise Leak(f"{node} is not available here")
        return self.use(owner.site.expose(owner, node))

    def row(self, node: fx.Node, owner: Part) -> fx.Node:
        """The value that `node` had in the round of the loop that is reversed now."""
        inner = node.args[0] if node.target is operator.getitem else None
        if isinstance(inner, fx.Node) and "loop" in inner.meta:
            return self.looped(inner, node)
        if node not in self.rows:
            assert owner.site is not None
            assert isinstance(self.parent, Part)
            self.stacks.append(self.parent.use(owner.site.expose(owner, node)))
            self.rows[node] = owner.site.enter(self, node)
        return self.rows[node]

    def looped(self, inner: fx.Node, node: fx.Node) -> fx.Node:
        """A result of a loop inside of the round that is reversed now: the loop is run again, it may keep much."""
        if inner not in self.copies:
            self.copies[inner] = inner.meta["loop"].again(self)
        made = self.graph.call_function(operator.getitem, (self.copies[inner], node.args[1]))
        made.meta = dict(node.meta)
        return made
