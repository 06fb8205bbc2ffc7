"""Branch and bound over the input box: what linear bounds leave open is cut in two where it matters most."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from diptych.analyses.cases import Case
from diptych.analyses.falsify import Program, nearest, replay
from diptych.analyses.halfspaces import Halves
from diptych.analyses.verdict import Proved, Refuted, Unknown, Verdict
from diptych.domains.linear.bounds import Boxes, backward, crown
from diptych.domains.linear.steps import Network

Progress = Callable[[str], None]


@dataclass
class Rows:
    """The rows of several cases over one box, stacked; `owner` says which case a row belongs to."""

    cases: Sequence[Case]

    def __post_init__(self) -> None:
        self.by_output = torch.cat([case.by_output for case in self.cases])
        self.by_input = torch.cat([case.by_input for case in self.cases])
        self.constants = torch.cat([case.constants for case in self.cases])
        counts = torch.tensor([len(case.constants) for case in self.cases])
        self.owner = torch.repeat_interleave(torch.arange(len(self.cases)), counts)


def bound_rows(network: Network, value: int, boxes: Boxes, rows: Rows) -> tuple[Tensor, Tensor]:
    """Linear lower bounds of all rows: coefficients `[batch, rows, inputs]` and constants `[batch, rows]`."""
    batch = len(boxes)
    _, lines = crown(network, boxes)
    start = rows.by_output.reshape(1, -1, *network.shape_of(value)).expand(batch, -1, *network.shape_of(value))
    coefficients, constants, _ = backward(network, boxes, value, start, lines)
    coefficients = coefficients.reshape(batch, len(rows.constants), -1) + rows.by_input
    return coefficients, constants + rows.constants


def split(boxes: Boxes, weight: Tensor) -> Boxes:
    """Each box cut in two halves in the dimension of the largest width times `weight` `[batch, inputs]`."""
    low, high = (side.reshape(len(boxes), -1) for side in (boxes.lower, boxes.upper))
    width = high - low
    chosen = (width * (weight + 1e-9 * weight.amax(1, keepdim=True) + 1e-30)).argmax(1, keepdim=True)
    middle = (low.gather(1, chosen) + high.gather(1, chosen)) / 2
    first_high, second_low = high.scatter(1, chosen, middle), low.scatter(1, chosen, middle)
    shape = boxes.lower.shape[1:]
    return Boxes(torch.cat([low, second_low]).reshape(-1, *shape), torch.cat([first_high, high]).reshape(-1, *shape))


def search_box(
    network: Network,
    value: int,
    cases: Sequence[Case],
    program: Program,
    dtype: torch.dtype,
    deadline: float,
    progress: Progress | None = None,
) -> Verdict:
    """The verdict on cases that share one box, by branch and bound until `deadline` (of `time.monotonic`)."""
    rows = Rows(cases)
    first = cases[0]
    waiting = Boxes(first.lower.reshape(1, *network.shape), first.upper.reshape(1, *network.shape))
    done = 0
    # As many boxes at once as keep the rows of one step, about the square of its width for each, in the cache.
    widest = max(network.shape_of(number)[-1:] or (1,) for number in range(value + 1))[0]
    batch = min(1024, max(16, 200_000 // widest**2))
    while len(waiting):
        if time.monotonic() > deadline:
            return Unknown(f"the time is over; {done} boxes bounded, {len(waiting)} wait")
        now, waiting = waiting.take(slice(-batch, None)), waiting.take(slice(None, -batch))  # type: ignore[arg-type]
        coefficients, constants = bound_rows(network, value, now, rows)
        done += len(now)
        halves = Halves(coefficients, constants, rows.owner, len(cases))
        if len(rows.owner) > len(cases):
            halves = halves.combined(now)
        now, open_cases = halves.cut(now)
        unsure = open_cases.any(1)
        if progress is not None:
            progress(f"{done} boxes, {len(waiting) + int(unsure.sum())} wait")
        if not bool(unsure.any()):
            continue
        now, weight, open_cases = now.take(unsure), coefficients[unsure].abs(), open_cases[unsure]
        for case, points in nearest(network, value, cases, now.middle.reshape(len(now), -1)):
            found = replay(program, case, points, dtype)
            if found is not None:
                return Refuted(*found)
        width = (now.upper - now.lower).reshape(len(now), -1)
        if bool((width.amax(1) <= 1e-12 * now.upper.reshape(len(now), -1).abs().amax(1).clamp(min=1e-6)).any()):
            return Unknown("a box became too small to be cut, and is neither safe nor unsafe beyond rounding")
        open_rows = open_cases.to(torch.float64)[:, rows.owner]
        both = split(now, (weight * open_rows.unsqueeze(2)).amax(1))
        waiting = Boxes(torch.cat([waiting.lower, both.lower]), torch.cat([waiting.upper, both.upper]))
    return Proved(boxes=done)
