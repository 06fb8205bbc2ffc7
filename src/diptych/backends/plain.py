"""Plain dispatch: a graph as one Python function that calls PyTorch operation by operation.

The function is compiled from the statements that `to_python` writes, with plain `if` and `while` for control flow. What
they name is bound to the objects themselves, and a value is let go after its last use.
"""

from __future__ import annotations

import ast
import math
import operator
import random
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import torch
import torch.nn.functional as F

from diptych.graph import walk
from diptych.graph.control import Function, Raise
from diptych.graph.fold import Fold, fold
from diptych.graph.program import SymbolicGraph
from diptych.graph.python_block import Block
from diptych.graph.python_body import Body
from diptych.graph.python_names import Names
from diptych.graph.python_ops import Expression
from diptych.graph.python_values import Types, tuple_text

Run = Callable[..., tuple[Any, ...]]
MODULES = {"torch": torch, "F": F, "math": math, "operator": operator, "random": random}


class Bound(Types):
    """Types and constants, bound to names of the function's globals."""

    def __init__(self, bind: Callable[[object], str]) -> None:
        super().__init__()
        self.bind = bind

    def name(self, kind: type, fields: tuple[str, ...] = ()) -> str:
        """The name of a type."""
        return self.bind(kind)

    def literal(self, value: object) -> str:
        """The expression of a constant."""
        plain = value is None or type(value) in (bool, int, str) or (type(value) is float and math.isfinite(value))
        return repr(value) if plain else self.bind(value)


class Writer:
    """Writes a graph's functions; the context of their bodies."""

    def __init__(self) -> None:
        self.globals: dict[str, Any] = {}
        self.known: dict[int, str] = {}
        self.names = Names()
        self.types: Types = Bound(self.bind)
        self.functions: dict[int, str] = {}
        self.written: list[ast.stmt] = []

    def bind(self, value: object) -> str:
        """A global name for an object."""
        if id(value) not in self.known:
            name = self.known[id(value)] = f"_{len(self.known)}"  # no name of a value begins so
            self.globals[name] = value
        return self.known[id(value)]

    def constant(self, tensor: torch.Tensor) -> str:
        """The expression of a tensor constant."""
        return self.bind(tensor)

    def call(self, target: Any, arguments: str) -> str:
        """The expression of a call."""
        if isinstance(target, Fold):
            return f"{self.bind(fold)}({tuple_text([self.functions[id(kind)] for kind in target.kinds])}, {arguments})"
        if not isinstance(target, Function):
            return f"{self.bind(target)}({arguments})"
        name = self.functions[id(target)]
        return f"{name}({arguments})" if len(walk.outputs(body_of(target))) != 1 else f"{name}({arguments})[0]"

    def raised(self, target: Raise, operands: Sequence[Any]) -> Sequence[Any]:
        """The operands that a raise uses."""
        return operands

    def raising(self, target: Raise, operands: list[str]) -> str:
        """The statement that raises."""
        return f"{self.bind(target)}({', '.join(operands)})"

    def function(self, name: str, module: torch.fx.GraphModule) -> None:
        """One module as a function."""
        names = Names(self.names)
        parameters = [names.fresh(str(node.target)) for node in walk.placeholders(module)]
        body = Body(self, names)
        body.bind(module, [Expression(parameter) for parameter in parameters])
        block, outputs = body.block(module)
        if not walk.diverges(module):
            block.add(f"return {tuple_text([value.text for value in outputs])}")
        whole = Block([f"def {name}({', '.join(parameters)}):", block or Block(["pass"])])
        tree = ast.parse("\n".join(whole.text()))
        made = Binding(self).visit(tree.body[0])
        let_go(made, set(parameters))
        self.written.append(made)


class Binding(ast.NodeTransformer):
    """Functions of modules are bound to names of their own: found once, not at each call."""

    def __init__(self, writer: Writer) -> None:
        self.writer = writer

    def visit_Call(self, node: ast.Call) -> ast.AST:
        """`torch.relu(x)`: `k3(x)`."""
        self.generic_visit(node)
        path: list[str] = []
        at = node.func
        while isinstance(at, ast.Attribute):
            path.insert(0, at.attr)
            at = at.value
        if path and isinstance(at, ast.Name) and at.id in MODULES:
            found: Any = MODULES[at.id]
            for name in path:
                found = getattr(found, name)
            node.func = ast.copy_location(ast.Name(self.writer.bind(found), ast.Load()), node.func)
        return node


def let_go(function: ast.FunctionDef, parameters: set[str]) -> None:
    """Names of the function that are not used again are deleted, so that memory lives as long as it is needed."""
    last: dict[str, int] = {}
    for index, statement in enumerate(function.body):
        last.update(dict.fromkeys(names_in(statement), index))
    made: list[ast.stmt] = []
    mine: set[str] = set()
    for index, statement in enumerate(function.body):
        made.append(statement)
        if isinstance(statement, ast.Return):
            break
        if isinstance(statement, ast.Assign):
            mine.update(
                name.id for target in statement.targets for name in ast.walk(target) if isinstance(name, ast.Name)
            )
        ended = [name for name in mine if last[name] == index and name not in parameters]
        if ended:
            made.append(ast.Delete([ast.Name(name, ast.Del()) for name in sorted(ended)]))
            mine.difference_update(ended)
    function.body = made


def names_in(statement: ast.stmt) -> Iterator[str]:
    """The names that occur in a statement."""
    return (node.id for node in ast.walk(statement) if isinstance(node, ast.Name))


def body_of(function: Function) -> torch.fx.GraphModule:
    """The body of a graph function."""
    assert function.body is not None
    return function.body


def compile_plain(graph: SymbolicGraph) -> Run:
    """The graph as a Python function over its flat inputs; it returns the flat outputs."""
    writer = Writer()
    writer.names.used.update(MODULES)
    functions = walk.functions(graph.module)
    writer.functions = {id(f): writer.names.fresh(f"call_{f.name}") for f in functions}
    run = writer.names.fresh("run")
    for function in functions:
        writer.function(writer.functions[id(function)], body_of(function))
    writer.function(run, graph.module)
    module = ast.fix_missing_locations(ast.Module(writer.written, []))
    names: dict[str, Any] = {**MODULES, **writer.globals}
    exec(compile(module, f"<graph {graph.name}>", "exec"), names)
    return names[run]
