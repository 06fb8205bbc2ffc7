"""Statements of the C function: nests of loops over elements, other text, and blocks of both."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from typing import Any

from diptych.backends.native.collapse import collapse
from diptych.backends.native.values import C_TYPES, WIDTHS, Buffer, Index, Size, Strided, Value, times

WORK = 1 << 16
"""From how many elements on loops are shared among threads: PyTorch shares them by half as many each."""
SLOW = re.compile(r"\b(?:exp|expm1|log|log1p|tanh|erf|pow|sin|cos)f?\(")
HEAVY = 8
"""For how many elements one counts whose line calls such a function."""


class Statement:
    """Something that is done; `reads` and `writes` are buffers."""

    def __init__(self, reads: Iterable[Buffer] = (), writes: Iterable[Buffer] = ()) -> None:
        self.reads: set[Buffer] = set(reads)
        self.writes: set[Buffer] = set(writes)

    def text(self, depth: int) -> list[str]:
        """Its lines."""
        raise NotImplementedError

    def blocks(self) -> Sequence[Block]:
        """The blocks inside of it."""
        return ()


class Block:
    """Statements one after the other."""

    def __init__(self) -> None:
        self.statements: list[Statement] = []

    def text(self, depth: int) -> list[str]:
        """The lines of all."""
        return [line for statement in self.statements for line in statement.text(depth)]


class Lines(Statement):
    """Lines of C."""

    def __init__(self, lines: Sequence[str], reads: Iterable[Buffer] = (), writes: Iterable[Buffer] = ()) -> None:
        super().__init__(reads, writes)
        self.lines = list(lines)

    def text(self, depth: int) -> list[str]:
        return ["    " * depth + line for line in self.lines]


class Room(Statement):
    """Memory for a buffer whose size only the run knows."""

    def __init__(self, buffer: Buffer) -> None:
        super().__init__()
        self.buffer = buffer

    def text(self, depth: int) -> list[str]:
        if not needed(self.buffer):
            return []
        size = times(self.buffer.count, WIDTHS[self.buffer.dtype])
        found = f"{self.buffer.name} = ({self.buffer.type} *)d_room(&d_rooms, {size})"
        return ["    " * depth + f"if (!({found})) {{ d_failed = 2; goto d_end; }}"]


class Compound(Statement):
    """Blocks with lines between them: `if (...) { block } else { block }`, a loop."""

    def __init__(self, parts: Sequence[str | Block]) -> None:
        super().__init__()
        self.parts = list(parts)

    def text(self, depth: int) -> list[str]:
        made: list[str] = []
        for part in self.parts:
            made += part.text(depth + 1) if isinstance(part, Block) else ["    " * depth + part]
        return made

    def blocks(self) -> Sequence[Block]:
        return [part for part in self.parts if isinstance(part, Block)]


class Update:
    """A line of a nest that is there for what it does."""

    def __init__(self, line: str) -> None:
        self.line = line

    def text(self) -> list[str]:
        """The line."""
        return [self.line]


class Store:
    """A line of a nest that writes an element, unless nobody reads the buffer."""

    def __init__(self, buffer: Buffer, address: str, name: str) -> None:
        self.buffer, self.address, self.name = buffer, address, name

    def text(self) -> list[str]:
        """The line."""
        return [f"{self.buffer.name}[{self.address}] = {self.name};"]


class Nest(Statement):
    """Loops over all elements of `sizes`, or of a running number if it is `flat`, with what is done for each."""

    def __init__(self, sizes: Sequence[Size], flat: bool, names: Any) -> None:
        super().__init__()
        self.sizes = tuple(sizes)
        self.flat = flat
        self.names = names
        self.ranges = (times(*self.sizes),) if flat else self.sizes
        self.index: Index = tuple(names.fresh("i") for _ in self.ranges)
        self.running: set[Index] = {self.index} if flat else set()
        """The indices that are running numbers."""
        self.scopes: list[dict[Any, str]] = [{}]
        self.lines: list[str | Store | Inner] = []
        self.open: list[list[Any]] = [self.lines]
        self.written: dict[Buffer, tuple[Strided, str] | None] = {}
        self.remarks: list[str] = []
        self.closed = False
        """Whether nothing more may be done in these loops."""
        self.serial = False
        """Whether the order of the elements counts."""

    def add(self, line: Any) -> None:
        """One more line, in the innermost loop that is open."""
        self.open[-1].append(line)

    def element(self, value: Value, index: Index) -> str:
        """An element of a value, computed once."""
        key = (value, index)
        for scope in self.scopes:
            if key in scope:
                return scope[key]
        if index in self.running:
            text = value.load_flat(self, index[0]) if isinstance(value, Strided) else value.load(self, index)
        else:
            text = value.load(self, index)
        if isinstance(value, Strided) and text.isidentifier():
            return text
        name = self.names.fresh("t")
        self.add(f"const {ctype(value)} {name} = {text};")
        self.scopes[-1][key] = name
        return name

    def just_written(self, value: Strided, index: Index) -> str | None:
        """The element as this nest has computed it, if it did."""
        found = self.written.get(value.buffer)
        return found[1] if found is not None and index == self.index else None

    def admits(self, value: Value, target: Strided) -> bool:
        """Whether a value of the same sizes can be computed, and written to `target`, in these loops, too."""
        if self.closed or (self.flat and not (value.flat() and target.whole())):
            return False
        for leaf, same in value.leaves():
            if leaf.buffer in self.written:
                found = self.written[leaf.buffer]
                if not same or found is None or not found[0].same(leaf):
                    return False
        return True

    def store(self, target: Strided, value: Value) -> None:
        """Compute an element of `value` and write it."""
        name = self.element(value, self.index)
        address = target.address(self.index) if not self.flat else target.running(self.index[0])
        self.add(Store(target.buffer, address, name))
        self.wrote(target, name)
        self.writes.add(target.buffer)

    def wrote(self, target: Strided, name: str) -> None:
        """An element of `target` has been computed, and is in the variable `name`."""
        self.written[target.buffer] = None if target.buffer in self.written else (target, name)

    def text(self, depth: int) -> list[str]:
        made = ["    " * depth + f"// {remark}" for remark in dict.fromkeys(self.remarks)]
        lines = [line for line in self.lines if not isinstance(line, Store) or needed(line.buffer)]
        if not any(isinstance(line, Store | Update) or (isinstance(line, Inner) and line.acts()) for line in lines):
            return []
        plain = not any(isinstance(line, Inner) for line in lines)
        inside = [part for line in lines for part in ([line] if isinstance(line, str) else line.text())]
        pragma = "" if self.serial or not plain else "#pragma GCC ivdep"
        ranges = list(zip(self.index, self.ranges, strict=True))
        written = loops(ranges, inside, pragma, self.shared(lines, inside))
        return [*made, *("    " * depth + line for line in written)]

    def shared(self, lines: Sequence[Any], inside: Sequence[str]) -> bool:
        """Whether there is so much to do that threads share it: each computes elements of its own, in the same way."""
        if self.serial or any(isinstance(line, Inner) and line.acts() for line in lines):
            return False
        if any(isinstance(line, Update) and "] = " not in line.line for line in lines):
            return False
        each = 1
        for line in lines:
            if isinstance(line, Inner):
                size = times(*(size for _, size in line.ranges))
                each += size if isinstance(size, int) else 1
        count = times(*self.ranges)
        heavy = HEAVY if any(map(SLOW.search, inside)) else 1
        fails = any("d_failed" in line for line in inside)
        return isinstance(count, int) and count > 1 and count * each * heavy >= WORK and not fails


class Inner:
    """A loop inside a nest that adds up: `before`, then for each element `lines`, with the pragma of its kind."""

    def __init__(self, ranges: Sequence[tuple[str, Size]], pragma: str) -> None:
        self.ranges = list(ranges)
        self.pragma = pragma
        self.lines: list[Any] = []

    def acts(self) -> bool:
        """Whether it writes anything itself."""
        return any(isinstance(line, Update) for line in self.lines)

    def text(self) -> list[str]:
        """The lines of the loops."""
        return loops(
            self.ranges,
            [part for line in self.lines for part in ([line] if isinstance(line, str) else line.text())],
            self.pragma,
        )


def loops(ranges: Iterable[tuple[str, Size]], inside: Sequence[str], pragma: str, shared: bool = False) -> list[str]:
    """Loops with lines inside; the pragma is that of the innermost one. Threads share the outermost one, if asked."""
    left, lines = collapse(list(ranges), inside)
    made: list[str] = []
    for k, (name, size) in enumerate(left):
        last = k == len(left) - 1
        if k == 0 and shared:
            made.append("#pragma omp parallel for" + " simd" * bool(last and pragma))
        elif last and pragma:
            made.append("    " * k + pragma)
        made.append("    " * k + f"for (int64_t {name} = 0; {name} < {size}; {name}++) {{")
    made += ["    " * len(left) + line for line in lines]
    return made + ["    " * k + "}" for k in reversed(range(len(left)))]


def needed(buffer: Buffer) -> bool:
    """Whether anybody reads a buffer from memory."""
    return buffer.loads > 0 or buffer.pinned or buffer.kind not in ("arena", "room")


def ctype(value: Value) -> str:
    """The C type of an element."""
    return C_TYPES[value.dtype]
