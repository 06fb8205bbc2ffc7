"""Folds in C: a loop over the levels, in which each kind of node is computed for all of its nodes on the level."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import torch
from torch import fx

from diptych.backends.native.indexing import place
from diptych.backends.native.nests import Block, Compound, Nest, Update
from diptych.backends.native.values import WIDTHS, Computed, Index, Size, Strided, Value, contiguous_strides, times
from diptych.backends.native.writer import CodeWriter
from diptych.graph import walk

if TYPE_CHECKING:
    from diptych.backends.native.function import FunctionWriter

Parts = Sequence[Sequence[Value]]


class Levels:
    """The structures of a fold in C: how many nodes there are on each level, and of each kind so far."""

    def __init__(self, writer: FunctionWriter, counts: Value, totals: Sequence[tuple[Any, str]]) -> None:
        self.writer = writer
        self.counts = writer.whole(counts)
        self.counts.buffer.pinned = True
        self.symbols = [symbol for symbol, _ in totals]
        self.totals = [total for _, total in totals]
        fresh = writer.names.fresh
        self.all, self.start, self.level, self.kind = fresh("n"), fresh("n"), fresh("i"), fresh("k")
        self.done = [fresh("n") for _ in totals]
        writer.can_fail = True
        table, width = self.at_counts(), len(totals)
        checks = " || ".join(f"{name} != {total}" for name, total in zip(self.done, self.totals, strict=True))
        writer.lines(
            *(f"int64_t {name} = 0;" for name in (self.all, self.start, *self.done)),
            f"for (int64_t {self.level} = 0; {self.level} < {self.counts.sizes[0]}; {self.level}++) {{",
            *(f"    {name} += {table}[{self.level}*{width} + {k}];" for k, name in enumerate(self.done)),
            f"    for (int {self.kind} = 0; {self.kind} < {width}; {self.kind}++)",
            f"        if ({table}[{self.level}*{width} + {self.kind}] < 0) d_failed = 1;",
            "}",
            f"{self.all} = {' + '.join(self.done)};",
            f"if (d_failed || {checks}) {{ d_failed = 1; goto d_end; }}",
            reads=[self.counts.buffer],
        )

    def at_counts(self) -> str:
        """Where the numbers of nodes are."""
        offset = self.counts.offset
        return self.counts.buffer.name if offset == 0 else f"({self.counts.buffer.name} + {offset})"

    def count(self, kind: int) -> str:
        """How many nodes of a kind there are on the level."""
        return f"{self.at_counts()}[{self.level}*{len(self.totals)} + {kind}]"

    def rows(self, value: Strided, first: str, count: str) -> Strided:
        """Rows of a tensor, from `first` on."""
        step = times(value.strides[0], first)
        offset = step if value.offset == 0 else f"({value.offset} + {step})"
        return Strided(value.buffer, (count, *value.sizes[1:]), value.strides, offset)


def levels_of(writer: FunctionWriter, counts: Value, data: Parts, places: Parts) -> Levels:
    """The structures of a fold, with the symbols of how many nodes there are of each kind."""
    totals: list[tuple[Any, str]] = []
    names = {name: symbol for symbol, name in writer.symbols.items()}
    for given in zip(data, places, strict=True):
        size = next(value.sizes[0] for values in given for value in values)
        if not isinstance(size, str) or size not in names:
            raise writer.refuse("a fold of a known number of nodes")
        totals.append((names[size], size))
    return Levels(writer, counts, totals)


def write_levels(
    writer: FunctionWriter,
    node: fx.Node,
    counts: Value,
    roots: Value,
    data: Parts,
    places: Parts,
    operands: Sequence[Any],
    results: Sequence[tuple[torch.dtype, tuple[int, ...]]],
    kept: Sequence[tuple[int, torch.dtype, tuple[int, ...]]],
) -> tuple[Any, ...]:
    """A fold, the first levels first."""
    rows = [[ready(writer, value) for value in values] for values in data]
    spots = [[ready(writer, value) for value in values] for values in places]
    levels = levels_of(writer, counts, rows, spots)
    whole = [memory(writer, dtype, (levels.all, *sizes)) for dtype, sizes in results]
    keeping = [(kind, writer.new_rows(dtype, (levels.totals[kind], *sizes))) for kind, dtype, sizes in kept]
    writer.lines(*(f"{name} = 0;" for name in levels.done))
    inside = Block()
    with writer.rounds(inside, operands):
        for k, body in enumerate(walk.regions(node)):
            with one_kind(writer, levels, k) as count:
                first = levels.done[k]
                mine = [levels.rows(value, first, count) for value in rows[k]]
                numbers = [levels.rows(value, first, count) for value in spots[k]]
                mine += [taken(writer, part, at, levels.start) for at in numbers for part in whole]
                made = writer.run(body, [*mine, *operands])
                assert made is not None
                for part, value in zip(whole, made, strict=False):
                    writer.store(levels.rows(part, levels.start, count), value)
                targets = [target for kind, target in keeping if kind == k]
                for target, value in zip(targets, made[len(whole) :], strict=True):
                    writer.store(levels.rows(target, first, count), value)
                writer.lines(f"{first} += {count};", f"{levels.start} += {count};")
    head = f"for (int64_t {levels.level} = 0; {levels.level} < {levels.counts.sizes[0]}; {levels.level}++) {{"
    writer.block.statements.append(Compound([head, inside, "}"]))
    wanted = ready(writer, roots)
    found = [writer.realised(taken(writer, part, wanted, levels.all)) for part in whole]
    return (*found, *(target for _, target in keeping))


def write_back(
    writer: FunctionWriter,
    node: fx.Node,
    counts: Value,
    roots: Value,
    places: Parts,
    rows: Parts,
    seeds: Sequence[Value],
    operands: Sequence[Any],
) -> tuple[Any, ...]:
    """The way back over the levels of a fold, the last level first."""
    names: Any = node.args[0]
    values = node.meta["val"]
    symbols = [values[k * len(seeds)].shape[0] for k in range(len(names))]
    levels = Levels(writer, counts, [(symbol.node.expr, str(writer.size(symbol))) for symbol in symbols])
    spots = [[ready(writer, value) for value in mine] for mine in places]
    saved = [[ready(writer, value) for value in mine] for mine in rows]
    sums = [memory(writer, seed.dtype, (levels.all, *seed.sizes[1:])) for seed in seeds]
    for part, seed in zip(sums, seeds, strict=True):
        size = times(WIDTHS[part.dtype], *part.sizes)
        writer.lines(f"memset({part.buffer.name}, 0, {size});", writes=[part.buffer])
        add_rows(writer, part, ready(writer, roots), seed, levels.all)
    found = [[memory(writer, s.dtype, (total, *s.sizes[1:])) for s in seeds] for total in levels.totals]
    writer.lines(f"{levels.start} = {levels.all};")
    inside = Block()
    with writer.rounds(inside, operands):
        for k in reversed(range(len(names))):
            with one_kind(writer, levels, k) as count:
                first, region = levels.done[k], walk.region(names[k])
                writer.lines(f"{first} -= {count};", f"{levels.start} -= {count};")
                mine = [levels.rows(part, first, count) for part in found[k]]
                for target, part in zip(mine, sums, strict=True):
                    writer.store(target, levels.rows(part, levels.start, count))
                if region is None:
                    continue
                made = writer.run(region, [*mine, *(levels.rows(value, first, count) for value in saved[k]), *operands])
                assert made is not None
                grads = iter([None if value is None else writer.realised(value) for value in made])
                for at in spots[k]:
                    for part in sums:
                        grad = next(grads)
                        if grad is not None:
                            add_rows(writer, part, levels.rows(at, first, count), grad, levels.start)
    at, end = levels.level, levels.counts.sizes[0]
    head = f"for (int64_t {at} = {end} - 1; {at} >= 0; {at}--) {{"
    writer.block.statements.append(Compound([head, inside, "}"]))
    return tuple(value for mine in found for value in mine)


class one_kind:
    """`with` this, the code for the nodes of a kind on a level is written; it is left out where there are none."""

    def __init__(self, writer: FunctionWriter, levels: Levels, kind: int) -> None:
        self.writer, self.levels, self.kind = writer, levels, kind
        self.block = Block()
        self.manager = writer.inside(self.block)

    def __enter__(self) -> str:
        count = self.writer.names.fresh("n")
        self.before = self.writer.symbols[self.levels.symbols[self.kind]]
        self.writer.symbols[self.levels.symbols[self.kind]] = count
        self.head = [f"const int64_t {count} = {self.levels.count(self.kind)};", f"if ({count}) {{"]
        self.manager.__enter__()
        return count

    def __exit__(self, *error: Any) -> None:
        self.manager.__exit__(*error)
        self.writer.symbols[self.levels.symbols[self.kind]] = self.before
        self.writer.block.statements.append(Compound([*self.head, self.block, "}"]))


def ready(writer: CodeWriter, value: Value) -> Strided:
    """A value in memory that stays where it is."""
    found = writer.realised(value)
    found.buffer.pinned = True
    return found


def memory(writer: CodeWriter, dtype: torch.dtype, sizes: Sequence[Size]) -> Strided:
    """New memory that is written and read by rows."""
    made = Strided(writer.buffer(dtype, times(*sizes)), sizes)
    made.buffer.pinned = True
    return made


def taken(writer: CodeWriter, value: Strided, numbers: Strided, end: str) -> Value:
    """The rows with these numbers, which are to be less than `end`."""
    sizes = (*numbers.sizes, *value.sizes[1:])

    def load(nest: Nest, at: Index) -> str:
        row = place(writer, nest, numbers, at[:1], end, True)
        return nest.element(value, (row, *at[1:]))

    return writer.realised(Computed(sizes, value.dtype, (value, numbers), load, 3))


def add_rows(writer: CodeWriter, target: Strided, numbers: Strided, part: Value, end: str) -> None:
    """Add rows to those with these numbers, which are to be less than `end`."""
    nest = Nest(part.sizes, False, writer.names)
    nest.remarks.append(writer.remark)
    row = place(writer, nest, numbers, nest.index[:1], end, True)
    element = nest.element(part, nest.index)
    address = Strided(target.buffer, target.sizes, contiguous_strides(target.sizes)).address((row, *nest.index[1:]))
    nest.add(Update(f"{target.buffer.name}[{address}] += {element};"))
    nest.writes.add(target.buffer)
    nest.reads.add(target.buffer)
    nest.closed = nest.serial = True
    writer.block.statements.append(nest)
