"""Recursion: the function is written out once for operands of certain types, as a function that calls itself.

Its results have the sizes that the captured graph knows of them; what it needs of the outside besides its operands
(constants) comes with each call.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import torch
from torch import fx

from diptych.autodiff.part import Part
from diptych.autodiff.recursion_gradient import write_kept
from diptych.autodiff.recursion_types import check_results, check_specs, results_of, spec_of, value_of
from diptych.autodiff.values import differentiable
from diptych.graph.control import Function
from diptych.graph.spec import Spec

if TYPE_CHECKING:
    from diptych.autodiff.expand import Writer

ATTEMPTS = 6
"""How often a function is written at most until what it needs of the outside stays the same."""
VARIANTS = 16
"""For how many types of operands a graph's functions are written at most."""


def write_call(writer: Writer, node: fx.Node, function: Function, operands: Sequence[Any]) -> Any:
    """Write a call; its results."""
    recorder = writer.recorder
    with recorder:
        given = [v.contiguous() if isinstance(v, torch.Tensor) else v for v in operands]
    specs = [spec_of(recorder, value) for value in given]
    if torch.is_grad_enabled() and any(map(differentiable, given)):
        return write_kept(writer, function, given, specs, node.meta["spec"])
    key = function, tuple(specs), torch.is_grad_enabled()
    if key not in writer.functions:
        if len(writer.functions) >= VARIANTS:
            raise recorder.refuse(f"the function {function.name} for so many types of operands")
        writer.functions[key] = Recursive(writer, function, specs, node.meta["spec"])
        writer.functions[key].write()
    return writer.functions[key].call(given)


class Recursive:
    """A function for operands of these types, being written or written; `results` are the types that it gives."""

    def __init__(self, writer: Writer, source: Function, specs: Sequence[Spec], results: Sequence[Spec]) -> None:
        self.writer = writer
        self.recorder = writer.recorder
        self.source, self.specs, self.results = source, specs, results
        self.target = Function(source.name)
        self.target.frames = source.frames
        self.lifted: list[fx.Node] = []
        check_specs(self.recorder, results)

    def write(self) -> None:
        """Write the function until what it takes of the outside stays the same."""
        recorder = self.recorder
        known, uneven, repeated = dict(self.writer.functions), len(recorder.uneven), len(recorder.repeated)
        for _ in range(ATTEMPTS):
            part, outs = self.attempt()
            if part.operands == self.lifted:
                break
            self.lifted = list(part.operands)
            self.writer.functions = dict(known)  # what was written meanwhile calls this one as it was
            del recorder.uneven[uneven:], recorder.repeated[repeated:]
        else:
            raise recorder.refuse(f"the recursive function {self.source.name}, which needs ever more of the outside")
        with recorder.inside(part):
            nodes = [recorder.place(value) for value in outs]
        self.target.body = part.finish(nodes, part.operands)

    def attempt(self) -> tuple[Part, list[Any]]:
        """Write the function once, for what is known of it."""
        recorder = self.recorder
        assert self.source.body is not None
        part = Part(recorder.parts, recorder.root, repeats=True)
        inputs: list[Any] = []
        for k, spec in enumerate(self.specs):
            place = part.placeholder(f"p{k}", {"where": recorder.where})
            inputs.append(value_of(recorder, spec, place))
        for node in self.lifted:
            part.use(node)
        with recorder.inside(part), recorder.cuts.region(inputs, [None] * len(inputs)):
            made = self.writer.run(self.source.body, inputs)
            if made is None:
                raise recorder.refuse(f"the function {self.source.name}, which always raises")
            with recorder:
                outs = [v.contiguous() if isinstance(v, torch.Tensor) else v for v in made]
        check_results(recorder, self.source.name, outs, self.results)
        if any(map(differentiable, outs)):
            raise recorder.refuse(f"a gradient from inside of the recursive function {self.source.name}")
        return part, outs

    def call(self, operands: Sequence[Any]) -> tuple[Any, ...]:
        """A call, from inside or from outside; its results."""
        recorder = self.recorder
        node = recorder.emit(self.target, (*operands, *self.lifted))
        return tuple(results_of(recorder, node, self.results))
