"""ONNX files as PyTorch programs, which are captured like any other."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn

from diptych.capture.api import capture
from diptych.errors import LoadError
from diptych.graph.program import SymbolicGraph
from diptych.interop.onnx_operations import OPERATIONS, Operation, Refused
from diptych.interop.vnnlib import read_file


@dataclass(frozen=True)
class Node:
    """One operation: the names of what it takes (empty for what is left out) and gives."""

    operation: Operation
    takes: tuple[str, ...]
    gives: str


class OnnxProgram(nn.Module):
    """An ONNX network of one input and one output. `shape` is that of the input, open sizes are 1."""

    def __init__(
        self, nodes: Sequence[Node], constants: dict[str, Tensor], taken: str, given: str, shape: tuple[int, ...]
    ) -> None:
        super().__init__()
        self.nodes = tuple(nodes)
        self.constants = constants
        self.taken, self.given, self.shape = taken, given, shape

    def forward(self, x: Tensor) -> Tensor:
        """The output for an input of `shape`."""
        values: dict[str, Tensor] = {**self.constants, self.taken: x}
        for node in self.nodes:
            values[node.gives] = node.operation(*[values[name] if name else None for name in node.takes])
        return values[self.given]


def load_onnx(path: str | os.PathLike[str]) -> SymbolicGraph:
    """Read the network in `path` (`.onnx`, or `.gz` of it) into a graph.

    Raises:
        LoadError: the file is no ONNX file, has several inputs or outputs, or holds an operation that is not read.
    """
    program = onnx_program(path)
    return capture(program, torch.zeros(program.shape))


def onnx_program(path: str | os.PathLike[str]) -> OnnxProgram:
    """The network in `path` as a PyTorch module; errors as for `load_onnx`."""
    try:
        import onnx  # the extra `onnx`: not everybody reads such files
        from onnx import numpy_helper
    except ImportError as error:
        raise LoadError(
            f"cannot read {path}: the package onnx is missing", remedy="pip install 'diptych[onnx]'"
        ) from error
    try:
        model: Any = onnx.load_model_from_string(read_file(path))
        onnx.checker.check_model(model)
    except LoadError:
        raise
    except Exception as error:  # what protobuf and the checker raise has no common base
        raise LoadError(f"{path} is not an ONNX network: {error}") from error
    graph = model.graph
    constants = {t.name: torch.from_numpy(numpy_helper.to_array(t).copy()) for t in graph.initializer}
    free = [i for i in graph.input if i.name not in constants]
    if len(free) != 1 or len(graph.output) != 1:
        raise LoadError(f"{path} has {len(free)} inputs and {len(graph.output)} outputs; one each can be read")
    nodes: list[Node] = []
    for node in graph.node:
        attributes = {a.name: onnx.helper.get_attribute_value(a) for a in node.attribute}
        if node.op_type == "Constant" and "value" in attributes:
            constants[node.output[0]] = torch.from_numpy(numpy_helper.to_array(attributes["value"]).copy())
        else:
            nodes.append(_node(path, node, attributes))
    sizes = tuple(d.dim_value or 1 for d in free[0].type.tensor_type.shape.dim)
    return OnnxProgram(nodes, constants, free[0].name, graph.output[0].name, sizes)


def _node(path: str | os.PathLike[str], node: Any, attributes: dict[str, Any]) -> Node:
    name = f"{node.op_type} ({node.name})" if node.name else node.op_type
    if node.op_type not in OPERATIONS:
        raise LoadError(f"{path}: the operation {name} is not read", remedy=f"read are {', '.join(OPERATIONS)}")
    try:
        operation = OPERATIONS[node.op_type](attributes)
    except Refused as error:
        raise LoadError(f"{path}: {name} is not read with {error}") from error
    return Node(operation, tuple(node.input), node.output[0])
