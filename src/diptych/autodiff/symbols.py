"""Numbers that only the graph knows: symbols in the sizes and arguments of fake tensors, and the nodes behind them."""

from __future__ import annotations

import operator
from typing import TYPE_CHECKING, Any

import sympy
import torch
from torch import fx
from torch.utils._sympy import functions

from diptych.graph.spec import NumberSpec

if TYPE_CHECKING:
    from diptych.autodiff.part import Part
    from diptych.autodiff.recorder import Recorder

Symbolic = torch.SymInt | torch.SymFloat | torch.SymBool

OPERATIONS: dict[Any, Any] = {
    sympy.Add: operator.add,
    sympy.Mul: operator.mul,
    functions.FloorDiv: operator.floordiv,
    functions.CleanDiv: operator.floordiv,
    functions.FloatTrueDiv: operator.truediv,
    functions.PythonMod: operator.mod,
    functions.Mod: operator.mod,
    functions.Max: max,
    functions.Min: min,
    sympy.Eq: operator.eq,
    sympy.Ne: operator.ne,
    sympy.Lt: operator.lt,
    sympy.Le: operator.le,
    sympy.Gt: operator.gt,
    sympy.Ge: operator.ge,
}


class Symbols:
    """Which node a symbol stands for."""

    def __init__(self, recorder: Recorder) -> None:
        self.recorder = recorder
        self.nodes: dict[sympy.Basic, fx.Node] = {}
        self.dims: dict[sympy.Basic, tuple[fx.Node, int]] = {}

    def define(self, value: Any, node: fx.Node) -> None:
        """`node` gives the number `value`."""
        if isinstance(value, Symbolic):
            self.nodes.setdefault(value.node.expr, node)

    def sizes(self, node: fx.Node, value: torch.Tensor) -> None:
        """The sizes of a tensor define their symbols."""
        for dim, size in enumerate(value.shape):
            if isinstance(size, torch.SymInt) and isinstance(size.node.expr, sympy.Symbol):
                self.dims.setdefault(size.node.expr, (node, dim))

    def number(self, kind: str, node: fx.Node) -> Any:
        """A new symbol for a number of that kind."""
        env = self.recorder.shapes
        make = {"int": env.create_unbacked_symint, "float": env.create_unbacked_symfloat}
        made = make[kind]() if kind in make else env.create_unbacked_symbool()
        self.nodes[made.node.expr] = node
        return made

    def known_in(self, value: Any, part: Part) -> bool:
        """Whether all that an expression is made of exists in `part`."""
        found = [self.nodes.get(s) or self.dims.get(s, (None, 0))[0] for s in value.node.expr.free_symbols]
        return all(node is not None and part.sees(node) for node in found)

    def place(self, value: Any) -> Any:
        """A number as an argument of a node of the current part."""
        return self.build(value.node.expr)

    def build(self, expression: Any) -> Any:
        """The number of an expression: a constant, a node that has it, or new nodes that compute it."""
        if expression.is_Integer or expression in (sympy.true, sympy.false):
            return bool(expression) if expression in (sympy.true, sympy.false) else int(expression)
        if expression.is_Number:
            return float(expression)
        use = self.recorder.part.use
        if expression in self.nodes:
            return use(self.nodes[expression])
        rows = self.recorder.part.sized(expression)
        if rows is not None:
            return self.emit(torch.ops.aten.sym_size.int, (use(rows), 0))
        if expression in self.dims:
            node, dim = self.dims[expression]
            return self.emit(torch.ops.aten.sym_size.int, (use(node), dim))
        if isinstance(expression, functions.ToFloat):
            return self.emit(float, (self.build(expression.args[0]),))
        if isinstance(expression, sympy.Pow) and expression.exp.is_Integer and expression.exp > 0:
            return self.emit(operator.pow, (self.build(expression.base), int(expression.exp)))
        operation = next((o for kind, o in OPERATIONS.items() if isinstance(expression, kind)), None)
        if operation is None:
            raise self.recorder.refuse(f"a size of the form {expression}")
        parts = [self.build(part) for part in expression.args]
        made = parts[0]
        for part in parts[1:]:
            made = self.emit(operation, (made, part))
        return made

    def emit(self, target: Any, args: tuple[Any, ...]) -> fx.Node:
        """A node that gives a number: a truth, a float, or else an int."""
        node = self.recorder.part.graph.call_function(target, args)
        numbers = [a for a in args if not isinstance(a, fx.Node)] + [
            a.meta["spec"] for a in args if isinstance(a, fx.Node)
        ]
        real = target in (float, operator.truediv) or any(
            n == NumberSpec("float") or isinstance(n, float) for n in numbers
        )
        truth = target in (operator.eq, operator.ne, operator.lt, operator.le, operator.gt, operator.ge)
        kind = "bool" if truth else "float" if real else "int"
        node.meta = {"where": self.recorder.where, "spec": NumberSpec(kind), "val": None}
        return node
