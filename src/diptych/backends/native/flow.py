"""Control flow in C: branches, loops, and loops that go back over what another one kept."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import torch
from torch import fx

from diptych.backends.native.nests import Block, Compound
from diptych.backends.native.numbers import as_number, converted
from diptych.backends.native.values import WIDTHS, Buffer, Number, Size, Strided, Value, times
from diptych.graph import walk
from diptych.graph.control import while_stack
from diptych.graph.spec import AbsentSpec

if TYPE_CHECKING:
    from diptych.backends.native.function import FunctionWriter

KINDS: dict[type, str] = {
    bool: "bool",
    int: "int",
    float: "float",
    torch.SymBool: "bool",
    torch.SymInt: "int",
    torch.SymFloat: "float",
}


class Place:
    """Where a result of control flow is put: memory of its own, a variable, or nowhere."""

    def __init__(self, writer: FunctionWriter, value: Any, spec: Any) -> None:
        self.writer = writer
        self.value: Any = None
        if isinstance(value, torch.Tensor):
            sizes = writer.sizes(value)
            buffer = writer.buffer(value.dtype, times(*sizes))
            buffer.pinned = True
            self.value = Strided(buffer, sizes)
            self.value.origin = writer.names.fresh("origin")
            writer.lines(f"int {self.value.origin} = 0;")
        elif (kind := kind_of(value)) is not None:
            self.value = Number(kind, writer.names.fresh("n"))
            writer.lines(f"{self.value.type} {self.value.text} = 0;")
        elif not isinstance(spec, AbsentSpec):
            raise writer.refuse(f"control flow that gives a {spec}")

    def put(self, value: Any) -> None:
        """Put a value there (nothing, if it is absent)."""
        if self.value is None or value is None:
            return
        if isinstance(self.value, Number):
            text = as_number(value).text
            if text != self.value.text:
                self.writer.lines(f"{self.value.text} = {text};")
        elif not (isinstance(value, Strided) and value.same(self.value)):
            self.writer.store(self.value, value)
            self.writer.lines(f"{self.value.origin} = {self.writer.origin(value)};")


def places_of(writer: FunctionWriter, node: fx.Node, count: int) -> list[Place]:
    """Where the first `count` results of a node are put."""
    return [Place(writer, v, s) for v, s in zip(node.meta["val"][:count], node.meta["spec"][:count], strict=True)]


def kind_of(value: Any) -> str | None:
    """The kind of a number."""
    kinds = {
        torch.SymInt: "int",
        torch.SymFloat: "float",
        torch.SymBool: "bool",
        bool: "bool",
        int: "int",
        float: "float",
    }
    return kinds.get(type(value))


def write_cond(writer: FunctionWriter, node: fx.Node, pred: Any, operands: Sequence[Any]) -> tuple[Any, ...]:
    """An `if`."""
    if isinstance(pred, Value):
        pred = converted(writer, bool, pred, "bool")
    places = places_of(writer, node, len(node.meta["val"]))
    sides = Block(), Block()
    writer.known(operands)
    symbols = dict(writer.symbols)
    for side, module in zip(sides, walk.regions(node), strict=True):
        with writer.inside(side):
            made = writer.run(module, operands)
            if made is not None:
                for place, value in zip(places, made, strict=True):
                    place.put(value)
        writer.symbols = dict(symbols)
    parts = [f"if ({as_number(pred).text}) {{", sides[0]]
    if sides[1].statements:
        parts += ["} else {", sides[1]]
    writer.block.statements.append(Compound([*parts, "}"]))
    return tuple(place.value for place in places)


def write_while(
    writer: FunctionWriter, node: fx.Node, carried: Sequence[Any], operands: Sequence[Any]
) -> tuple[Any, ...]:
    """A loop; with rows that are kept of each round, if it is a `while_stack`."""
    test, body = walk.regions(node)
    count = len(carried)
    places = places_of(writer, node, count)
    for place, value in zip(places, carried, strict=True):
        place.put(value)
    now = [place.value for place in places]
    tapes: list[tuple[str, Buffer, tuple[Size, ...]]] = []
    rounds = ""
    if node.target is while_stack:
        rounds = writer.names.fresh("rounds")
        writer.lines(f"int64_t {rounds} = 0;")
        for value in node.meta["val"][count:]:
            tapes.append(new_tape(writer, value))
    inside = Block()
    with writer.rounds(inside, operands):
        tested = writer.run(test, [*now, *operands])
        assert tested is not None
        holds = tested[0]
        if isinstance(holds, Value):
            holds = converted(writer, bool, holds, "bool")
        writer.lines(f"if (!{as_number(holds).text}) break;")
        made = writer.run(body, [*now, *operands])
        assert made is not None
        for (tape, buffer, sizes), row in zip(tapes, made[count:], strict=True):
            keep(writer, tape, buffer, sizes, row, rounds)
        if rounds:
            writer.lines(f"{rounds}++;")
        replace(writer, places, made[:count])
    writer.block.statements.append(Compound(["for (;;) {", inside, "}"]))
    for tape, buffer, _ in tapes:
        writer.lines(f"{buffer.name} = ({buffer.type} *){tape}.data;")
    if tapes:
        writer.define(node.meta["val"][count].shape[0], rounds)
    return (*now, *(Strided(buffer, (rounds, *sizes)) for _, buffer, sizes in tapes))


def new_tape(writer: FunctionWriter, value: torch.Tensor) -> tuple[str, Buffer, tuple[Size, ...]]:
    """Memory that grows with the rounds."""
    sizes = tuple(writer.size(size) for size in value.shape[1:])
    tape = writer.names.fresh("tape")
    buffer = writer.buffer(value.dtype, f"{tape}_rows", "tape", "rows")
    buffer.pinned = True
    writer.tapes.append(tape)
    return tape, buffer, sizes


def keep(writer: FunctionWriter, tape: str, buffer: Buffer, sizes: Sequence[Size], row: Any, rounds: str) -> None:
    """Keep a row of this round."""
    if row is None:
        source: Value = writer.constant(0, buffer.dtype, sizes)
    else:
        source = row
    found = writer.whole(source)
    writer.can_fail = True
    bytes_ = times(WIDTHS[buffer.dtype], *sizes)
    address = found.buffer.name if found.offset == 0 else f"{found.buffer.name} + {found.offset}"
    writer.lines(
        f"if (d_keep(&{tape}, {rounds}, {address}, {bytes_})) {{ d_failed = 2; goto d_end; }}", reads=[found.buffer]
    )


def replace(writer: FunctionWriter, places: Sequence[Place], values: Sequence[Any]) -> None:
    """The values of the next round take the places of those of this one, all at once."""
    mine = {place.value.buffer for place in places if isinstance(place.value, Strided)}
    ready: list[Any] = []
    origins: dict[int, str] = {}
    for place, value in zip(places, values, strict=True):
        if isinstance(place.value, Strided) and isinstance(value, Value):
            name = origins[id(place)] = writer.names.fresh("origin")
            writer.lines(f"const int {name} = {writer.origin(value)};")
    for place, value in zip(places, values, strict=True):
        if place.value is None or value is None:
            ready.append(None)
        elif isinstance(place.value, Number):
            text = as_number(value).text
            if text == place.value.text:
                ready.append(None)
            elif text in {p.value.text for p in places if isinstance(p.value, Number)}:
                ready.append(writer.number(place.value.kind, text))
            else:
                ready.append(value)
        elif isinstance(value, Strided) and value.same(place.value):
            ready.append(None)
        elif isinstance(value, Strided) and value.buffer not in mine and value.whole():
            ready.append(value)
        else:
            target = Strided(writer.buffer(value.dtype, value.count), value.sizes)
            writer.store(target, value)
            ready.append(target)
    for place, value in zip(places, ready, strict=True):
        if isinstance(value, Strided):
            width = WIDTHS[value.dtype]
            address = value.buffer.name if value.offset == 0 else f"{value.buffer.name} + {value.offset}"
            buffer = place.value.buffer
            writer.lines(
                f"memcpy({buffer.name}, {address}, {times(width, value.count)});", reads=[value.buffer], writes=[buffer]
            )
            writer.lines(f"{place.value.origin} = {origins[id(place)]};")
        elif value is not None:
            writer.lines(f"{place.value.text} = {as_number(value).text};")


def write_scan(
    writer: FunctionWriter,
    node: fx.Node,
    carried: Sequence[Any],
    xs: Sequence[Any],
    operands: Sequence[Any],
    rows: Sequence[Any],
    reverse: bool = False,
) -> tuple[Any, ...]:
    """A round for each row."""
    if rows:
        raise writer.refuse("a scan that keeps rows")
    (body,) = walk.regions(node)
    places = places_of(writer, node, len(node.meta["val"]))
    for place, value in zip(places, carried, strict=True):
        place.put(value)
    now = [place.value for place in places]
    tables = [writer.realised(x) for x in xs]
    count, at, row = tables[0].sizes[0], writer.names.fresh("i"), writer.names.fresh("r")
    inside = Block()
    with writer.rounds(inside, operands):
        given: list[Value] = []
        writer.lines(f"const int64_t {row} = {f'{count} - 1 - {at}' if reverse else at};")
        for table in tables:
            table.buffer.pinned = True
            step = times(table.strides[0], row)
            offset = step if table.offset == 0 else f"({table.offset} + {step})"
            given.append(Strided(table.buffer, table.sizes[1:], table.strides[1:], offset))
        made = writer.run(body, [*now, *given, *operands])
        assert made is not None
        replace(writer, places, made)
    writer.block.statements.append(Compound([f"for (int64_t {at} = 0; {at} < {count}; {at}++) {{", inside, "}"]))
    return tuple(now)
