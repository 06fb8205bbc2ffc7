"""Speculation: a trace that follows one path, decided by the values of an example, and checks that it still holds.

Where a program cannot be staged with all its paths, the graph of one path may do (Jeong et al., "Speculative Symbolic
Graph Execution of Imperative Deep Learning Programs", 2019). The graph made so far is run on the example's values
alongside the trace; what a decision found there becomes an `assume` node, which fails in a run where it is otherwise.
"""

from __future__ import annotations

import enum
import random
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import torch
from torch import fx

from diptych.capture.regions import Region
from diptych.graph import own
from diptych.graph.spec import NumberSpec
from diptych.graph.telling import TELLING

NODE_LIMIT = 20_000


class Speculate(enum.Enum):
    """What is assumed to be as it is for the arguments of a capture."""

    NOTHING = enum.auto()
    DECISIONS = enum.auto()
    """Which way Python goes, and integers taken out of tensors."""
    NUMBERS = enum.auto()
    """Every number taken out of a tensor."""


class Speculation:
    """The values of an example, for the nodes of the graph that is being made.

    Decisions and integers are always assumed to be what they are for the example; with `numbers`, so is every number
    that is taken out of a tensor.
    """

    def __init__(self, tape: Any, numbers: bool) -> None:
        self.tape = tape
        self.numbers = numbers
        self.values: dict[fx.Node, Any] = {}
        self.last: fx.Node | None = None
        self.random = random.getstate()
        self.count = 0
        # A thread of its own: the trace has changed how torch dispatches on this one.
        self.worker = ThreadPoolExecutor(1)

    def close(self) -> None:
        """The trace is over."""
        self.worker.shutdown()
        random.setstate(self.random)
        self.values.clear()

    def assume(self, node: fx.Node) -> Any:
        """The number that a node computes, from now on relied on."""
        if self.tape.region is not self.tape.root:
            raise self.tape.refuse("opaque-conversion", "a decision inside a region")
        value = self.value(node)
        self.tape.emit(own.OWN["assume"], (node, value), None, NumberSpec("int"))
        return value

    def value(self, node: fx.Node) -> Any:
        """What a node computes for the example."""
        if node not in self.values:
            todo = self.pending()
            self.worker.submit(self.compute, todo, self.tape.grad_mode, torch.is_inference_mode_enabled()).result()
        return self.values[node]

    def pending(self) -> list[fx.Node]:
        """The nodes that have not been computed, in their order."""
        root: Region = self.tape.root
        made: list[fx.Node] = []
        node = self.last.next if self.last is not None else next(iter(root.graph.nodes))
        while node.op != "root":
            if node not in self.values:
                made.append(node)
            node = node.next
        if made:
            self.last = made[-1]
        self.count += len(made)
        if self.count > NODE_LIMIT:
            raise self.tape.refuse("loop-state", f"a path of more than {NODE_LIMIT} operations")
        return made

    def compute(self, nodes: list[fx.Node], grad: bool, inference: bool) -> None:
        """Run nodes on values."""
        with torch.inference_mode(inference), torch.set_grad_enabled(grad):
            for node in nodes:
                self.values[node] = self.run(node)

    def run(self, node: fx.Node) -> Any:
        """Run one node."""
        if node.op == "placeholder":
            return unversioned(self.tape.world.value_of(node))
        if node.op == "get_attr":
            return self.tape.root.modules[str(node.target)]
        if node.target in TELLING:
            return 0
        function: Any = node.target
        args, kwargs = fx.map_arg((node.args, node.kwargs), self.known)
        return function(*args, **kwargs)

    def known(self, node: fx.Node) -> Any:
        """The value of an argument; inputs may have come after the nodes that use them."""
        if node not in self.values and node.op in ("placeholder", "get_attr"):
            self.values[node] = self.run(node)
        return self.values[node]


def unversioned(value: Any) -> Any:
    """An input as the example has it, with a version counter of its own: a trace counts writes without doing them."""
    if not isinstance(value, torch.Tensor) or value.is_inference():
        return value
    return value.data.requires_grad_(value.requires_grad)
