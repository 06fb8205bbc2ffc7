"""Control-flow operations of the symbolic graph, each defined by how it runs.

These functions are the reference meaning (plain dispatch): they run under PyTorch's own autograd, one side or one
round after the other, so first- and second-order gradients are those of the imperative program.

In an FX graph a node is `call_function` with one of these as target. Regions are `get_attr` nodes that name a
`GraphModule`; a region takes its operands positionally and returns a flat tuple.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import torch

Flat = tuple[Any, ...]
Region = Callable[..., Flat]


def cond(pred: torch.Tensor | bool, then: Region, orelse: Region, operands: Sequence[Any]) -> Flat:
    """Run `then(*operands)` if `pred` holds, else `orelse(*operands)`; the other side is not run at all."""
    return then(*operands) if pred else orelse(*operands)


def while_loop(test: Region, body: Region, carried: Sequence[Any], operands: Sequence[Any]) -> Flat:
    """Replace `carried` by `body(*carried, *operands)` while the single output of `test` holds; zero or more rounds."""
    values = tuple(carried)
    while test(*values, *operands)[0]:
        values = body(*values, *operands)
    return values


Row = tuple[torch.dtype, tuple[int, ...]]
"""What a row is like: its dtype and sizes, for stacks of no rows (0 for a size that only the graph knows)."""


def while_stack(
    test: Region, body: Region, carried: Sequence[Any], operands: Sequence[Any], rows: Sequence[Row]
) -> Flat:
    """A `while_loop` whose body returns, after the carried values, tensors that are kept of each round.

    Returns the carried values, then for each of `rows` the tensors of all rounds, stacked: `[rounds, *sizes]`.
    """
    values = tuple(carried)
    kept: list[Flat] = []
    while test(*values, *operands)[0]:
        made = body(*values, *operands)
        values = made[: len(values)]
        kept.append(made[len(values) :])
    return (*values, *stacks(kept, rows))


def scan(
    body: Region,
    carried: Sequence[Any],
    xs: Sequence[torch.Tensor],
    operands: Sequence[Any],
    rows: Sequence[Row],
    reverse: bool = False,
) -> Flat:
    """A round for each row of `xs` (which have as many each), from the last to the first one if `reverse`.

    `body(*carried, *x_rows, *operands)` returns the new carried values, then tensors that are kept of the round.
    Returns the carried values, then for each of `rows` the tensors of all rounds, stacked at the places of their rows.
    """
    values = tuple(carried)
    kept: list[Flat] = []
    table = list(zip(*(x.unbind(0) for x in xs), strict=True))
    for given in reversed(table) if reverse else table:
        made = body(*values, *given, *operands)
        values = made[: len(values)]
        kept.append(made[len(values) :])
    return (*values, *stacks(kept[::-1] if reverse else kept, rows))


def stacks(kept: Sequence[Flat], rows: Sequence[Row]) -> Flat:
    """The kept tensors of all rounds, stacked; zeros stand for what is absent in a round."""
    if not kept:
        return tuple(torch.empty((0, *sizes), dtype=dtype) for dtype, sizes in rows)
    made: list[torch.Tensor] = []
    for column, (dtype, sizes) in zip(zip(*kept, strict=True), rows, strict=True):
        like = next((row for row in column if row is not None), torch.empty(sizes, dtype=dtype))
        made.append(torch.stack([torch.zeros_like(like) if row is None else row for row in column]))
    return tuple(made)


class Function:
    """A named subgraph that may call itself: the target of a call node, `node.args` are its operands.

    `body` is set once the function has been traced; a recursive call inside it has the same object as target.
    """

    def __init__(self, name: str) -> None:
        self.name = name
        self.body: torch.fx.GraphModule | None = None
        self.frames = 3
        """How many calls of Python's a call from inside of it stands for, at most."""
        self.rows: list[Row] | None = None
        """If not None: the last outputs of the body are kept, and the number of the call is its last result."""
        self.kept: list[Flat] = []
        self.__name__ = self.__qualname__ = name
        self.__module__ = "diptych_functions"

    def __call__(self, *operands: Any) -> Flat:
        assert self.body is not None, f"{self.name} has no body"
        if self.rows is None:
            return self.body(*operands)
        made = self.body(*operands)
        split = len(made) - len(self.rows)
        self.kept.append(made[split:])
        return (*made[:split], len(self.kept) - 1)

    def __repr__(self) -> str:
        return f"@{self.name}"


class Outermost:
    """A call of a function that keeps something of each call: its results, then all that was kept, stacked.

    The calls are numbered in the order in which they end, so that the outermost one is the last.
    """

    def __init__(self, function: Function) -> None:
        self.function = function
        self.__name__ = self.__qualname__ = function.name
        self.__module__ = "diptych_functions"

    def __call__(self, *operands: Any) -> Flat:
        function = self.function
        before, function.kept = function.kept, []
        try:
            made = function(*operands)
            return (*made, *stacks(function.kept, function.rows or ()))
        finally:
            function.kept = before

    def __repr__(self) -> str:
        return f"{self.function!r} outermost"


class Raise:
    """Raise `kind(*arguments)`: the target of a node that ends its path; `node.args` fill the holes of `arguments`.

    `arguments` is a tuple of constants; a `Hole` stands for the operand of that position. `attributes` are what the
    exception has besides, `cause` what it is raised from, over the same operands (an exception that is not raised
    itself), `where` is the user's line. `updates` are the updates of the world outside that came before
    it, their values over the operands. An `implicit` one comes from an operation that failed during the trace: the
    imperative program fails there too, with a message that may differ.
    """

    def __init__(self, kind: type[BaseException], arguments: tuple[Any, ...]) -> None:
        self.kind = kind
        self.arguments = arguments
        self.attributes: dict[str, Any] = {}
        self.cause: Raise | None = None
        self.updates: tuple[Any, ...] = ()
        self.implicit = False
        self.where: Any = None
        self.__name__ = self.__qualname__ = f"raise_{kind.__name__}"
        self.__module__ = "diptych_raises"

    def exception(self, *operands: Any) -> BaseException:
        """The exception this node raises for these operands."""
        arguments = self.filled(operands)
        if self.kind.__module__ == "builtins":
            made = self.kind(*arguments)
        else:
            made = self.kind.__new__(self.kind, *arguments)  # its __init__ may take other arguments
            made.args = tuple(arguments)
            made.__dict__.update(self.attributes)
        if self.cause is not None:
            made.__cause__ = self.cause.exception(*operands)
        return made

    def filled(self, operands: Sequence[Any]) -> list[Any]:
        """Its arguments, with the operands in their holes."""
        return [operands[a.index] if isinstance(a, Hole) else a for a in self.arguments]

    def chain(self) -> list[Raise]:
        """The exception, and what it is raised from."""
        return [self, *(self.cause.chain() if self.cause is not None else [])]

    def __call__(self, *operands: Any) -> None:
        error = self.exception(*operands)
        error.__dict__["diptych_raised"] = (self, operands)
        raise error

    def __repr__(self) -> str:
        return f"raise {self.kind.__name__}{self.arguments!r}"


class Hole:
    """The place of operand `index` in the arguments of a `Raise`."""

    def __init__(self, index: int) -> None:
        self.index = index

    def __repr__(self) -> str:
        return f"%{self.index}"
