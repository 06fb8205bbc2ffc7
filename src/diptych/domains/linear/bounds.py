"""Bounds of the values of a network over a batch of boxes: intervals, and lines carried forward or backward.

Backward: CROWN (Zhang et al. 2018), which puts the lines of each step into rows over its result until only the input
is left. Forward: the same lines composed from the input on, cheap where the input has few numbers.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from diptych.domains.linear.steps import Affine, Network, Nonlinear, Relaxation

SLACK = 1e-11
"""Outward rounding of a bound, relative to the sum of the magnitudes that it was added up from."""


@dataclass(frozen=True)
class Boxes:
    """A batch of boxes: `lower` and `upper` `[batch, *shape]`, float64."""

    lower: Tensor
    upper: Tensor

    @property
    def middle(self) -> Tensor:
        """The centres."""
        return (self.lower + self.upper) / 2

    def take(self, chosen: Tensor) -> Boxes:
        """Some of the boxes, by number or by mask."""
        return Boxes(self.lower[chosen], self.upper[chosen])

    def __len__(self) -> int:
        return len(self.lower)


Range = tuple[Tensor, Tensor]
Lines = dict[int, Relaxation]
"""The relaxation of each nonlinear step, by the number of its value."""


def affine_interval(step: Affine, ranges: Sequence[Range]) -> Range:
    """The interval of an affine step: exact for a matrix, by splitting the linear map into signs otherwise."""
    if step.reshape:
        low, high = (side.reshape(-1, *step.shape) + step.bias for side in ranges[0])
        return low - SLACK * low.abs(), high + SLACK * high.abs()
    middles = [(low + high) / 2 for low, high in ranges]
    radii = [(high - low) / 2 for low, high in ranges]
    if step.matrix is not None:
        middle = middles[0] @ step.matrix.T + step.bias
        radius = radii[0] @ step.matrix.abs().T
        size = (middles[0].abs() + radii[0]) @ step.matrix.abs().T + step.bias.abs()
        return middle - radius - SLACK * size, middle + radius + SLACK * size
    # |J| r for an affine function whose J is known as a map only: row by row.
    count = int(torch.Size(step.shape).numel())
    rows = torch.eye(count, dtype=torch.float64).reshape(count, *step.shape)
    back = step.adjoint(rows, [tuple(low.shape[1:]) for low, _ in ranges])
    middle = step.apply(*middles)
    radius, size = torch.zeros_like(middle), step.bias.abs() + torch.zeros_like(middle)
    for jacobian, centre, half in zip(back, middles, radii, strict=True):
        dense = jacobian.reshape(count, -1).abs().T
        radius = radius + (half.reshape(len(half), -1) @ dense).reshape(middle.shape)
        size = size + ((centre.abs() + half).reshape(len(half), -1) @ dense).reshape(middle.shape)
    return middle - radius - SLACK * size, middle + radius + SLACK * size


def intervals(network: Network, boxes: Boxes) -> list[Range]:
    """The interval of every value: `[batch, *shape]` lower and upper."""
    found: list[Range] = [(boxes.lower, boxes.upper)]
    for step in network.steps:
        ranges = [found[s] for s in step.sources]
        if isinstance(step, Affine):
            found.append(affine_interval(step, ranges))
        else:
            found.append(step.image([low for low, _ in ranges], [high for _, high in ranges]))
    return found


def backward(
    network: Network, boxes: Boxes, value: int, rows: Tensor, lines: Lines
) -> tuple[Tensor, Tensor, dict[int, Tensor]]:
    """Linear lower bounds of `rows @ value` by the input.

    Args:
        rows: `[batch, count, *shape of value]`.
        lines: the relaxation of every nonlinear step before `value`.

    Returns:
        `coefficients` `[batch, count, *input shape]` and `constants` `[batch, count]` with
        `coefficients . x + constants <= rows . value` on each box, and the rows that reached each nonlinear step.
    """
    batch, count = rows.shape[:2]
    carried: dict[int, Tensor] = {value: rows}
    reached: dict[int, Tensor] = {}
    constant = rows.new_zeros(batch, count)
    for number in range(value, 0, -1):
        arrived = carried.pop(number, None)
        if arrived is None:
            continue
        step = network.steps[number - 1]
        if isinstance(step, Affine):
            constant = constant + _dot(arrived, step.bias.expand(step.shape))
            shapes = [network.shape_of(s) for s in step.sources]
            parts = step.adjoint(arrived.reshape(batch * count, *step.shape), shapes)
            for source, part in zip(step.sources, parts, strict=True):
                _add(carried, source, part.reshape(batch, count, *network.shape_of(source)))
            continue
        reached[number] = arrived
        made = lines[number]
        # positive * lower + negative * upper, as rows * upper + positive * (lower - upper): fewer passes.
        positive = arrived.clamp(min=0)
        constant = constant + _dot(arrived, made.above) + _dot(positive, made.below - made.above)
        for source, low, high in zip(step.sources, made.lower, made.upper, strict=True):
            part = arrived * high.unsqueeze(1)
            _add(carried, source, part.addcmul_(positive, (low - high).unsqueeze(1)))
    final = carried.get(0)
    if final is None:
        final = rows.new_zeros(batch, count, *network.shape)
    return final, constant, reached


def least(boxes: Boxes, coefficients: Tensor, constants: Tensor) -> Tensor:
    """The least value of linear functions over each box, rounded outward: `[batch, count]`."""
    batch, count = constants.shape
    flat = coefficients.reshape(batch, count, -1)
    low, high = boxes.lower.reshape(batch, 1, -1), boxes.upper.reshape(batch, 1, -1)
    # Not the centre and radius: at a corner this is exact.
    ends = torch.minimum(flat * low, flat * high).sum(-1)
    size = (flat.abs() * torch.maximum(low.abs(), high.abs())).sum(-1) + constants.abs()
    return ends + constants - SLACK * size


def _dot(rows: Tensor, values: Tensor) -> Tensor:
    """`rows` `[batch, count, *shape]` times `values` `[batch, *shape]`, or `[*shape]` for all: `[batch, count]`."""
    batch, count = rows.shape[:2]
    flat = rows.reshape(batch, count, -1)
    if values.dim() == rows.dim() - 2:
        return flat @ values.reshape(-1)
    return torch.bmm(flat, values.reshape(batch, -1, 1)).squeeze(2)


def _add(carried: dict[int, Tensor], source: int, part: Tensor) -> None:
    carried[source] = carried[source] + part if source in carried else part


def relaxation(step: Nonlinear, ranges: Sequence[Range]) -> Relaxation:
    """The lines around a nonlinear step on the ranges of the values it takes."""
    return step.relax([low for low, _ in ranges], [high for _, high in ranges])


def crown(network: Network, boxes: Boxes, known: dict[int, Range] | None = None) -> tuple[dict[int, Range], Lines]:
    """Bounds of every value that a nonlinear step takes, each by a backward pass, and the lines around each step.

    `known` are bounds that hold already, by the number of the value; they are intersected.
    """
    ranges: dict[int, Range] = {0: (boxes.lower, boxes.upper)}
    lines: Lines = {}
    wanted = {s for step in network.steps if isinstance(step, Nonlinear) for s in step.sources}
    for number, step in enumerate(network.steps, start=1):
        sources = [ranges[s] for s in step.sources]
        if isinstance(step, Nonlinear):
            lines[number] = relaxation(step, sources)
            found = step.image([low for low, _ in sources], [high for _, high in sources])
        else:
            found = affine_interval(step, sources)
        if known and number in known:
            found = torch.maximum(found[0], known[number][0]), torch.minimum(found[1], known[number][1])
        if number in wanted and not _only_input(network, number):
            found = _tighten(network, boxes, number, lines, found)
        ranges[number] = found
    return ranges, lines


def _only_input(network: Network, value: int) -> bool:
    """Whether a value is reached from the input by one affine step at most, whose interval is exact."""
    return value == 0 or all(s == 0 for s in network.steps[value - 1].sources)


def _tighten(network: Network, boxes: Boxes, value: int, lines: Lines, found: Range) -> Range:
    """Both bounds of a value by backward passes, for the numbers whose sign is open in some box of the batch."""
    shape = network.shape_of(value)
    size = int(torch.Size(shape).numel())
    low, high = (side.reshape(len(boxes), size).clone() for side in found)
    step_open = ((low < 0) & (high > 0)).any(0) if _all_relu(network, value) else torch.ones(size, dtype=torch.bool)
    chosen = step_open.nonzero().squeeze(1)
    if not len(chosen):
        return found
    for part in chosen.split(max(1, 4_000_000 // max(1, len(boxes) * _widest(network, value)))):
        eye = torch.zeros(len(part), size, dtype=torch.float64)
        eye[torch.arange(len(part)), part] = 1.0
        rows = torch.cat([eye, -eye]).reshape(1, 2 * len(part), *shape).expand(len(boxes), -1, *shape)
        coefficients, constants, _ = backward(network, boxes, value, rows, lines)
        bounds = least(boxes, coefficients, constants)
        below, above = bounds[:, : len(part)], -bounds[:, len(part) :]
        low[:, part] = torch.fmax(low[:, part], below)
        high[:, part] = torch.fmin(high[:, part], above)
    return low.reshape(found[0].shape), high.reshape(found[1].shape)


def _all_relu(network: Network, value: int) -> bool:
    """Whether every nonlinear step that takes a value is linear on either side of 0."""
    users = [step for step in network.steps if value in step.sources]
    return all(isinstance(step, Nonlinear) and step.kind.startswith(("relu", "leaky_relu", "abs")) for step in users)


def _widest(network: Network, value: int) -> int:
    return max(int(torch.Size(network.shape_of(v)).numel()) for v in range(value + 1))
