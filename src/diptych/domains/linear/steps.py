"""What linear bounds are computed over: a path of a program as affine and nonlinear steps.

Values are float64 tensors with a leading dimension for the boxes of a batch. A step is *affine* in all the values it
takes together, or *nonlinear*: elementwise in values that have the shape of the result. Everything that does not
depend on the input is folded into the steps.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import torch
from torch import Tensor

Function = Callable[..., Tensor]


@dataclass(frozen=True)
class Affine:
    """`function(*values)` for one box, affine in all values together; `matrix` is `[out, in]` if it is `W @ x`.

    `sources` are the numbers of the values taken; `shape` is that of the result, without the batch; `bias` what the
    function gives for zeros; `text` names the operation and its source line. The linear part of a `reshape` keeps all
    numbers in their order.
    """

    sources: tuple[int, ...]
    shape: tuple[int, ...]
    function: Function
    bias: Tensor
    text: str
    matrix: Tensor | None = None
    reshape: bool = False

    def apply(self, *values: Tensor) -> Tensor:
        """The function of a batch: `[batch, *source shape]` each -> `[batch, *shape]`."""
        if self.matrix is not None:
            return values[0] @ self.matrix.T + self.bias
        if self.reshape:
            return values[0].reshape(-1, *self.shape) + self.bias
        return torch.vmap(self.function)(*values)

    def adjoint(self, rows: Tensor, shapes: Sequence[tuple[int, ...]]) -> tuple[Tensor, ...]:
        """The transposed linear part: `rows` `[count, *shape]` -> for each source `[count, *its shape]`."""
        if self.matrix is not None:
            return (rows @ self.matrix,)
        if self.reshape:
            return (rows.reshape(-1, *shapes[0]),)
        zeros = [rows.new_zeros(shape) for shape in shapes]
        back = torch.func.vjp(self.function, *zeros)[1]
        return torch.vmap(back)(rows)


@dataclass(frozen=True)
class Relaxation:
    """Lines around a nonlinear step on a box: `sum(lower[k] * x[k]) + below <= y <= sum(upper[k] * x[k]) + above`.

    All tensors are `[batch, *shape]`.
    """

    lower: tuple[Tensor, ...]
    below: Tensor
    upper: tuple[Tensor, ...]
    above: Tensor


Relax = Callable[[Sequence[Tensor], Sequence[Tensor]], Relaxation]
"""From the lower and the upper bounds of the values taken, `[batch, *shape]` each, to lines around the result."""

Image = Callable[[Sequence[Tensor], Sequence[Tensor]], tuple[Tensor, Tensor]]
"""From the lower and the upper bounds of the values taken to those of the result."""


@dataclass(frozen=True)
class Nonlinear:
    """`function(*values)`, elementwise; `kind` names it, `relax` encloses it between lines.

    `image` is its interval rule, which may be narrower than the lines are.
    """

    sources: tuple[int, ...]
    shape: tuple[int, ...]
    kind: str
    function: Function
    relax: Relax
    image: Image
    text: str

    def apply(self, *values: Tensor) -> Tensor:
        """The function of a batch."""
        return self.function(*values)


Step = Affine | Nonlinear


@dataclass
class Network:
    """Steps in order; value 0 is the input of `shape`, value k + 1 the result of step k."""

    shape: tuple[int, ...]
    steps: list[Step] = field(default_factory=list)

    def add(self, step: Step) -> int:
        """Append a step; the number of its value."""
        self.steps.append(step)
        return len(self.steps)

    def shape_of(self, value: int) -> tuple[int, ...]:
        """The shape of a value, without the batch."""
        return self.steps[value - 1].shape if value else self.shape

    def run(self, points: Tensor) -> list[Tensor]:
        """Every value at `points` `[batch, *shape]`, in float64."""
        values = [points]
        for step in self.steps:
            values.append(step.apply(*(values[s] for s in step.sources)))
        return values

    def needed(self, value: int) -> list[bool]:
        """Which values `value` depends on, itself included."""
        found = [False] * (len(self.steps) + 1)
        found[value] = True
        for number in range(value, 0, -1):
            if found[number]:
                for source in self.steps[number - 1].sources:
                    found[source] = True
        return found
