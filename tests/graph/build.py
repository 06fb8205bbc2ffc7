"""Graphs by hand: a small builder for the tests of the graph floor."""

from __future__ import annotations

import operator
from collections.abc import Callable, Sequence
from typing import Any

import torch
from torch import fx

from diptych.graph.control import Function, Raise, cond, while_loop
from diptych.graph.layout import Leaf, Sequence_
from diptych.graph.program import Effect, Input, SymbolicGraph
from diptych.graph.spec import AbsentSpec, NumberSpec, TensorSpec, Where

aten = torch.ops.aten
INT, FLOAT, BOOL, ABSENT = NumberSpec("int"), NumberSpec("float"), NumberSpec("bool"), AbsentSpec()


def f32(*shape):
    return TensorSpec(torch.float32, shape)


def b8(*shape):
    return TensorSpec(torch.bool, shape)


class Block:
    """One graph under construction; `line` is where the next steps come from."""

    def __init__(self) -> None:
        self.graph = fx.Graph()
        self.root = torch.nn.Module()
        self.where: Where | None = None
        self.count = 0

    def at(self, line: int, text: str, file: str = "/home/someone/model.py") -> None:
        self.where = Where(file, line, text, "f")

    def parameter(self, spec, name: str = "") -> fx.Node:
        node = self.graph.placeholder(name or f"p{len(self.graph.nodes)}")
        node.meta["spec"] = spec
        return node

    def op(self, target: Callable[..., Any], *args: Any, spec: Any, **kwargs: Any) -> fx.Node:
        node = self.graph.call_function(target, args, kwargs)
        node.meta.update(spec=spec, where=self.where)
        return node

    def attribute(self, value: Any, spec: Any = None) -> fx.Node:
        name = f"attribute_{self.count}"
        self.count += 1
        if isinstance(value, torch.Tensor):
            self.root.register_buffer(name, value)
        else:
            setattr(self.root, name, value)
        node = self.graph.get_attr(name)
        if spec is not None:
            node.meta.update(spec=spec, where=self.where)
        return node

    def part(self, whole: fx.Node, index: int) -> fx.Node:
        return self.op(operator.getitem, whole, index, spec=whole.meta["spec"][index])

    def parts(self, whole: fx.Node) -> list[fx.Node]:
        return [self.part(whole, index) for index in range(len(whole.meta["spec"]))]

    def cond(
        self, pred: Any, then: fx.GraphModule, orelse: fx.GraphModule, operands: Sequence[Any], specs: Sequence[Any]
    ):
        regions = self.attribute(then), self.attribute(orelse)
        return self.parts(self.op(cond, pred, *regions, tuple(operands), spec=tuple(specs)))

    def loop(self, test: fx.GraphModule, body: fx.GraphModule, carried, operands, specs):
        regions = self.attribute(test), self.attribute(body)
        return self.parts(self.op(while_loop, *regions, tuple(carried), tuple(operands), spec=tuple(specs)))

    def fail(self, kind: type[BaseException], arguments: tuple[Any, ...], *operands: Any) -> None:
        self.op(Raise(kind, arguments), *operands, spec=ABSENT)

    def finish(self, *outputs: Any) -> fx.GraphModule:
        self.graph.output(tuple(outputs))
        return fx.GraphModule(self.root, self.graph)


def region(specs: Sequence[Any], build: Callable[..., Sequence[Any]]) -> fx.GraphModule:
    """A region with parameters of `specs`; `build(block, *parameters)` returns its outputs."""
    block = Block()
    parameters = [block.parameter(spec) for spec in specs]
    return block.finish(*build(block, *parameters))


def program(
    specs: dict[str, Any],
    build: Callable[..., Sequence[Any]],
    result: Any = None,
    state: dict[str, tuple[str, torch.Tensor]] | None = None,
    effects: tuple[Effect, ...] = (),
    name: str = "f",
) -> SymbolicGraph:
    """A graph over arguments of `specs` and `state` (name -> path, tensor); the result is a tuple of all outputs."""
    block, inputs, parameters, tensors = Block(), [], [], {}
    for argument, spec in specs.items():
        parameters.append(block.parameter(spec))
        inputs.append(Input(argument, spec, "argument", argument))
    for key, (path, tensor) in (state or {}).items():
        spec = TensorSpec(tensor.dtype, tuple(tensor.shape))
        parameters.append(block.parameter(spec))
        inputs.append(Input(key, spec, "state", path))
        tensors[key] = tensor
    outputs = tuple(build(block, *parameters))
    layout = result if result is not None else Sequence_(tuple, tuple(map(Leaf, range(len(outputs)))))
    return SymbolicGraph(name, block.finish(*outputs), tuple(inputs), layout, effects, tensors)


def function(name: str, specs: Sequence[Any], build: Callable[..., Sequence[Any]]) -> Function:
    """A function that may call itself: `build(block, itself, *parameters)` returns its outputs."""
    made = Function(name)
    made.body = region(specs, lambda block, *parameters: build(block, made, *parameters))
    return made


def alike(a: Any, b: Any) -> bool:
    """Whether two results are the same in type and value, through all containers."""
    if type(a) is not type(b):
        return False
    if isinstance(a, torch.Tensor):
        return a.dtype == b.dtype and torch.equal(a, b)
    if isinstance(a, dict):
        return list(a) == list(b) and all(alike(a[key], b[key]) for key in a)
    if isinstance(a, tuple | list):
        return len(a) == len(b) and all(map(alike, a, b))
    return alike(vars(a), vars(b)) if hasattr(a, "__dataclass_fields__") else a == b
