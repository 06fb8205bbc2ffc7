"""`SymbolicGraph`: what a program is."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

import torch
from torch import fx

from diptych.graph import storage
from diptych.graph.calling import Calling, argument_values
from diptych.graph.drawing import graph_svg
from diptych.graph.interface import Effect, Input
from diptych.graph.layout import Layout, unpack
from diptych.graph.legality import check_legal
from diptych.graph.lines import SourceLine, source_lines
from diptych.graph.python_text import python_state, python_text
from diptych.graph.text import graph_text

__all__ = ["Effect", "Input", "SymbolicGraph"]


class Effects(Protocol):
    """Carries out the effects of a run."""

    def __call__(self, outputs: tuple[Any, ...], flat: list[Any]) -> Any:
        """The effects at the end, and the program's return value."""
        ...

    def raised(self, error: BaseException, flat: list[Any]) -> None:
        """The effects that came before an exception of the program."""
        ...


@dataclass(repr=False, eq=False)
class SymbolicGraph:
    """One symbolic graph that holds every path of a program.

    `module` takes the flat inputs in the order of `inputs` and returns a flat tuple; `result` builds the program's
    return value from it, `effects` the updates of outside state. `state` maps the names of the `state` inputs to
    live tensors. `flatten` turns the program's own arguments into the flat values of the `argument` inputs, and
    `apply` carries out the effects; both are None for a graph that was loaded from a file without its program, which
    has `calling` instead: the parameters of the program as data.

    Making one checks it: `IllegalGraph` names the node and the rule that is broken.
    """

    name: str
    module: fx.GraphModule
    inputs: tuple[Input, ...]
    result: Layout
    effects: tuple[Effect, ...] = ()
    state: dict[str, torch.Tensor] = field(default_factory=dict)
    flatten: Callable[..., list[Any]] | None = None
    apply: Effects | None = None
    calling: Calling | None = None

    def __post_init__(self) -> None:
        check_legal(self)

    def run(self, *flat: Any) -> tuple[Any, ...]:
        """Run the graph on its flat inputs; outside state is left alone. Returns the flat outputs."""
        return self.module(*flat)

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """Run the program the graph was captured from: same arguments, same result, effects applied at the end.

        A graph without its program (loaded from a file) finds its inputs in the arguments by their paths, or takes the
        leaves of the arguments in order if it has no `calling`; of the effects it applies those that write a tensor
        which is one of its inputs.
        """
        if self.flatten is not None:
            values = iter(self.flatten(*args, **kwargs))
        else:
            values = iter(argument_values(self.name, self.inputs, self.calling, args, kwargs))
        flat = [self.state[i.name] if i.role == "state" else next(values) for i in self.inputs]
        try:
            outputs = self.run(*flat)
        except BaseException as error:
            self._raised(error, flat)
            raise
        if self.apply is not None:
            return self.apply(outputs, flat)
        result = unpack(self.result, outputs)
        self._write_inputs(self.effects, outputs, flat)
        return result

    def __str__(self) -> str:
        """The whole graph as deterministic text."""
        return graph_text(self)

    def __repr__(self) -> str:
        steps = sum(node.op == "call_function" for node in self.module.graph.nodes)
        return f"<SymbolicGraph {self.name}: {len(self.inputs)} inputs, {steps} steps>"

    def lines(self) -> list[SourceLine]:
        """For every line of the source that became part of the graph: the operations it became."""
        return source_lines(self.module)

    def to_python(self) -> str:
        """The graph as a standalone PyTorch module that defines `program`; see `python_state` for its state."""
        return python_text(self)

    def python_state(self) -> dict[str, Any]:
        """The dict that the program written by `to_python` takes as `state`: outside state, and large constants."""
        return python_state(self)

    def to_svg(self, path: str | os.PathLike[str]) -> None:
        """Draw the graph, its regions as boxes inside of boxes, into the SVG file `path`."""
        Path(path).write_text(graph_svg(self), encoding="utf-8")

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write the graph and its state to one file; `SaveError` if it holds something that is not data."""
        storage.save(self, path)

    @classmethod
    def load(cls, path: str | os.PathLike[str]) -> SymbolicGraph:
        """Read a graph that was saved at `path`; `LoadError` says what is wrong with a file that is not one."""
        return cls(**storage.load(path))

    def _raised(self, error: BaseException, flat: list[Any]) -> None:
        """Carry out the effects that came before an exception of the program."""
        if self.apply is not None:
            self.apply.raised(error, flat)
            return
        target, operands = error.__dict__.pop("diptych_raised", (None, ()))
        if target is not None:
            self._write_inputs(target.updates, operands, flat)

    def _write_inputs(self, effects: Sequence[Effect], outputs: Sequence[Any], flat: list[Any]) -> None:
        targets = {i.path: value for i, value in zip(self.inputs, flat, strict=True)}
        written = [effect for effect in effects if effect.kind == "tensor" and effect.path in targets]
        values = [unpack(effect.value, outputs) for effect in written]
        values = [value.clone() if any(value is given for given in flat) else value for value in values]
        for effect, value in zip(written, values, strict=True):
            target = targets[effect.path]
            with torch.set_grad_enabled(torch.is_grad_enabled() and not (target.is_leaf and target.requires_grad)):
                target.copy_(value)
