"""What a verification asks: sets of unsafe inputs and outputs."""

from __future__ import annotations

from dataclasses import dataclass

from torch import Tensor


@dataclass(frozen=True)
class Case:
    """One set of unsafe points: `lower <= x <= upper` and `by_output @ y + by_input @ x + constants <= 0`, all rows.

    `lower`, `upper` `[inputs]`, `by_output` `[rows, outputs]`, `by_input` `[rows, inputs]`, `constants` `[rows]`, all
    float64; `x` and `y` are the flattened input and output. A case without rows is unsafe everywhere in its box.
    """

    lower: Tensor
    upper: Tensor
    by_output: Tensor
    by_input: Tensor
    constants: Tensor

    def holds(self, points: Tensor, results: Tensor) -> Tensor:
        """Whether each of `points` `[batch, inputs]` with `results` `[batch, outputs]` is unsafe: bool `[batch]`."""
        inside = ((points >= self.lower) & (points <= self.upper)).all(1)
        return inside & (self.values(points, results) <= 0).all(1) & results.isfinite().all(1)

    def values(self, points: Tensor, results: Tensor) -> Tensor:
        """The left sides of the rows: `[batch, rows]`."""
        return results @ self.by_output.T + points @ self.by_input.T + self.constants
