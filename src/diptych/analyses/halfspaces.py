"""What linear bounds of a case's rows say about where in a box it can be unsafe.

Every row of a case must be at most 0 at an unsafe point, so each linear lower bound of a row is a half-space that
holds all of them: the box is cut down to what the half-spaces leave of it, and is safe where they have no common
point. Two uses of linear bounds that need no further pass over the network (domain clipping as in Zhou et al.,
"Clip-and-Verify", 2025; the common point by the Lagrangian of the rows).
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from diptych.domains.linear.bounds import SLACK, Boxes, least

WIDENING = 1e-9
"""A cut leaves this much of a box's width more than it has to, so that rounding takes no unsafe point away."""


@dataclass(frozen=True)
class Halves:
    """`coefficients . x + constants <= 0` wherever a case is unsafe: `[batch, rows, inputs]`, `[batch, rows]`.

    `owner` `[rows]` is the number of each row's case, of `cases`.
    """

    coefficients: Tensor
    constants: Tensor
    owner: Tensor
    cases: int

    def combined(self, boxes: Boxes, rounds: int = 12) -> Halves:
        """A row more for each case: the sum of its rows, weighted so that its least value is as high as can be.

        The weights are found by exponentiated gradient steps on the Lagrangian; any weights give a valid row.
        """
        flat = Boxes(boxes.lower.flatten(1), boxes.upper.flatten(1))
        weights = torch.ones_like(self.constants)
        size = self.coefficients.abs().sum(-1).amax(1, keepdim=True).clamp(min=1e-30) * self._width(flat)
        for step in range(rounds):
            rows, constants = self._sums(weights)
            corner = torch.where(rows > 0, flat.lower.unsqueeze(1), flat.upper.unsqueeze(1))[:, self.owner]
            slope = ((self.coefficients * corner).sum(-1) + self.constants) / size
            weights = weights * torch.exp((8.0 / (1 + step)) * slope.clamp(-4, 4))
        rows, constants = self._sums(weights)
        # What cancels in the sums leaves the rounding of its parts behind.
        reach = torch.maximum(flat.lower.abs(), flat.upper.abs()).unsqueeze(1)
        parts = Halves(self.coefficients.abs() * reach, self.constants.abs(), self.owner, self.cases)
        sizes, rest = parts._sums(weights)
        constants = constants - SLACK * (sizes.sum(-1) + rest)
        return Halves(
            torch.cat([self.coefficients, rows], 1),
            torch.cat([self.constants, constants], 1),
            torch.cat([self.owner, torch.arange(self.cases)]),
            self.cases,
        )

    def _sums(self, weights: Tensor) -> tuple[Tensor, Tensor]:
        batch, _, inputs = self.coefficients.shape
        total = weights.new_zeros(batch, self.cases).index_add_(1, self.owner, weights)
        share = weights / total[:, self.owner]
        rows = self.coefficients.new_zeros(batch, self.cases, inputs)
        rows.index_add_(1, self.owner, self.coefficients * share.unsqueeze(2))
        return rows, self.constants.new_zeros(batch, self.cases).index_add_(1, self.owner, self.constants * share)

    @staticmethod
    def _width(boxes: Boxes) -> Tensor:
        return (boxes.upper - boxes.lower).amax(1, keepdim=True).clamp(min=1e-30)

    def cut(self, boxes: Boxes) -> tuple[Boxes, Tensor]:
        """The boxes cut down to where a case may be unsafe, and whether each case can be: bool `[batch, cases]`."""
        low, high = (side.flatten(1).unsqueeze(1) for side in (boxes.lower, boxes.upper))
        lowest = least(boxes, self.coefficients, self.constants).unsqueeze(2)
        spare = WIDENING * (high - low) + 1e-15 * torch.maximum(low.abs(), high.abs())
        # From its corner with the least value, a row leaves each number this far to go.
        reach = -lowest / self.coefficients.abs() * (1 + WIDENING) + spare
        top = torch.where(self.coefficients > 0, low + reach, torch.inf)
        bottom = torch.where(self.coefficients < 0, high - reach, -torch.inf)
        batch, inputs = len(boxes), low.shape[2]
        place = self.owner.reshape(1, -1, 1).expand(batch, -1, inputs)
        tops = high.repeat(1, self.cases, 1).scatter_reduce(1, place, top, "amin")
        bottoms = low.repeat(1, self.cases, 1).scatter_reduce(1, place, bottom, "amax")
        refuted = torch.zeros(batch, self.cases, dtype=torch.int64).index_add_(
            1, self.owner, (lowest.squeeze(2) > 0).to(torch.int64)
        )
        open_cases = (refuted == 0) & (bottoms <= tops).all(2)
        kept = open_cases.unsqueeze(2)
        lower = torch.where(kept, bottoms, torch.inf).amin(1)
        upper = torch.where(kept, tops, -torch.inf).amax(1)
        shape = boxes.lower.shape
        return Boxes(lower.reshape(shape), upper.reshape(shape)), open_cases
