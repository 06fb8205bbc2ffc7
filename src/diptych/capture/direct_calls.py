"""A graph called with the program's arguments: they are flattened before the run, effects carried out after it."""

from __future__ import annotations

from typing import Any

import torch

from diptych.capture.program import Program
from diptych.capture.sources import Argument
from diptych.errors import DiptychError


class Flatten:
    """Arguments of a call to the flat `argument` inputs; they must be of the types the graph was made for."""

    def __init__(self, program: Program) -> None:
        self.program = program
        self.roots: Any = None

    def __call__(self, *args: Any, **kwargs: Any) -> list[Any]:
        program = self.program
        self.roots = program.bind(*args, **kwargs)
        for guard in program.guards:
            if guard.source.parent is None and isinstance(guard.source.read, Argument):
                try:
                    value = guard.source.fetch(self.roots)
                    holds = guard.check(value)
                except (KeyError, TypeError):
                    continue
                if not holds:
                    seen = f"{tuple(value.shape)} {value.dtype}" if isinstance(value, torch.Tensor) else repr(value)
                    raise DiptychError(
                        f"{program.graph.name}: argument {guard.source.path} does not fit this graph",
                        None,
                        f"the graph needs {guard.text}; this call has {seen}",
                        "capture again for such arguments, or use diptych.hybridize, which does so by itself",
                    )
        flat = program.feed(self.roots)
        for condition in program.sizes:
            if not condition(flat):
                raise DiptychError(
                    f"{program.graph.name}: the sizes of the arguments do not fit this graph",
                    None,
                    f"the capture needed {condition}",
                    "capture again for such sizes, or use diptych.hybridize, which does so by itself",
                )
        return [v for v, i in zip(flat, program.graph.inputs, strict=True) if i.role == "argument"]


class Apply:
    """Effects and return value after a run of the graph."""

    def __init__(self, program: Program, flatten: Flatten) -> None:
        self.program, self.flatten = program, flatten

    def __call__(self, outputs: tuple[Any, ...], flat: list[Any]) -> Any:
        return self.program.finish(self.flatten.roots, outputs, flat)

    def raised(self, error: BaseException, flat: list[Any]) -> None:
        """The effects that came before an exception of the program."""
        fired = error.__dict__.pop("diptych_raised", None)
        if fired is not None:
            self.program.raised(fired, self.flatten.roots, flat)
