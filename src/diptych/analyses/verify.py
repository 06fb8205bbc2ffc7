"""`verify`: does a program keep away from its unsafe points on a whole region?"""

from __future__ import annotations

import time
from collections.abc import Sequence

import torch
from torch import Tensor

from diptych.analyses.cases import Case
from diptych.analyses.falsify import attack
from diptych.analyses.search import Progress, search_box
from diptych.analyses.verdict import Proved, Refuted, Unknown, Verdict
from diptych.domains.linear.lowering import lower
from diptych.graph.program import SymbolicGraph
from diptych.graph.spec import TensorSpec


def grouped(cases: Sequence[Case]) -> list[list[Case]]:
    """The cases, those with the same box together."""
    found: dict[bytes, list[Case]] = {}
    for case in cases:
        key = torch.stack([case.lower, case.upper]).numpy().tobytes()
        found.setdefault(key, []).append(case)
    return list(found.values())


def verify(
    graph: SymbolicGraph, cases: Sequence[Case], *, seconds: float = 60.0, progress: Progress | None = None
) -> Verdict:
    """Decide whether any point of `cases` is reached: gradient search first, then branch and bound.

    Args:
        graph: a captured program without branches, of one tensor, whose result is one tensor; see `diptych.capture`.
        cases: the unsafe points, e.g. from `diptych.interop.vnnlib.load_vnnlib`.
        seconds: the time to spend.
        progress: called with a line of text now and then.

    Returns:
        `Proved` if no point is unsafe, for real numbers and the parameters as they are stored; `Refuted` with a
        witness on which the program itself was run, in its own dtype; else `Unknown`.

    Raises:
        UnsupportedOperation: an operation has no linear bounds.
        ValueError: the cases do not fit the input or output of the program.
    """
    deadline = time.monotonic() + seconds
    with torch.no_grad():
        network, value = lower(graph)
    spec = next(i.spec for i in graph.inputs if i.role != "state")
    dtype = spec.dtype if isinstance(spec, TensorSpec) else torch.float32
    check_sizes(network.shape, network.shape_of(value), cases)

    def program(point: Tensor) -> Tensor:
        flat = [graph.state[i.name] if i.role == "state" else point.reshape(network.shape) for i in graph.inputs]
        with torch.no_grad():
            return graph.run(*flat)[0].flatten()

    for case in cases:
        found = attack(network, value, program, case, dtype)
        if found is not None:
            return Refuted(*found)
        if time.monotonic() > deadline:
            return Unknown("the time was over before any bound was computed")
    boxes = 0
    with torch.no_grad():
        for group in grouped(cases):
            verdict = search_box(network, value, group, program, dtype, deadline, progress)
            if not isinstance(verdict, Proved):
                return verdict
            boxes += verdict.boxes
    return Proved(boxes=boxes)


def check_sizes(taken: tuple[int, ...], given: tuple[int, ...], cases: Sequence[Case]) -> None:
    """Refuse cases over other numbers of inputs or outputs than the program has."""
    inputs, results = int(torch.Size(taken).numel()), int(torch.Size(given).numel())
    for case in cases:
        if case.by_input.shape[1] != inputs or case.by_output.shape[1] != results:
            raise ValueError(
                f"the property is over {case.by_input.shape[1]} inputs and {case.by_output.shape[1]} outputs, "
                f"the program has {inputs} {list(taken)} and {results} {list(given)}"
            )
