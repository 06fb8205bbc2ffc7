"""Looking for an unsafe point by random starts and projected gradient steps (Madry et al. 2018)."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import torch
from torch import Tensor

from diptych.analyses.cases import Case
from diptych.domains.linear.steps import Network

Program = Callable[[Tensor], Tensor]
"""The program itself, in its own dtype: one flattened input `[inputs]` -> its flattened output."""


def inside(points: Tensor, case: Case, dtype: torch.dtype) -> Tensor:
    """`points` `[batch, inputs]` rounded to `dtype` such that they lie in the box as real numbers, as far as any do."""
    near = torch.maximum(torch.minimum(points, case.upper), case.lower).to(dtype)
    down, up = torch.full_like(near, -torch.inf), torch.full_like(near, torch.inf)
    near = torch.where(near.double() > case.upper, torch.nextafter(near, down), near)
    return torch.where(near.double() < case.lower, torch.nextafter(near, up), near)


def replay(program: Program, case: Case, points: Tensor, dtype: torch.dtype) -> tuple[Tensor, Tensor] | None:
    """The first of `points` at which the program itself is unsafe, and what it gives there."""
    for point in inside(points, case, dtype):
        result = program(point)
        if bool(case.holds(point.double()[None], result.double().reshape(1, -1))):
            return point, result
    return None


def attack(
    network: Network, value: int, program: Program, case: Case, dtype: torch.dtype, starts: int = 64, steps: int = 40
) -> tuple[Tensor, Tensor] | None:
    """A point that is unsafe when the program itself runs, or None."""
    width = case.upper - case.lower
    generator = torch.Generator().manual_seed(0)
    points = case.lower + width * torch.rand(starts, len(width), generator=generator, dtype=torch.float64)
    points[0] = (case.lower + case.upper) / 2
    for step in range(steps):
        points.requires_grad_(True)
        with torch.enable_grad():
            results = network.run(points.reshape(-1, *network.shape))[value].reshape(len(points), -1)
            rows = case.values(points, results)
            worst = rows.amax(1) if rows.shape[1] else rows.sum(1)
        good = (worst <= 0).nonzero().flatten()[:4]
        if len(good):
            found = replay(program, case, points.detach()[good], dtype)
            if found is not None:
                return found
        if step == steps - 1 or not worst.requires_grad:
            return None
        # Rows that hold already count little, so that one is not bought with another.
        target = (rows.clamp(min=-1e-3) * torch.where(rows > 0, 1.0, 1e-3)).sum() + worst.sum()
        (slope,) = torch.autograd.grad(target, points)
        pace = 0.25 * (1 - step / steps) ** 2 + 0.002
        points = points.detach() - pace * width * slope.sign()
        points = torch.maximum(torch.minimum(points, case.upper), case.lower)
    return None


def nearest(network: Network, value: int, cases: Sequence[Case], points: Tensor) -> list[tuple[Case, Tensor]]:
    """The cases with those of `points` that are unsafe in float64."""
    results = network.run(points.reshape(-1, *network.shape))[value].reshape(len(points), -1)
    found = []
    for case in cases:
        unsafe = case.holds(points, results)
        if bool(unsafe.any()):
            found.append((case, points[unsafe][:4]))
    return found


def flat_text(values: Tensor) -> str:
    """The numbers of a tensor so that they can be read back exactly."""
    return " ".join(repr(number) for number in values.flatten().tolist())
