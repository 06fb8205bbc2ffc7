"""A graph as a standalone PyTorch program: plain `if` and `while`, recursive functions as `def`, no import of Diptych.

The program is `def program(<arguments>, state)`: `state` is a dict from the paths of outside state (`self.weight`) to
tensors, and also holds the graph's large constants; `python_state` makes it. Effects are written to tensors in place,
or into `state` under their path, or printed. A program without state takes its arguments only.
"""

from __future__ import annotations

import dis
import inspect
import re
import textwrap
import types
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import torch
from torch import fx

from diptych.errors import PythonTextError
from diptych.graph import own, vocabulary, walk
from diptych.graph.control import Function, Raise
from diptych.graph.fold import Fold, fold
from diptych.graph.functions import Draw
from diptych.graph.interface import Effect, Input
from diptych.graph.layout import Leaf, Mapping_, Sequence_
from diptych.graph.legality import indices
from diptych.graph.python_block import Block
from diptych.graph.python_body import Body
from diptych.graph.python_names import Names
from diptych.graph.python_ops import Expression
from diptych.graph.python_values import Types, quoted, tensor_literal, tuple_text

if TYPE_CHECKING:
    from diptych.graph.program import SymbolicGraph

SMALL = 16
"""Tensor constants of at most this many elements are written out; larger ones live in `state`."""


def python_text(graph: SymbolicGraph) -> str:
    """The source of a standalone module that defines `program`; `PythonTextError` if it holds what is not data."""
    return _Program(graph).text()


def python_state(graph: SymbolicGraph) -> dict[str, Any]:
    """The `state` that the written program takes: outside state by path, and the large constants."""
    keys = _state_keys(graph.inputs)
    outside = {key: graph.state[name] for name, key in keys.items()}
    return outside | dict(_large_constants(graph).values())


def _state_keys(inputs: tuple[Input, ...]) -> dict[str, str]:
    """Name of a state input -> its key: its path, or its name where two inputs have one path."""
    paths = [i.path for i in inputs if i.role == "state"]
    return {i.name: i.path if paths.count(i.path) == 1 else i.name for i in inputs if i.role == "state"}


def _large_constants(graph: SymbolicGraph) -> dict[int, tuple[str, torch.Tensor]]:
    """Identity of each large constant -> its key and itself, in order of first use."""
    found: dict[int, tuple[str, torch.Tensor]] = {}
    for node in walk.everything(graph.module):
        if node.op == "get_attr":
            tensor = walk.attribute(walk.owner(node), str(node.target))
            if tensor.numel() > SMALL:
                found.setdefault(id(tensor), (f"constant {len(found)}", tensor))
    return found


class _Program:
    """The module being written; what bodies share: types, constants, names of functions."""

    def __init__(self, graph: SymbolicGraph) -> None:
        self.graph = graph
        self.types = Types()
        self.names = Names()
        self.names.used.add("program")
        self.large = _large_constants(graph)
        self.small: dict[int, tuple[str, str]] = {}
        self.names.used.update(own_names(graph))
        self.functions = {id(f): self.names.fresh(f.name) for f in walk.functions(graph.module)}
        self.own: dict[str, str] = {}

    def text(self) -> str:
        functions = ["\n".join(self.function(f).text()) for f in walk.functions(self.graph.module)]
        body = "\n".join(self.program().text())
        writes = [_WRITE] if re.search(r"^\s*write\(", body, re.MULTILINE) else []
        constants = "\n".join(f"{name} = {text}" for name, text in self.small.values())
        chunks = [*self.own.values(), *self.types.definitions.values(), *writes, *functions, body]
        below = "\n\n\n".join(chunks)
        head = f'"""`{self.graph.name}`: a symbolic graph written as a PyTorch program."""'
        imports = ["import math"] if re.search(r"\bmath\.", below + constants) else []
        imports += ["import operator"] if re.search(r"\boperator\.", below) else []
        imports += ["import random"] if re.search(r"\brandom\.", below) else []
        imports += sorted(self.types.imports - {"import math"})
        imports += ["", "import torch"] if imports else ["import torch"]
        imports += ["import torch.nn.functional as F"] if re.search(r"\bF\.", below) else []
        future = ["from __future__ import annotations", ""] if self.own else []
        top = "\n".join([head, "", *future, *imports])
        return "\n".join([top, *(["", constants] if constants else []), "", "", below, ""]).replace(
            "\n\n\n\n", "\n\n\n"
        )

    def constant(self, tensor: torch.Tensor) -> str:
        if id(tensor) in self.large:
            return f"state[{quoted(self.large[id(tensor)][0])}]"
        if id(tensor) not in self.small:
            self.small[id(tensor)] = self.names.fresh("CONSTANT"), tensor_literal(tensor, self.types)
        return self.small[id(tensor)][0]

    def call(self, target: Any, arguments: str) -> str:
        if isinstance(target, Function):
            state = ["state"] if self.large else []
            return f"{self.functions[id(target)]}({', '.join([arguments, *state] if arguments else state)})"
        if isinstance(target, Fold):
            self.own.setdefault("fold", inspect.getsource(fold).rstrip())
            kinds = [self.functions[id(kind)] for kind in target.kinds]
            kinds = [f"lambda *rows: {kind}(*rows, state)" for kind in kinds] if self.large else kinds
            return f"fold({tuple_text(kinds)}, {arguments})"
        if isinstance(target, Draw):
            raise PythonTextError(
                f"cannot write a {target}",
                why="the generator that it is drawn from belongs to the program, and a text holds no objects",
                remedy="draw from the random stream that torch or Python share, or draw outside and pass the result in",
            )
        if (user := vocabulary.autograd_function(target)) is not None:
            return f"{self.types.importable(user)}.apply({arguments})"
        name = own.name_of(target)
        assert name is not None
        if name not in self.own:
            self.own[name] = own_source(name)
        return f"{target.__name__}({arguments})"

    def raised(self, target: Raise, operands: Sequence[Any]) -> Sequence[Any]:
        return [argument for link in target.chain() for argument in link.filled(operands)]

    def raising(self, target: Raise, operands: list[str]) -> str:
        made: list[str] = []
        for link in target.chain():
            count = len(link.arguments)
            made.append(f"{self.types.name(link.kind)}({', '.join(operands[:count])})")
            operands = operands[count:]
        return f"raise {' from '.join(made[:2])}"

    def function(self, function: Function) -> Block:
        module = function.body
        assert module is not None
        names = Names(self.names)
        parameters = [names.fresh(str(node.target)) for node in walk.placeholders(module)]
        body = Body(self, names)
        body.bind(module, [Expression(name) for name in parameters])
        block, outputs = body.block(module)
        if not walk.diverges(module) and outputs:
            block.add(f"return {', '.join(value.text for value in outputs)}")
        parameters += ["state"] if self.large else []
        return Block([f"def {self.functions[id(function)]}({', '.join(parameters)}):", block or Block(["pass"])])

    def program(self) -> Block:
        graph = self.graph
        names, body_names = [], Names(self.names)
        for declared in graph.inputs:
            names.append(body_names.fresh(declared.name))
        body = Body(self, body_names, self.named_outputs())
        body.bind(graph.module, [Expression(name) for name in names])
        block, outputs = body.block(graph.module)
        keys = _state_keys(graph.inputs)
        inputs = list(zip(names, graph.inputs, strict=True))
        reads = [f"{name} = state[{quoted(keys[i.name])}]" for name, i in inputs if i.role == "state"]
        ends: list[str] = []
        if not walk.diverges(graph.module):
            ends = [*self.effects(dict(zip(names, graph.inputs, strict=True)), outputs)]
            ends.append(f"return {self.result(outputs)}")
        lines = [*reads, *block.items, *ends]
        needs_state = bool(keys or self.large or any(x.startswith("state[") for x in ends))
        parameters = [name for name, i in inputs if i.role == "argument"] + (["state"] if needs_state else [])
        return Block([f"def program({', '.join(parameters)}):", Block([*self.docstring(inputs), *lines])])

    def named_outputs(self) -> set[fx.Node]:
        """Outputs that must be computed before the effects, or that the result does not use exactly once."""
        uses = list(indices(self.graph.result))
        outputs = enumerate(walk.outputs(self.graph.module))
        once = {k for k in uses if uses.count(k) == 1 and not self.graph.effects}
        return {value for k, value in outputs if isinstance(value, fx.Node) and k not in once}

    def result(self, outputs: list[Expression]) -> str:
        """The expression of the result; a long container has its items on lines of their own."""
        layout = self.graph.result
        if isinstance(layout, Leaf):
            return outputs[layout.index].text
        text = self.types.layout(layout, lambda k: outputs[k].within(12))
        if len(text) > 100 and isinstance(layout, Mapping_ | Sequence_) and layout.make in (dict, list, tuple):
            items = [self.types.layout(item, lambda k: outputs[k].within(12)) for item in layout.items]
            if isinstance(layout, Mapping_):
                items = [f"{self.types.literal(key)}: {item}" for key, item in zip(layout.keys, items, strict=True)]
            return "\n".join([text[0], *(f"    {item}," for item in items), text[-1]])
        plain = isinstance(layout, Sequence_) and layout.make is tuple and len(layout.items) > 1
        return text[1:-1] if plain else text

    def docstring(self, inputs: list[tuple[str, Input]]) -> list[str]:
        keys = _state_keys(self.graph.inputs)
        lines = [f"{name}: {i.spec}" for name, i in inputs if i.role == "argument"]
        lines += [f"state[{quoted(keys[i.name])}]: {i.spec}" for _, i in inputs if i.role == "state"]
        for key, tensor in self.large.values():
            lines.append(f"state[{quoted(key)}]: {str(tensor.dtype).removeprefix('torch.')}{list(tensor.shape)}")
        if not lines:
            return [f'"""`{self.graph.name}`."""']
        return [f'"""`{self.graph.name}`.', "", *lines, '"""']

    def effects(self, inputs: dict[str, Input], outputs: list[Expression]) -> list[str]:
        """Statements that carry out the effects; an input that is written and also a value is copied first."""
        lines: list[str] = []
        by_path = {declared.path: name for name, declared in inputs.items()}
        written = {by_path[e.path] for e in self.graph.effects if e.kind == "tensor" and e.path in by_path}
        values: list[str] = []
        for effect in self.graph.effects:
            value = self.types.layout(effect.value, lambda k: outputs[k].within(12))
            if value in written and isinstance(effect.value, Leaf):
                lines.append(f"old_{value} = {value}.clone()")
                value = f"old_{value}"
            values.append(value)
        for effect, value in zip(self.graph.effects, values, strict=True):
            lines.append(_effect(effect, value, by_path))
        return lines


def _effect(effect: Effect, value: str, by_path: dict[str, str]) -> str:
    if effect.kind == "output":
        return f"print({value})"
    if effect.kind == "tensor" and effect.path in by_path:
        return f"write({by_path[effect.path]}, {value})"
    return f"state[{quoted(effect.path)}] = {value}"


_WRITE = '''\
def write(target, value):
    """Write `value` into `target`, in place; recorded by autograd where it allows that."""
    with torch.set_grad_enabled(torch.is_grad_enabled() and not (target.is_leaf and target.requires_grad)):
        target.copy_(value)'''


def own_names(graph: SymbolicGraph) -> set[str]:
    """The names of the functions behind the own operations of a graph."""
    targets = (node.target for node in walk.everything(graph.module))
    return {str(getattr(t, "__name__", "")) for t in targets if own.name_of(t) is not None or isinstance(t, Fold)}


def global_names(code: types.CodeType) -> set[str]:
    """The global names that a function reads, in the functions and comprehensions inside it too."""
    names = {str(step.argval) for step in dis.get_instructions(code) if step.opname == "LOAD_GLOBAL"}
    return names.union(*(global_names(inner) for inner in code.co_consts if isinstance(inner, types.CodeType)))


def own_source(name: str) -> str:
    """The source of an own operation, without its decorator; `PythonTextError` if it is not self-contained."""
    function: Any = inspect.unwrap(own.OWN[name])
    try:
        source = textwrap.dedent(inspect.getsource(function))
    except (OSError, TypeError) as error:
        raise PythonTextError(f"own operation {name} has no source", why=str(error)) from error
    around = function.__globals__
    foreign = {used for used in global_names(function.__code__) if not inspect.ismodule(around.get(used, torch))}
    foreign |= set(function.__code__.co_freevars)
    if foreign:
        raise PythonTextError(
            f"own operation {name} is not self-contained",
            why=f"it uses {', '.join(sorted(foreign))} of its module",
            remedy="write it with its arguments and the modules torch, math and operator only",
        )
    return source[re.search(r"^def ", source, re.MULTILINE).start() :].rstrip()  # type: ignore[union-attr]
