"""Writing the C function of a graph: its state, and what every step may ask for."""

from __future__ import annotations

from collections.abc import Generator, Sequence
from contextlib import contextmanager
from typing import Any

import sympy
import torch
from torch import fx

from diptych.backends.native.literals import cast, comment, identifier, literal
from diptych.backends.native.nests import Block, Lines, Nest, Room
from diptych.backends.native.unsupported import Unsupported
from diptych.backends.native.values import C_TYPES, WIDTHS, Buffer, Computed, Lazy, Number, Size, Strided, Value, times
from diptych.graph.spec import Where

CHEAP = 6
"""How many operations an element may take that is computed anew for each of several users."""


class Names:
    """C names, each used once."""

    def __init__(self) -> None:
        self.used: set[str] = set()
        self.counts: dict[str, int] = {}

    def fresh(self, stem: str) -> str:
        """A new short name."""
        number = self.counts.get(stem, 0)
        self.counts[stem] = number + 1
        return f"{stem}{number}"

    def like(self, text: str) -> str:
        """A new name that resembles a text."""
        return identifier(text, self.used)


class CodeWriter:
    """The state of writing: the block that statements go to, buffers, numbers, and the values of nodes."""

    def __init__(self) -> None:
        self.names = Names()
        self.root = self.block = Block()
        self.env: dict[fx.Node, Any] = {}
        self.buffers: list[Buffer] = []
        self.where: Where | None = None
        self.remark = ""
        self.symbols: dict[Any, str] = {}
        self.opaque: list[Any] = []
        self.tapes: list[str] = []
        self.made = 1_000_000
        self.looping = 0
        self.can_fail = False
        self.rooms = False
        """Whether there is memory whose size only the run knows."""
        self.random = False
        self.calls_aten = False
        self.made_by_torch: dict[Buffer, tuple[int, ...]] = {}
        self.kernels: list[str] = []
        self.products: dict[tuple[str, str], str] = {}

    def refuse(self, what: str, why: str = "") -> Unsupported:
        """An error at the step that is written now."""
        return Unsupported(what, self.where, why)

    @contextmanager
    def inside(self, block: Block) -> Generator[Block]:
        """Write into `block`."""
        before, self.block = self.block, block
        try:
            yield block
        finally:
            self.block = before

    def at(self, where: Where | None) -> None:
        """The step that comes next is of this place in the user's source."""
        self.where = where or self.where
        if where is not None:
            file = where.file.replace("\\", "/").rsplit("/", 1)[-1]
            self.remark = comment(f"{file}:{where.line}  {where.text}")

    def lines(self, *lines: str, reads: Sequence[Buffer] = (), writes: Sequence[Buffer] = ()) -> None:
        """Lines of C; the buffers they use keep their memory."""
        for buffer in (*reads, *writes):
            buffer.pinned = True
        self.block.statements.append(Lines(lines, reads, writes))

    def size(self, size: Any) -> Size:
        """A size as it stands in C."""
        if isinstance(size, int):
            return size
        expression = size.node.expr
        if expression.is_Integer:
            return int(expression)
        found = self.number_of(expression)
        if found is None:
            raise self.refuse(f"tensors of size {expression}")
        return found

    def number_of(self, expression: Any) -> Size | None:
        """A size made of those that are known when the code runs, which are not negative."""
        if expression.is_Integer:
            return int(expression)
        if expression in self.symbols:
            return self.symbols[expression]
        parts = [self.number_of(part) for part in expression.args]
        given = [part for part in parts if part is not None]
        if len(given) != len(parts) or not parts:
            return None
        if isinstance(expression, sympy.Mul):
            return times(*given)
        return f"({' + '.join(map(str, given))})" if isinstance(expression, sympy.Add) else None

    def sizes(self, value: torch.Tensor) -> tuple[Size, ...]:
        """The sizes of a fake tensor."""
        return tuple(self.size(size) for size in value.shape)

    def dtype(self, dtype: torch.dtype) -> torch.dtype:
        """The dtype, if it has native code."""
        if dtype not in C_TYPES:
            raise self.refuse(str(dtype))
        return dtype

    def buffer(self, dtype: torch.dtype, count: Size, kind: str = "arena", name: str = "b") -> Buffer:
        """New memory."""
        if kind == "arena" and isinstance(count, str):
            kind = "room"
        made = Buffer(self.names.fresh(name), self.dtype(dtype), count, kind)
        self.buffers.append(made)
        if kind == "room":
            there = self.block.statements
            there.insert(len(there) - bool(there and isinstance(there[-1], Nest)), Room(made))
            self.can_fail = self.rooms = True
        return made

    def new_rows(self, dtype: torch.dtype, sizes: Sequence[Size]) -> Strided:
        """New memory for as many rows as only the run knows, which may be handed to the caller."""
        tape = self.names.fresh("tape")
        buffer = self.buffer(dtype, f"{tape}_rows", "tape", "rows")
        buffer.pinned = self.can_fail = True
        self.tapes.append(tape)
        size = times(WIDTHS[dtype], *sizes)
        self.lines(
            f"{tape}.data = (char *)malloc({size} + 64);",
            f"if (!{tape}.data) {{ d_failed = 2; goto d_end; }}",
            f"{buffer.name} = ({buffer.type} *){tape}.data;",
        )
        return Strided(buffer, sizes)

    def realised(self, value: Value, sizes: Sequence[Size] | None = None) -> Strided:
        """A value in memory."""
        if isinstance(value, Strided):
            return value
        target = Strided(self.buffer(value.dtype, value.count), value.sizes)
        self.store(target, value)
        return target

    def whole(self, value: Value) -> Strided:
        """A value in memory whose elements lie one after the other."""
        if isinstance(value, Strided) and value.whole():
            return value
        target = Strided(self.buffer(value.dtype, value.count), value.sizes)
        self.store(target, value)
        return target

    def store(self, target: Strided, value: Value) -> None:
        """Write the elements of `value` to `target`, in loops that are there if possible."""
        last = self.block.statements[-1] if self.block.statements else None
        if isinstance(last, Nest) and last.sizes == value.sizes and last.admits(value, target):
            nest = last
        else:
            nest = Nest(value.sizes, value.flat() and target.whole(), self.names)
            self.block.statements.append(nest)
        if value.remark or self.remark:
            nest.remarks.append(value.remark or self.remark)
        nest.store(target, value)

    def settle(self, value: Value, users: int) -> Value:
        """A value that is used so often gets memory if it takes more than a little to compute."""
        if isinstance(value, Lazy | Computed) and value.cost > (CHEAP if users > 1 else 8 * CHEAP):
            return self.realised(value)
        return value

    def origin(self, value: Value) -> str:
        """Which tensor of the program a value is: input `k` is `k + 1`, what is made has a number of its own.

        For a view it is that of the tensor it is a view of, but negative; -1 if its elements lie in another order. What
        a loop makes is another tensor each round.
        """
        if not value.origin and value.base is not None:
            base = self.origin(value.base)
            if base.lstrip("-").isdigit():
                value.origin = str(-abs(int(base)))
            else:
                value.origin = self.names.fresh("origin")
                self.lines(f"const int {value.origin} = {base} < 0 ? {base} : -{base};")
        elif not value.origin and self.looping:
            value.origin = self.names.fresh("origin")
            self.lines(f"const int {value.origin} = ++d_made;")
        elif not value.origin:
            self.made += 1
            value.origin = str(self.made)
        return value.origin

    @contextmanager
    def rounds(self, block: Block, given: Sequence[Any]) -> Generator[None]:
        """Write the body of a loop; `given` are the values from outside."""
        self.known(given)
        self.looping += 1
        before = dict(self.symbols)
        with self.inside(block):
            yield
        self.symbols = before
        self.looping -= 1
        if has_rooms(block):
            mark = self.names.fresh("mark")
            block.statements.insert(0, Lines([f"const d_mark {mark} = d_marked(&d_rooms);"]))
            block.statements.append(Lines([f"d_back_to(&d_rooms, {mark});"]))

    def define(self, size: Any, text: str) -> None:
        """A size that is known from here on; if other sizes have to be equal to it, the run ends where they are not."""
        expression = size.node.expr
        if expression.is_Symbol and expression not in self.symbols:
            self.symbols[expression] = text
        else:
            self.can_fail = True
            self.lines(f"if ({text} != {self.size(size)}) {{ d_failed = 5; goto d_end; }}")

    def known(self, values: Sequence[Any]) -> None:
        """Tell which tensors these are before a region is entered."""
        for value in values:
            if isinstance(value, Value):
                self.origin(value)

    def constant(self, value: Any, dtype: torch.dtype, sizes: Sequence[Size] = ()) -> Value:
        """The same number everywhere."""
        text = literal(value, self.dtype(dtype))
        return Lazy(sizes, dtype, (), lambda: text, 0)

    def of_number(self, number: Number, dtype: torch.dtype, sizes: Sequence[Size] = ()) -> Value:
        """A number that the program knows only when it runs, everywhere."""
        text = f"(({C_TYPES[self.dtype(dtype)]}){number.text})"
        if dtype is torch.bool:
            text = f"({number.text} != 0)"
        return Lazy(sizes, dtype, (), lambda: text, 0)

    def operand(self, value: Any, dtype: torch.dtype, sizes: Sequence[Size]) -> Value:
        """An argument of an elementwise operation: of that type, and as large as the result."""
        if isinstance(value, Number):
            return self.of_number(value, dtype, sizes)
        if not isinstance(value, Value):
            return self.constant(value, dtype, sizes)
        return broadcast(self.converted(value, dtype), sizes)

    def converted(self, value: Value, dtype: torch.dtype) -> Value:
        """The same elements as another type."""
        if value.dtype is dtype:
            return value
        self.dtype(dtype)
        source = value.dtype
        return Lazy(value.sizes, dtype, (value,), lambda x: cast(x, source, dtype))

    def product(self, kernel: str, type_: str, arguments: str) -> str:
        """The function of a small product of matrices, of a kernel for certain sizes; the text of all is `kernels`."""
        known = self.products.get((kernel, arguments))
        if known is None:
            known = self.names.fresh("product")
            self.products[kernel, arguments] = known
            given = f"const {type_} *a, const {type_} *b, const {type_} *s, {type_} *c"
            self.kernels.append(f"static __attribute__((noinline)) void {known}({given}) {{ {kernel}({arguments}); }}")
        return known

    def number(self, kind: str, text: str) -> Number:
        """A new variable with a number."""
        made = Number(kind, self.names.fresh("n"))
        self.lines(f"const {made.type} {made.text} = {text};")
        return made


def has_rooms(block: Block) -> bool:
    """Whether memory is asked for in a block."""
    return any(isinstance(s, Room) or any(map(has_rooms, s.blocks())) for s in block.statements)


def broadcast(value: Value, sizes: Sequence[Size]) -> Value:
    """A value repeated along dimensions of size one, and along new ones in front."""
    sizes = tuple(sizes)
    if value.sizes == sizes:
        return value
    extra = len(sizes) - len(value.sizes)
    stretched = [a == 1 and b != 1 for a, b in zip(value.sizes, sizes[extra:], strict=True)]
    if isinstance(value, Strided):
        strides = [0 if new else stride for stride, new in zip(value.strides, stretched, strict=True)]
        return Strided(value.buffer, sizes, [0] * extra + strides, value.offset)
    if isinstance(value, Lazy) and not value.parts:
        return Lazy(sizes, value.dtype, (), value.formula, 0)
    inner = value

    def load(nest: Nest, index: tuple[str, ...]) -> str:
        return nest.element(inner, tuple("0" if s else i for i, s in zip(index[extra:], stretched, strict=True)))

    return Computed(sizes, value.dtype, (value,), load, 0)


def remapped(value: Value, sizes: Sequence[Size], function: Any) -> Value:
    """A view: the element at an index is that of `value` at `function(index)`."""
    return Computed(sizes, value.dtype, (value,), lambda nest, index: nest.element(value, function(index)), 0)
