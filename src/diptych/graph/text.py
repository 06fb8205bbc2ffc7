"""The text form of a graph: deterministic, with regions as indented blocks and the user's source as comments.

Values are numbered in the order of the text; nothing depends on the names that FX gave, on the order of dictionaries,
or on where the source lies on the disk.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from itertools import count
from typing import TYPE_CHECKING, Any

import torch
from torch import fx

from diptych.graph import walk
from diptych.graph.control import Function, Raise, cond
from diptych.graph.fold import Fold
from diptych.graph.layout import Choice, Constant, Layout, Leaf, Mapping_, Object_, Rows, Sequence_, Shared
from diptych.graph.lines import first_line, operation

if TYPE_CHECKING:
    from diptych.graph.program import SymbolicGraph

_SHOWN = 8
_WIDTH = 100


def graph_text(graph: SymbolicGraph) -> str:
    """The whole graph as text."""
    return "\n".join(Printer(graph).lines())


class Printer:
    """Writes one graph; `names` holds what each value, or each part of one, is called in the text."""

    def __init__(self, graph: SymbolicGraph) -> None:
        self.graph = graph
        self.names: dict[fx.Node, str | list[str]] = {}
        self.numbers = count()
        self.place: tuple[str, int] | None = None
        self.functions = unique_names(walk.functions(graph.module))

    def lines(self) -> Iterator[str]:
        module = self.graph.module
        parameters: list[str] = []
        for node, declared in zip(walk.placeholders(module), self.graph.inputs, strict=True):
            self.names[node] = f"%{declared.name}"
            source = f" = {declared.path}" if declared.role == "state" else ""
            parameters.append(f"%{declared.name}: {declared.spec}{source}")
        yield from _wrapped(f"graph {self.graph.name}", parameters)
        yield from self.block(module, "return", "  ")
        flat = [self.value(value) for value in walk.outputs(module)]
        yield f"result {layout_text(self.graph.result, flat.__getitem__)}"
        for effect in self.graph.effects:
            yield f"effect {effect.kind} {effect.path} = {layout_text(effect.value, flat.__getitem__)}"
        for function in walk.functions(module):
            yield from self.function(function)

    def function(self, function: Function) -> Iterator[str]:
        assert function.body is not None
        self.place = None
        yield from _wrapped(f"function {self.functions[id(function)]}", self.parameters(function.body))
        yield from self.block(function.body, "return", "  ")

    def parameters(self, module: fx.GraphModule) -> list[str]:
        return [f"{self.name(node)}: {node.meta['spec']}" for node in walk.placeholders(module)]

    def block(self, module: fx.GraphModule, word: str, indent: str) -> Iterator[str]:
        for node in walk.steps(module):
            if (found := walk.component(node)) is not None:
                whole, index = found
                self.names[node] = self.names[whole][index]
                continue
            yield from self.comment(node, indent)
            yield indent + self.step(node)
            for title, inner in zip(_titles(node), walk.regions(node), strict=False):
                yield f"{indent}  {title} ({', '.join(self.parameters(inner))})"
                yield from self.block(inner, "yield", indent + "    ")
        if not walk.diverges(module):
            yield indent + f"{word} {', '.join(map(self.value, walk.outputs(module)))}".rstrip()

    def comment(self, node: fx.Node, indent: str) -> Iterator[str]:
        where = walk.where_of(node)
        if where is not None and self.place != (where.file, where.line):
            self.place = (where.file, where.line)
            yield f"{indent}# {os.path.basename(where.file)}:{where.line}  {first_line(where.text)}".rstrip()

    def step(self, node: fx.Node) -> str:
        right = self.right_side(node)
        if isinstance(node.target, Raise):
            return right
        specs = walk.parts(node)
        name = self.name(node)
        if specs is None:
            return f"{name}: {node.meta['spec']} = {right}"
        if not specs:
            return right
        return f"{', '.join(self.names[node])}: {', '.join(map(str, specs))} = {right}"

    def right_side(self, node: fx.Node) -> str:
        if node.op == "get_attr":
            return f"constant {tensor_text(walk.attribute(walk.owner(node), str(node.target)))}"
        if isinstance(node.target, Raise):
            names = [operation(node), *(link.kind.__name__ for link in node.target.chain()[1:])]
            given = [", ".join(map(self.value, link.filled(node.args))) for link in node.target.chain()]
            return " from ".join(f"{name}({values})" for name, values in zip(names, given, strict=True))
        if regions := walk.regions(node):
            if node.target is cond:
                return f"cond {self.value(node.args[0])} ({self.values(node.args[3])})"
            carried, operands = self.values(node.args[2]), self.values(node.args[3])
            assert len(regions) == 2
            return f"while ({carried})" + (f" with ({operands})" if operands else "")
        name = self.called(node)
        keywords = [f"{key}={self.value(value)}" for key, value in sorted(node.kwargs.items())]
        return f"{name}({', '.join([*map(self.value, node.args), *keywords])})"

    def called(self, node: fx.Node) -> str:
        """The name of what a node calls."""
        if isinstance(node.target, Fold):
            return f"fold[{', '.join(self.functions[id(kind)] for kind in node.target.kinds)}]"
        return self.functions[id(node.target)] if isinstance(node.target, Function) else operation(node)

    def name(self, node: fx.Node) -> str:
        """Name a value, or the parts of one; numbers are given in the order of these calls."""
        specs = walk.parts(node)
        self.names[node] = [f"%{next(self.numbers)}" for _ in specs] if specs is not None else f"%{next(self.numbers)}"
        return self.value(node)

    def values(self, many: Any) -> str:
        return ", ".join(map(self.value, many))

    def value(self, value: Any) -> str:
        match value:
            case fx.Node():
                name = self.names[value]
                return name if isinstance(name, str) else f"({', '.join(name)})"
            case tuple():
                return f"({self.values(value)}{',' if len(value) == 1 else ''})"
            case list():
                return f"[{self.values(value)}]"
            case slice():
                return ":".join("" if v is None else self.value(v) for v in (value.start, value.stop, value.step))
            case _:
                return constant_text(value)


def layout_text(layout: Layout, output: Callable[[int], str]) -> str:
    """A layout in the manner of a Python expression over the names of outputs."""

    def inner(item: Layout) -> str:
        return layout_text(item, output)

    match layout:
        case Leaf(index):
            return output(index)
        case Constant(value):
            return constant_text(value)
        case Sequence_(make, items, setting):
            texts = list(map(inner, items))
            if make is tuple:
                return f"({', '.join(texts)}{',' if len(texts) == 1 else ''})"
            inside = ", ".join([*texts, *extra(setting)])
            return f"[{inside}]" if make is list else f"{make.__qualname__}({inside})"
        case Mapping_(make, keys, items, setting):
            pairs = ", ".join(f"{constant_text(k)}: {inner(i)}" for k, i in zip(keys, items, strict=True))
            inside = ", ".join([f"{{{pairs}}}", *extra(setting)])
            return inside if make is dict else f"{make.__qualname__}({inside})"
        case Object_(make, names, items):
            pairs = ", ".join(f"{name}={inner(item)}" for name, item in zip(names, items, strict=True))
            return f"{make.__qualname__}({pairs})"
        case Choice(tag, then, orelse):
            return f"({inner(then)} if {output(tag)} else {inner(orelse)})"
        case Shared(number, value):
            return f"shared {number} {inner(value)}"
        case Rows(columns, numbers, item):
            names = [f"row[{k}]" for k in range(len(columns))]
            tables = (f"numbers {output(c)}" if n else output(c) for c, n in zip(columns, numbers, strict=True))
            return f"[{layout_text(item, names.__getitem__)} for row in zip({', '.join(tables)})]"


def extra(setting: object) -> list[str]:
    """What a container has besides its items."""
    return [] if setting is None else [constant_text(setting)]


def constant_text(value: object) -> str:
    """A constant as text that is the same in every process."""
    match value:
        case torch.Tensor():
            return tensor_text(value)
        case torch.dtype() | torch.layout() | torch.memory_format():
            return str(value).removeprefix("torch.")
        case torch.device():
            return repr(str(value))
        case type():
            return value.__qualname__
        case set() | frozenset():
            return f"{type(value).__name__}({', '.join(sorted(map(constant_text, value)))})"
        case None | bool() | int() | float() | complex() | str() | bytes() | tuple() | list() | dict() | range():
            return repr(value)
        case _:
            return f"<{getattr(value, '__qualname__', type(value).__qualname__)}>"


def tensor_text(tensor: torch.Tensor) -> str:
    """The values of a small tensor; of a large one the first few and how many there are."""
    detached = tensor.detach()
    if detached.numel() <= _SHOWN:
        return str(detached.tolist())
    shown = ", ".join(map(str, detached.reshape(-1)[: _SHOWN // 2].tolist()))
    return f"[{shown}, ... {detached.numel()} values]"


def unique_names(functions: list[Function]) -> dict[int, str]:
    """A name `@f` for each function, by its id; a later one of the same name becomes `@f.1`, and so on."""
    used: dict[str, int] = {}
    names: dict[int, str] = {}
    for function in functions:
        number = used.get(function.name, 0)
        used[function.name] = number + 1
        names[id(function)] = f"@{function.name}.{number}" if number else f"@{function.name}"
    return names


def _titles(node: fx.Node) -> tuple[str, str]:
    return ("then", "else") if node.target is cond else ("test", "body")


def _wrapped(head: str, parameters: list[str]) -> Iterator[str]:
    line = f"{head}({', '.join(parameters)})"
    if len(line) <= _WIDTH:
        yield line
        return
    yield f"{head}("
    for parameter in parameters:
        yield f"    {parameter},"
    yield ")"
